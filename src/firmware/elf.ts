import { hex, OpenampError } from '../base/errors.js'
import { coverage } from './coverage.js'
import {
  EI_CLASS,
  EI_DATA,
  EI_NIDENT,
  EI_VERSION,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  EM_ARM,
  ET_REL,
  EV_CURRENT,
  elfMagic,
  machineName,
  PN_XNUM,
  PT_LOAD,
  SHF_COMPRESSED,
  SHT_STRTAB,
  typeName,
} from './elf-defs.js'
import { ElfFile } from './elf-file.js'
import { elfFindings } from './elf-findings.js'
import { readSections, symbolSection } from './elf-sections.js'
import { SymbolTable } from './elf-symbols.js'
import type { Finding } from './finding.js'
import type { FirmwareImage, Section, Segment } from './image.js'
import { LineTable } from './line-table.js'
import type { ImageReading, ImageStart } from './store.js'
import { printable } from './text.js'

/**
 * Decodes an ELF32 or ELF64 file, little endian (System V ABI, chapters 4 and 5). Every offset, size
 * and count is checked against the file first, so a file cut or damaged anywhere is refused with one
 * line that says which header and where.
 * @param bytes the whole file; the image keeps views of it
 * @param name how messages call the file
 * @throws ERR_IMAGE where the file is not such an ELF file, or has nothing to load
 */
export function readElf(bytes: Uint8Array, name = 'firmware'): FirmwareImage {
  const start = { name, head: bytes, size: bytes.length, limit: Number.POSITIVE_INFINITY }
  const step = readElfImage(start).next()
  if (step.done === true) return step.value
  throw new RangeError(`the whole of ${name} is there, and more was asked for`)
}

/** `readElf`, of an image that is had piece by piece. */
export function* readElfImage(start: ImageStart): ImageReading<FirmwareImage> {
  const { name } = start
  const file = yield* openElf(start)
  const { ehdr } = file.layout
  const type = file.u16(ehdr.e_type)
  const machine = file.u16(ehdr.e_machine)
  const segments = yield* readSegments(file, type)
  const loadable = segments.filter(isLoadable)
  const findings: Finding[] = []
  const sections = yield* readSections(file, findings)
  if (loadable.length === 0) {
    throw new OpenampError(
      'ERR_IMAGE',
      `${name}: nothing to load: none of its ${segments.length} program headers is a PT_LOAD with memsz > 0`,
    )
  }
  findings.unshift(...elfFindings(type, segments, loadable))
  const symbols = findSymbols(file, machine, sections, findings)
  let lines: LineTable | undefined
  yield* file.finish()
  return {
    format: 'ELF',
    name,
    bits: file.bits,
    machine,
    machineName: machineName(machine),
    type,
    typeName: typeName(type),
    entry: file.wide('ELF header, e_entry', ehdr.e_entry),
    flags: file.u32(ehdr.e_flags),
    segments,
    loadable,
    sections,
    findings,
    section: (wanted) => sections.find((section) => section.name === wanted),
    symbol: (wanted) => symbols?.symbol(wanted),
    functionAt: (address) => symbols?.functionAt(address),
    get lines() {
      lines ??= lineTable(machine, sections, loadable)
      return lines
    },
  }
}

/** Checks e_ident and the extent of the ELF header. */
function* openElf(start: ImageStart): ImageReading<ElfFile> {
  const { name, head: bytes } = start
  const head = bytes.subarray(0, elfMagic.length)
  if (!elfMagic.every((byte, i) => head[i] === byte)) {
    const found = head.length === 0 ? 'an empty file' : spaced(head)
    throw new OpenampError(
      'ERR_IMAGE',
      `${name}: not an ELF file: expected ${spaced(elfMagic)} at offset 0x0, found ${found}`,
    )
  }
  const file32 = new ElfFile(start, 32)
  yield* file32.need('ELF header, e_ident', 0, EI_NIDENT)
  const elfClass = bytes[EI_CLASS] ?? 0
  if (elfClass !== ELFCLASS32 && elfClass !== ELFCLASS64) {
    file32.refuse('ELF header, EI_CLASS', EI_CLASS, '1 (32 bit) or 2 (64 bit)', String(elfClass))
  }
  const data = bytes[EI_DATA] ?? 0
  if (data !== ELFDATA2LSB) {
    const found = data === ELFDATA2MSB ? '2 (big endian)' : String(data)
    file32.refuse('ELF header, EI_DATA', EI_DATA, '1 (little endian)', found)
  }
  const version = bytes[EI_VERSION] ?? 0
  if (version !== EV_CURRENT) {
    file32.refuse('ELF header, EI_VERSION', EI_VERSION, String(EV_CURRENT), String(version))
  }
  const file = elfClass === ELFCLASS32 ? file32 : new ElfFile(start, 64)
  yield* file.need('ELF header', 0, file.layout.ehdr.size)
  return file
}

