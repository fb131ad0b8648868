import { OpenampError } from '../base/errors.js'
import type { Waits } from '../base/waits.js'
import type { RemoteprocEvent, Untimed } from './events.js'

/** Bounds of a recovery; times are milliseconds of the machine's clock. */
export interface RecoveryOptions {
  /** Before the second attempt; the first one is made at once. 100 unless given. */
  readonly delay?: number
  /** By what the delay grows with each further attempt: finite, from 1; 2 unless given. */
  readonly factor?: number
  /** The longest delay; 30 000 unless given. */
  readonly longest?: number
  /** Crashes in a row after which the remote is given up; unlimited unless given. */
  readonly attempts?: number
  /** A life that lasts so long ends the row; 10 000 unless given. */
  readonly stable?: number
}

/**
 * Whether a remote that has crashed is booted again. 'disabled' and 'enabled' are what Linux writes
 * into a remoteproc's `recovery` file; options are 'enabled' with a back-off of one's own.
 */
export type RecoveryPolicy = 'disabled' | 'enabled' | RecoveryOptions

const DEFAULTS = { delay: 100, factor: 2, longest: 30_000, attempts: Infinity, stable: 10_000 }

/** What a recovery works on. */
export interface Recoverable {
  readonly waits: Waits
  /** Boots the remote again. */
  begin(): Promise<void>
  emit(event: Untimed<RemoteprocEvent>): void
}

/** Boots a remote again after its crashes, with growing delays. */
export class Recovery {
  readonly #options: Required<RecoveryOptions> | undefined
  /** Crashes in a row. */
  #row = 0
  /** Bumped where a recovery that is under way is none any more. */
  #turn = 0
  #pending = false
  /** Somebody ends the remote: what crashes on the way stays down. */
  #ended = false

  /** @throws ERR_USAGE for bounds that are no numbers from 0, or a factor that is not finite from 1 */
  constructor(policy: RecoveryPolicy) {
    if (policy === 'disabled') return
    const options = { ...DEFAULTS, ...(policy === 'enabled' ? {} : policy) }
    for (const [name, value] of Object.entries(options)) {
      if (name === 'factor' ? value >= 1 && value < Infinity : value >= 0) continue
      throw new OpenampError('ERR_USAGE', `recovery: ${name} ${value} is out of range`)
    }
    this.#options = options
  }

  /** The remote has crashed, and will be booted again. */
  get pending(): boolean {
    return this.#pending
  }

  /**
   * The remote has crashed.
   * @param lasted milliseconds since it was booted
   * @param reset it is to be booted again whatever the policy, and this is no part of the row
   * @returns the delay before it is to be booted again; undefined where it is not
   */
  crashed(lasted: number, reset = false): number | undefined {
    this.cancel()
    if (reset && !this.#ended) {
      this.#pending = true
      return 0
    }
    if (this.#options === undefined || this.#ended) return undefined
    const { delay, factor, longest, attempts, stable } = this.#options
    if (lasted >= stable) this.#row = 0
    this.#row++
    if (this.#row > attempts) return undefined
    this.#pending = true
    // The power of a long row is Infinity, of which 0 times is no number.
    if (this.#row === 1 || delay === 0) return 0
    return Math.min(delay * factor ** (this.#row - 2), longest)
  }

  /** Boots it again, `delay` after it has `halted`; tells where that fails. */
  async run(delay: number, halted: Promise<void>, remote: Recoverable): Promise<void> {
    const turn = this.#turn
    try {
      await halted
      if (turn !== this.#turn) return
      remote.emit({ type: 'recovering', attempt: this.#row, delay })
      if (delay > 0) await pass(delay, remote.waits)
      if (turn === this.#turn) await remote.begin()
    } catch (error) {
      // It was called off, or the new life has crashed in its turn.
      if (turn !== this.#turn) return
      const reason = error instanceof Error ? error : new Error(String(error))
      remote.emit({ type: 'recovery failed', reason: reason.message })
      this.cancel()
      remote.waits.rejectAll(() => reason)
    }
    if (turn === this.#turn) this.#pending = false
  }

  /** Calls off a recovery that is under way. @returns whether one was */
  cancel(): boolean {
    const pending = this.#pending
    this.#turn++
    this.#pending = false
    return pending
  }

  /** Somebody ends the remote on purpose: until `restart` none is begun. @returns as `cancel` */
  end(): boolean {
    this.#ended = true
    return this.cancel()
  }

  /** Somebody begins a life on purpose: the row is over. */
  restart(): void {
    this.cancel()
    this.#ended = false
    this.#row = 0
  }
}

async function pass(milliseconds: number, waits: Waits): Promise<void> {
  const wait = waits.add<void>('timer', 'end of the back-off')
  const cancel = waits.clock.after(milliseconds, 'timer', () => wait.resolve())
  await wait.promise.finally(cancel)
}
