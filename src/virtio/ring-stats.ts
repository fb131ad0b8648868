import type { Clock } from '../base/clock.js'

/** What went through one end of a ring, for diagnosis. */
export interface RingStats {
  /** Publications of which this end has told the other. */
  readonly kicksSent: number
  /** Publications of which the other end did not want to be told. */
  readonly kicksSuppressed: number
  /** Times that the other end has told of this ring; undefined where that cannot be told apart. */
  readonly notificationsReceived: number | undefined
  /** Driver: chains that the device has. Device: chains that were taken and not put back. */
  readonly inFlight: number
  /**
   * Nanoseconds since the oldest of those was made available or taken; undefined without one. To read
   * the wall clock for every message would cost too much: there, ages count once somebody has asked.
   */
  readonly oldestAge: number | undefined
}

/** When each chain in flight was handed over, by its head. */
export class ChainAges {
  readonly #clock: Clock | undefined
  readonly #since: Float64Array
  #timing: boolean

  constructor(num: number, clock: Clock | undefined) {
    this.#clock = clock
    this.#since = new Float64Array(clock === undefined ? 0 : num)
    this.#timing = clock?.virtual ?? false
  }

  /** The chain at `head` is in flight from now on. */
  begin(head: number): void {
    if (this.#timing && this.#clock !== undefined) this.#since[head] = this.#clock.now()
  }

  /** Age of the oldest chain for which `inFlight` says so. */
  oldest(inFlight: (head: number) => boolean): number | undefined {
    if (this.#clock === undefined) return undefined
    const now = this.#clock.now()
    if (!this.#timing) {
      this.#timing = true
      this.#since.fill(now)
      return undefined
    }
    const oldest = this.#since.reduce(
      (least, time, head) => (inFlight(head) ? Math.min(least, time) : least),
      Number.POSITIVE_INFINITY,
    )
    return oldest === Number.POSITIVE_INFINITY ? undefined : now - oldest
  }
}
