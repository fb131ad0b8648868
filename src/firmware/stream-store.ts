import { type Clock, WallClock } from '../base/clock.js'
import { hex, OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { Pieces } from './pieces.js'
import type { ImageStore, OpenImage } from './store.js'

/** A stream of bytes: a Web stream, or what can be iterated, as Node's streams can. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

export interface StreamOptions {
  /** How messages call it. */
  readonly name?: string
  /** Bytes that it says it has: ending before or going on after them is an error. */
  readonly size?: number | undefined
  /**
   * Milliseconds without a byte after which reading ends with ERR_TIMEOUT; 30,000 unless given,
   * Infinity for a stream that may take its time.
   */
  readonly stall?: number | undefined
  /**
   * Bytes that are kept of what has passed, 4096 or more; 1 MiB unless given. Linkers write section names and
   * symbols right before the section headers that say where they are, so an ELF file that passes by
   * is known whole as long as those fit.
   */
  readonly window?: number | undefined
  /**
   * Bytes that may pass in all; 1 GiB unless given. An image may say that what is needed stands far off,
   * and its sender need never end.
   */
  readonly most?: number | undefined
  /** What `stall` counts on; the wall clock unless given. */
  readonly clock?: Clock | undefined
}

/** Milliseconds. */
export const defaultStall = 30_000
const defaultWindow = 0x10_0000
const defaultMost = 0x4000_0000
/** A first look at an image must not cost its beginning. */
const leastWindow = 0x1000

/**
 * An image that passes by once and cannot go back: standard input, a pipe, a download. Only what is
 * loaded, the headers, and the last `window` bytes are held. (OpenAMP: a store without SUPPORT_SEEK,
 * and `remoteproc_load_noblock`.)
 */
export function stream(source: ByteStream, options: StreamOptions = {}): ImageStore {
  const { name = 'stream' } = options
  let read = false
  return {
    name,
    open: async ({ signal }) => {
      if (read) {
        throw new OpenampError('ERR_STATE', `${name}: it has passed, and can be read only once`)
      }
      read = true
      return new PassingImage(name, chunksOf(source), options, signal)
    },
  }
}

/** The chunks of a stream, one after the other. */
interface Chunks {
  /** The next chunk; undefined at the end. */
  next(): Promise<unknown>
  /** Nobody will ask again. */
  cancel(): void
}

function chunksOf(source: ByteStream): Chunks {
  // Not every browser's Web streams can be iterated.
  if ('getReader' in source) {
    const reader = source.getReader()
    return {
      next: async () => (await reader.read()).value,
      cancel: () => void reader.cancel().catch(() => {}),
    }
  }
  const iterator = source[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { done, value } = await iterator.next()
      return done === true ? undefined : value
    },
    cancel: () => {
      // The iterator ends once the `next` that it may be in has ended, which may be never; a stream
      // of Node's can be told to end it.
      if ('destroy' in source && typeof source.destroy === 'function') source.destroy()
      iterator.return?.().catch(() => {})
    },
  }
}

/** The reading of an image that passes by. */
export class PassingImage implements OpenImage {
  readonly size: number | undefined
  readonly #name: string
  readonly #chunks: Chunks
  readonly #signal: AbortSignal | undefined
  readonly #stall: number
  readonly #window: number
  readonly #most: number
  readonly #waits: Waits
  /** What was read last. */
  readonly #kept = new Pieces(0)
  /** Bytes that have come. */
  #position = 0
  #ended = false

  constructor(
    name: string,
    chunks: Chunks,
    options: StreamOptions,
    signal: AbortSignal | undefined,
  ) {
    this.size = options.size
    this.#name = name
    this.#chunks = chunks
    this.#signal = signal
    this.#stall = options.stall ?? defaultStall
    this.#window = Math.max(leastWindow, options.window ?? defaultWindow)
    this.#most = options.most ?? defaultMost
    this.#waits = new Waits(options.clock ?? new WallClock())
  }

  async load(offset: number, size: number): Promise<Uint8Array | undefined> {
    if (offset < this.#kept.start) return undefined
    if (offset >= this.#most) throw this.#tooLong(`what is needed of it stands at ${hex(offset)}`)
    // Collected as they come: what is asked for may be larger than what is kept, and much larger
    // than what there is.
    const wanted = new Pieces(offset)
    const end = offset + size
    for (const part of this.#kept.parts(offset, end)) wanted.append(part)
    while (this.#position < end) {
      const start = this.#position
      const bytes = await this.#next()
      if (bytes === undefined) break
      wanted.append(bytes.subarray(Math.max(0, offset - start), Math.max(0, end - start)))
    }
    return wanted.joined()
  }

  async finish(): Promise<void> {
    // What follows an image of no declared length is nobody's business, and may have no end.
    if (this.size === undefined) return
    while ((await this.#next()) !== undefined) {
      // It is counted, and kept no longer than the window is.
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) this.#chunks.cancel()
  }

  /** Takes the next bytes; undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined
    const bytes = await this.#nextBytes()
    const { size } = this
    if (bytes === undefined) {
      this.#ended = true
      if (size === undefined || this.#position === size) return undefined
      throw this.#refusal(`it ends after ${this.#position} bytes, and says that it has ${size}`)
    }
    this.#position += bytes.length
    if (size !== undefined && this.#position > size) {
      throw this.#refusal(`it goes on after the ${size} bytes that it says it has`)
    }
    if (this.#position > this.#most) throw this.#tooLong('it goes on')
    this.#kept.append(bytes)
    this.#kept.dropBefore(this.#position - this.#window)
    return bytes
  }

  async #nextBytes(): Promise<Uint8Array | undefined> {
    const what = `byte of ${this.#name} after the ${this.#position} that came`
    const timeout = Number.isFinite(this.#stall) ? this.#stall : undefined
    const wait = this.#waits.add<Uint8Array | undefined>('image', what, {
      timeout,
      signal: this.#signal,
    })
    const pull = async (): Promise<void> => {
      while (wait.pending) {
        const chunk = await this.#chunks.next()
        if (chunk !== undefined && !(chunk instanceof Uint8Array)) {
          throw this.#refusal(`expected a stream of bytes (Uint8Array), found ${typeof chunk}`)
        }
        if (chunk?.length !== 0) {
          wait.resolve(chunk)
          return
        }
        // A stream of empty chunks must not keep the deadline from passing.
        await new Promise((resolve) => setTimeout(resolve))
      }
    }
    pull().catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      wait.reject(
        cause instanceof OpenampError ? cause : this.#refusal(`cannot be read: ${why}`, cause),
      )
    })
    return wait.promise
  }

  #tooLong(why: string): OpenampError {
    return this.#refusal(`at most ${hex(this.#most)} bytes may pass, and ${why}`)
  }

  #refusal(why: string, cause?: unknown): OpenampError {
    return new OpenampError('ERR_IMAGE', `${this.#name}: ${why}`, { cause })
  }
}