function* readSegments(file: ElfFile, type: number): ImageReading<Segment[]> {
  const { ehdr, phdr } = file.layout
  const count = file.u16(ehdr.e_phnum)
  if (count === 0) {
    const found = type === ET_REL ? '0 (a relocatable object, not linked yet)' : '0'
    file.refuse('ELF header, e_phnum', ehdr.e_phnum, 'at least one program header', found)
  }
  if (count === PN_XNUM) {
    file.refuse('ELF header, e_phnum', ehdr.e_phnum, 'less than 0xffff', '0xffff (PN_XNUM)')
  }
  const stride = file.u16(ehdr.e_phentsize)
  if (stride < phdr.size) {
    file.refuse('ELF header, e_phentsize', ehdr.e_phentsize, `at least ${phdr.size}`, `${stride}`)
  }
  const start = file.wide('ELF header, e_phoff', ehdr.e_phoff)
  yield* file.need(`program headers (${count} of ${stride} bytes)`, start, count * stride)
  const headers: SegmentHeader[] = []
  for (let index = 0; index < count; index++) {
    headers.push(readSegmentHeader(file, index, start + index * stride))
  }
  yield* readLoadedBytes(file, headers.filter(isLoadable))
  return headers.map((header) => ({
    ...header,
    data: file.slice(header.offset, header.filesz) ?? new Uint8Array(0),
  }))
}

type SegmentHeader = Omit<Segment, 'data'>

function isLoadable({ type, memsz }: SegmentHeader): boolean {
  return type === PT_LOAD && memsz > 0
}

/** In the order of the file; segments that share bytes of it are read as one. */
function* readLoadedBytes(file: ElfFile, loadable: readonly SegmentHeader[]): ImageReading<void> {
  const sorted = loadable.filter(({ filesz }) => filesz > 0).sort((a, b) => a.offset - b.offset)
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i]
    if (first === undefined) return
    let end = first.offset + first.filesz
    for (i++; i < sorted.length; i++) {
      const next = sorted[i]
      if (next === undefined || next.offset >= end) break
      end = Math.max(end, next.offset + next.filesz)
    }
    yield* file.need(`bytes of program header ${first.index}`, first.offset, end - first.offset)
  }
}

function readSegmentHeader(file: ElfFile, index: number, at: number): SegmentHeader {
  const { phdr } = file.layout
  const where = `program header ${index}`
  const wide = (field: 'p_offset' | 'p_vaddr' | 'p_paddr' | 'p_filesz' | 'p_memsz'): number =>
    file.wide(`${where}, ${field}`, at + phdr[field])
  const type = file.u32(at + phdr.p_type)
  const offset = wide('p_offset')
  const vaddr = wide('p_vaddr')
  const paddr = wide('p_paddr')
  const filesz = wide('p_filesz')
  const memsz = wide('p_memsz')
  if (filesz > 0) file.extent(`bytes of ${where}`, offset, filesz)
  if (type === PT_LOAD) {
    if (filesz > memsz) {
      const limit = `at most p_memsz = ${hex(memsz)}`
      file.refuse(`${where}, p_filesz`, at + phdr.p_filesz, limit, hex(filesz))
    }
    const limit = file.bits === 32 ? 2 ** 32 : 2 ** 53
    for (const [field, address] of [
      ['p_paddr', paddr],
      ['p_vaddr', vaddr],
    ] as const) {
      if (address + memsz <= limit) continue
      const found = `${hex(address)} + ${hex(memsz)}`
      const expected = `${field} + p_memsz up to 2^${file.bits === 32 ? 32 : 53}`
      file.refuse(`${where}, ${field}`, at + phdr[field], expected, found)
    }
  }
  const flags = file.u32(at + phdr.p_flags)
  return { index, type, offset, vaddr, paddr, filesz, memsz, flags }
}

/** The symbols of the image. A table of them that makes no sense is reported and left. */
function findSymbols(
  file: ElfFile,
  machine: number,
  sections: readonly Section[],
  findings: Finding[],
): SymbolTable | undefined {
  const symbols = symbolSection(sections)
  if (symbols === undefined) return undefined
  const names = sections[symbols.link - 1]
  const find = (message: string): undefined => {
    const where = `section ${printable(symbols.name)}`
    findings.push({ severity: 'warning', where, message })
  }
  if (names === undefined || names.type !== SHT_STRTAB) {
    return find(
      `its sh_link ${symbols.link} is no string section, so the image is taken as stripped`,
    )
  }
  if (symbols.data === undefined || names.data === undefined) {
    return find(
      'had passed when the section headers told of it, and a stream cannot go back: the image is taken as stripped',
    )
  }
  return new SymbolTable(file, machine, sections, symbols, names.data)
}

/** The line numbers, which a damaged or compressed section has none of. */
function lineTable(
  machine: number,
  sections: readonly Section[],
  loadable: readonly Segment[],
): LineTable {
  const bytes = (wanted: string): Uint8Array | undefined => {
    const found = sections.find(({ name }) => name === wanted)
    return found === undefined || found.flags & SHF_COMPRESSED ? undefined : found.data
  }
  // The linker moves what it leaves out to address 0, where Arm has its vectors and no code.
  const covered = coverage(loadable)
  const holds = (address: number): boolean =>
    !(machine === EM_ARM && address === 0) && covered(address)
  const lineSections = {
    lines: bytes('.debug_line') ?? new Uint8Array(0),
    strings: bytes('.debug_line_str'),
  }
  const unitSections = {
    units: bytes('.debug_info'),
    abbreviations: bytes('.debug_abbrev'),
    names: bytes('.debug_str'),
  }
  return new LineTable({ ...lineSections, ...unitSections }, holds)
}

function spaced(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
