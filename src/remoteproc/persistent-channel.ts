import { isOpenampError, OpenampError } from '../base/errors.js'
import type { Wait, WaitOptions, Waits } from '../base/waits.js'
import type { Channel, Message, Payload, RxBuffer } from '../rpmsg/index.js'

/** What a persistent channel needs of the remote that it belongs to. */
export interface ChannelOwner {
  readonly waits: Waits
  /** The link is gone, and there will be another one. */
  comesBack(): boolean
  /** Waits until the remote runs and announces the channel again, and binds to it. */
  bindAgain(signal: AbortSignal): Promise<Channel>
}

/**
 * A channel that outlives its link: after a crash that the remote is recovered from, and after it was
 * detached from and attached to again, it goes on under the same handle. Each message is delivered
 * once or not at all: what was in the rings of the old life is lost, as the remote has forgotten it;
 * what waited for a buffer goes to the new one. Where the remote does not come back, everything ends
 * with the reason, as on any channel.
 */
export class PersistentChannel implements AsyncIterable<Message> {
  readonly name: string
  readonly #owner: ChannelOwner
  #channel: Channel
  /** The channel that is read from: an old one, until it has no more messages queued. */
  #reading: Channel
  /** While there is no link; never rejects. */
  #away: Promise<void> | undefined
  /** Why it has not come back. */
  #failed: unknown
  #closed = false
  readonly #closing = new AbortController()
  #callback: ((message: RxBuffer) => void) | undefined
  readonly #waiting = new Set<Wait<void>>()

  constructor(channel: Channel, owner: ChannelOwner) {
    this.name = channel.name
    this.#owner = owner
    this.#channel = channel
    this.#reading = channel
    this.#use(channel)
  }

  /** The channel of the present link, or of the last one. */
  get current(): Channel {
    return this.#channel
  }

  get closed(): boolean {
    return this.#closed || (this.#away === undefined && this.#channel.closed)
  }

  /** There is no link just now; sends and reads wait for the next one. */
  get away(): boolean {
    return this.#away !== undefined
  }

  /** Sends to the remote; waits for a free buffer, and while there is no link for the next one. */
  async send(payload: Payload, options: WaitOptions = {}): Promise<void> {
    const left = this.#deadline(options)
    for (;;) {
      const channel = this.#channel
      if (this.#away === undefined) {
        try {
          await channel.send(payload, left())
          return
        } catch (error) {
          this.#look(channel)
          if (this.#away === undefined && channel === this.#channel) throw this.#failed ?? error
        }
      }
      await this.#whenBack(left())
    }
  }

  /** Sends at once or not at all. @returns false where no buffer is free, or there is no link */
  trySend(payload: Payload): boolean {
    return this.#away === undefined && this.#channel.trySend(payload)
  }

  /** Resolves when there is a link. Errors as `receive`. */
  async whenBack(options: WaitOptions = {}): Promise<void> {
    await this.#whenBack(options)
  }

  /** As `Channel.onMessage`, on the link there is and on those that come. */
  onMessage(callback: ((message: RxBuffer) => void) | undefined): void {
    this.#callback = callback
    this.#channel.onMessage(callback)
  }

  /** The next message, of this link or of the next one. Errors as `Channel.receive`. */
  async receive(options: WaitOptions = {}): Promise<Message> {
    const left = this.#deadline(options)
    for (;;) {
      const channel = this.#reading
      try {
        return await channel.receive(left())
      } catch (error) {
        this.#look(channel)
        if (channel !== this.#channel) {
          this.#reading = this.#channel
          continue
        }
        if (this.#away === undefined) throw this.#failed ?? error
        await this.#whenBack(left())
      }
    }
  }

  /** Goes on over recoveries; ends where the remote destroys the channel, or we close it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    for (;;) {
      let message: Message
      try {
        message = await this.receive()
      } catch (error) {
        if (isOpenampError(error, 'ERR_CLOSED')) return
        throw error
      }
      yield message
    }
  }

  /** Closes the channel for good. */
  close(): void {
    this.#closed = true
    this.#channel.close()
    this.#closing.abort()
    for (const wait of [...this.#waiting]) wait.reject(this.#closedError())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #use(channel: Channel): void {
    this.#channel = channel
    if (this.#callback !== undefined) channel.onMessage(this.#callback)
    channel.intercept({
      message: () => false,
      // Whoever ends the link says only after that whether there will be another one.
      ended: () => queueMicrotask(() => this.#look(channel)),
    })
  }

  /** Looks whether `channel` has gone with its link, and begins to wait for the next one. */
  #look(channel: Channel): void {
    if (this.#closed || this.#away !== undefined || channel !== this.#channel) return
    if (!channel.closed || !this.#owner.comesBack()) return
    this.#away = this.#comeBack().finally(() => {
      this.#away = undefined
    })
  }

  async #comeBack(): Promise<void> {
    for (;;) {
      try {
        const channel = await this.#owner.bindAgain(this.#closing.signal)
        if (this.#closed) channel.close()
        else this.#use(channel)
        return
      } catch (error) {
        // Only the end of one more link is a reason to wait for the next; anything else would recur.
        const linkEnded =
          isOpenampError(error, 'ERR_CRASHED') || isOpenampError(error, 'ERR_STOPPED')
        if (linkEnded && this.#owner.comesBack() && !this.#closed) continue
        this.#failed = this.#closed ? this.#closedError() : error
        return
      }
    }
  }

  async #whenBack(options: WaitOptions): Promise<void> {
    while (this.#away !== undefined) {
      if (this.#closed) throw this.#closedError()
      const { waits } = this.#owner
      const wait = waits.add<void>('message', `link for ${this.name}`, options)
      this.#waiting.add(wait)
      void this.#away.then(() => wait.resolve())
      try {
        await wait.promise
      } catch (error) {
        // Another crash on the way ends every wait, and is no reason to give up.
        if (this.#closed || !this.#owner.comesBack() || !isOpenampError(error, 'ERR_CRASHED')) {
          throw error
        }
      } finally {
        this.#waiting.delete(wait)
      }
    }
    if (this.#failed !== undefined) throw this.#failed
    if (this.#closed) throw this.#closedError()
  }

  /** One deadline for all the waits that an operation is made of. */
  #deadline({ timeout, signal }: WaitOptions): () => WaitOptions {
    if (timeout === undefined) return () => ({ signal })
    const { clock } = this.#owner.waits
    const due = clock.now() + timeout * 1e6
    return () => ({ signal, timeout: Math.max(0, (due - clock.now()) / 1e6) })
  }

  #closedError(): OpenampError {
    return new OpenampError('ERR_CLOSED', `channel ${this.name} is closed`)
  }
}
