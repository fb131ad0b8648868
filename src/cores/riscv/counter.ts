const MASK = (1n << 64n) - 1n

/**
 * A 64-bit counter CSR over a count that somebody else keeps. Software may write it, which sets it
 * apart from that count by a constant, and may inhibit it, which makes it stand still.
 */
export class Counter {
  #offset = 0n
  #frozen: bigint | undefined

  reset(): void {
    this.#offset = 0n
    this.#frozen = undefined
  }

  /** All 64 bits. */
  value(count: number): bigint {
    return this.#value(count)
  }

  low(count: number): number {
    if (this.#offset === 0n && this.#frozen === undefined) return count | 0
    return Number(BigInt.asIntN(32, this.#value(count)))
  }

  high(count: number): number {
    if (this.#offset === 0n && this.#frozen === undefined) return Math.floor(count / 0x1_0000_0000)
    return Number(BigInt.asIntN(32, this.#value(count) >> 32n))
  }

  /**
   * A written value is what the next instruction reads (`count` is then one more); the half that is
   * not written does not go on either, for the writing instruction.
   */
  setLow(count: number, value: number): void {
    this.#set(count + 1, (this.#value(count) & ~0xffff_ffffn) | BigInt(value >>> 0))
  }

  setHigh(count: number, value: number): void {
    this.#set(count + 1, (this.#value(count) & 0xffff_ffffn) | (BigInt(value >>> 0) << 32n))
  }

  setValue(count: number, value: bigint): void {
    this.#set(count + 1, value)
  }

  inhibit(count: number, inhibited: boolean): void {
    if (inhibited === (this.#frozen !== undefined)) return
    const value = this.#value(count + 1)
    this.#frozen = inhibited ? value : undefined
    this.#set(count + 1, value)
  }

  #value(count: number): bigint {
    return this.#frozen ?? (BigInt(count) + this.#offset) & MASK
  }

  #set(count: number, value: bigint): void {
    if (this.#frozen !== undefined) this.#frozen = value
    else this.#offset = value - BigInt(count)
  }
}
