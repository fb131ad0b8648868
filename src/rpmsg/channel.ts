import { OpenampError } from '../base/errors.js'
import type { Wait, WaitOptions } from '../base/waits.js'
import type { RxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint, Payload } from './endpoint.js'
import type { Announcement } from './name-service.js'

/** A received message, the channel's own copy. */
export interface Message {
  readonly data: Uint8Array
  /** Address of the endpoint that sent it. */
  readonly source: number
  /** The payload as UTF-8. */
  text(): string
}

export interface ChannelOptions {
  /** Messages kept for a reader that is behind; what comes beyond is dropped and counted. */
  readonly queue?: number
  /** The channel's own address; the lowest free one from 1024 unless given. */
  readonly address?: number
}

/** Sees what happens on a channel before its reader does. */
export interface ChannelIntercept {
  /** @returns true to keep the message from the reader */
  message(lent: RxBuffer): boolean
  ended(): void
}

/** Messages that wait for their reader unless the option says otherwise. */
const QUEUE_DEFAULT = 16384

/**
 * A named channel: an endpoint with a queue of received messages behind it, async-iterable by one
 * consumer. The iteration ends when the peer destroys the channel or we close it, and throws when
 * the remote crashes or is stopped.
 */
export class Channel implements AsyncIterable<Message> {
  readonly name: string
  readonly endpoint: Endpoint
  readonly #device: RpmsgDevice
  readonly #limit: number
  #queue: Message[] = []
  #reader: Wait<Message | undefined> | undefined
  readonly #binders = new Set<Wait<void>>()
  #callback: ((message: RxBuffer) => void) | undefined
  #intercept: ChannelIntercept | undefined
  #ended: 'open' | 'closed' | Error = 'open'

