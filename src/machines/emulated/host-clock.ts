import { type Clock, WallClock } from '../../base/clock.js'

/**
 * The wall clock, for a host beside a board that runs by itself. It knows whether a timer of the
 * host's is pending: as long as one is, something will happen, however idle the remote.
 */
export class HostClock implements Clock {
  readonly #clock = new WallClock()
  readonly #onLast: () => void
  #timers = 0

  /** @param onLast told when the last pending timer has gone */
  constructor(onLast: () => void) {
    this.#onLast = onLast
  }

  get timerPending(): boolean {
    return this.#timers > 0
  }

  now(): number {
    return this.#clock.now()
  }

  after(milliseconds: number, kind: 'timer' | 'deadline', callback: () => void): () => void {
    if (kind === 'deadline') return this.#clock.after(milliseconds, kind, callback)
    this.#timers++
    let pending = true
    const settle = (): void => {
      if (!pending) return
      pending = false
      this.#timers--
      if (this.#timers === 0) this.#onLast()
    }
    const cancel = this.#clock.after(milliseconds, kind, () => {
      try {
        callback()
      } finally {
        settle()
      }
    })
    return () => {
      cancel()
      settle()
    }
  }
}
