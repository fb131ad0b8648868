/** Keeps virtual time from running ahead of the wall clock. Times are nanoseconds. */
export class WallPace {
  #virtualOrigin = 0
  #wallOrigin = 0

  /** From now on virtual `time` is the present of the wall clock. */
  restart(time: number): void {
    this.#virtualOrigin = time
    this.#wallOrigin = performance.now()
  }

  /** The virtual time that the wall clock has reached, at most `limit`. */
  wallTime(limit: number): number {
    const elapsed = (performance.now() - this.#wallOrigin) * 1e6
    return Math.min(limit, this.#virtualOrigin + Math.floor(elapsed))
  }

  /** Nanoseconds by which virtual `time` is ahead of the wall clock; 0 or less if it is not. */
  ahead(time: number): number {
    const elapsed = (performance.now() - this.#wallOrigin) * 1e6
    return time - this.#virtualOrigin - elapsed
  }
}

const SLACK_MAX = 40e6
const SLACK_SHARE = 1 / 8

/**
 * How late a paced remote may be woken by a timer of its own, in nanoseconds ("timer slack", as the kernel has
 * for processes). One that only ticks, and has neither been heard of nor spoken to for a while, makes up for
 * many ticks at once, each at its own time of the virtual clock; whoever speaks to it wakes it at once.
 */
export class TimerSlack {
  #heardAt = 0

  /** Virtual `time` at which the remote was heard of, or spoken to. */
  heard(time: number): void {
    this.#heardAt = time
  }

  at(time: number): number {
    return Math.min(SLACK_MAX, (time - this.#heardAt) * SLACK_SHARE)
  }
}
