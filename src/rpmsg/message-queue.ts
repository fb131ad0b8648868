import { RxBuffer } from './buffers.js'

/** A received message, the channel's own copy. */
export interface Message {
  readonly data: Uint8Array
  /** Address of the endpoint that sent it. */
  readonly source: number
  /** The payload as UTF-8. */
  text(): string
}

const decoder = new TextDecoder()

/** Copies a message out of its buffer. */
export function copyOf(lent: RxBuffer): Message {
  return new CopiedMessage(lent.copy(), lent.source)
}

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

/**
 * Messages that wait for their reader, in order: the first ones copied, so that their buffers are
 * free; those that came when there was no more room still in their buffers, held.
 */
export class MessageQueue {
  readonly #copies: number
  #entries: (Message | RxBuffer)[] = []
  #first = 0
  #held = 0
  #bytes = 0

  /** @param copies how many are copied before any is held */
  constructor(copies: number) {
    this.#copies = copies
  }

  get length(): number {
    return this.#entries.length - this.#first
  }

  /** Bytes of all payloads. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many keep their buffers from the peer. */
  get held(): number {
    return this.#held
  }

  copy(lent: RxBuffer): void {
    this.#entries.push(copyOf(lent))
    this.#bytes += lent.length
  }

  hold(lent: RxBuffer): void {
    this.#entries.push(lent.hold())
    this.#bytes += lent.length
    this.#held++
  }

  shift(): Message | undefined {
    const entry = this.#take(this.#first)
    if (entry === undefined) return undefined
    this.#bytes -= entry.data.length
    this.#first++
    // Now and then, so that a long queue costs no more for each message than a short one.
    if (2 * this.#first > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
    if (this.#held > 0) this.#copyNext()
    return entry
  }

  /** Lets go of every buffer: what is read later must not depend on the memory. */
  copyAll(): void {
    for (let at = this.#entries.length - this.#held; this.#held > 0; at++) this.#copyAt(at)
  }

  clear(): void {
    for (const entry of this.#entries) if (entry instanceof RxBuffer) entry.release()
    this.#entries = []
    this.#first = 0
    this.#held = 0
    this.#bytes = 0
  }

  /** The first that is held has come into the room for copies. */
  #copyNext(): void {
    const at = this.#first + this.length - this.#held
    if (at - this.#first >= this.#copies) return
    this.#copyAt(at)
  }

  #copyAt(at: number): void {
    const entry = this.#take(at)
    if (entry !== undefined) this.#entries[at] = entry
  }

  #take(at: number): Message | undefined {
    const entry = this.#entries[at]
    if (!(entry instanceof RxBuffer)) return entry
    const message = copyOf(entry)
    this.#held--
    entry.release()
    return message
  }
}
