import { type Clock, WallClock } from '../../base/clock.js'

interface Entry {
  readonly kind: 'timer' | 'deadline'
  readonly due: number
  readonly callback: () => void
  /** Takes it off the wall clock. */
  cancel: () => void
}

/**
 * The wall clock, for a host beside a board that runs by itself; it stands still while the board is
 * suspended. It knows whether a timer of the host's is pending: as long as one is, something will
 * happen, however idle the remote.
 */
export class HostClock implements Clock {
  readonly #clock = new WallClock()
  readonly #onLast: () => void
  readonly #entries = new Set<Entry>()
  /** Nanoseconds that it has stood still. */
  #missed = 0
  #suspendedAt: number | undefined

  /** @param onLast told when the last pending timer has gone */
  constructor(onLast: () => void) {
    this.#onLast = onLast
  }

  get timerPending(): boolean {
    for (const { kind } of this.#entries) if (kind === 'timer') return true
    return false
  }

  get suspended(): boolean {
    return this.#suspendedAt !== undefined
  }

  now(): number {
    return (this.#suspendedAt ?? this.#clock.now()) - this.#missed
  }

  suspend(): void {
    if (this.suspended) return
    this.#suspendedAt = this.#clock.now()
    for (const entry of this.#entries) entry.cancel()
  }

  resume(): void {
    if (this.#suspendedAt === undefined) return
    this.#missed += this.#clock.now() - this.#suspendedAt
    this.#suspendedAt = undefined
    for (const entry of this.#entries) this.#arm(entry)
  }

  after(milliseconds: number, kind: 'timer' | 'deadline', callback: () => void): () => void {
    const entry: Entry = { kind, due: this.now() + milliseconds * 1e6, callback, cancel() {} }
    this.#entries.add(entry)
    if (!this.suspended) this.#arm(entry, milliseconds)
    return () => {
      entry.cancel()
      this.#settle(entry)
    }
  }

  #arm(entry: Entry, milliseconds = Math.max(0, (entry.due - this.now()) / 1e6)): void {
    entry.cancel = this.#clock.after(milliseconds, entry.kind, () => {
      try {
        entry.callback()
      } finally {
        this.#settle(entry)
      }
    })
  }

  #settle(entry: Entry): void {
    if (this.#entries.delete(entry) && entry.kind === 'timer' && !this.timerPending) this.#onLast()
  }
}
