import type { BlockType } from '../block.js'
import type { Device, Ending } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

const FAIL = 0x3333
const PASS = 0x5555
const RESET = 0x7777

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

  load(offset: number, size: 1 | 2 | 4): number {
    if (size === 1) return -1
    return offset === 0 ? 0 : this.#unmodelled.load(offset, size)
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size === 1) return false
    if (offset !== 0) {
      this.#unmodelled.store(offset, value, size)
      return true
    }
    const command = value & 0xffff
    if (command === PASS) this.#end({ kind: 'exited' })
    else if (command === FAIL) this.#end({ kind: 'failed', code: value >>> 16 })
    else if (command === RESET) this.#end({ kind: 'reset' })
    return true
  }
}

export const finisherType: BlockType = {
  about: 'SiFive test finisher: a register with which a program ends the machine',
  make: (place) => ({ device: new Finisher(place.unmodelled, (ending) => place.end(ending)) }),
}
