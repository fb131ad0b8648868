import type { Cpu } from '../cpu.js'
import { Exception } from './exception.js'
import type { ExceptionState } from './exception-state.js'

// Offsets in the system control space (Armv7-M ARM, "The system timer, SysTick").
const SYST_CSR = 0x10
const SYST_RVR = 0x14
const SYST_CVR = 0x18
const SYST_CALIB = 0x1c

/** Bits of SYST_CSR. */
const ENABLE = 1 << 0
const TICKINT = 1 << 1
const CLKSOURCE = 1 << 2
const COUNTFLAG = 1 << 16

/** Bits of SYST_CALIB. */
const NOREF = 0x8000_0000

const COUNTER = 0xff_ffff

/** What a chip has put around its SysTick. */
export interface SysTickClock {
  /** Cycles of the core to one tick of the external reference clock; 0 where there is none. */
  readonly referenceCycles: number
  /** TENMS of SYST_CALIB: ticks of the reference clock in 10 ms less one; 0 means not known. */
  readonly tenMilliseconds: number
}

/**
 * The system timer. Nothing counts down: the counter is worked out from the core's clock when it is
 * looked at, and `dueCycle` says when it comes to 0 next.
 */
export class SysTick {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly #clock: SysTickClock
  #control = 0
  #reload = 0
  /** The counter as it was at tick `#at` of its clock, while enabled; else as it stands. */
  #counter = 0
  #at = 0
  #dueCycle = Number.POSITIVE_INFINITY

  constructor(cpu: Cpu, state: ExceptionState, clock: SysTickClock) {
    this.#cpu = cpu
    this.#state = state
    this.#clock = clock
    this.reset()
  }

  reset(): void {
    this.#control = this.#clock.referenceCycles === 0 ? CLKSOURCE : 0
    this.#reload = 0
    this.#counter = 0
    this.#at = 0
    this.#dueCycle = Number.POSITIVE_INFINITY
  }

  /** The cycle at which the counter comes to 0 and pends the exception; Infinity if it does not. */
  get dueCycle(): number {
    return this.#dueCycle
  }

  /** The clock has come to where it is: pends the exception if it was due. */
  due(): void {
    this.#catchUp()
    this.#findDueCycle()
  }

  load(offset: number): number {
    switch (offset) {
      case SYST_CSR: {
        this.#catchUp()
        const value = this.#control
        this.#control &= ~COUNTFLAG
        return value
      }
      case SYST_RVR:
        return this.#reload
      case SYST_CVR:
        this.#catchUp()
        return this.#counter
      case SYST_CALIB: {
        const { referenceCycles, tenMilliseconds } = this.#clock
        return (referenceCycles === 0 ? NOREF : 0) | (tenMilliseconds & COUNTER)
      }
      default:
        return 0
    }
  }

  store(offset: number, value: number): void {
    this.#catchUp()
    switch (offset) {
      case SYST_CSR: {
        const fixed = this.#clock.referenceCycles === 0 ? CLKSOURCE : 0
        this.#control =
          (this.#control & COUNTFLAG) | (value & (ENABLE | TICKINT | CLKSOURCE)) | fixed
        this.#at = this.#tick
        break
      }
      case SYST_RVR:
        this.#reload = value & COUNTER
        break
      case SYST_CVR:
        // Any write clears both, and is not a count to 0: nothing is pended.
        this.#counter = 0
        this.#control &= ~COUNTFLAG
        break
      default:
        return
    }
    this.#findDueCycle()
    this.#cpu.attention = true
  }

  /** Cycles to a tick of the clock that is selected. */
  get #divider(): number {
    return this.#control & CLKSOURCE ? 1 : this.#clock.referenceCycles
  }

  get #tick(): number {
    return Math.floor(this.#cpu.cycle / this.#divider)
  }

  /** Ticks until the counter comes to 0 the next time. */
  get #ticksToZero(): number {
    if (this.#counter !== 0) return this.#counter
    return this.#reload === 0 ? Number.POSITIVE_INFINITY : this.#reload + 1
  }

  #catchUp(): void {
    if ((this.#control & ENABLE) === 0) return
    const tick = this.#tick
    const passed = tick - this.#at
    this.#at = tick
    const first = this.#ticksToZero
    if (passed < first) {
      if (this.#counter === 0 && passed > 0 && this.#reload !== 0) {
        this.#counter = this.#reload + 1 - passed
      } else if (this.#counter !== 0) this.#counter -= passed
      return
    }
    const phase = (passed - first) % (this.#reload + 1)
    this.#counter = phase === 0 ? 0 : this.#reload + 1 - phase
    this.#control |= COUNTFLAG
    if (this.#control & TICKINT) this.#state.setPending(Exception.SYSTICK)
  }

  #findDueCycle(): void {
    const runs = (this.#control & (ENABLE | TICKINT)) === (ENABLE | TICKINT)
    this.#dueCycle = runs
      ? (this.#at + this.#ticksToZero) * this.#divider
      : Number.POSITIVE_INFINITY
  }
}
