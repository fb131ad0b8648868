import { hex } from '../../base/errors.js'

/** A block of device registers. Offsets are from the block's start and naturally aligned. */
export interface Device {
  /** @returns the value, unsigned, or -1 where an access of this size gets no answer */
  load(offset: number, size: 1 | 2 | 4): number
  /** @returns false where an access of this size gets no answer */
  store(offset: number, size: 1 | 2 | 4, value: number): boolean
}

/**
 * The registers of a block that nobody modelled: each keeps the last value written, 0 at first, and
 * its first touch is told of.
 */
export class UnmodelledRegisters {
  readonly #values = new Map<number, number>()
  readonly #block: string
  readonly #report: (access: string) => void

  constructor(block: string, report: (access: string) => void) {
    this.#block = block
    this.#report = report
  }

  reset(): void {
    this.#values.clear()
  }

  load(offset: number): number {
    const value = this.#values.get(offset)
    if (value !== undefined) return value
    this.#values.set(offset, 0)
    this.#report(`${this.#block}: register ${hex(offset)} read first, answered 0`)
    return 0
  }

  store(offset: number, value: number): void {
    if (!this.#values.has(offset)) {
      this.#report(`${this.#block}: register ${hex(offset)} written first, with ${hex(value)}`)
    }
    this.#values.set(offset, value)
  }
}
