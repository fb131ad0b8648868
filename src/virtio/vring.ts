import { hex, OpenampError } from '../base/errors.js'
import type { AddressKind, AddressSpace, Location } from '../memory/address-space.js'
import type { Region } from '../memory/region.js'
import { AVAIL, DESC, QUEUE_SIZE_MAX, USED } from './defs.js'
import { DescriptorTable } from './descriptor-table.js'

/** Byte offsets of the three parts of a legacy ring from its start, and its whole size. */
export interface LegacyLayout {
  readonly available: number
  readonly used: number
  readonly size: number
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0

/** @throws ERR_RESOURCE_TABLE unless `num` is a power of two from 1 to 32768 */
export function checkQueueSize(num: number, what: string): void {
  if (!isPowerOfTwo(num) || num > QUEUE_SIZE_MAX) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${what}: ring size ${num} is not a power of two from 1 to ${QUEUE_SIZE_MAX}`,
    )
  }
}

/**
 * The legacy layout (virtio 1.2, section 2.7.2; vring_init and vring_size in Linux's
 * virtio_ring.h): descriptors, available ring with used_event, padding up to `align`, used ring
 * with avail_event.
 * @param num ring size, a power of two up to 32768
 * @param align bytes, a power of two
 */
export function legacyLayout(num: number, align: number, what = 'vring'): LegacyLayout {
  checkQueueSize(num, what)
  if (!isPowerOfTwo(align) || align < 4) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${what}: ring alignment ${align} is not a power of two of at least 4`,
    )
  }
  const available = DESC.SIZE * num
  const availableEnd = available + AVAIL.RING + AVAIL.RING_ENTRY * num + 2
  const used = Math.ceil(availableEnd / align) * align
  return { available, used, size: used + USED.RING + USED.RING_ENTRY * num + 2 }
}

/** Where the three parts of a ring lie; modern transports place each on its own. */
export interface VringParts {
  readonly descriptors: Location
  readonly available: Location
  readonly used: Location
}

/**
 * One split ring in memory: field access by the specification's names, nothing else. Both roles are
 * built on it. Indices, flags and event fields go through Atomics; entries and descriptors are plain
 * accesses, which the index that publishes them orders.
 */
export class Vring {
  readonly num: number
  /** For messages: "vring 1 of vdev 0". */
  readonly name: string
  readonly descriptors: DescriptorTable
  readonly #avail: Region
  readonly #availAt: number
  readonly #used: Region
  readonly #usedAt: number

  constructor(num: number, parts: VringParts, name = 'vring') {
    checkQueueSize(num, name)
    for (const part of ['descriptors', 'available', 'used'] as const) {
      if (parts[part].offset % 4 !== 0) {
        throw new OpenampError(
          'ERR_RESOURCE_TABLE',
          `${name}: its ${part} at offset ${hex(parts[part].offset)} are not aligned to 4 bytes`,
        )
      }
    }
    this.num = num
    this.name = name
    this.descriptors = new DescriptorTable(num, parts.descriptors)
    this.#avail = parts.available.region
    this.#availAt = parts.available.offset
    this.#used = parts.used.region
    this.#usedAt = parts.used.offset
  }

  /**
   * A ring of the legacy layout at `address`.
   * @throws ERR_RESOURCE_TABLE for a bad size or alignment, ERR_MEMORY outside every region
   */
  static legacy(
    space: AddressSpace,
    kind: AddressKind,
    address: number,
    num: number,
    align: number,
    name = 'vring',
  ): Vring {
    const layout = legacyLayout(num, align, name)
    const { region, offset } = space.locate(kind, address, layout.size, name)
    const parts = {
      descriptors: { region, offset },
      available: { region, offset: offset + layout.available },
      used: { region, offset: offset + layout.used },
    }
    return new Vring(num, parts, name)
  }

