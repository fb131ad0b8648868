import type { Clock } from './clock.js'
import { OpenampError } from './errors.js'

/** What a pending operation waits for; decides which of them an idle remote ends. */
export type WaitKind =
  | 'announcement'
  | 'message'
  | 'buffer'
  | 'shutdown'
  | 'end'
  | 'timer'
  | 'image'

/** Bounds of a wait: a deadline on the clock of the machine, in milliseconds, and an abort signal. */
export interface WaitOptions {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** One pending operation: it is settled once, by whoever comes first. */
export interface Wait<T> {
  readonly promise: Promise<T>
  /** False as soon as it is settled, which is before whoever awaits `promise` runs. */
  readonly pending: boolean
  resolve(value: T): void
  reject(error: Error): void
}

/** What `Waits` needs to know of a pending operation, whatever it waits for. */
interface Pending {
  readonly kind: WaitKind
  readonly what: string
  reject(error: Error): void
}

/**
 * The pending operations of one remote. Everything that waits for the peer is registered here, so
 * that a crash, a stop or an idle machine can end each with an error: none is left hanging.
 */
export class Waits {
  readonly clock: Clock
  readonly #pending = new Set<Pending>()
  /** Told of each new wait, so that an idle machine looks again whether it can ever end. */
  onAdded: () => void = () => {}

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** How many operations are pending, of one kind or of all. */
  count(kind?: WaitKind): number {
    if (kind === undefined) return this.#pending.size
    let count = 0
    for (const wait of this.#pending) if (wait.kind === kind) count++
    return count
  }

  /** Registers an operation described by `what` ("announcement of …"). */
  add<T>(kind: WaitKind, what: string, options?: WaitOptions): Wait<T> {
    if (options?.timeout !== undefined) checkDelay(options.timeout)
    const wait = new PendingWait<T>(kind, what, this.#pending)
    if (options !== undefined) wait.bound(options, this.clock)
    this.onAdded()
    return wait
  }

  /** Ends every pending operation (of the given kinds) with the error made for it. */
  rejectAll(makeError: (what: string) => Error, kinds?: readonly WaitKind[]): void {
    for (const wait of [...this.#pending]) {
      if (kinds === undefined || kinds.includes(wait.kind)) wait.reject(makeError(wait.what))
    }
  }
}

/** @throws ERR_USAGE for a delay that is no number: it would never pass, nor ever be told of */
export function checkDelay(milliseconds: number): void {
  if (typeof milliseconds === 'number' && !Number.isNaN(milliseconds)) return
  throw new OpenampError('ERR_USAGE', `${milliseconds} is no number of milliseconds`)
}

/** One object a wait: a round trip makes one, so what is not asked for is not set up. */
class PendingWait<T> implements Wait<T>, Pending {
  readonly kind: WaitKind
  readonly what: string
  readonly promise: Promise<T>
  readonly #all: Set<Pending>
  // Set by the promise's executor, which runs before its constructor returns.
  #resolve!: (value: T) => void
  #reject!: (error: Error) => void
  #cancelDeadline: (() => void) | undefined
  #signal: AbortSignal | undefined
  #onAbort: (() => void) | undefined

  constructor(kind: WaitKind, what: string, all: Set<Pending>) {
    this.kind = kind
    this.what = what
    this.#all = all
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    all.add(this)
  }

  get pending(): boolean {
    return this.#all.has(this)
  }

  resolve(value: T): void {
    this.#done()
    this.#resolve(value)
  }

  reject(error: Error): void {
    this.#done()
    this.#reject(error)
  }

  bound({ timeout, signal }: WaitOptions, clock: Clock): void {
    if (timeout !== undefined) {
      this.#cancelDeadline = clock.after(timeout, 'deadline', () =>
        this.reject(new OpenampError('ERR_TIMEOUT', `no ${this.what} within ${timeout} ms`)),
      )
    }
    if (signal === undefined) return
    const onAbort = (): void => {
      const message = `waiting for ${this.what} was aborted`
      this.reject(new OpenampError('ERR_ABORTED', message, { cause: signal.reason }))
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    this.#signal = signal
    this.#onAbort = onAbort
    signal.addEventListener('abort', onAbort, { once: true })
  }

  #done(): void {
    this.#all.delete(this)
    this.#cancelDeadline?.()
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
