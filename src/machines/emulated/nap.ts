import type { WallPace } from './pace.js'

/** The longest delay that the platform's timers take; a longer one would fire at once. */
const DELAY_MAX_MS = 0x7fff_ffff

/** How a machine in the host's event loop sleeps; while it does, the process is kept alive. */
export class Nap {
  readonly #pace: WallPace | undefined
  /** Ends the sleep; set while there is one. */
  #rouse: (() => void) | undefined
  #end = 0

  /** @param pace none where virtual time does not follow the wall clock */
  constructor(pace: WallPace | undefined) {
    this.#pace = pace
  }

  /** The virtual time at which a paced machine that sleeps goes on by itself, as far as it knows; else 0. */
  get end(): number {
    return this.#end
  }

  rouse(): void {
    this.#rouse?.()
  }

  async untilRoused(): Promise<void> {
    // A remote that is up is work to do.
    const keepAlive = setInterval(() => {}, DELAY_MAX_MS)
    if (this.#pace !== undefined) this.#end = Number.POSITIVE_INFINITY
    await new Promise<void>((resolve) => {
      this.#rouse = resolve
    })
    this.#rouse = undefined
    this.#end = 0
    clearInterval(keepAlive)
  }

  /** Sleeps until the wall clock has reached virtual `time`. @returns false if it was roused before */
  async until(time: number): Promise<boolean> {
    for (;;) {
      const delay = this.#pace?.ahead(time) ?? 0
      if (delay <= 0) return true
      this.#end = time
      const roused = await this.#doze(Math.min(Math.ceil(delay / 1e6), DELAY_MAX_MS))
      this.#end = 0
      if (roused) return false
    }
  }

  /** Sleeps so many milliseconds, unless it is roused before. @returns whether it was */
  #doze(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = (roused: boolean): void => {
        this.#rouse = undefined
        clearTimeout(handle)
        resolve(roused)
      }
      const handle = setTimeout(wake, milliseconds, false)
      this.#rouse = () => wake(true)
    })
  }
}
