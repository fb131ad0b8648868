import type { BlockPlace, BlockType } from '../block.js'
import type { Device, Line } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'
import { cmsdkId } from './cmsdk-id.js'
import { DownCounter } from './down-counter.js'

// Arm Cortex-M System Design Kit (DDI 0479), "APB dual-input timers": registers of one timer.
const LOAD = 0x00
const VALUE = 0x04
const CONTROL = 0x08
const INTCLR = 0x0c
const RIS = 0x10
const MIS = 0x14
const BGLOAD = 0x18
/** Bytes of the registers of one timer. */
const TIMER_SIZE = 0x20

const CONTROL_ONE_SHOT = 1 << 0
const CONTROL_32_BIT = 1 << 1
const CONTROL_PRESCALE_SHIFT = 2
const CONTROL_INTERRUPT = 1 << 5
const CONTROL_PERIODIC = 1 << 6
const CONTROL_ENABLE = 1 << 7
const CONTROL_BITS = 0xef

const PRESCALE = [1, 16, 256, 256] as const

const PART = 0x23
const NEVER = Number.POSITIVE_INFINITY

type TimerPlace = Pick<BlockPlace, 'unmodelled' | 'cycle' | 'dueCycleChanged'>

/** One of the two timers: 16 or 32 bits; free-running, periodic or once. */
class HalfTimer implements Line {
  readonly #cycle: () => number
  readonly #counter: DownCounter
  #control = CONTROL_INTERRUPT
  #load = 0
  #raw = false
  #seen = 0

  constructor(cycle: () => number) {
    this.#cycle = cycle
    this.#counter = new DownCounter(cycle)
  }

  reset(): void {
    this.#control = CONTROL_INTERRUPT
    this.#load = 0
    this.#raw = false
    this.#seen = this.#cycle()
    this.#counter.reset(0xffff, 0xffff)
  }

  high(): boolean {
    this.#look()
    return this.#raw && (this.#control & CONTROL_INTERRUPT) !== 0
  }

  dueCycle(): number {
    if (this.#raw || (this.#control & CONTROL_INTERRUPT) === 0) return NEVER
    return this.#counter.nextZero(this.#seen)
  }

  /** @returns undefined for a register that it has not */
  read(register: number): number | undefined {
    this.#look()
    switch (register) {
      case LOAD:
      case BGLOAD:
        return this.#load
      case VALUE:
        return this.#counter.value
      case CONTROL:
        return this.#control
      case RIS:
        return this.#raw ? 1 : 0
      case MIS:
        return this.high() ? 1 : 0
      case INTCLR:
        return 0
      default:
        return undefined
    }
  }

  /** @returns false for a register that it has not */
  write(register: number, value: number): boolean {
    this.#look()
    switch (register) {
      case LOAD:
        this.#load = value
        this.#configure()
        this.#counter.value = this.#masked(value)
        break
      case BGLOAD:
        this.#load = value
        this.#configure()
        break
      case CONTROL:
        this.#control = value & CONTROL_BITS
        this.#configure()
        this.#counter.value = this.#masked(this.#counter.value)
        break
      case INTCLR:
        this.#raw = false
        break
      case VALUE:
      case RIS:
      case MIS:
        break // read-only
      default:
        return false
    }
    return true
  }

  get #mask(): number {
    return this.#control & CONTROL_32_BIT ? 0xffff_ffff : 0xffff
  }

  #masked(value: number): number {
    return (value & this.#mask) >>> 0
  }

  #configure(): void {
    const control = this.#control
    const top = control & CONTROL_PERIODIC ? this.#masked(this.#load) : this.#mask
    const divisor = PRESCALE[(control >>> CONTROL_PRESCALE_SHIFT) & 3] ?? 1
    this.#counter.configure(divisor, (control & CONTROL_ONE_SHOT) !== 0)
    this.#counter.reload = top
    this.#counter.run((control & CONTROL_ENABLE) !== 0)
  }

  #look(): void {
    const now = this.#cycle()
    if (this.#counter.nextZero(this.#seen) <= now) this.#raw = true
    this.#seen = now
  }
}

/** Two timers behind one another, with an interrupt for both. */
export class CmsdkDualTimer implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #retimed: () => void
  readonly timers: readonly [HalfTimer, HalfTimer]

  constructor(place: TimerPlace) {
    this.#unmodelled = place.unmodelled
    this.#retimed = place.dueCycleChanged
    this.timers = [new HalfTimer(place.cycle), new HalfTimer(place.cycle)]
  }

  reset(): void {
    for (const timer of this.timers) timer.reset()
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    const timer = this.timers[Math.floor(offset / TIMER_SIZE)]
    const value = timer?.read(offset % TIMER_SIZE) ?? cmsdkId(PART, offset)
    return value === undefined ? this.#unmodelled.load(offset, size) : value >>> 0
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    const timer = this.timers[Math.floor(offset / TIMER_SIZE)]
    if (timer?.write(offset % TIMER_SIZE, value)) this.#retimed()
    else if (cmsdkId(PART, offset) === undefined) this.#unmodelled.store(offset, value, size)
    return true
  }
}

export const cmsdkDualTimerType: BlockType = {
  about: "two timers of Arm's Cortex-M System Design Kit, counting the core's clock (DDI 0479)",
  interrupts: ['combined', 'timer-1', 'timer-2'],
  make: (place) => {
    const dual = new CmsdkDualTimer(place)
    const [first, second] = dual.timers
    const combined: Line = {
      high: () => first.high() || second.high(),
      dueCycle: () => Math.min(first.dueCycle(), second.dueCycle()),
    }
    return { device: dual, lines: { combined, 'timer-1': first, 'timer-2': second } }
  },
}
