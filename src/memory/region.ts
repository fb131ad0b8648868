import { hex, OpenampError } from '../base/errors.js'

/** A stretch of memory that host and remote both reach. Addresses are safe-integer byte addresses. */
export interface RegionOptions {
  readonly name: string
  /** Device address: where the remote processor sees the region. */
  readonly da: number
  /** Physical address: what stands in ring descriptors. Equal to `da` unless given. */
  readonly pa?: number
  /** Bytes; a multiple of 8. */
  readonly size: number
  /** Supplied by the machine; a new ArrayBuffer of `size` unless given. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer
  /** Where the region begins in `buffer`; a multiple of 8. */
  readonly offset?: number
}

/**
 * One memory region with typed little-endian access at byte offsets from its start. Offsets are the
 * caller's own, already checked (`AddressSpace.locate`, or the geometry of a ring); the language
 * keeps a wrong one inside the region's buffer view or throws RangeError, it never reaches beyond.
 */
export class Region {
  readonly name: string
  readonly da: number
  readonly pa: number
  readonly size: number
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly words16: Uint16Array

  constructor(options: RegionOptions) {
    const { name, da, size, pa = da, offset = 0 } = options
    const buffer = options.buffer ?? new ArrayBuffer(size)
    if (size % 8 !== 0 || offset % 8 !== 0 || size <= 0) {
      throw new OpenampError(
        'ERR_MEMORY',
        `region ${name}: size ${hex(size)} and offset ${hex(offset)} must be multiples of 8`,
      )
    }
    if (!Number.isSafeInteger(da + size) || !Number.isSafeInteger(pa + size) || da < 0 || pa < 0) {
      throw new OpenampError('ERR_MEMORY', `region ${name}: addresses beyond 2^53`)
    }
    if (offset < 0 || offset + size > buffer.byteLength) {
      throw new OpenampError(
        'ERR_MEMORY',
        `region ${name}: ${hex(size)} bytes at ${hex(offset)} reach beyond its buffer of ${hex(buffer.byteLength)}`,
      )
    }
    this.name = name
    this.da = da
    this.pa = pa
    this.size = size
    this.bytes = new Uint8Array(buffer, offset, size)
    this.view = new DataView(buffer, offset, size)
    this.words16 = new Uint16Array(buffer, offset, size / 2)
  }

  getU16(offset: number): number {
    return this.view.getUint16(offset, true)
  }

  getU32(offset: number): number {
    return this.view.getUint32(offset, true)
  }

  /** A 64-bit field that holds an address or length: NaN-free, Infinity when beyond 2^53. */
  getU64(offset: number): number {
    const high = this.view.getUint32(offset + 4, true)
    const low = this.view.getUint32(offset, true)
    return high < 0x20_0000 ? high * 0x1_0000_0000 + low : Number.POSITIVE_INFINITY
  }

  setU16(offset: number, value: number): void {
    this.view.setUint16(offset, value, true)
  }

  setU32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true)
  }

  setU64(offset: number, value: number): void {
    if (value <= 0xffff_ffff) {
      this.view.setUint32(offset, value, true)
      this.view.setUint32(offset + 4, 0, true)
      return
    }
    this.view.setUint32(offset, value % 0x1_0000_0000, true)
    this.view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true)
  }

  /** Reads a 16-bit ring index; sequentially consistent. `offset` must be even. */
  loadIndex(offset: number): number {
    return Atomics.load(this.words16, offset >>> 1)
  }

  /**
   * Publishes a 16-bit ring index; sequentially consistent, so that all earlier plain stores are
   * seen before it, and later loads are not moved ahead of it. `offset` must be even.
   */
  storeIndex(offset: number, value: number): void {
    Atomics.store(this.words16, offset >>> 1, value)
  }

  /** Publishes a 16-bit ring index if it still is `expected`, in one step. @returns whether it was */
  replaceIndex(offset: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.words16, offset >>> 1, expected, value) === expected
  }
}
