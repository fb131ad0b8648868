/**
 * A counter that counts down with the core's clock and, one tick after 0, goes on from its reload
 * value; with a reload value of 0 it stays at 0. Nothing counts: the value is worked out when it is
 * looked at.
 */
export class DownCounter {
  readonly #cycle: () => number
  /** Cycles of the core to a tick. */
  #divisor = 1
  #running = false
  /** The value at cycle `#since`. */
  #value = 0
  #since = 0
  #reload = 0
  #oneShot = false

  /** @param cycle the core's clock */
  constructor(cycle: () => number) {
    this.#cycle = cycle
  }

  reset(value = 0, reload = 0): void {
    this.#divisor = 1
    this.#running = false
    this.#value = value
    this.#since = this.#cycle()
    this.#reload = reload
    this.#oneShot = false
  }

  get running(): boolean {
    return this.#running
  }

  get reload(): number {
    return this.#reload
  }

  get value(): number {
    if (!this.#running) return this.#value
    const ticks = this.#ticks
    if (ticks <= this.#value) return this.#value - ticks
    if (this.#oneShot || this.#reload === 0) return 0
    return this.#reload - ((ticks - this.#value - 1) % (this.#reload + 1))
  }

  /** What it goes on from after 0; the value that it has stays. */
  set reload(reload: number) {
    this.#rebase()
    this.#reload = reload
  }

  set value(value: number) {
    this.#value = value
    this.#since = this.#cycle()
  }

  run(running: boolean): void {
    this.#rebase()
    this.#running = running
  }

  /**
   * @param divisor cycles of the core to a tick
   * @param oneShot it stays at 0
   */
  configure(divisor: number, oneShot: boolean): void {
    this.#rebase()
    this.#divisor = divisor
    this.#oneShot = oneShot
  }

  /** The first cycle after `cycle` at which the counter comes down to 0; Infinity where none is. */
  nextZero(cycle: number): number {
    if (!this.#running) return Number.POSITIVE_INFINITY
    const first = this.#since + this.#value * this.#divisor
    if (this.#value > 0 && first > cycle) return first
    if (this.#oneShot || this.#reload === 0) return Number.POSITIVE_INFINITY
    const period = (this.#reload + 1) * this.#divisor
    const periods = Math.max(1, Math.floor((cycle - first) / period) + 1)
    return first + periods * period
  }

  get #ticks(): number {
    return Math.floor((this.#cycle() - this.#since) / this.#divisor)
  }

  /** Begins anew where it stands, so that what has passed is not counted by what is set now. */
  #rebase(): void {
    const { value } = this
    const part = this.#running ? (this.#cycle() - this.#since) % this.#divisor : 0
    this.#value = value
    this.#since = this.#cycle() - part
  }
}
