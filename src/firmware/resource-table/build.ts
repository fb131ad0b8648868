import { OpenampError } from '../../base/errors.js'
import {
  FW_RSC_ADDR_ANY,
  fw_rsc_carveout,
  fw_rsc_trace,
  fw_rsc_vdev,
  fw_rsc_vdev_vring,
  RPROC_MAX_NAME_LEN,
  RSC_CARVEOUT,
  RSC_DEVMEM,
  RSC_NOTIFY_ID_ANY,
  RSC_TABLE_VERSION,
  RSC_TRACE,
  RSC_VDEV,
  RSC_VENDOR_END,
  RSC_VENDOR_START,
  resource_table,
  VIRTIO_ID_RPMSG,
} from './defs.js'
import { isU32 } from './table.js'

/** Memory that the remote asks for, or (devmem) registers to map. Addresses are open unless given. */
export interface MemorySpec {
  readonly kind: 'carveout' | 'devmem'
  readonly name: string
  readonly da?: number
  readonly pa?: number
  readonly len: number
  readonly flags?: number
}

/** A trace buffer. */
export interface TraceSpec {
  readonly kind: 'trace'
  readonly name: string
  readonly da: number
  readonly len: number
}

/** One ring: `num` descriptors; address and notify id are left to the host unless given. */
export interface VringSpec {
  readonly da?: number
  readonly align: number
  readonly num: number
  readonly notifyid?: number
  readonly pa?: number
}

/** A virtio device; an RPMsg device without features unless said otherwise. */
export interface VdevSpec {
  readonly kind: 'vdev'
  readonly id?: number
  readonly notifyid?: number
  readonly dfeatures?: number
  readonly gfeatures?: number
  readonly status?: number
  readonly vrings: readonly VringSpec[]
  /** Config space. */
  readonly config?: Uint8Array
}

/** A vendor's entry: `bytes` follow the type word. */
export interface VendorSpec {
  readonly kind: 'vendor'
  readonly type: number
  readonly bytes: Uint8Array
}

export type EntrySpec = MemorySpec | TraceSpec | VdevSpec | VendorSpec

/**
 * The bytes of a resource table with these entries, in this order, each on a multiple of 4. For
 * remotes written in TypeScript and for tests.
 * @throws ERR_USAGE where a value does not fit its field
 */
export function buildResourceTable(entries: readonly EntrySpec[]): Uint8Array {
  const sizes = entries.map((entry) => Math.ceil(entrySize(entry) / 4) * 4)
  const listEnd = resource_table.offset + 4 * entries.length
  const writer = new Writer(sizes.reduce((sum, size) => sum + size, listEnd))
  writer.u32(resource_table.ver, RSC_TABLE_VERSION, 'ver')
  writer.u32(resource_table.num, entries.length, 'num')
  let at = listEnd
  entries.forEach((entry, index) => {
    writer.u32(resource_table.offset + 4 * index, at, 'offset')
    writeEntry(writer, at, entry)
    at += sizes[index] ?? 0
  })
  return writer.bytes
}

function entrySize(entry: EntrySpec): number {
  switch (entry.kind) {
    case 'carveout':
    case 'devmem':
      return fw_rsc_carveout.size
    case 'trace':
      return fw_rsc_trace.size
    case 'vdev':
      return (
        fw_rsc_vdev.size +
        entry.vrings.length * fw_rsc_vdev_vring.size +
        (entry.config?.length ?? 0)
      )
    case 'vendor':
      return 4 + entry.bytes.length
  }
}

