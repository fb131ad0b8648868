import { hex } from '../base/errors.js'

/** What is known of a register of 32 bits that nobody modelled, and why it does not just keep its value. */
export interface RegisterOverride {
  /** From the block's start; a multiple of 4. */
  readonly offset: number
  /** What it holds after reset; 0 unless given. */
  readonly reset?: number
  /** What it always reads. */
  readonly value?: number
  /** Bits that always read 1: "locked", "ready". */
  readonly set?: number
  /** Bits that always read 0: a command that is done as soon as it is given. */
  readonly clear?: number
}

/** Registers of a block that are told of one by one: a driver's come to fewer, somebody's loop to millions. */
const TOLD_MAX = 256

/**
 * The registers of a block that nobody modelled: each keeps the last value written, 0 at first, and
 * its first touch is told of. Those with an override are known, and not told of.
 */
export class UnmodelledRegisters {
  /** Words by their offset. */
  readonly #values = new Map<number, number>()
  /** Offsets that have been told of. */
  readonly #touched = new Set<number>()
  readonly #overrides = new Map<number, RegisterOverride>()
  readonly #block: string
  readonly #report: (access: string) => void

  constructor(
    block: string,
    report: (access: string) => void,
    overrides: readonly RegisterOverride[] = [],
  ) {
    this.#block = block
    this.#report = report
    for (const override of overrides) this.#overrides.set(override.offset, override)
    this.reset()
  }

  reset(): void {
    this.#values.clear()
    this.#touched.clear()
    for (const { offset, reset = 0 } of this.#overrides.values()) this.#values.set(offset, reset)
  }

  /** Whether an override says what the register at `offset` is like. */
  overrides(offset: number): boolean {
    return this.#overrides.size > 0 && this.#overrides.has(offset & ~3)
  }

  load(offset: number, size: 1 | 2 | 4 = 4): number {
    const word = offset & ~3
    const override = this.#overrides.get(word)
    if (override === undefined && this.#isNew(offset)) {
      this.#report(
        `${this.#block}: register ${hex(offset)} read first, answered ${answer(this.#part(offset, size))}`,
      )
    }
    return this.#part(offset, size)
  }

  store(offset: number, value: number, size: 1 | 2 | 4 = 4): void {
    const word = offset & ~3
    if (!this.#overrides.has(word) && this.#isNew(offset)) {
      this.#report(`${this.#block}: register ${hex(offset)} written first, with ${hex(value)}`)
    }
    const shift = 8 * (offset & 3)
    const mask = maskOf(size) << shift
    const kept = (this.#values.get(word) ?? 0) & ~mask
    this.#values.set(word, (kept | ((value << shift) & mask)) >>> 0)
  }

  /** The first touch of a register, as long as there are not too many. */
  #isNew(offset: number): boolean {
    if (this.#touched.size > TOLD_MAX || this.#touched.has(offset)) return false
    this.#touched.add(offset)
    if (this.#touched.size <= TOLD_MAX) return true
    this.#report(`${this.#block}: more registers are touched, which are not told of one by one`)
    return false
  }

  #part(offset: number, size: 1 | 2 | 4): number {
    const word = offset & ~3
    const stored = this.#values.get(word) ?? 0
    const { value = stored, set = 0, clear = 0 } = this.#overrides.get(word) ?? {}
    return ((((value | set) & ~clear) >>> (8 * (offset & 3))) & maskOf(size)) >>> 0
  }
}

function maskOf(size: 1 | 2 | 4): number {
  return size === 4 ? -1 : (1 << (8 * size)) - 1
}

function answer(value: number): string {
  return value === 0 ? '0' : hex(value)
}
