import { OpenampError } from '../../base/errors.js'
import type { Descriptor, Message } from './descriptor.js'
import { decodeHeader, MEMORY_REGIONS_MAX, type MessageHeader, VHOST_USER_HDR } from './message.js'

/**
 * Puts messages together from what a stream socket delivers. It never takes bytes of the message
 * after the present one, for descriptors belong to the message with whose bytes they come.
 */
export class MessageReader {
  #header: MessageHeader | undefined
  #bytes = new Uint8Array(VHOST_USER_HDR.BYTES)
  #filled = 0
  #files: Descriptor[] = []

  /** How many bytes to push next, at most. */
  get wanted(): number {
    return this.#bytes.length - this.#filled
  }

  /**
   * Takes bytes and the descriptors that came with them.
   * @returns the message that they complete
   * @throws ERR_PEER for a header that none can have, or too many descriptors
   */
  push(bytes: Uint8Array, files: readonly Descriptor[]): Message | undefined {
    this.#files.push(...files)
    if (this.#files.length > MEMORY_REGIONS_MAX) {
      throw new OpenampError(
        'ERR_PEER',
        `vhost-user: a message came with more than ${MEMORY_REGIONS_MAX} file descriptors`,
      )
    }
    this.#bytes.set(bytes, this.#filled)
    this.#filled += bytes.length
    if (this.wanted > 0) return undefined
    if (this.#header === undefined) {
      this.#header = decodeHeader(this.#bytes)
      if (this.#header.size > 0) {
        this.#expect(this.#header.size)
        return undefined
      }
      this.#bytes = new Uint8Array(0)
    }
    const { request, flags } = this.#header
    const message = { request, flags, payload: this.#bytes, descriptors: this.#files }
    this.#header = undefined
    this.#files = []
    this.#expect(VHOST_USER_HDR.BYTES)
    return message
  }

  /** Closes the descriptors of a message that will not be completed. */
  close(): void {
    for (const file of this.#files.splice(0)) file.close()
  }

  #expect(size: number): void {
    this.#bytes = new Uint8Array(size)
    this.#filled = 0
  }
}
