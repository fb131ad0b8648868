import type { BlockPlace, BlockType } from '../block.js'
import type { Device, Line } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'
import { DownCounter } from './down-counter.js'

// TI's AM62x technical reference manual (SPRUIV7), "Timers": names as there.
const IRQ_EOI = 0x20
const IRQSTATUS_RAW = 0x24
const IRQSTATUS = 0x28
const IRQSTATUS_SET = 0x2c
const IRQSTATUS_CLR = 0x30
const TCLR = 0x38
const TCRR = 0x3c
const TLDR = 0x40
const TTGR = 0x44
const TWPS = 0x48

const OVF = 1 << 1
const TCLR_START = 1 << 0
const TCLR_AUTORELOAD = 1 << 1
const TCLR_PRESCALER = 1 << 5
const TCLR_PTV_SHIFT = 2
const TCLR_PTV_BITS = 7

const WORD_MAX = 0xffff_ffff
const NEVER = Number.POSITIVE_INFINITY

/** TI's general-purpose timer, as far as it counts up and interrupts when it overflows. */
export class TiDmtimer implements Device, Line {
  readonly #unmodelled: UnmodelledRegisters
  readonly #cycle: () => number
  readonly #retimed: () => void
  /** Cycles of the core to one of the timer's clock. */
  readonly #cyclesPerTick: number
  /** What is left of the way up: TCRR is WORD_MAX less that. */
  readonly #left: DownCounter
  #tclr = 0
  #enabled = 0
  #pending = 0
  /** Up to which cycle the counter has been looked at. */
  #seen = 0

  constructor(place: TimerPlace) {
    this.#unmodelled = place.unmodelled
    this.#cycle = place.cycle
    this.#retimed = place.dueCycleChanged
    this.#cyclesPerTick = Math.max(1, Math.round(place.cyclesPerSecond / place.option('clock')))
    this.#left = new DownCounter(place.cycle)
  }

  reset(): void {
    this.#left.reset(WORD_MAX, WORD_MAX)
    this.#tclr = this.#enabled = this.#pending = 0
    this.#configure()
    this.#seen = this.#cycle()
    this.#unmodelled.reset()
  }

  high(): boolean {
    this.#look()
    return (this.#pending & this.#enabled) !== 0
  }

  dueCycle(): number {
    if (this.#pending !== 0 || (this.#enabled & OVF) === 0) return NEVER
    return this.#nextOverflow(this.#seen)
  }

  load(offset: number, size: 1 | 2 | 4): number {
    this.#look()
    switch (offset) {
      case IRQSTATUS_RAW:
        return this.#pending
      case IRQSTATUS:
        return this.#pending & this.#enabled
      case IRQSTATUS_SET:
      case IRQSTATUS_CLR:
        return this.#enabled
      case TCLR:
        return this.#tclr
      case TCRR:
        return WORD_MAX - this.#left.value
      case TLDR:
        return WORD_MAX - this.#left.reload
      case TTGR:
        return WORD_MAX
      case TWPS: // nothing is ever being written still
      case IRQ_EOI:
        return 0
      default:
        return this.#unmodelled.load(offset, size)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    this.#look()
    switch (offset) {
      case IRQSTATUS_RAW:
        this.#pending |= value & OVF
        break
      case IRQSTATUS:
        this.#pending &= ~value
        break
      case IRQSTATUS_SET:
        this.#enabled |= value & OVF
        break
      case IRQSTATUS_CLR:
        this.#enabled &= ~value
        break
      case TCLR:
        this.#tclr = value
        this.#configure()
        break
      case TCRR:
        this.#left.value = WORD_MAX - value
        break
      case TLDR:
        this.#left.reload = WORD_MAX - value
        break
      case TTGR:
        this.#left.value = this.#left.reload
        break
      case TWPS:
      case IRQ_EOI:
        return true
      default:
        this.#unmodelled.store(offset, value, size)
        return true
    }
    this.#retimed()
    return true
  }

  get #divisor(): number {
    const exponent = ((this.#tclr >>> TCLR_PTV_SHIFT) & TCLR_PTV_BITS) + 1
    return this.#cyclesPerTick * (this.#tclr & TCLR_PRESCALER ? 2 ** exponent : 1)
  }

  #configure(): void {
    this.#left.configure(this.#divisor, (this.#tclr & TCLR_AUTORELOAD) === 0)
    this.#left.run((this.#tclr & TCLR_START) !== 0)
  }

  /** It overflows one tick after the last step of its way up. */
  #nextOverflow(cycle: number): number {
    const divisor = this.#divisor
    return this.#left.nextZero(cycle - divisor) + divisor
  }

  /** Sees what has happened since it was looked at last. */
  #look(): void {
    const now = this.#cycle()
    if (this.#nextOverflow(this.#seen) <= now) this.#pending |= OVF
    this.#seen = now
  }
}

type TimerPlace = Pick<
  BlockPlace,
  'unmodelled' | 'cycle' | 'dueCycleChanged' | 'cyclesPerSecond' | 'option'
>

export const tiDmtimerType: BlockType = {
  about: "TI's general-purpose timer, counting as many hertz as the option clock (AM62x TRM)",
  interrupts: ['interrupt'],
  options: { clock: 25_000_000 },
  make: (place) => {
    const timer = new TiDmtimer(place)
    return { device: timer, lines: { interrupt: timer } }
  },
}
