import type { Device, UnmodelledRegisters } from './device.js'

const FAIL = 0x3333
const PASS = 0x5555
const RESET = 0x7777

/** What a write to the test finisher means. */
export type Ending =
  | { readonly kind: 'exited' }
  | { readonly kind: 'failed'; readonly code: number }
  | { readonly kind: 'reset' }

/** SiFive's test finisher: one register, through which a program ends the machine. */
export class Finisher implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #end: (ending: Ending) => void

  constructor(unmodelled: UnmodelledRegisters, end: (ending: Ending) => void) {
    this.#unmodelled = unmodelled
    this.#end = end
  }

  reset(): void {
    this.#unmodelled.reset()
  }

  load(offset: number, size: number): number {
    if (size === 1) return -1
    return offset === 0 ? 0 : this.#unmodelled.load(offset)
  }

  store(offset: number, size: number, value: number): boolean {
    if (size === 1) return false
    if (offset !== 0) {
      this.#unmodelled.store(offset, value)
      return true
    }
    const command = value & 0xffff
    if (command === PASS) this.#end({ kind: 'exited' })
    else if (command === FAIL) this.#end({ kind: 'failed', code: value >>> 16 })
    else if (command === RESET) this.#end({ kind: 'reset' })
    return true
  }
}
