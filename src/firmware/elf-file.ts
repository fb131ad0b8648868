import { hex, OpenampError } from '../base/errors.js'
import { type ElfLayout, elf32, elf64 } from './elf-defs.js'

/**
 * The bytes of an ELF file of a known class, with little-endian access to its fields. A structure's
 * extent is checked once, by `extent`; the fields inside it are then read without further checks.
 */
export class ElfFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly bits: 32 | 64
  readonly layout: ElfLayout
  readonly #view: DataView

  constructor(name: string, bytes: Uint8Array, bits: 32 | 64) {
    this.name = name
    // A plain view, whatever subclass the caller's is.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.bits = bits
    this.layout = bits === 32 ? elf32 : elf64
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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

  /** Refuses the file unless `size` bytes at `offset` lie inside it. @throws ERR_IMAGE */
  extent(where: string, offset: number, size: number): void {
    // Both numbers are safe integers, so their sum is exact enough to compare.
    if (offset + size <= this.bytes.length) return
    const left = Math.max(0, this.bytes.length - offset)
    this.refuse(where, offset, `${hex(size)} bytes`, left === 0 ? 'the end of the file' : hex(left))
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true)
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true)
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
    const found = hex(this.#view.getBigUint64(offset, true))
    return this.refuse(where, offset, 'a value below 2^53', found)
  }
}
