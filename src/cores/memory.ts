import { hex, OpenampError } from '../base/errors.js'
import type { Region } from '../memory/region.js'
import type { Bus, Counting } from './core.js'

/** Bytes of a page: memory is mapped by whole pages, and predecoded by the page. */
export const PAGE_SIZE = 0x1000

/** A region as the core reaches it: typed arrays of each width over the same memory. */
export interface MappedRegion {
  /** First address, as a signed 32-bit number: the form of the core's registers. */
  readonly base: number
  readonly size: number
  readonly bytes: Uint8Array
  readonly halves: Uint16Array
  readonly words: Int32Array
}

/** Bytes of an access. */
export type AccessSize = 1 | 2 | 4

/**
 * The memory that the core reaches directly, and behind it the bus. Aligned accesses to directly
 * mapped memory are single accesses of their width, so that another thread never sees half of one.
 */
export class MappedMemory {
  readonly regions: readonly MappedRegion[]
  /** The first region, in which code and data are expected to be. */
  readonly main: MappedRegion
  /** Where the last load or store that failed found nothing, for `mtval`. */
  faultAddress = 0
  /** True once an access has gone to the bus; whoever looks at it sets it back. */
  deviceTouched = false
  /** A debugger's watchpoints are set: every access is to take the slow path, where they are seen. */
  watched = false
  /**
   * One word, not 0 once something may have been stored into memory that is not the first region's: by
   * the core, in either tier, or by the host. Whoever looks at it sets it back.
   */
  written = Int32Array.of(1)
  readonly #bus: Bus
  /** A word that exists for the sake of the barrier that an operation on it is. */
  readonly #fence: Int32Array | undefined

  constructor(regions: readonly [Region, ...Region[]], bus: Bus) {
    this.#bus = bus
    this.regions = regions.map(map)
    this.main = map(regions[0])
    // Only a SharedArrayBuffer has somebody at the other end. Where there is none the class may not
    // even exist (a page without cross-origin isolation).
    const shared =
      typeof SharedArrayBuffer !== 'undefined' &&
      regions.some((region) => region.bytes.buffer instanceof SharedArrayBuffer)
    this.#fence = shared ? new Int32Array(new SharedArrayBuffer(4)) : undefined
  }

  find(address: number): MappedRegion | undefined {
    const regions = this.regions
    // No iterator: this is where accesses to the shared memory come through.
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i]
      if (region !== undefined && (address - region.base) >>> 0 < region.size) return region
    }
    return undefined
  }

  /** See `Bus.counting`. */
  counting(address: number): Counting | undefined {
    return this.find(address) === undefined ? this.#bus.counting?.(address >>> 0) : undefined
  }

  /** The 16 bits of code at `address` (even), or -1 outside the mapped memory. */
  fetch(address: number): number {
    const region = this.find(address)
    return region?.halves[((address - region.base) >>> 0) >>> 1] ?? -1
  }

  /**
   * Loads an unsigned number of any alignment. A misaligned one is put together from the two
   * aligned ones that it overlaps, which is also what a device sees of it.
   * @returns -1 where nothing answers
   */
  load(address: number, size: AccessSize): number {
    const skew = address & (size - 1)
    if (skew === 0) return this.#loadAligned(address, size)
    const low = this.#loadAligned(address - skew, size)
    if (low < 0) return -1
    const high = this.#loadAligned(address - skew + size, size)
    if (high < 0) return -1
    const bits = ((low >>> (skew * 8)) | (high << ((size - skew) * 8))) >>> 0
    return size === 2 ? bits & 0xffff : bits
  }

  /** Stores at any alignment; a misaligned store is made byte by byte. @returns false on failure */
  store(address: number, size: AccessSize, value: number): boolean {
    if ((address & (size - 1)) === 0) return this.#storeAligned(address, size, value)
    for (let i = 0; i < size; i++) {
      if (!this.#storeAligned(address + i, 1, (value >>> (8 * i)) & 0xff)) return false
    }
    return true
  }

  #loadAligned(address: number, size: AccessSize): number {
    const region = this.find(address)
    if (region === undefined) {
      this.deviceTouched = true
      const value = this.#bus.load(address >>> 0, size)
      if (value < 0) this.faultAddress = address
      return value
    }
    const offset = (address - region.base) >>> 0
    if (size === 4) return (region.words[offset >>> 2] ?? 0) >>> 0
    return (size === 2 ? region.halves[offset >>> 1] : region.bytes[offset]) ?? 0
  }

  #storeAligned(address: number, size: AccessSize, value: number): boolean {
    const region = this.find(address)
    if (region === undefined) {
      this.deviceTouched = true
      const bits = size === 4 ? value >>> 0 : size === 2 ? value & 0xffff : value & 0xff
      if (this.#bus.store(address >>> 0, size, bits)) return true
      this.faultAddress = address
      return false
    }
    if (region !== this.regions[0]) this.written[0] = 1
    const offset = (address - region.base) >>> 0
    if (size === 4) region.words[offset >>> 2] = value
    else if (size === 2) region.halves[offset >>> 1] = value
    else region.bytes[offset] = value
    return true
  }

  /** Whether others may store into it at any time. */
  get shared(): boolean {
    return this.#fence !== undefined
  }

  /** A full barrier towards whoever shares the memory. */
  fence(): void {
    if (this.#fence !== undefined) Atomics.add(this.#fence, 0, 0)
  }
}

function map(region: Region): MappedRegion {
  const { name, da, size, bytes } = region
  if (da % PAGE_SIZE !== 0 || size % PAGE_SIZE !== 0 || da + size > 0x1_0000_0000) {
    throw new OpenampError(
      'ERR_MEMORY',
      `region ${name}: ${hex(da)} + ${hex(size)} is not made of whole ${hex(PAGE_SIZE)}-byte pages of a 32-bit address space`,
    )
  }
  return {
    base: da | 0,
    size,
    bytes,
    halves: region.words16,
    words: new Int32Array(bytes.buffer, bytes.byteOffset, size / 4),
  }
}
