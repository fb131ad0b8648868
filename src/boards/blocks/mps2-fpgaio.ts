import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Arm application note AN386, "FPGA system control and I/O".
const LED0 = 0x00
const BUTTON = 0x08
const CLK1HZ = 0x10
const CLK100HZ = 0x14
const COUNTER = 0x18
const PRESCALE = 0x1c
const PSCNTR = 0x20
const MISC = 0x4c

/** The FPGA's system I/O on an MPS2 board: counters, light-emitting diodes, buttons that nobody presses. */
export class Mps2Fpgaio implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #cycle: () => number
  readonly #hertz: number
  #led = 0
  #misc = 0
  #prescale = 0
  /** What has been written to each counter, and when. */
  #oneHertz = { value: 0, since: 0 }
  #hundredHertz = { value: 0, since: 0 }
  #counter = { value: 0, since: 0 }
  #prescaler = { value: 0, since: 0 }

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'cycle' | 'cyclesPerSecond'>) {
    this.#unmodelled = place.unmodelled
    this.#cycle = place.cycle
    this.#hertz = place.cyclesPerSecond
  }

  reset(): void {
    const zero = { value: 0, since: this.#cycle() }
    this.#led = this.#misc = this.#prescale = 0
    this.#oneHertz = this.#hundredHertz = this.#counter = this.#prescaler = zero
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    switch (offset) {
      case LED0:
        return this.#led
      case BUTTON:
        return 0
      case CLK1HZ:
        return this.#count(this.#oneHertz, this.#hertz)
      case CLK100HZ:
        return this.#count(this.#hundredHertz, this.#hertz / 100)
      case COUNTER:
        return this.#count(this.#counter, this.#prescale + 1)
      case PRESCALE:
        return this.#prescale
      case PSCNTR: {
        const { value, since } = this.#prescaler
        const period = this.#prescale + 1
        return (((value - (this.#cycle() - since)) % period) + period) % period
      }
      case MISC:
        return this.#misc
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    const now = { value, since: this.#cycle() }
    switch (offset) {
      case LED0:
        this.#led = value & 3
        break
      case CLK1HZ:
        this.#oneHertz = now
        break
      case CLK100HZ:
        this.#hundredHertz = now
        break
      case COUNTER:
        this.#counter = now
        break
      case PRESCALE:
        this.#counter = { value: this.#count(this.#counter, this.#prescale + 1), since: now.since }
        this.#prescale = value
        break
      case PSCNTR:
        this.#prescaler = now
        break
      case MISC:
        this.#misc = value
        break
      case BUTTON:
        break // read-only
      default:
        this.#unmodelled.store(offset, value, size)
    }
    return true
  }

  #count(
    { value, since }: { readonly value: number; readonly since: number },
    cycles: number,
  ): number {
    return (value + Math.floor((this.#cycle() - since) / cycles)) >>> 0
  }
}

export const mps2FpgaioType: BlockType = {
  about: "system I/O of Arm's MPS2 FPGA images: counters, LEDs, buttons (AN386)",
  make: (place) => ({ device: new Mps2Fpgaio(place) }),
}
