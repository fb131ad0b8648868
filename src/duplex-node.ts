import { Duplex } from 'node:stream'
import { isOpenampError } from './base/errors.js'
import type { Channel } from './rpmsg/index.js'
import { pieces } from './rpmsg/streams.js'

export interface ChannelDuplexOptions {
  /**
   * Each chunk is one message, in both directions. Without it the stream carries bytes: what is
   * written is cut to fit the buffers.
   */
  readonly objectMode?: boolean
}

/**
 * A channel as a Node stream. It ends when the channel does, and takes the channel with it when it is
 * destroyed; a link that ends with an error destroys it with that. `end` alone ends nothing at the
 * peer, for RPMsg has no end in one direction. A reader that is behind pauses the peer where both
 * have flow control, else the messages stay in the ring.
 */
export function duplex(channel: Channel, options: ChannelDuplexOptions = {}): Duplex {
  return new ChannelDuplex(channel, options.objectMode ?? false)
}

class ChannelDuplex extends Duplex {
  readonly #channel: Channel
  readonly #messages: boolean
  readonly #destroyed = new AbortController()
  #reading = false

  constructor(channel: Channel, objectMode: boolean) {
    super({ objectMode, allowHalfOpen: false })
    this.#channel = channel
    this.#messages = objectMode
    channel.holdWhenFull(true)
  }

  override _read(): void {
    if (!this.#reading) void this.#fill()
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#send(chunk, encoding).then(
      () => done(),
      (error: unknown) => done(asError(error)),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#destroyed.abort()
    this.#channel.close()
    done(error)
  }

  async #send(chunk: unknown, encoding: BufferEncoding): Promise<void> {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError('a message is a Uint8Array or a string')
    }
    const { signal } = this.#destroyed
    const parts = this.#messages ? [bytes] : pieces(bytes, this.#channel.payloadSize)
    for (const part of parts) await this.#channel.send(part, { signal })
  }

  /** Takes messages from the channel as long as the stream wants more. */
  async #fill(): Promise<void> {
    this.#reading = true
    try {
      for (let wanted = true; wanted; ) {
        const { data } = await this.#channel.receive({ signal: this.#destroyed.signal })
        const { buffer, byteOffset, byteLength } = data
        if (this.#messages || byteLength > 0) {
          wanted = this.push(Buffer.from(buffer, byteOffset, byteLength))
        }
      }
    } catch (error) {
      if (this.#destroyed.signal.aborted) return
      if (isOpenampError(error, 'ERR_CLOSED')) this.push(null)
      else this.destroy(asError(error))
    } finally {
      this.#reading = false
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
