import { OpenampError } from '../base/errors.js'
import {
  EI_CLASS,
  EI_DATA,
  EI_NIDENT,
  EI_VERSION,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  type ElfLayout,
  EM_RISCV,
  ET_EXEC,
  EV_CURRENT,
  elf32,
  elf64,
  elfMagic,
  PF_R,
  PF_W,
  PF_X,
  PT_LOAD,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_NULL,
  SHT_PROGBITS,
  SHT_STRTAB,
  SHT_SYMTAB,
  STT_FUNC,
} from './elf-defs.js'

/** A segment; PT_LOAD, readable, writable and executable unless said otherwise. */
export interface SegmentSpec {
  readonly type?: number
  readonly vaddr: number
  /** Equal to `vaddr` unless given. */
  readonly paddr?: number
  readonly data: Uint8Array
  /** Equal to the length of `data` unless given. */
  readonly memsz?: number
  readonly flags?: number
}

/**
 * A section. Its bytes are its own `data`, or stand in the segment that holds `addr` (by vaddr) as
 * far as `size` says.
 */
export interface SectionSpec {
  readonly name: string
  readonly type?: number
  readonly addr: number
  /** Equal to the length of `data` unless given. */
  readonly size?: number
  readonly flags?: number
  readonly data?: Uint8Array
}

/** A global symbol, a function unless said otherwise. */
export interface SymbolSpec {
  readonly name: string
  readonly address: number
  readonly size?: number
  /** STT_…: 0 none, 1 object, 2 function. */
  readonly type?: number
  /** STB_…: 0 local, 1 global. */
  readonly binding?: number
  /** Index of its section among `sections` of the specification, from 0; absolute unless given. */
  readonly section?: number
}

/** An ELF file; an RV32 executable unless said otherwise. */
export interface ElfSpec {
  readonly bits?: 32 | 64
  readonly machine?: number
  readonly type?: number
  readonly entry: number
  readonly segments: readonly SegmentSpec[]
  readonly sections?: readonly SectionSpec[]
  readonly symbols?: readonly SymbolSpec[]
}

interface Placed {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly addr: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly entsize: number
}

const SHN_ABS = 0xfff1

/**
 * Writes a little-endian ELF file: ELF header, program headers, the segments' bytes, the sections'
 * own bytes, section headers last. It checks nothing, so that tests can write odd files; sections
 * are numbered from 1 in the order given, then come .symtab and .strtab (with symbols), .shstrtab.
 * @throws ERR_USAGE where a section without `data` lies in no segment
 */
export function buildElf(spec: ElfSpec): Uint8Array {
  const layout = spec.bits === 64 ? elf64 : elf32
  const out = new ElfWriter(layout)
  out.skip(layout.ehdr.size + spec.segments.length * layout.phdr.size)
  const segmentOffsets = spec.segments.map((segment) => out.append(segment.data))
  const sections = placeSections(spec, out, segmentOffsets)
  const shoff = writeSections(out, sections)
  writeHeader(out, spec, shoff, sections.length)
  spec.segments.forEach((segment, i) => {
    const at = layout.ehdr.size + i * layout.phdr.size
    const { phdr } = layout
    out.u32(at + phdr.p_type, segment.type ?? PT_LOAD)
    out.u32(at + phdr.p_flags, segment.flags ?? PF_R | PF_W | PF_X)
    out.wide(at + phdr.p_offset, segmentOffsets[i] ?? 0)
    out.wide(at + phdr.p_vaddr, segment.vaddr)
    out.wide(at + phdr.p_paddr, segment.paddr ?? segment.vaddr)
    out.wide(at + phdr.p_filesz, segment.data.length)
    out.wide(at + phdr.p_memsz, segment.memsz ?? segment.data.length)
    out.wide(at + phdr.p_align, 4)
  })
  return out.bytes()
}

function placeSections(spec: ElfSpec, out: ElfWriter, segmentOffsets: readonly number[]): Placed[] {
  const nothing = { flags: 0, addr: 0, offset: 0, size: 0, link: 0, entsize: 0 }
  const sections: Placed[] = [{ ...nothing, name: '', type: SHT_NULL }]
  if (spec.sections === undefined && spec.symbols === undefined) return []
  for (const section of spec.sections ?? []) {
    const { name, type = SHT_PROGBITS, flags = SHF_ALLOC, addr, data } = section
    const size = section.size ?? data?.length ?? 0
    let offset = 0
    if (data !== undefined) offset = out.append(data)
    else if (type !== SHT_NOBITS) offset = offsetInSegment(spec, segmentOffsets, section)
    sections.push({ ...nothing, name, type, flags, addr, offset, size })
  }
  if (spec.symbols !== undefined) {
    const names = stringTable(spec.symbols.map((symbol) => symbol.name))
    const data = symbolTable(out.layout, spec.symbols, names.offsets)
    const placed = { ...nothing, offset: out.append(data), size: data.length }
    const link = sections.length + 1
    const entsize = out.layout.sym.size
    sections.push({ ...placed, name: '.symtab', type: SHT_SYMTAB, link, entsize })
    const offset = out.append(names.bytes)
    const size = names.bytes.length
    sections.push({ ...nothing, name: '.strtab', type: SHT_STRTAB, offset, size })
  }
  const names = stringTable([...sections.map((section) => section.name), '.shstrtab'])
  const offset = out.append(names.bytes)
  const size = names.bytes.length
  sections.push({ ...nothing, name: '.shstrtab', type: SHT_STRTAB, offset, size })
  return sections
}

