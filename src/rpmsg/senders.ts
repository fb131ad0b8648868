import type { Wait, WaitOptions, Waits } from '../base/waits.js'
import type { TxBuffer } from './buffers.js'
import type { Endpoint } from './endpoint.js'
import type { RpmsgTransport } from './transport.js'

/** Somebody who waits for a transmit buffer. */
export interface Sender {
  /** Whose end ends the wait. */
  readonly endpoint: Endpoint | undefined
  /** False where it wants none any more (timeout, abort, paused). */
  readonly pending: boolean
  /** Its turn has come: a buffer to use, or none where it was not pending. */
  take(buffer: TxBuffer | undefined): void
  fail(error: Error): void
}

/** Transmit buffers, and the queue of those who wait for one: nobody overtakes who waits. */
export class Senders {
  readonly #transport: RpmsgTransport
  readonly #waits: Waits
  readonly #fault: (error: unknown) => undefined
  readonly #queue: Sender[] = []
  #closed: Error | undefined
  #quiet = false

  /** `fault` is told of what the transport throws; it throws in turn what is not the peer's fault. */
  constructor(transport: RpmsgTransport, waits: Waits, fault: (error: unknown) => undefined) {
    this.#transport = transport
    this.#waits = waits
    this.#fault = fault
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** A buffer is free, and nobody has waited for it before. */
  get free(): boolean {
    return this.#queue.length === 0 && this.#transport.txFree
  }

  /** The rings will be looked at soon, without the peer's telling. */
  set quiet(quiet: boolean) {
    if (quiet === this.#quiet) return
    this.#quiet = quiet
    if (this.#queue.length > 0 && this.notify(true)) this.serve()
  }

  tryGet(): TxBuffer | undefined {
    // Who waits already comes first.
    return this.#queue.length > 0 ? undefined : this.#get()
  }

  /** Calls `grant` with a transmit buffer, at once if one is free, in the order of the calls. */
  async grant(
    grant: (buffer: TxBuffer) => void,
    endpoint: Endpoint | undefined,
    options: WaitOptions,
  ): Promise<void> {
    const free = this.tryGet()
    if (free !== undefined) {
      grant(free)
      return
    }
    if (this.#closed !== undefined) throw this.#closed
    const wait = this.#waits.add<void>('buffer', 'free transmit buffer', options)
    const sender = new WaitingSender(endpoint, wait, grant)
    this.add(sender)
    try {
      await wait.promise
    } finally {
      this.remove(sender)
    }
  }

  add(sender: Sender): void {
    this.#queue.push(sender)
    // A buffer may have come free before the peer saw that we want to be told.
    if (this.notify(true)) this.serve()
  }

  remove(sender: Sender): void {
    const at = this.#queue.indexOf(sender)
    if (at >= 0) this.#queue.splice(at, 1)
  }

  /** What came free unheard goes to those who wait already. */
  serveWaiting(): void {
    if (this.#queue.length > 0) this.serve()
  }

  serve(): void {
    for (let sender = this.#queue[0]; sender !== undefined; sender = this.#queue[0]) {
      // Who has given up meanwhile gets nothing sent.
      const pending = sender.pending
      const buffer = pending ? this.#get() : undefined
      if (pending && buffer === undefined) {
        if (!this.notify(true)) return
        continue
      }
      this.#queue.shift()
      sender.take(buffer)
    }
    this.notify(false)
  }

  /** Ends the waits of one endpoint. */
  failOf(endpoint: Endpoint, error: Error): void {
    for (const sender of this.#queue.filter((other) => other.endpoint === endpoint)) {
      sender.fail(error)
    }
  }

  close(error: Error): void {
    this.#closed = error
    for (const sender of this.#queue.splice(0)) sender.fail(error)
  }

  #get(): TxBuffer | undefined {
    try {
      return this.#transport.getTx()
    } catch (error) {
      return this.#fault(error)
    }
  }

  /** `RpmsgTransport.notifyTx`; a fault of the peer's ends the link. */
  notify(wanted: boolean): boolean {
    try {
      return this.#closed === undefined && this.#transport.notifyTx(wanted && !this.#quiet)
    } catch (error) {
      this.#fault(error)
      return false
    }
  }
}

class WaitingSender implements Sender {
  readonly endpoint: Endpoint | undefined
  readonly #wait: Wait<void>
  readonly #grant: (buffer: TxBuffer) => void

  constructor(endpoint: Endpoint | undefined, wait: Wait<void>, grant: (buffer: TxBuffer) => void) {
    this.endpoint = endpoint
    this.#wait = wait
    this.#grant = grant
  }

  get pending(): boolean {
    return this.#wait.pending
  }

  take(buffer: TxBuffer | undefined): void {
    if (buffer === undefined) return
    try {
      this.#grant(buffer)
      this.#wait.resolve()
    } catch (error) {
      // What a transport refuses is for whoever sends, not for whoever has made room.
      this.#wait.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }

  fail(error: Error): void {
    this.#wait.reject(error)
  }
}
