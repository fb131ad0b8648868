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
  /** Nanoseconds since the oldest of those was made available or taken; undefined without one, or
   * without a clock. */
  readonly oldestAge: number | undefined
}

/**
 * When each chain in flight was handed over, by its head. The clock is read once for what is
 * published together, and nothing is allocated on the way of a message.
 */
export class ChainAges {
  readonly #clock: Clock | undefined
  readonly #since: Float64Array
  #now = 0
  #fresh = false

  constructor(num: number, clock: Clock | undefined) {
    this.#clock = clock
    this.#since = new Float64Array(clock === undefined ? 0 : num)
  }

  /** The chain at `head` is in flight from now on. */
  begin(head: number): void {
    if (this.#clock === undefined) return
    if (!this.#fresh) {
      this.#now = this.#clock.now()
      this.#fresh = true
    }
    this.#since[head] = this.#now
  }

  /** What begins from here on is another batch. */
  endBatch(): void {
    this.#fresh = false
  }

  /** Age of the oldest chain for which `inFlight` says so. */
  oldest(inFlight: (head: number) => boolean): number | undefined {
    if (this.#clock === undefined) return undefined
    const since = this.#since.reduce(
      (oldest, time, head) => (inFlight(head) ? Math.min(oldest, time) : oldest),
      Number.POSITIVE_INFINITY,
    )
    return since === Number.POSITIVE_INFINITY ? undefined : this.#clock.now() - since
  }
}
