import { nextTask } from '#next-task'
import type { Doorbell } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'

/**
 * A doorbell in shared memory: a word that counts. It is a word of its own, for a thread can wait for
 * 32-bit words only, and the rings' indices have 16 bits.
 */
export class Bell {
  readonly #words: Int32Array
  readonly #at: number

  constructor(words: Int32Array, at: number) {
    this.#words = words
    this.#at = at
  }

  get count(): number {
    return Atomics.load(this.#words, this.#at)
  }

  ring(): void {
    Atomics.add(this.#words, this.#at, 1)
    Atomics.notify(this.#words, this.#at)
  }

  /** As `Doorbell.wait`. */
  wait(count: number, milliseconds: number): boolean {
    try {
      return Atomics.wait(this.#words, this.#at, count, milliseconds) !== 'timed-out'
    } catch (cause) {
      const why = 'a synchronous wait needs a thread that may be stopped, which a page’s own is not'
      throw new OpenampError('ERR_USAGE', `${why}: use the calls that return a promise`, { cause })
    }
  }

  /**
   * Calls `rung` from the event loop whenever it has rung since the last call; it sleeps in between,
   * once it has looked for `spin` microseconds in vain.
   * @returns ends that
   */
  listen(spin: number, rung: () => void): () => void {
    let listening = true
    let seen = this.count
    let spinUntil = 0
    const look = (): void => {
      if (!listening) return
      const count = this.count
      if (count !== seen) {
        seen = count
        rung()
        if (!listening) return
        spinUntil = spin === 0 ? 0 : performance.now() + spin / 1000
      }
      // Not at once, however often it rings: the rest of the program has its turn in between.
      if (this.count !== seen || (spinUntil !== 0 && performance.now() < spinUntil)) {
        void nextTask().then(look)
        return
      }
      spinUntil = 0
      const { async, value } = Atomics.waitAsync(this.#words, this.#at, seen)
      if (async) void value.then(look)
      else void nextTask().then(look)
    }
    look()
    return () => {
      listening = false
    }
  }
}

/** A bell that is waited for, with something that is looked at before and after each wait. */
export class CheckedBell implements Doorbell {
  readonly #bell: Bell
  readonly #check: () => boolean

  /**
   * @param check returns whether something has happened that the rings do not say; throws where nobody
   *   will ring any more
   */
  constructor(bell: Bell, check: () => boolean) {
    this.#bell = bell
    this.#check = check
  }

  get count(): number {
    return this.#bell.count
  }

  wait(count: number, milliseconds: number): boolean {
    // The ring that told of it may have been counted already.
    if (this.#check()) return true
    const rung = this.#bell.wait(count, milliseconds)
    return this.#check() || rung
  }
}
