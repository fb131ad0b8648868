import type { Clock } from './clock.js'
import { OpenampError } from './errors.js'

/** What a pending operation waits for; decides which of them an idle remote ends. */
export type WaitKind = 'announcement' | 'message' | 'buffer' | 'shutdown' | 'end' | 'timer'

/** Bounds of a wait: a deadline on the clock of the machine, in milliseconds, and an abort signal. */
export interface WaitOptions {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

interface Pending {
  readonly kind: WaitKind
  readonly what: string
  readonly reject: (error: Error) => void
}

/** One pending operation: it is settled once, by whoever comes first. */
export interface Wait<T> {
  readonly promise: Promise<T>
  /** False as soon as it is settled, which is before whoever awaits `promise` runs. */
  readonly pending: boolean
  resolve(value: T): void
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

  /** Registers an operation described by `what` ("the announcement of …"). */
  add<T>(kind: WaitKind, what: string, options: WaitOptions = {}): Wait<T> {
    const { promise, resolve, reject } = Promise.withResolvers
      ? Promise.withResolvers<T>()
      : withResolvers<T>()
    const { timeout, signal } = options
    let cancelDeadline = (): void => {}
    const onAbort = (): void => fail(abortError(what, signal))
    const done = (): void => {
      this.#pending.delete(pending)
      cancelDeadline()
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      done()
      reject(error)
    }
    const pending: Pending = { kind, what, reject: fail }
    this.#pending.add(pending)
    if (timeout !== undefined) {
      cancelDeadline = this.clock.after(timeout, 'deadline', () =>
        fail(new OpenampError('ERR_TIMEOUT', `no ${what} within ${timeout} ms`)),
      )
    }
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    this.onAdded()
    const all = this.#pending
    return {
      promise,
      get pending() {
        return all.has(pending)
      },
      resolve: (value) => {
        done()
        resolve(value)
      },
      reject: fail,
    }
  }

  /** Ends every pending operation (of the given kinds) with the error made for it. */
  rejectAll(makeError: (what: string) => Error, kinds?: readonly WaitKind[]): void {
    for (const wait of [...this.#pending]) {
      if (kinds === undefined || kinds.includes(wait.kind)) wait.reject(makeError(wait.what))
    }
  }
}

function abortError(what: string, signal: AbortSignal | undefined): OpenampError {
  return new OpenampError('ERR_ABORTED', `waiting for ${what} was aborted`, {
    cause: signal?.reason,
  })
}

// Promise.withResolvers is not in Node 20.
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T | PromiseLike<T>) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((res, rej) => {
    resolve = res
    reject = rej
  })
  return { promise, resolve, reject }
}
