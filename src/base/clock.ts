/**
 * Where time comes from. Protocol code never asks the platform for the time: it is given a clock,
 * which is the wall clock, or the virtual clock of an emulated machine.
 */
export interface Clock {
  /** Nanoseconds since the clock's origin, a safe integer (104 days). */
  now(): number
  /** Its time is a number that it keeps: to read it costs no call of the system. */
  readonly virtual?: boolean
  /**
   * Calls `callback` once, `milliseconds` from now. A `timer` is an event in the life of the system:
   * an idle machine's clock moves on to it. A `deadline` only bounds a wait: an idle machine need
   * not run up to it to know that nothing will happen before.
   * @returns a function that cancels the call
   */
  after(milliseconds: number, kind: 'timer' | 'deadline', callback: () => void): () => void
}

/** The longest delay that the platform's timers take; a longer one would fire at once. */
const DELAY_MAX = 0x7fff_ffff

/** The platform's monotonic clock. */
export class WallClock implements Clock {
  readonly #origin = performance.now()

  now(): number {
    return Math.round((performance.now() - this.#origin) * 1e6)
  }

  after(milliseconds: number, _kind: 'timer' | 'deadline', callback: () => void): () => void {
    const due = this.now() + milliseconds * 1e6
    let handle: ReturnType<typeof setTimeout>
    // A timer counts whole milliseconds of a clock of its own: it may come before its time.
    const look = (): void => {
      const left = (due - this.now()) / 1e6
      if (left > 0) arm(left)
      else callback()
    }
    const arm = (left: number): void => {
      handle = setTimeout(look, Math.min(left, DELAY_MAX))
    }
    arm(milliseconds)
    return () => clearTimeout(handle)
  }
}

interface Entry {
  readonly due: number
  readonly order: number
  readonly kind: 'timer' | 'deadline'
  readonly callback: () => void
}

/** A clock that stands still until `advanceTo` moves it; callbacks run in order of due time. */
export class VirtualClock implements Clock {
  readonly virtual = true
  #now = 0
  #order = 0
  #entries: Entry[] = []

  now(): number {
    return this.#now
  }

  after(milliseconds: number, kind: 'timer' | 'deadline', callback: () => void): () => void {
    const due = this.#now + Math.max(0, Math.round(milliseconds * 1e6))
    const entry: Entry = { due, order: this.#order++, kind, callback }
    const at = this.#entries.findIndex((other) => other.due > due)
    this.#entries.splice(at < 0 ? this.#entries.length : at, 0, entry)
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry)
    }
  }

  /** When the earliest entry is due (nanoseconds), or Infinity. */
  next(kind?: 'timer'): number {
    const entry = kind ? this.#entries.find((other) => other.kind === kind) : this.#entries[0]
    return entry?.due ?? Number.POSITIVE_INFINITY
  }

  /**
   * Moves the clock to `time` (nanoseconds, never backwards) and runs what comes due on the way,
   * each at its own time, so that what a callback arms anew does not drift.
   */
  advanceTo(time: number): void {
    for (;;) {
      const first = this.#entries[0]
      if (first === undefined || first.due > Math.max(time, this.#now)) break
      this.#entries.shift()
      if (first.due > this.#now) this.#now = first.due
      first.callback()
    }
    if (time > this.#now) this.#now = time
  }
}
