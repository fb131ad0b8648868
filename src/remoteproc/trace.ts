import type { Location } from '../memory/address-space.js'

/**
 * Follows a trace buffer (RSC_TRACE): a ring of characters with no index, which the remote writes
 * and nobody announces. What is new is what differs from the copy of the last look, from the place
 * where that ended; so buffers with and without a NUL behind the newest character are both followed.
 * If the remote writes more than the buffer holds between two looks, the oldest is lost.
 */
export class TraceReader {
  readonly name: string
  /** Device address of the buffer. */
  readonly da: number
  /** Bytes. */
  readonly size: number
  readonly #bytes: Uint8Array
  readonly #seen: Uint8Array
  #at = 0
  /** A character may be written between two looks. */
  #decoder = new TextDecoder()

  constructor(name: string, location: Location, length: number) {
    this.name = name
    this.da = location.region.da + location.offset
    this.size = length
    this.#bytes = location.region.bytes.subarray(location.offset, location.offset + length)
    this.#seen = new Uint8Array(length)
  }

  /**
   * All that is in the buffer now, oldest first: what stands behind the NUL of a buffer that has gone
   * round is older than what stands before. Linux's debugfs shows what stands before it only.
   */
  text(): string {
    const bytes = new Uint8Array(this.#bytes)
    const end = bytes.indexOf(0)
    const parts = end < 0 ? [bytes] : [bytes.subarray(end), bytes.subarray(0, end)]
    const decoder = new TextDecoder()
    return parts
      .map((part) =>
        decoder.decode(
          part.filter((byte) => byte !== 0),
          { stream: true },
        ),
      )
      .join('')
  }

  /** Forgets the past, for a remote that boots again; the buffer's bytes now are no news. */
  restart(): void {
    this.#seen.set(this.#bytes)
    this.#at = 0
    this.#decoder = new TextDecoder()
  }

  /** The text that has been written since the last call; empty where there is none. */
  read(): string {
    const length = this.#seen.length
    let fresh = 0
    for (let i = 0; i < length; i++) {
      const at = (this.#at + i) % length
      if (this.#bytes[at] !== this.#seen[at]) fresh = i + 1
    }
    if (fresh === 0) return ''
    const text = new Uint8Array(fresh)
    for (let i = 0; i < fresh; i++) text[i] = this.#bytes[(this.#at + i) % length] ?? 0
    while (fresh > 0 && text[fresh - 1] === 0) fresh--
    for (let i = 0; i < text.length; i++) this.#seen[(this.#at + i) % length] = text[i] ?? 0
    this.#at = (this.#at + fresh) % length
    const written = text.subarray(0, fresh).filter((byte) => byte !== 0)
    return this.#decoder.decode(written, { stream: true })
  }
}
