import { hex, OpenampError } from '../../base/errors.js'
import { buildElf } from '../../firmware/build-elf.js'
import { buildResourceTable, fw_rsc_vdev, readResourceTable } from '../../firmware/index.js'
import { AddressSpace } from '../../memory/address-space.js'
import { Region } from '../../memory/region.js'
import { VIRTIO_FEATURE } from '../../virtio/index.js'

/** One ring of a layout. `da` is its offset. */
export interface ProcessVring {
  readonly da: number
  readonly notifyid: number
}

/**
 * What lies where in the memory that two processes share. Addresses are offsets from its start, for
 * device and physical addresses alike.
 */
export interface ProcessLayout {
  /** Bytes of the whole, a multiple of the page size (4096). */
  readonly size: number
  /** Where the resource table is. */
  readonly table: number
  /** Features that the table offers: bit n is feature n. */
  readonly dfeatures: number
  /** Notify id of the vdev itself. */
  readonly notifyid: number
  /** Descriptors of each ring. */
  readonly num: number
  readonly align: number
  /** vring 0 (remote → host) and vring 1 (host → remote). */
  readonly vrings: readonly [ProcessVring, ProcessVring]
  /** Where the buffers are: 512 bytes for each descriptor of both rings. */
  readonly buffers: { readonly da: number; readonly size: number }
}

/**
 * The layout of OpenAMP's own Linux-process machine (platform_info.c and rsc_table.c of its machine
 * `generic` on Linux).
 */
export const openampLinuxLayout: ProcessLayout = {
  size: 0x8_0000,
  table: 0,
  dfeatures: 2 ** VIRTIO_FEATURE.RPMSG_NS,
  notifyid: 0,
  num: 256,
  align: 0x1000,
  vrings: [
    { da: 0x4000, notifyid: 1 },
    { da: 0x8000, notifyid: 2 },
  ],
  buffers: { da: 0x1_0000, size: 0x4_0000 },
}

/** The same, for two ends of ours: they keep notifications down by the event index. */
export const processLayout: ProcessLayout = {
  ...openampLinuxLayout,
  dfeatures: 2 ** VIRTIO_FEATURE.RPMSG_NS + 2 ** VIRTIO_FEATURE.RING_EVENT_IDX,
}

/** A layout that was written as JSON. @throws ERR_USAGE where it is none */
export function readLayout(json: string): ProcessLayout {
  const refuse = (cause?: unknown): never => {
    throw new OpenampError('ERR_USAGE', `this is no layout: ${json}`, { cause })
  }
  let layout: unknown
  try {
    layout = JSON.parse(json)
  } catch (cause) {
    return refuse(cause)
  }
  return isLike(layout, processLayout) ? layout : refuse()
}

/** Whether a value has all that another one has, of the same types. */
function isLike<T>(value: unknown, other: T): value is T {
  if (typeof other !== 'object' || other === null) return typeof value === typeof other
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map(Object.entries(value))
  return Object.entries(other).every(([name, field]) => isLike(fields.get(name), field))
}

/** The resource table of a layout, as it is before a host has written anything into it. */
export function layoutTable(layout: ProcessLayout): Uint8Array {
  const { dfeatures, notifyid, num, align, vrings } = layout
  return buildResourceTable([
    {
      kind: 'vdev',
      dfeatures,
      notifyid,
      vrings: vrings.map((vring) => ({ ...vring, num, align })),
    },
  ])
}

/** An image without code that brings the table of a layout to its place: what a host boots. */
export function layoutFirmware(layout: ProcessLayout): Uint8Array {
  const data = layoutTable(layout)
  const { table } = layout
  return buildElf({
    entry: table,
    segments: [{ vaddr: table, data }],
    sections: [{ name: '.resource_table', addr: table, size: data.length }],
  })
}

/** Where in the shared memory the two fields of the table are that the host writes. */
export interface HostFields {
  /** The status byte. */
  readonly status: number
  /** The word of the features that it has accepted. */
  readonly gfeatures: number
}

export function hostFields(layout: ProcessLayout): HostFields {
  const [vdev] = readResourceTable(layoutTable(layout), 'layout').vdevs
  const at = layout.table + (vdev?.offset ?? 0)
  return { status: at + fw_rsc_vdev.status, gfeatures: at + fw_rsc_vdev.gfeatures }
}

/**
 * Holds the table that the other end has written against the layout: rings where they are expected, and
 * no feature less.
 * @param memory the shared memory
 * @throws ERR_RESOURCE_TABLE
 */
export function checkTable(layout: ProcessLayout, memory: Uint8Array): void {
  const [ours] = readResourceTable(layoutTable(layout), 'layout').vdevs
  const bytes = memory.slice(layout.table, layout.table + layoutTable(layout).length)
  const [theirs] = readResourceTable(bytes, THEIR_TABLE).vdevs
  const offered = (theirs?.dfeatures ?? 0) & layout.dfeatures
  compare('virtio device id', ours?.id, theirs?.id)
  compare('features offered', layout.dfeatures, offered >>> 0)
  compare('vrings', 2, theirs?.vrings.length)
  for (const vring of ours?.vrings ?? []) {
    const other = theirs?.vrings[vring.index]
    for (const field of ['da', 'align', 'num'] as const) {
      compare(`${field} of vring ${vring.index}`, vring[field], other?.[field])
    }
  }
}

const THEIR_TABLE = 'the resource table of the other end'

function compare(what: string, expected: number | undefined, found: number | undefined): void {
  if (found === expected) return
  throw new OpenampError(
    'ERR_RESOURCE_TABLE',
    `${THEIR_TABLE}: ${what}: expected ${hex(expected ?? 0)}, found ${hex(found ?? 0)}`,
  )
}

/** The regions of a layout over the memory that is shared: rings and table, and the buffers. */
export function layoutRegions(
  { size, buffers }: ProcessLayout,
  buffer: SharedArrayBuffer,
): { readonly space: AddressSpace; readonly shared: Region } {
  const region = (name: string, da: number, end: number): Region =>
    new Region({ name, da, size: end - da, buffer, offset: da })
  const end = buffers.da + buffers.size
  const shared = region('buffers', buffers.da, end)
  const regions = [shared]
  if (buffers.da > 0) regions.unshift(region('rings', 0, buffers.da))
  if (end < size) regions.push(region('rest', end, size))
  return { space: new AddressSpace(regions), shared }
}
