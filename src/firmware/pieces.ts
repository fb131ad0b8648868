/**
 * Smaller pieces are copied together: whoever sends single bytes must not cost an object for each, and
 * a small view may pin a large buffer.
 */
const SMALL = 0x1000

interface Piece {
  readonly offset: number
  readonly buffer: Uint8Array
  /** Bytes of `buffer` that are in use. */
  length: number
}

/** Bytes that come one after the other, in pieces of any size. */
export class Pieces {
  readonly #pieces: Piece[] = []
  #end: number

  /** @param start the offset of the byte that comes first */
  constructor(start: number) {
    this.#end = start
  }

  /** The offset of the first byte that is held; where the next one will stand, if there is none. */
  get start(): number {
    return this.#pieces[0]?.offset ?? this.#end
  }

  /** Takes the next bytes. A large piece is kept as the view that it is. */
  append(bytes: Uint8Array): void {
    if (bytes.length >= SMALL) {
      this.#pieces.push({ offset: this.#end, buffer: bytes, length: bytes.length })
      this.#end += bytes.length
      return
    }
    for (let done = 0; done < bytes.length; ) {
      const piece = this.#roomy()
      const part = bytes.subarray(done, done + piece.buffer.length - piece.length)
      piece.buffer.set(part, piece.length)
      piece.length += part.length
      this.#end += part.length
      done += part.length
    }
  }

  /** Lets go of the pieces that end before `offset`. */
  dropBefore(offset: number): void {
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      if (first.offset + first.length > offset) return
      this.#pieces.shift()
    }
  }

  /** What is held of `[from, to)`, in order; views. */
  *parts(from: number, to: number): Iterable<Uint8Array> {
    for (const { offset, buffer, length } of this.#pieces) {
      const part = buffer.subarray(
        Math.max(0, from - offset),
        Math.min(length, Math.max(0, to - offset)),
      )
      if (part.length > 0) yield part
    }
  }

  /** All that is held, copied. */
  joined(): Uint8Array {
    const all = new Uint8Array(this.#end - this.start)
    let at = 0
    for (const { buffer, length } of this.#pieces) {
      all.set(buffer.subarray(0, length), at)
      at += length
    }
    return all
  }

  /** The last piece, if it was copied and has room; else a new one. */
  #roomy(): Piece {
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.length < last.buffer.length) return last
    const piece = { offset: this.#end, buffer: new Uint8Array(SMALL), length: 0 }
    this.#pieces.push(piece)
    return piece
  }
}
