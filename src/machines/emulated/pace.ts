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
