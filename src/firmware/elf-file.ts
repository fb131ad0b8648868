import { hex, OpenampError } from '../base/errors.js'
import { type ElfLayout, elf32, elf64 } from './elf-defs.js'
import type { ImageReading, ImageStart } from './store.js'

/** Bytes that are held, and where they stand in the file. */
interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * The pieces of an ELF file of a known class that were read so far, with little-endian access to
 * its fields. A structure is had once, by `need`, which checks its extent; the fields inside it are
 * then read without further checks. Of a file in memory there is one piece, the whole.
 */
export class ElfFile {
  readonly name: string
  readonly bits: 32 | 64
  readonly layout: ElfLayout
  /** In the order of their offsets, none within another: so their ends are in order, too. */
  readonly #pieces: Piece[] = []
  readonly #limit: number
  #size: number | undefined
  #held = 0
  /** The piece that a field was read from last. */
  #last: Piece
  /** What reaches furthest into the file without being read. */
  #furthest = { where: '', offset: 0, size: 0 }

  constructor({ name, head, size, limit }: ImageStart, bits: 32 | 64) {
    this.name = name
    this.bits = bits
    this.layout = bits === 32 ? elf32 : elf64
    this.#size = size
    this.#limit = limit
    this.#last = this.#hold(0, head)
  }

  /**
   * Refuses the file: `where` names the header, `offset` is the file offset of the field.
   * @throws ERR_IMAGE always
   */
  refuse(where: string, offset: number, expected: string, found: string): never {
    throw new OpenampError(
      'ERR_IMAGE',
      `${this.name}: ${where}: expected ${expected} at offset ${hex(offset)}, found ${found}`,
    )
  }

  /**
   * Refuses the file unless `size` bytes at `offset` lie inside it; where its length is not known
   * yet, `finish` does. @throws ERR_IMAGE
   */
  extent(where: string, offset: number, size: number): void {
    // Both numbers are safe integers, so their sum is exact enough to compare.
    if (this.#size === undefined) {
      const end = this.#furthest.offset + this.#furthest.size
      if (offset + size > end) this.#furthest = { where, offset, size }
      return
    }
    if (offset + size <= this.#size) return
    const left = Math.max(0, this.#size - offset)
    this.refuse(where, offset, `${hex(size)} bytes`, left === 0 ? 'the end of the file' : hex(left))
  }

  /** Reads `size` bytes at `offset`. @throws ERR_IMAGE where the file ends before, or they are gone */
  *need(where: string, offset: number, size: number): ImageReading<void> {
    if (yield* this.want(where, offset, size)) return
    this.refuse(
      where,
      offset,
      `${hex(size)} bytes that are still to come`,
      'that they have passed, and the image comes from a stream, which cannot go back',
    )
  }

  /** Whether `size` more bytes may be held. */
  hasRoom(size: number): boolean {
    return this.#held + size <= this.#limit
  }

  /** As `need`; false where they have passed, in a store that cannot go back. */
  *want(where: string, offset: number, size: number): ImageReading<boolean> {
    if (size === 0 || this.#piece(offset, size) !== undefined) return true
    this.extent(where, offset, size)
    if (this.#held + size > this.#limit) {
      const limit = `at most ${hex(this.#limit)} bytes to hold`
      this.refuse(where, offset, limit, hex(this.#held + size))
    }
    const bytes = yield { offset, size }
    if (bytes === undefined) return false
    this.#held += bytes.length
    if (bytes.length < size) {
      this.#size = offset + bytes.length
      this.extent(where, offset, size)
    }
    this.#hold(offset, bytes)
    return true
  }

  /** Refuses a file that ends before what was not read of it. @throws ERR_IMAGE */
  *finish(): ImageReading<void> {
    const { where, offset, size } = this.#furthest
    const end = offset + size
    if (this.#size !== undefined || size === 0 || this.#piece(end - 1, 1) !== undefined) return
    const last = yield { offset: end - 1, size: 1 }
    if (last?.length !== 0) return
    this.refuse(where, offset, `${hex(size)} bytes`, 'a file that ends before')
  }

  /** The `size` bytes at `offset`, a view; undefined where they were not read. */
  slice(offset: number, size: number): Uint8Array | undefined {
    if (size === 0) return new Uint8Array(0)
    const piece = this.#piece(offset, size)
    return piece?.bytes.subarray(offset - piece.offset, offset - piece.offset + size)
  }

  u8(offset: number): number {
    const { view, offset: start } = this.#at(offset, 1)
    return view.getUint8(offset - start)
  }

  u16(offset: number): number {
    const { view, offset: start } = this.#at(offset, 2)
    return view.getUint16(offset - start, true)
  }

  u32(offset: number): number {
    const { view, offset: start } = this.#at(offset, 4)
    return view.getUint32(offset - start, true)
  }

  /** A field as wide as the class, or undefined where it is beyond 2^53. */
  wideOrUndefined(offset: number): number | undefined {
    if (this.bits === 32) return this.u32(offset)
    const high = this.u32(offset + 4)
    return high < 0x20_0000 ? high * 0x1_0000_0000 + this.u32(offset) : undefined
  }

  /** A field as wide as the class. @throws ERR_IMAGE where it is beyond 2^53 */
  wide(where: string, offset: number): number {
    const value = this.wideOrUndefined(offset)
    if (value !== undefined) return value
    const found = hex((BigInt(this.u32(offset + 4)) << 32n) | BigInt(this.u32(offset)))
    return this.refuse(where, offset, 'a value below 2^53', found)
  }

  #hold(offset: number, bytes: Uint8Array): Piece {
    // A plain view, whatever subclass the caller's is.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const piece = { offset, bytes: plain, view }
    let first = this.#after(offset)
    if (this.#pieces[first - 1]?.offset === offset) first--
    let next = first
    for (let other = this.#pieces[next]; other !== undefined; other = this.#pieces[++next]) {
      if (!holds(piece, other.offset, other.bytes.length)) break
    }
    this.#pieces.splice(first, next - first, piece)
    return piece
  }

  #piece(offset: number, size: number): Piece | undefined {
    // Of those that begin before it, the last one reaches furthest.
    const piece = this.#pieces[this.#after(offset) - 1]
    return piece !== undefined && holds(piece, offset, size) ? piece : undefined
  }

  /** The number of pieces that begin at `offset` or before. */
  #after(offset: number): number {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#pieces[middle]?.offset ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The piece with the field at `offset`, all of whose structure was had by `need`. */
  #at(offset: number, width: number): Piece {
    if (!holds(this.#last, offset, width)) this.#last = this.#piece(offset, width) ?? this.#last
    return this.#last
  }
}

function holds(piece: Piece, offset: number, size: number): boolean {
  return offset >= piece.offset && offset + size <= piece.offset + piece.bytes.length
}
