import { hex, OpenampError } from '../base/errors.js'
import type { FirmwareImage, ResourceTable, VdevEntry } from '../firmware/index.js'
import { isAnyAddress, isAnyNotifyId, VIRTIO_ID_RPMSG } from '../firmware/index.js'
import type { Region } from '../memory/region.js'
import { legacyLayout } from '../virtio/index.js'
import { type BufferOptions, type BufferPlan, planBuffers } from './buffer-pools.js'
import type { Processor } from './machine.js'
import {
  hasBuffer,
  namedPlace,
  regionFor,
  requireInTable,
  TABLE_ADDRESSES,
} from './named-memory.js'

/** What the host has decided for one RPMsg device of the table. */
export interface VdevPlan extends BufferPlan {
  readonly entry: VdevEntry
}

/** Carve-outs begin on pages, as those of Linux's dma_alloc_coherent do. */
const PAGE = 4096

/** Hands out the free stretches of one region, lowest address first. */
class Allocator {
  readonly #region: Region
  readonly #taken: { readonly start: number; readonly end: number }[] = []

  constructor(region: Region) {
    this.#region = region
  }

  /** Keeps `[da, da + size)` from being handed out. */
  reserve(da: number, size: number): void {
    this.#taken.push({ start: da, end: da + size })
    this.#taken.sort((a, b) => a.start - b.start)
  }

  /** @returns the device address of `size` free bytes @throws ERR_NO_SPACE */
  take(size: number, align: number, what: string): number {
    const { name, da, size: all } = this.#region
    const { at, largest } = this.#find(size, align)
    if (at === undefined) {
      throw new OpenampError(
        'ERR_NO_SPACE',
        `${what}: no ${hex(size)} bytes left in ${name} (${hex(da)}, ${hex(all)} bytes), on a multiple of ${hex(align)}; the largest free stretch is ${hex(largest)}`,
      )
    }
    this.reserve(at, size)
    return at
  }

  /**
   * The same, at a multiple of the power of two that holds `size`, as Linux's dma_alloc_coherent has it:
   * TI's firmware works out from that where the buffers are. Where that finds no place, on a page.
   */
  takeAligned(size: number, what: string): number {
    const align = Math.max(PAGE, 2 ** Math.ceil(Math.log2(size)))
    return this.take(size, this.#find(size, align).at === undefined ? PAGE : align, what)
  }

  /** The lowest free stretch, or how large the largest is where none of them will do. */
  #find(
    size: number,
    align: number,
  ): { readonly at: number | undefined; readonly largest: number } {
    const { da, size: all } = this.#region
    let at = alignUp(da, align)
    let largest = 0
    for (const { start, end } of this.#taken) {
      if (end <= at) continue
      if (at + size <= start) break
      largest = Math.max(largest, start - at)
      at = alignUp(end, align)
    }
    if (at + size <= da + all) return { at, largest }
    return { at: undefined, largest: Math.max(largest, da + all - at) }
  }
}

const alignUp = (value: number, align: number): number => Math.ceil(value / align) * align

/**
 * Settles what the table leaves open, and writes it into the table: addresses of carve-outs and
 * rings, notify ids, the buffers' size and place. Fixed addresses are kept and checked.
 *
 * A carve-out for which the machine has a region of its name is in that region, as one that a platform
 * has registered is on Linux (rproc_find_carveout_by_name): so remotes share memory by name.
 * @param notes gets what a person should know, a line each
 * @throws ERR_MEMORY for what lies in no memory, ERR_NO_SPACE, ERR_RESOURCE_TABLE
 */
export function planMemory(
  image: FirmwareImage,
  table: ResourceTable,
  processor: Processor,
  notes: string[] = [],
  buffers: BufferOptions = {},
): readonly VdevPlan[] {
  const { space, shared } = processor
  const allocator = new Allocator(shared)
  for (const { paddr, vaddr, memsz } of image.loadable) {
    allocator.reserve(paddr, memsz)
    // Where it is copied to at its start, or is seen by the code; ST's images are linked so.
    if (vaddr !== paddr) allocator.reserve(vaddr, memsz)
  }
  reserveFixed(image, table, processor, allocator)
  for (const entry of table.carveouts) {
    const what = `${image.name}: carve-out ${entry.name}`
    const own = regionFor(entry, table, processor, what)
    const da = own ?? (isAnyAddress(entry.da) ? allocator.take(entry.len, PAGE, what) : entry.da)
    const pa = space.daToPa(da)
    if (pa + entry.len > TABLE_ADDRESSES) {
      // As Linux, which casts it: the da is what a remote goes by.
      notes.push(`${what}: of its physical address ${hex(pa)} the table has the low 32 bits only`)
    }
    table.setCarveoutAddress(entry, requireInTable(da, entry.len, what), pa % TABLE_ADDRESSES)
  }
  placeRings(image, table, processor, allocator)
  numberNotifyIds(image, table, processor)
  const allocate = (size: number, what: string): number => allocator.takeAligned(size, what)
  return table.vdevs
    .filter((entry) => entry.id === VIRTIO_ID_RPMSG)
    .map((entry) => ({
      entry,
      ...planBuffers(image.name, table, entry, processor, buffers, allocate),
    }))
}