  /** Clears the whole ring, as the driver does before it hands it to the device. */
  zero(): void {
    const availSize = AVAIL.RING + AVAIL.RING_ENTRY * this.num + 2
    const usedSize = USED.RING + USED.RING_ENTRY * this.num + 2
    this.descriptors.zero()
    this.#avail.bytes.fill(0, this.#availAt, this.#availAt + availSize)
    this.#used.bytes.fill(0, this.#usedAt, this.#usedAt + usedSize)
  }

  get availFlags(): number {
    return this.#avail.loadIndex(this.#availAt + AVAIL.FLAGS)
  }

  set availFlags(flags: number) {
    this.#avail.storeIndex(this.#availAt + AVAIL.FLAGS, flags)
  }

  get availIdx(): number {
    return this.#avail.loadIndex(this.#availAt + AVAIL.IDX)
  }

  set availIdx(idx: number) {
    this.#avail.storeIndex(this.#availAt + AVAIL.IDX, idx)
  }

  /** ring[idx modulo num] of the available ring: a descriptor number. */
  availEntry(idx: number): number {
    return this.#avail.getU16(this.#availAt + AVAIL.RING + (idx & (this.num - 1)) * 2)
  }

  setAvailEntry(idx: number, head: number): void {
    this.#avail.setU16(this.#availAt + AVAIL.RING + (idx & (this.num - 1)) * 2, head)
  }

  /** used_event: the driver asks for an interrupt once used.idx passes it. */
  get usedEvent(): number {
    return this.#avail.loadIndex(this.#availAt + AVAIL.RING + AVAIL.RING_ENTRY * this.num)
  }

  set usedEvent(idx: number) {
    this.#avail.storeIndex(this.#availAt + AVAIL.RING + AVAIL.RING_ENTRY * this.num, idx)
  }

  get usedFlags(): number {
    return this.#used.loadIndex(this.#usedAt + USED.FLAGS)
  }

  set usedFlags(flags: number) {
    this.#used.storeIndex(this.#usedAt + USED.FLAGS, flags)
  }

  get usedIdx(): number {
    return this.#used.loadIndex(this.#usedAt + USED.IDX)
  }

  set usedIdx(idx: number) {
    this.#used.storeIndex(this.#usedAt + USED.IDX, idx)
  }

  /** Moves used.idx on. @returns false where it is not `from`: somebody has set the ring up anew */
  advanceUsedIdx(from: number, to: number): boolean {
    return this.#used.replaceIndex(this.#usedAt + USED.IDX, from, to)
  }

  /** ring[idx modulo num].id of the used ring. */
  usedId(idx: number): number {
    return this.#used.getU32(this.#usedElem(idx) + USED.ELEM_ID)
  }

  /** ring[idx modulo num].len of the used ring. */
  usedLen(idx: number): number {
    return this.#used.getU32(this.#usedElem(idx) + USED.ELEM_LEN)
  }

  setUsedElem(idx: number, id: number, len: number): void {
    const at = this.#usedElem(idx)
    this.#used.setU32(at + USED.ELEM_ID, id)
    this.#used.setU32(at + USED.ELEM_LEN, len)
  }

  /** avail_event: the device asks for a kick once avail.idx passes it. */
  get availEvent(): number {
    return this.#used.loadIndex(this.#usedAt + USED.RING + USED.RING_ENTRY * this.num)
  }

  set availEvent(idx: number) {
    this.#used.storeIndex(this.#usedAt + USED.RING + USED.RING_ENTRY * this.num, idx)
  }

  #usedElem(idx: number): number {
    return this.#usedAt + USED.RING + (idx & (this.num - 1)) * USED.RING_ENTRY
  }
}

/**
 * Whether moving an index from `old` to `now` passed `event` (vring_need_event in Linux's
 * virtio_ring.h; virtio 1.2, section 2.7.7.2). All are 16-bit and wrap.
 */
export function passedEvent(event: number, now: number, old: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - old) & 0xffff)
}
