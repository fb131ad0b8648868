import type { BlockPlace, BlockType } from '../block.js'
import type { Device, Line } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'
import { cmsdkId } from './cmsdk-id.js'
import { DownCounter } from './down-counter.js'

// Arm Cortex-M System Design Kit (DDI 0479), "APB timer".
const CTRL = 0x00
const VALUE = 0x04
const RELOAD = 0x08
const INTSTATUS = 0x0c

const CTRL_ENABLE = 1 << 0
const CTRL_INTERRUPT = 1 << 3
const CTRL_BITS = 0x0f

const PART = 0x22
const NEVER = Number.POSITIVE_INFINITY

/** The timer of Arm's system design kit: 32 bits, down from its reload value, with the core's clock. */
export class CmsdkTimer implements Device, Line {
  readonly #unmodelled: UnmodelledRegisters
  readonly #cycle: () => number
  readonly #retimed: () => void
  readonly #counter: DownCounter
  #ctrl = 0
  #pending = false
  /** Up to which cycle the counter has been looked at. */
  #seen = 0

  constructor(place: TimerPlace) {
    this.#unmodelled = place.unmodelled
    this.#cycle = place.cycle
    this.#retimed = place.dueCycleChanged
    this.#counter = new DownCounter(place.cycle)
  }

  reset(): void {
    this.#counter.reset()
    this.#ctrl = 0
    this.#pending = false
    this.#seen = this.#cycle()
    this.#unmodelled.reset()
  }

  high(): boolean {
    this.#look()
    return this.#pending
  }

  dueCycle(): number {
    if (this.#pending || (this.#ctrl & CTRL_INTERRUPT) === 0) return NEVER
    return this.#counter.nextZero(this.#seen)
  }

  load(offset: number, size: 1 | 2 | 4): number {
    this.#look()
    switch (offset) {
      case CTRL:
        return this.#ctrl
      case VALUE:
        return this.#counter.value
      case RELOAD:
        return this.#counter.reload
      case INTSTATUS:
        return this.#pending ? 1 : 0
      default:
        return cmsdkId(PART, offset) ?? this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    this.#look()
    switch (offset) {
      case CTRL:
        this.#ctrl = value & CTRL_BITS
        this.#counter.run((value & CTRL_ENABLE) !== 0)
        break
      case VALUE:
        this.#counter.value = value
        break
      case RELOAD:
        this.#counter.reload = value
        break
      case INTSTATUS:
        if (value & 1) this.#pending = false
        break
      default:
        if (cmsdkId(PART, offset) === undefined) this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#retimed()
    return true
  }

  /** Sees what has happened since it was looked at last. */
  #look(): void {
    const now = this.#cycle()
    if (this.#ctrl & CTRL_INTERRUPT && this.#counter.nextZero(this.#seen) <= now) {
      this.#pending = true
    }
    this.#seen = now
  }
}

type TimerPlace = Pick<BlockPlace, 'unmodelled' | 'cycle' | 'dueCycleChanged'>

export const cmsdkTimerType: BlockType = {
  about: "timer of Arm's Cortex-M System Design Kit, counting the core's clock (DDI 0479)",
  interrupts: ['interrupt'],
  make: (place) => {
    const timer = new CmsdkTimer(place)
    return { device: timer, lines: { interrupt: timer } }
  },
}
