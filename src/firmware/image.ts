import type { Finding } from './finding.js'
import type { LineTable } from './line-table.js'

/** A program header and what it covers. Addresses and sizes are safe integers. */
export interface Segment {
  /** Its place among the program headers, from 0. */
  readonly index: number
  /** p_type: 1 is PT_LOAD. */
  readonly type: number
  readonly offset: number
  readonly vaddr: number
  /** Where it is loaded. Linux's loader calls this the device address; so do we. */
  readonly paddr: number
  readonly filesz: number
  /** Bytes in memory; those beyond `filesz` are to be zeroed. */
  readonly memsz: number
  /** p_flags: 4 read, 2 write, 1 execute. */
  readonly flags: number
  /**
   * The `filesz` bytes in the file; a view, not a copy. Empty for a segment that is not loaded, where
   * the image was not in memory and its bytes lie in no other.
   */
  readonly data: Uint8Array
}

/** A section header and what it covers. */
export interface Section {
  /** Its place among the section headers; the null section 0 is left out. */
  readonly index: number
  readonly name: string
  /** sh_type: 8 is SHT_NOBITS, which has no bytes in the file. */
  readonly type: number
  readonly addr: number
  readonly offset: number
  readonly size: number
  /** sh_flags: 1 write, 2 allocated, 4 execute. */
  readonly flags: number
  /** sh_link: for a symbol table the index of its string section. */
  readonly link: number
  /**
   * The bytes in the file (none for NOBITS); a view, not a copy. Undefined where they were passed
   * over: of an image that was not in memory only those in loaded segments are held, and those of
   * the resource table and the symbols.
   */
  readonly data: Uint8Array | undefined
}

/** One symbol of the image. */
export interface FirmwareSymbol {
  readonly name: string
  /** Its value; for a function of an Arm image without the Thumb bit. */
  readonly address: number
  /** Bytes; 0 where the image does not say. */
  readonly size: number
}

/** A place in the code, as a back-trace prints it: `name+offset`. */
export interface CodePlace {
  readonly name: string
  /** Bytes from the start of the function. */
  readonly offset: number
}

/** A decoded firmware image. It keeps views of the bytes that it was read from. */
export interface FirmwareImage {
  /** The format that it came in: "ELF", "raw binary". */
  readonly format: string
  /** How messages call it. */
  readonly name: string
  /** The ELF class; of other formats, how wide its addresses are. */
  readonly bits: 32 | 64
  /** e_machine; 0 (EM_NONE) fits any core. */
  readonly machine: number
  readonly machineName: string
  /** e_type: 2 is an executable. */
  readonly type: number
  readonly typeName: string
  /** e_entry, as it stands: for Arm with the Thumb bit. */
  readonly entry: number
  /** e_flags. */
  readonly flags: number
  readonly segments: readonly Segment[]
  /** The segments to load (PT_LOAD with memsz > 0), at least one, in the order of the file. */
  readonly loadable: readonly Segment[]
  readonly sections: readonly Section[]
  /** What was odd, but no reason to refuse. */
  readonly findings: readonly Finding[]
  /** The first section of that name. */
  section(name: string): Section | undefined
  /** The symbol of that name; none is found in a stripped file. */
  symbol(name: string): FirmwareSymbol | undefined
  /** The function that holds a code address; none is found in a stripped file. */
  functionAt(address: number): CodePlace | undefined
  /** Its line numbers, of an ELF file; empty where it was built without. */
  readonly lines?: LineTable
}
