import { isOpenampError, OpenampError } from '../base/errors.js'
import type { Channel } from './channel.js'
import type { Payload } from './endpoint.js'

export interface StreamOptions {
  /**
   * The streams carry bytes, of which the messages are only the pieces: what is written is cut to fit
   * the buffers. Without it each chunk is one message.
   */
  readonly bytes?: boolean
}

/** Both directions of a channel, as `pipeThrough` takes them. */
export interface ChannelStreams {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Payload>
}

/**
 * The messages of a channel, taken from it one by one as they are asked for. Closed when the channel
 * ends, in error when the link does; `cancel` drops what is queued and leaves the channel open.
 */
export function readableOf(channel: Channel, { bytes = false }: StreamOptions) {
  const cancelled = new AbortController()
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      for (;;) {
        const { data } = await channel.receive({ signal: cancelled.signal })
        if (bytes && data.length === 0) continue
        controller.enqueue(data)
        return
      }
    } catch (error) {
      if (cancelled.signal.aborted) return
      if (!isOpenampError(error, 'ERR_CLOSED')) throw error
      controller.close()
    }
  }
  channel.holdWhenFull(true)
  const cancel = (): void => {
    cancelled.abort()
    channel.holdWhenFull(false)
    channel.clear()
  }
  return new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 })
}

/**
 * Sends each chunk; a write is done when there was a buffer for it and the peer has not paused us.
 * Its end does not end the channel, for RPMsg has no end in one direction.
 */
export function writableOf(channel: Channel, { bytes = false }: StreamOptions) {
  return new WritableStream<Payload>({
    write: async (chunk, { signal }) => {
      const payload = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
      if (!(payload instanceof Uint8Array)) {
        throw new OpenampError('ERR_USAGE', 'a chunk for a channel is a Uint8Array or a string')
      }
      for (const part of bytes ? pieces(payload, channel.payloadSize) : [payload]) {
        await channel.send(part, { signal })
      }
    },
  })
}

/** `bytes` in pieces of at most `size` bytes; none of no bytes. */
export function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
