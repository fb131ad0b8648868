import { VirtualClock } from '../../base/clock.js'

/** What is set while the machine sleeps may be something to wake up for. */
export class RousingClock extends VirtualClock {
  readonly #onEntry: (kind: 'timer' | 'deadline') => void
  readonly #present: () => number

  /** @param present the time that it is, where that is later than what the clock was moved to */
  constructor(onEntry: (kind: 'timer' | 'deadline') => void, present: () => number) {
    super()
    this.#onEntry = onEntry
    this.#present = present
  }

  override now(): number {
    const present = this.#present()
    // What is due by then has its turn when the machine is woken for it.
    if (present > super.now() && present < this.next()) this.advanceTo(present)
    return super.now()
  }

  override after(
    milliseconds: number,
    kind: 'timer' | 'deadline',
    callback: () => void,
  ): () => void {
    this.now()
    const cancel = super.after(milliseconds, kind, callback)
    this.#onEntry(kind)
    return cancel
  }
}
