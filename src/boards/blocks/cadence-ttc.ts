import type { BlockPlace, BlockType } from '../block.js'
import type { Device, Line } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Zynq UltraScale+ register reference (UG1087), module TTC. A row of each register, one a counter.
const CLOCK = 0x00
const CONTROL = 0x0c
const VALUE = 0x18
const INTERVAL = 0x24
const MATCH: readonly number[] = [0x30, 0x3c, 0x48]
const STATUS = 0x54
const ENABLE = 0x60
const COUNTERS = 3
const END = 0x84

const CLOCK_PRESCALES = 1 << 0
const CONTROL_STOPPED = 1 << 0
const CONTROL_INTERVAL = 1 << 1
const CONTROL_DOWN = 1 << 2
const CONTROL_MATCH = 1 << 3
const CONTROL_RESTART = 1 << 4

const STATUS_INTERVAL = 1 << 0
const STATUS_OVERFLOW = 1 << 4
const STATUS_BITS = 0x3f

const ALL = 0x1_0000_0000
const NEVER = Number.POSITIVE_INFINITY

type CounterPlace = Pick<BlockPlace, 'cycle' | 'dueCycleChanged'>

/**
 * One of three counters. It goes through a period of ticks again and again; nothing counts, where it is
 * is worked out when it is looked at.
 */
class TripleTimerCounter implements Line {
  readonly #place: CounterPlace
  /** Cycles of the core to a tick without prescaler. */
  readonly #cyclesPerTick: number
  #clock = 0
  #control = 0
  #interval = 0
  readonly #match = [0, 0, 0]
  #status = 0
  #enabled = 0
  /** Ticks up to cycle `#since`. */
  #ticks = 0
  #since = 0

  constructor(place: CounterPlace, cyclesPerTick: number) {
    this.#place = place
    this.#cyclesPerTick = cyclesPerTick
  }

  reset(): void {
    this.#clock = this.#interval = this.#status = this.#enabled = this.#ticks = 0
    this.#control = 0x21
    this.#match.fill(0)
    this.#since = this.#place.cycle()
  }

  high(): boolean {
    this.#look()
    return (this.#status & this.#enabled) !== 0
  }

  dueCycle(): number {
    if (this.#control & CONTROL_STOPPED || (this.#status & this.#enabled) !== 0) return NEVER
    let next = NEVER
    for (const { bit, phase } of this.#events()) {
      if (this.#enabled & bit) next = Math.min(next, this.#after(phase))
    }
    return next === NEVER ? NEVER : this.#since + (next - this.#ticks) * this.#tick
  }

  load(register: number): number {
    this.#look()
    switch (register) {
      case CLOCK:
        return this.#clock
      case CONTROL:
        return this.#control
      case VALUE: {
        const phase = this.#ticks % this.#period
        return this.#control & CONTROL_DOWN ? this.#period - 1 - phase : phase
      }
      case INTERVAL:
        return this.#interval
      case STATUS: {
        const status = this.#status
        this.#status = 0 // reading clears it
        this.#place.dueCycleChanged()
        return status
      }
      case ENABLE:
        return this.#enabled
      default:
        return this.#match[MATCH.indexOf(register)] ?? 0
    }
  }

  store(register: number, value: number): void {
    this.#look()
    switch (register) {
      case CLOCK:
        this.#clock = value & 0x7f
        break
      case CONTROL:
        this.#control = value & 0x7f & ~CONTROL_RESTART
        if (value & CONTROL_RESTART) this.#ticks = 0
        break
      case INTERVAL:
        this.#interval = value
        break
      case ENABLE:
        this.#enabled = value & STATUS_BITS
        break
      case VALUE:
      case STATUS:
        break // read-only
      default: {
        const match = MATCH.indexOf(register)
        if (match >= 0) this.#match[match] = value
      }
    }
    this.#place.dueCycleChanged()
  }

  /** Ticks of a period. */
  get #period(): number {
    return this.#control & CONTROL_INTERVAL ? this.#interval + 1 : ALL
  }

  /** Cycles to a tick. */
  get #tick(): number {
    const prescaler = this.#clock & CLOCK_PRESCALES ? 2 ** (((this.#clock >>> 1) & 15) + 1) : 1
    return this.#cyclesPerTick * prescaler
  }

  /** What happens in a period, and at which of its ticks. */
  #events(): readonly { readonly bit: number; readonly phase: number }[] {
    const wraps = this.#control & CONTROL_INTERVAL ? STATUS_INTERVAL : STATUS_OVERFLOW
    const events = [{ bit: wraps, phase: 0 }]
    if ((this.#control & CONTROL_MATCH) === 0) return events
    for (const [i, match] of this.#match.entries()) {
      if (match >= this.#period) continue
      const phase = this.#control & CONTROL_DOWN ? this.#period - 1 - match : match
      events.push({ bit: 2 << i, phase })
    }
    return events
  }

  /** The first tick after those that have passed at which a period is at `phase`. */
  #after(phase: number): number {
    const period = this.#period
    const behind = (((phase - this.#ticks - 1) % period) + period) % period
    return this.#ticks + behind + 1
  }

  /** Sees what has happened since it was looked at last. */
  #look(): void {
    const now = this.#place.cycle()
    if (this.#control & CONTROL_STOPPED) {
      this.#since = now
      return
    }
    const passed = Math.floor((now - this.#since) / this.#tick)
    if (passed === 0) return
    for (const { bit, phase } of this.#events()) {
      if (this.#after(phase) <= this.#ticks + passed) this.#status |= bit
    }
    this.#ticks += passed
    this.#since += passed * this.#tick
  }
}

/** Cadence's triple timer counter. */
export class TripleTimer implements Device {
  readonly counters: readonly TripleTimerCounter[]
  readonly #unmodelled: UnmodelledRegisters

  constructor(place: CounterPlace & Pick<BlockPlace, 'unmodelled' | 'option' | 'cyclesPerSecond'>) {
    const cycles = Math.max(1, Math.round(place.cyclesPerSecond / place.option('clock')))
    this.counters = Array.from({ length: COUNTERS }, () => new TripleTimerCounter(place, cycles))
    this.#unmodelled = place.unmodelled
  }

  reset(): void {
    for (const counter of this.counters) counter.reset()
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return -1
    const place = this.#at(offset)
    return place === undefined
      ? this.#unmodelled.load(offset)
      : place.counter.load(place.register) >>> 0
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size !== 4) return false
    const place = this.#at(offset)
    if (place === undefined) this.#unmodelled.store(offset, value)
    else place.counter.store(place.register, value)
    return true
  }

  /** The counter that a register is of, and the register by the first counter's. The event timers are not there. */
  #at(offset: number): { counter: TripleTimerCounter; register: number } | undefined {
    const which = (offset >>> 2) % COUNTERS
    const register = offset - 4 * which
    const counter = this.counters[which]
    return counter === undefined || register > ENABLE || offset >= END
      ? undefined
      : { counter, register }
  }
}

export const cadenceTtcType: BlockType = {
  about: "Cadence's triple timer counter (Zynq UltraScale+ register reference UG1087)",
  interrupts: ['counter-0', 'counter-1', 'counter-2'],
  options: { clock: 100_000_000 },
  make: (place) => {
    const timer = new TripleTimer(place)
    const lines = Object.fromEntries(
      timer.counters.map((counter, i) => [`counter-${i}`, counter] as const),
    )
    return { device: timer, lines }
  },
}