  private constructor(
    device: RpmsgDevice,
    name: string,
    options: ChannelOptions,
    destination: number | undefined,
  ) {
    this.name = name
    this.#device = device
    this.#limit = options.queue ?? QUEUE_DEFAULT
    this.endpoint = device.createEndpoint({
      name,
      ...(options.address === undefined ? {} : { address: options.address }),
      ...(destination === undefined ? { announce: true } : { destination }),
      receive: (message) => this.#receive(message),
      bound: () => {
        for (const binder of this.#binders) binder.resolve()
      },
      unbound: (_, error) => this.#unbound(error),
    })
  }

  /** For the device: a channel of the peer's. */
  static bind(device: RpmsgDevice, peer: Announcement, options: ChannelOptions): Channel {
    return new Channel(device, peer.name, options, peer.address)
  }

  /** For the device: a channel of our own, announced. */
  static offer(device: RpmsgDevice, name: string, options: ChannelOptions): Channel {
    return new Channel(device, name, options, undefined)
  }

  get closed(): boolean {
    return this.endpoint.closed
  }

  /** Resolves once the peer's address is known. */
  async whenBound(options?: WaitOptions): Promise<void> {
    if (this.endpoint.bound) return
    this.#requireOpen()
    const binder = this.#device.waits.add<void>('message', `peer for ${this.name}`, options)
    this.#binders.add(binder)
    try {
      await binder.promise
    } finally {
      this.#binders.delete(binder)
    }
  }

  /** Sends to the peer; waits for a free buffer if need be. Errors as `Endpoint.send`. */
  async send(payload: Payload, options?: WaitOptions): Promise<void> {
    await this.endpoint.send(payload, options)
  }

  /** Sends at once or not at all. @returns false where no buffer is free */
  trySend(payload: Payload): boolean {
    return this.endpoint.trySend(payload)
  }

  /** Sends as many as there are free buffers for, under one kick. @returns how many */
  trySendMany(payloads: Iterable<Payload>): number {
    return this.endpoint.trySendMany(payloads)
  }

  /** Sends all, in order; waits for free buffers if need be. Errors as `Endpoint.send`. */
  async sendAll(payloads: Iterable<Payload>, options?: WaitOptions): Promise<void> {
    await this.endpoint.sendAll(payloads, options)
  }

  /** Sends, and stops this thread until a buffer is free if need be. Errors as `Endpoint.sendSync`. */
  sendSync(payload: Payload, options?: { readonly timeout?: number }): void {
    this.endpoint.sendSync(payload, options)
  }

  /**
   * The next message; stops this thread until it is there.
   * @throws as `receive` and `RpmsgDevice.waitSync`
   */
  receiveSync({ timeout }: { readonly timeout?: number } = {}): Message {
    const deadline = timeout === undefined ? timeout : performance.now() + timeout
    for (;;) {
      const queued = this.#queue.shift()
      if (queued !== undefined) return queued
      this.#requireOpen()
      const left = deadline === undefined ? {} : { timeout: deadline - performance.now() }
      if (this.#device.waitSync(left)) continue
      throw new OpenampError('ERR_TIMEOUT', `no message on ${this.name} within ${timeout} ms`)
    }
  }

  /**
   * The fast path: `callback` is lent each message in place until it returns; nothing is queued or
   * copied. Messages that are queued already stay for the iterator.
   */
  onMessage(callback: ((message: RxBuffer) => void) | undefined): void {
    this.#callback = callback
  }

  /** Puts something before the reader; the library's own protocols on a channel use it. */
  intercept(intercept: ChannelIntercept | undefined): void {
    this.#intercept = intercept
  }

  /**
   * The next message.
   * @throws ERR_CLOSED where the channel ended, ERR_CRASHED, ERR_STOPPED, ERR_IDLE, ERR_TIMEOUT,
   *   ERR_ABORTED, ERR_STATE where somebody reads already
   */
  async receive(options?: WaitOptions): Promise<Message> {
    const message = await this.#next(options)
    if (message === undefined) throw this.#closedError()
    return message
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    try {
      for (;;) {
        const message = await this.#next()
        if (message === undefined) return
        yield message
      }
    } finally {
      this.#queue = []
    }
  }

  /** Closes the channel, and tells a peer to which it was announced. */
  close(): void {
    this.endpoint.destroy()
    this.#end('closed')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  async #next(options?: WaitOptions): Promise<Message | undefined> {
    const queued = this.#queue.shift()
    if (queued !== undefined) return queued
    if (this.#ended === 'closed') return undefined
    if (this.#ended !== 'open') throw this.#ended
    if (this.#reader !== undefined) {
      throw new OpenampError('ERR_STATE', `channel ${this.name} has a reader already`)
    }
    const what = `message on ${this.name}`
    const reader = this.#device.waits.add<Message | undefined>('message', what, options)
    this.#reader = reader
    try {
      return await reader.promise
    } finally {
      if (this.#reader === reader) this.#reader = undefined
    }
  }

  #receive(lent: RxBuffer): void {
    if (this.#intercept?.message(lent)) return
    if (this.#callback !== undefined) {
      this.#callback(lent)
      return
    }
    if (this.#queue.length >= this.#limit) {
      this.#device.drop('queue full', lent)
      return
    }
    const message = new CopiedMessage(lent.copy(), lent.source)
    const reader = this.#reader
    this.#reader = undefined
    // A reader that gave up a moment ago must not take the message with it.
    if (reader?.pending) reader.resolve(message)
    else this.#queue.push(message)
  }

  #unbound(error: Error | undefined): void {
    if (error !== undefined) this.#end(error)
    else if (this.endpoint.closed) this.#end('closed')
  }

  #end(how: 'closed' | Error): void {
    if (this.#ended !== 'open') return
    this.#ended = how
    this.#intercept?.ended()
    const reader = this.#reader
    this.#reader = undefined
    if (how === 'closed') {
      reader?.resolve(undefined)
      for (const binder of this.#binders) binder.reject(this.#closedError())
    } else {
      reader?.reject(how)
      for (const binder of this.#binders) binder.reject(how)
    }
  }

  #requireOpen(): void {
    if (this.#ended === 'closed') throw this.#closedError()
    if (this.#ended !== 'open') throw this.#ended
  }

  #closedError(): OpenampError {
    return new OpenampError('ERR_CLOSED', `channel ${this.name} is closed`)
  }
}

const decoder = new TextDecoder()

class CopiedMessage implements Message {
  readonly data: Uint8Array
  readonly source: number

  constructor(data: Uint8Array, source: number) {
    this.data = data
    this.source = source
  }

  text(): string {
    return decoder.decode(this.data)
  }
}