function reserveFixed(
  image: FirmwareImage,
  table: ResourceTable,
  { space }: Processor,
  allocator: Allocator,
): void {
  const fixed = (da: number, size: number, what: string): void => {
    if (isAnyAddress(da)) return
    space.locate('da', da, size, `${image.name}: ${what}`)
    allocator.reserve(da, size)
  }
  for (const entry of table.entries) {
    if (entry.kind === 'carveout') fixed(entry.da, entry.len, `carve-out ${entry.name}`)
    if (entry.kind === 'trace' && hasBuffer(entry))
      fixed(entry.da, entry.len, `trace buffer ${entry.name}`)
    if (entry.kind !== 'vdev') continue
    for (const vring of entry.vrings) {
      const what = `vring ${vring.index} of vdev ${entry.vdev}`
      fixed(vring.da, legacyLayout(vring.num, vring.align, what).size, what)
      if (!isAnyAddress(vring.da)) requireAligned(vring.da, vring.align, `${image.name}: ${what}`)
    }
  }
}

/** A ring goes where the table says, else into the carve-out of its name, else into free memory. */
function placeRings(
  image: FirmwareImage,
  table: ResourceTable,
  processor: Processor,
  allocator: Allocator,
): void {
  for (const entry of table.vdevs) {
    for (const vring of entry.vrings) {
      if (!isAnyAddress(vring.da)) continue
      const what = `${image.name}: vring ${vring.index} of vdev ${entry.vdev}`
      const { size } = legacyLayout(vring.num, vring.align, what)
      // The name by which Linux looks for it (rproc_alloc_vring, remoteproc_core.c).
      const named = namedPlace(table, processor, `vdev${entry.vdev}vring${vring.index}`)
      if (named !== undefined && named.len < size) {
        throw new OpenampError(
          'ERR_NO_SPACE',
          `${what}: it needs ${hex(size)} bytes, carve-out ${named.name} has ${hex(named.len)}`,
        )
      }
      const align = Math.max(PAGE, vring.align)
      const da = named?.da ?? allocator.take(size, align, what)
      requireAligned(da, vring.align, what)
      table.setVringAddress(entry, vring.index, requireInTable(da, size, what))
    }
  }
}

/**
 * C's vring_init aligns the address of the used ring, not its distance from the ring's start: at any
 * other place the two ends would look for it in different ones.
 */
function requireAligned(da: number, align: number, what: string): void {
  if (da % align === 0) return
  throw new OpenampError(
    'ERR_RESOURCE_TABLE',
    `${what}: its address ${hex(da, 8)} is no multiple of its align ${hex(align)}`,
  )
}

/** Keeps the notify ids of the table, unless the machine renumbers; those left open are numbered from 0. */
function numberNotifyIds(image: FirmwareImage, table: ResourceTable, processor: Processor): void {
  const isOpen = (id: number): boolean => processor.renumbers === true || isAnyNotifyId(id)
  const used = new Map<number, string>()
  const claim = (id: number, what: string): void => {
    const other = used.get(id)
    if (other !== undefined) {
      throw new OpenampError(
        'ERR_RESOURCE_TABLE',
        `${image.name}: notify id ${id} stands at ${other} and at ${what}`,
      )
    }
    used.set(id, what)
  }
  const lowest = (): number => {
    let id = 0
    while (used.has(id)) id++
    return id
  }
  for (const { vdev, vrings } of table.vdevs) {
    for (const { index, notifyid } of vrings) {
      if (!isOpen(notifyid)) claim(notifyid, `vring ${index} of vdev ${vdev}`)
    }
  }
  for (const entry of table.vdevs) {
    for (const vring of entry.vrings) {
      const what = `vring ${vring.index} of vdev ${entry.vdev}`
      const id = isOpen(vring.notifyid) ? lowest() : vring.notifyid
      if (isOpen(vring.notifyid)) claim(id, what)
      table.setVringNotifyId(entry, vring.index, id)
      if (!processor.carries(id)) {
        throw new OpenampError(
          'ERR_RESOURCE_TABLE',
          `${image.name}: ${what} has notify id ${id}, for which this machine has no doorbell`,
        )
      }
    }
  }
  // A vdev's own id is for status changes, of which Linux gives no notice: it needs no doorbell, but
  // OpenAMP's remotes take a kick of it for such a change, so no ring may have the same one.
  for (const entry of table.vdevs) {
    if (!isAnyNotifyId(entry.notifyid)) continue
    const id = lowest()
    claim(id, `vdev ${entry.vdev}`)
    table.setVdevNotifyId(entry, id)
  }
}
