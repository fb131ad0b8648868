import { OpenampError } from '../base/errors.js'
import type { AddressSpace, Location } from '../memory/address-space.js'
import type { DeviceQueue } from './device-queue.js'

/** One element of a chain, in memory that was found. */
interface Piece extends Location {
  readonly length: number
}

/** Bytes that lie in several pieces, taken from the first to the last. */
class Pieces {
  readonly #pieces: readonly Piece[]
  #at = 0
  #done = 0
  /** Bytes that are left. */
  remaining: number

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
    this.remaining = pieces.reduce((sum, { length }) => sum + length, 0)
  }

  /** Calls `each` with the next bytes, at most `count` in all. @returns how many there were */
  take(count: number, each: (bytes: Uint8Array, at: number) => void): number {
    let taken = 0
    for (;;) {
      const piece = this.#pieces[this.#at]
      if (piece === undefined) return taken
      const part = Math.min(piece.length - this.#done, count - taken)
      const from = piece.offset + this.#done
      if (part > 0) each(piece.region.bytes.subarray(from, from + part), taken)
      taken += part
      this.remaining -= part
      this.#done += part
      if (this.#done < piece.length) return taken
      this.#at++
      this.#done = 0
    }
  }
}

/** Reads what the driver has put into the readable elements of a chain, across their bounds. */
export class ChainReader {
  readonly #pieces: Pieces

  constructor(pieces: readonly Piece[]) {
    this.#pieces = new Pieces(pieces)
  }

  /** Bytes that are left to read. */
  get remaining(): number {
    return this.#pieces.remaining
  }

  /** Copies the next bytes into `into`. @returns how many, fewer than its length at the end */
  read(into: Uint8Array): number {
    return this.#pieces.take(into.length, (bytes, at) => into.set(bytes, at))
  }

  /** A copy of everything that is left, at most `most` bytes. */
  readAll(most = Number.POSITIVE_INFINITY): Uint8Array {
    const bytes = new Uint8Array(Math.min(this.remaining, most))
    this.read(bytes)
    return bytes
  }

  /**
   * The next `length` bytes, for a header that must be there whole.
   * @throws ERR_PEER where fewer are left
   */
  readExactly(length: number): DataView<ArrayBuffer> {
    if (this.remaining < length) {
      throw new OpenampError(
        'ERR_PEER',
        `a chain with ${this.remaining} bytes left to read, ${length} are needed`,
      )
    }
    const bytes = new Uint8Array(length)
    this.read(bytes)
    return new DataView(bytes.buffer)
  }
}

/** Writes into the writable elements of a chain, across their bounds. */
export class ChainWriter {
  readonly #pieces: Pieces
  /** Bytes written so far: what the chain is to be put back with. */
  written = 0

  constructor(pieces: readonly Piece[]) {
    this.#pieces = new Pieces(pieces)
  }

  /** Bytes that are left to write. */
  get remaining(): number {
    return this.#pieces.remaining
  }

  /** Copies `bytes`. @returns how many found room, fewer than all where the chain ends */
  write(bytes: Uint8Array): number {
    const count = this.#pieces.take(bytes.length, (room, at) => {
      room.set(bytes.subarray(at, at + room.length))
    })
    this.written += count
    return count
  }
}

/** Chains that one look at a queue takes at most: a ring that never ends is its driver's lie. */
const LOOK_MAX = 16384

/** A chain that was taken, ready to be read and written. */
export interface OpenChain {
  readonly head: number
  readonly reader: ChainReader
  readonly writer: ChainWriter
}

/**
 * Takes the next available chain of `queue` and finds all its elements in `space`, so that a device
 * either has the whole chain or nothing of it.
 *
 * @returns undefined where there is none
 * @throws ERR_PEER as `DeviceQueue.take`, ERR_MEMORY for an element outside every region
 */
export function takeChain(queue: DeviceQueue, space: AddressSpace): OpenChain | undefined {
  const head = queue.take()
  if (head < 0) return undefined
  const readable: Piece[] = []
  const writable: Piece[] = []
  const add = (address: number, length: number, writes: boolean): void => {
    if (length === 0) return
    const what = `${queue.ring.name}: chain at descriptor ${head}`
    const piece = { ...space.locate('pa', address, length, what), length }
    if (writes) writable.push(piece)
    else readable.push(piece)
  }
  add(queue.address, queue.length, queue.writable)
  for (const element of queue.rest) add(element.address, element.length, element.writable)
  return { head, reader: new ChainReader(readable), writer: new ChainWriter(writable) }
}

/**
 * Takes every chain that is available, and those that become so meanwhile; each is put back once
 * `use` has returned. What was put back is to be published after it.
 *
 * @example
 * serveChains(queue, space, ({ reader, writer }) => writer.write(answer(reader.readAll())))
 * if (queue.publish()) interrupt()
 * @param use returns false to take no more, and to ask for no more kicks
 * @throws as `takeChain`, and ERR_PEER where there is no end to it
 */
export function serveChains(
  queue: DeviceQueue,
  space: AddressSpace,
  use: (chain: OpenChain) => boolean,
): void {
  let budget = LOOK_MAX
  do {
    queue.disableNotifications()
    for (;;) {
      const chain = takeChain(queue, space)
      if (chain === undefined) break
      const more = use(chain)
      queue.put(chain.head, chain.writer.written)
      if (!more) return
      if (--budget === 0) {
        throw new OpenampError(
          'ERR_PEER',
          `${queue.ring.name}: ${LOOK_MAX} chains in one look, of a ring of ${queue.ring.num}`,
        )
      }
    }
  } while (queue.enableNotifications())
}