function writeEntry(writer: Writer, at: number, entry: EntrySpec): void {
  switch (entry.kind) {
    case 'carveout':
    case 'devmem': {
      const layout = fw_rsc_carveout
      writer.u32(at + layout.type, entry.kind === 'carveout' ? RSC_CARVEOUT : RSC_DEVMEM, 'type')
      writer.u32(at + layout.da, entry.da ?? FW_RSC_ADDR_ANY, 'da')
      writer.u32(at + layout.pa, entry.pa ?? FW_RSC_ADDR_ANY, 'pa')
      writer.u32(at + layout.len, entry.len, 'len')
      writer.u32(at + layout.flags, entry.flags ?? 0, 'flags')
      writer.name(at + layout.name, entry.name)
      return
    }
    case 'trace': {
      const layout = fw_rsc_trace
      writer.u32(at + layout.type, RSC_TRACE, 'type')
      writer.u32(at + layout.da, entry.da, 'da')
      writer.u32(at + layout.len, entry.len, 'len')
      writer.name(at + layout.name, entry.name)
      return
    }
    case 'vdev':
      writeVdev(writer, at, entry)
      return
    case 'vendor':
      if (!(entry.type >= RSC_VENDOR_START && entry.type <= RSC_VENDOR_END)) {
        throw new OpenampError(
          'ERR_USAGE',
          `resource table: vendor type ${entry.type} is not between ${RSC_VENDOR_START} and ${RSC_VENDOR_END}`,
        )
      }
      writer.u32(at, entry.type, 'type')
      writer.bytes.set(entry.bytes, at + 4)
  }
}

function writeVdev(writer: Writer, at: number, entry: VdevSpec): void {
  const layout = fw_rsc_vdev
  writer.u32(at + layout.type, RSC_VDEV, 'type')
  writer.u32(at + layout.id, entry.id ?? VIRTIO_ID_RPMSG, 'id')
  writer.u32(at + layout.notifyid, entry.notifyid ?? RSC_NOTIFY_ID_ANY, 'notifyid')
  writer.u32(at + layout.dfeatures, entry.dfeatures ?? 0, 'dfeatures')
  writer.u32(at + layout.gfeatures, entry.gfeatures ?? 0, 'gfeatures')
  writer.u32(at + layout.config_len, entry.config?.length ?? 0, 'config_len')
  writer.u8(at + layout.status, entry.status ?? 0, 'status')
  writer.u8(at + layout.num_of_vrings, entry.vrings.length, 'num_of_vrings')
  entry.vrings.forEach((vring, index) => {
    const ring = at + layout.vring + index * fw_rsc_vdev_vring.size
    writer.u32(ring + fw_rsc_vdev_vring.da, vring.da ?? FW_RSC_ADDR_ANY, 'da')
    writer.u32(ring + fw_rsc_vdev_vring.align, vring.align, 'align')
    writer.u32(ring + fw_rsc_vdev_vring.num, vring.num, 'num')
    writer.u32(ring + fw_rsc_vdev_vring.notifyid, vring.notifyid ?? RSC_NOTIFY_ID_ANY, 'notifyid')
    writer.u32(ring + fw_rsc_vdev_vring.pa, vring.pa ?? 0, 'pa')
  })
  const config = at + layout.vring + entry.vrings.length * fw_rsc_vdev_vring.size
  if (entry.config !== undefined) writer.bytes.set(entry.config, config)
}

class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  u32(offset: number, value: number, field: string): void {
    if (!isU32(value)) this.#refuse(field, value)
    this.#view.setUint32(offset, value, true)
  }

  u8(offset: number, value: number, field: string): void {
    if (!isU32(value) || value > 0xff) this.#refuse(field, value)
    this.#view.setUint8(offset, value)
  }

  name(offset: number, name: string): void {
    const bytes = new TextEncoder().encode(name)
    if (bytes.length >= RPROC_MAX_NAME_LEN || bytes.includes(0)) {
      const limit = RPROC_MAX_NAME_LEN - 1
      throw new OpenampError(
        'ERR_USAGE',
        `resource table: a name is at most ${limit} bytes without NUL, found ${JSON.stringify(name)}`,
      )
    }
    this.bytes.set(bytes, offset)
  }

  #refuse(field: string, value: number): never {
    throw new OpenampError('ERR_USAGE', `resource table: ${value} does not fit the field ${field}`)
  }
}
