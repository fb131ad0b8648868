import { OpenampError } from '../base/errors.js'
import type { Wait, WaitOptions } from '../base/waits.js'
import type { RxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint, EndpointOptions, Payload } from './endpoint.js'
import { copyOf, type Message, MessageQueue } from './message-queue.js'
import type { Announcement } from './name-service.js'
import { type ChannelStreams, readableOf, type StreamOptions, writableOf } from './streams.js'

export interface ChannelOptions
  extends Pick<EndpointOptions, 'address' | 'maxMessageSize' | 'flowControl' | 'flow'> {
  /**
   * Messages kept for a reader that is behind, 16384 unless given. With flow control the peer is
   * paused there; without it, see `overflow`.
   */
  readonly queue?: number
  /**
   * What comes when the queue is full is dropped and counted (`drop`, unless given), or stays in its
   * buffer until there is room (`hold`): when all buffers are held, the peer's senders wait, those of
   * other channels too.
   */
  readonly overflow?: 'drop' | 'hold'
}

/** Counters of one channel, for diagnosis. */
export interface ChannelStats {
  /** Messages that wait for their reader, and their bytes. */
  readonly queued: number
  readonly queuedBytes: number
  /** How many of them keep their buffers from the peer. */
  readonly held: number
  /** Messages lost because the queue was full. */
  readonly dropped: number
  /** We have paused the peer, or shall as soon as it has flow control. */
  readonly pausing: boolean
  /** The peer has paused us. */
  readonly paused: boolean
}

/** Sees what happens on a channel before its reader does. */
export interface ChannelIntercept {
  /** @returns true to keep the message from the reader */
  message(lent: RxBuffer): boolean
  ended(): void
}

/** Messages that wait for their reader unless the option says otherwise. */
const QUEUE_DEFAULT = 16384

/** Messages that may be under way when the peer is told to pause: no ring in use has more buffers. */
const UNDER_WAY = 1024

/**
 * A named channel: an endpoint with a queue of received messages behind it, async-iterable by one
 * consumer. The iteration ends when the peer destroys the channel or we close it, and throws when
 * the remote crashes or is stopped.
 */
export class Channel implements AsyncIterable<Message> {
  readonly name: string
  readonly endpoint: Endpoint
  readonly #device: RpmsgDevice
  /** How many messages and bytes the queue takes. */
  readonly #limit: { readonly messages: number; readonly bytes: number }
  readonly #queue: MessageQueue
  /** How many want that held which finds the queue full: the program, and each stream. */
  #holding: number
  #dropped = 0
  /** The peer shall pause because the queue is full, or because the program says so. */
  #full = false
  #halted = false
  #readable: ReadableStream<Uint8Array> | undefined
  #writable: WritableStream<Payload> | undefined
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
    const { queue = QUEUE_DEFAULT, overflow = 'drop', ...rest } = options
    const { address, maxMessageSize, flowControl, flow } = rest
    // In bytes it is bounded, too, for messages may be large.
    const bytes = Math.max(queue * device.payloadSize, 2 * (maxMessageSize ?? 0))
    this.#limit = { messages: queue, bytes }
    this.#queue = new MessageQueue(queue)
    this.#holding = overflow === 'hold' ? 1 : 0
    this.endpoint = device.createEndpoint({
      name,
      ...(address === undefined ? {} : { address }),
      ...(maxMessageSize === undefined ? {} : { maxMessageSize }),
      ...(flowControl === undefined ? {} : { flowControl }),
      ...(flow === undefined ? {} : { flow }),
      ...(destination === undefined ? { announce: true } : { destination }),
      receive: (message) => this.#receive(message),
      bound: () => {
        for (const binder of this.#binders) binder.resolve()
      },
      unbound: (_, error) => this.#unbound(error),
    })
    this.endpoint.destroyed = () => this.#end('closed')
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

  /** Bytes that one buffer carries. */
  get payloadSize(): number {
    return this.#device.payloadSize
  }

  /** Bytes of the largest message that can be sent; see `EndpointOptions.maxMessageSize`. */
  get maxMessageSize(): number {
    return this.endpoint.maxMessageSize
  }

  get stats(): ChannelStats {
    return {
      queued: this.#queue.length,
      queuedBytes: this.#queue.bytes,
      held: this.#queue.held,
      dropped: this.#dropped,
      pausing: this.#full || this.#halted,
      paused: this.endpoint.paused,
    }
  }

  /**
   * The messages as a Web Stream, one a chunk, taken as they are asked for. A reader that is behind
   * pauses the peer where both have flow control; else the messages stay in the ring.
   */
  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= readableOf(this, {})
    return this.#readable
  }

