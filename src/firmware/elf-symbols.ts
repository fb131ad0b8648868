import {
  EM_ARM,
  SHF_EXECINSTR,
  SHN_LORESERVE,
  STB_LOCAL,
  STT_FUNC,
  STT_NOTYPE,
} from './elf-defs.js'
import type { ElfFile } from './elf-file.js'
import type { CodePlace, FirmwareSymbol, Section } from './image.js'
import { textUpToNul } from './text.js'

interface Code {
  readonly at: number
  readonly address: number
  /** Where the function, or for want of a size its section, ends. */
  readonly end: number
  readonly typed: boolean
}

/** Longer names are cut: C++ makes long ones, an attacker longer ones. */
const longestName = 4096

/**
 * The symbol table, read when it is first asked. Nothing in it can refuse an image: an entry that
 * makes no sense is passed over.
 */
export class SymbolTable {
  readonly #file: ElfFile
  readonly #sections: readonly Section[]
  readonly #machine: number
  readonly #symbols: Section
  readonly #names: Uint8Array
  #code: readonly Code[] | undefined

  /**
   * `sections` as in the file, without the null section; `symbols` one of them, whose bytes were
   * read, `names` the bytes of its strings.
   */
  constructor(
    file: ElfFile,
    machine: number,
    sections: readonly Section[],
    symbols: Section,
    names: Uint8Array,
  ) {
    this.#file = file
    this.#machine = machine
    this.#sections = sections
    this.#symbols = symbols
    this.#names = names
  }

  /** The defined symbol of that name, a global one before a local one. */
  symbol(name: string): FirmwareSymbol | undefined {
    const wanted = new TextEncoder().encode(name)
    let local: number | undefined
    for (const at of this.#entries()) {
      if (!this.#isNamed(at, wanted)) continue
      const binding = this.#info(at) >>> 4
      if (binding !== STB_LOCAL) return this.#decode(at)
      local ??= at
    }
    return local === undefined ? undefined : this.#decode(local)
  }

  /** The function that holds `address`, or undefined where the image names none. */
  functionAt(address: number): CodePlace | undefined {
    this.#code ??= this.#sortedCode()
    let low = 0
    let high = this.#code.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const code = this.#code[middle]
      if (code !== undefined && code.address <= address) low = middle + 1
      else high = middle
    }
    const code = this.#code[low - 1]
    if (code === undefined || address >= code.end) return undefined
    return { name: this.#name(code.at), offset: address - code.address }
  }

  /** File offsets of the symbols that have a name and are defined. */
  *#entries(): Iterable<number> {
    const { sym } = this.#file.layout
    const end = this.#symbols.offset + this.#symbols.size
    for (let at = this.#symbols.offset; at + sym.size <= end; at += sym.size) {
      if (this.#file.u32(at + sym.st_name) === 0) continue
      if (this.#file.u16(at + sym.st_shndx) === 0) continue
      if (this.#file.wideOrUndefined(at + sym.st_value) !== undefined) yield at
    }
  }

  #sortedCode(): Code[] {
    const { sym } = this.#file.layout
    const found: Code[] = []
    for (const at of this.#entries()) {
      const type = this.#info(at) & 0xf
      if (type !== STT_FUNC && type !== STT_NOTYPE) continue
      const shndx = this.#file.u16(at + sym.st_shndx)
      const section = shndx < SHN_LORESERVE ? this.#sections[shndx - 1] : undefined
      if (type === STT_NOTYPE) {
        // Labels of assembly code have no type; "$x" and its like mark kinds of code, not functions.
        if (section === undefined || (section.flags & SHF_EXECINSTR) === 0) continue
        if (this.#names[this.#file.u32(at + sym.st_name)] === 0x24) continue
      }
      const address = this.#address(at)
      const size = this.#file.wideOrUndefined(at + sym.st_size) ?? 0
      const sectionEnd = section === undefined ? address + 1 : section.addr + section.size
      const end = size > 0 ? address + size : sectionEnd
      if (end > address) found.push({ at, address, end, typed: type === STT_FUNC })
    }
    // Of several at one address the search finds the last: a typed one, if there is one.
    return found.sort((a, b) => a.address - b.address || Number(a.typed) - Number(b.typed))
  }

  #info(at: number): number {
    return this.#file.u8(at + this.#file.layout.sym.st_info)
  }

  #address(at: number): number {
    const value = this.#file.wideOrUndefined(at + this.#file.layout.sym.st_value) ?? 0
    const thumb = this.#machine === EM_ARM && (this.#info(at) & 0xf) === STT_FUNC && value % 2 === 1
    return thumb ? value - 1 : value
  }

  #decode(at: number): FirmwareSymbol {
    const size = this.#file.wideOrUndefined(at + this.#file.layout.sym.st_size) ?? 0
    return { name: this.#name(at), address: this.#address(at), size }
  }

  #name(at: number): string {
    const start = this.#file.u32(at + this.#file.layout.sym.st_name)
    return textUpToNul(this.#names.subarray(start, start + longestName))
  }

  #isNamed(at: number, wanted: Uint8Array): boolean {
    const start = this.#file.u32(at + this.#file.layout.sym.st_name)
    for (let i = 0; i < wanted.length; i++) {
      if (this.#names[start + i] !== wanted[i]) return false
    }
    return this.#names[start + wanted.length] === 0
  }
}