function offsetInSegment(
  spec: ElfSpec,
  segmentOffsets: readonly number[],
  section: SectionSpec,
): number {
  const index = spec.segments.findIndex(
    ({ vaddr, data }) => section.addr >= vaddr && section.addr <= vaddr + data.length,
  )
  const segment = spec.segments[index]
  const offset = segmentOffsets[index]
  if (segment === undefined || offset === undefined) {
    throw new OpenampError('ERR_USAGE', `section ${section.name} has no data and is in no segment`)
  }
  return offset + section.addr - segment.vaddr
}

function symbolTable(
  layout: ElfLayout,
  symbols: readonly SymbolSpec[],
  names: readonly number[],
): Uint8Array {
  const { sym } = layout
  const out = new ElfWriter(layout)
  out.skip((symbols.length + 1) * sym.size)
  symbols.forEach((symbol, i) => {
    const at = (i + 1) * sym.size
    out.u32(at + sym.st_name, names[i] ?? 0)
    out.wide(at + sym.st_value, symbol.address)
    out.wide(at + sym.st_size, symbol.size ?? 0)
    out.u8(at + sym.st_info, ((symbol.binding ?? 1) << 4) | (symbol.type ?? STT_FUNC))
    out.u16(at + sym.st_shndx, symbol.section === undefined ? SHN_ABS : symbol.section + 1)
  })
  return out.bytes()
}

function writeSections(out: ElfWriter, sections: readonly Placed[]): number {
  const { shdr } = out.layout
  if (sections.length === 0) return 0
  const names = stringTable(sections.map((section) => section.name))
  const shoff = out.skip(sections.length * shdr.size)
  sections.forEach((section, i) => {
    const at = shoff + i * shdr.size
    out.u32(at + shdr.sh_name, names.offsets[i] ?? 0)
    out.u32(at + shdr.sh_type, section.type)
    out.wide(at + shdr.sh_flags, section.flags)
    out.wide(at + shdr.sh_addr, section.addr)
    out.wide(at + shdr.sh_offset, section.offset)
    out.wide(at + shdr.sh_size, section.size)
    out.u32(at + shdr.sh_link, section.link)
    out.wide(at + shdr.sh_entsize, section.entsize)
  })
  return shoff
}

function writeHeader(out: ElfWriter, spec: ElfSpec, shoff: number, sectionCount: number): void {
  const { ehdr, phdr, shdr } = out.layout
  elfMagic.forEach((byte, i) => {
    out.u8(i, byte)
  })
  out.u8(EI_CLASS, spec.bits === 64 ? ELFCLASS64 : ELFCLASS32)
  out.u8(EI_DATA, ELFDATA2LSB)
  out.u8(EI_VERSION, EV_CURRENT)
  out.u16(ehdr.e_type, spec.type ?? ET_EXEC)
  out.u16(ehdr.e_machine, spec.machine ?? EM_RISCV)
  out.u32(ehdr.e_version, EV_CURRENT)
  out.wide(ehdr.e_entry, spec.entry)
  out.wide(ehdr.e_phoff, ehdr.size)
  out.wide(ehdr.e_shoff, shoff)
  out.u16(ehdr.e_ehsize, ehdr.size)
  out.u16(ehdr.e_phentsize, phdr.size)
  out.u16(ehdr.e_phnum, spec.segments.length)
  out.u16(ehdr.e_shentsize, shdr.size)
  out.u16(ehdr.e_shnum, sectionCount)
  out.u16(ehdr.e_shstrndx, sectionCount === 0 ? 0 : sectionCount - 1)
}

function stringTable(strings: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  let text = '\0'
  const offsets = strings.map((string) => {
    if (string === '') return 0
    const offset = new TextEncoder().encode(text).length
    text += `${string}\0`
    return offset
  })
  return { bytes: new TextEncoder().encode(text), offsets }
}

/** Grows by appending; fields are written at offsets already there. */
class ElfWriter {
  readonly layout: ElfLayout
  #buffer = new Uint8Array(EI_NIDENT)
  #view = new DataView(this.#buffer.buffer)
  #length = 0

  constructor(layout: ElfLayout) {
    this.layout = layout
  }

  /** Makes room on a multiple of 4 and returns its offset. */
  skip(size: number): number {
    const offset = Math.ceil(this.#length / 4) * 4
    this.#length = offset + size
    if (this.#length > this.#buffer.length) {
      const grown = new Uint8Array(2 * this.#length)
      grown.set(this.#buffer)
      this.#buffer = grown
      this.#view = new DataView(grown.buffer)
    }
    return offset
  }

  append(data: Uint8Array): number {
    const offset = this.skip(data.length)
    this.#buffer.set(data, offset)
    return offset
  }

  u8(offset: number, value: number): void {
    this.#view.setUint8(offset, value)
  }

  u16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true)
  }

  u32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true)
  }

  wide(offset: number, value: number): void {
    if (this.layout === elf64) this.#view.setBigUint64(offset, BigInt(value), true)
    else this.#view.setUint32(offset, value, true)
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }
}