  /** Sends what is written, one message a chunk. */
  get writable(): WritableStream<Payload> {
    this.#writable ??= writableOf(this, {})
    return this.#writable
  }

  /** `readable` and `writable`, or the same for bytes without bounds. */
  streams(options: StreamOptions = {}): ChannelStreams {
    return { readable: readableOf(this, options), writable: writableOf(this, options) }
  }

  /**
   * Pauses the peer until `resume`; what is under way still comes.
   * @returns false where the peer does not have flow control (yet)
   */
  pause(): boolean {
    this.#halted = true
    this.#regulate()
    return this.endpoint.flowControl
  }

  resume(): void {
    this.#halted = false
    this.#regulate()
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
      const queued = this.#shift()
      if (queued !== undefined) return queued
      this.#requireOpen()
      this.#requireNoReader()
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

  /**
   * A message that has come already, or undefined.
   * @throws what `receive` throws where the channel has ended
   */
  tryReceive(): Message | undefined {
    const queued = this.#shift()
    if (queued === undefined) this.#requireOpen()
    return queued
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    try {
      for (;;) {
        const message = await this.#next()
        if (message === undefined) return
        yield message
      }
    } finally {
      this.clear()
    }
  }

  /** Forgets what is queued. */
  clear(): void {
    this.#queue.clear()
    this.#regulate()
  }

  /** Keeps what finds the queue full in its buffer, until as many calls say otherwise. For streams. */
  holdWhenFull(hold: boolean): void {
    this.#holding += hold ? 1 : -1
  }

  /** Closes the channel, and tells a peer to which it was announced. */
  close(): void {
    this.endpoint.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  async #next(options?: WaitOptions): Promise<Message | undefined> {
    const queued = this.#shift()
    if (queued !== undefined) return queued
    if (this.#ended === 'closed') return undefined
    if (this.#ended !== 'open') throw this.#ended
    this.#requireNoReader()
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
    const reader = this.#reader
    this.#reader = undefined
    // A reader that gave up a moment ago must not take the message with it.
    if (reader?.pending) reader.resolve(copyOf(lent))
    else if (this.#fits(lent)) this.#queue.copy(lent)
    // What was put together from fragments would hold no buffer back.
    else if (this.#holding > 0 && lent.inRing) this.#queue.hold(lent)
    else {
      this.#dropped++
      this.#device.drop('queue full', lent)
    }
    this.#regulate()
  }

  /** There is room to copy the message. */
  #fits({ length }: RxBuffer): boolean {
    if (this.#queue.held > 0) return false
    // A peer that we have paused has not heard of it when it sent what is under way.
    const more = this.endpoint.flowControl ? UNDER_WAY : 0
    const largest = this.endpoint.flowControl ? this.endpoint.maxMessageSize : 0
    const messages = this.#limit.messages + more
    const bytes = this.#limit.bytes + more * this.payloadSize + largest
    return this.#queue.length < messages && this.#queue.bytes + length <= bytes
  }

  #shift(): Message | undefined {
    const message = this.#queue.shift()
    if (message !== undefined) this.#regulate()
    return message
  }

  /** Pauses the peer where the queue is full, and resumes it where it is half empty again. */
  #regulate(): void {
    const { agreement } = this.endpoint
    if (agreement === undefined) return
    const { length, bytes } = this.#queue
    const limit = this.#limit
    if (length >= Math.max(1, limit.messages) || bytes >= limit.bytes) this.#full = true
    else if (length <= limit.messages / 2 && bytes <= limit.bytes / 2) this.#full = false
    agreement.pause(this.#full || this.#halted)
  }

  #unbound(error: Error | undefined): void {
    if (error !== undefined) this.#end(error)
    else if (this.endpoint.closed) this.#end('closed')
  }

  #end(how: 'closed' | Error): void {
    if (this.#ended !== 'open') return
    this.#ended = how
    this.#queue.copyAll()
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

  #requireNoReader(): void {
    if (this.#reader === undefined) return
    throw new OpenampError('ERR_STATE', `channel ${this.name} has a reader already`)
  }

  #requireOpen(): void {
    if (this.#ended === 'closed') throw this.#closedError()
    if (this.#ended !== 'open') throw this.#ended
  }

  #closedError(): OpenampError {
    return new OpenampError('ERR_CLOSED', `channel ${this.name} is closed`)
  }
}
