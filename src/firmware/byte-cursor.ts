/** Reads numbers and strings of a run of bytes one after the other; never beyond its end. */
export class ByteCursor {
  at: number
  readonly #view: DataView
  readonly #end: number

  /** @param end the offset at which `bytes` are over for this reader, at most their length */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.#end = Math.min(end, bytes.length)
  }

  get left(): number {
    return this.#end - this.at
  }

  /** @throws RangeError where fewer than `size` bytes are left: what follows cannot be told */
  skip(size: number): void {
    if (!(size >= 0 && size <= this.left)) throw new RangeError('beyond the end')
    this.at += size
  }

  u8(): number {
    this.skip(1)
    return this.#view.getUint8(this.at - 1)
  }

  i8(): number {
    this.skip(1)
    return this.#view.getInt8(this.at - 1)
  }

  u16(): number {
    this.skip(2)
    return this.#view.getUint16(this.at - 2, true)
  }

  u32(): number {
    this.skip(4)
    return this.#view.getUint32(this.at - 4, true)
  }

  /** As a number, exact up to 2^53. */
  u64(): number {
    this.skip(8)
    return Number(this.#view.getBigUint64(this.at - 8, true))
  }

  /** An address or offset of `size` bytes: 4 or 8. */
  word(size: number): number {
    return size === 8 ? this.u64() : this.u32()
  }

  /** LEB128 without sign, exact up to 2^53. */
  uleb(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      if (scale > 2 ** 63) throw new RangeError('a number beyond 64 bits')
    }
  }

  /** LEB128 with sign. */
  sleb(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return byte & 0x40 ? value - 128 * scale : value
      if (scale > 2 ** 63) throw new RangeError('a number beyond 64 bits')
    }
  }

  /** The bytes up to the next NUL, which is passed. */
  text(): string {
    const start = this.at
    while (this.u8() !== 0);
    const { buffer, byteOffset } = this.#view
    return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + start, this.at - 1 - start))
  }
}
