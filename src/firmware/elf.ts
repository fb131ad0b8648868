import { hex, OpenampError } from '../base/errors.js'
import {
  EI_CLASS,
  EI_DATA,
  EI_NIDENT,
  EI_VERSION,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  ET_REL,
  EV_CURRENT,
  elfMagic,
  machineName,
  PN_XNUM,
  PT_LOAD,
  SHN_XINDEX,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_NULL,
  SHT_STRTAB,
  SHT_SYMTAB,
  typeName,
} from './elf-defs.js'
import { ElfFile } from './elf-file.js'
import { elfFindings } from './elf-findings.js'
import { SymbolTable } from './elf-symbols.js'
import type { Finding } from './finding.js'
import type { FirmwareImage, Section, Segment } from './image.js'
import { printable, textUpToNul } from './text.js'

/** Long enough for every section a linker makes; bounds the work that a hostile file can cause. */
const longestSectionName = 255

/**
 * Decodes an ELF32 or ELF64 file, little endian (System V ABI, chapters 4 and 5). Every offset, size
 * and count is checked against the file first, so a file cut or damaged anywhere is refused with one
 * line that says which header and where.
 * @param bytes the whole file; the image keeps views of it
 * @param name how messages call the file
 * @throws ERR_IMAGE where the file is not such an ELF file, or has nothing to load
 */
export function readElf(bytes: Uint8Array, name = 'firmware'): FirmwareImage {
  const file = openElf(bytes, name)
  const { ehdr } = file.layout
  const type = file.u16(ehdr.e_type)
  const machine = file.u16(ehdr.e_machine)
  const segments = readSegments(file, type)
  const sections = readSections(file)
  const loadable = segments.filter((segment) => segment.type === PT_LOAD && segment.memsz > 0)
  if (loadable.length === 0) {
    throw new OpenampError(
      'ERR_IMAGE',
      `${name}: nothing to load: none of its ${segments.length} program headers is a PT_LOAD with memsz > 0`,
    )
  }
  const findings = elfFindings(type, segments, loadable)
  const symbols = findSymbols(file, machine, sections, findings)
  return {
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
  }
}

/** Checks e_ident and the extent of the ELF header. */
function openElf(bytes: Uint8Array, name: string): ElfFile {
  const head = bytes.subarray(0, elfMagic.length)
  if (!elfMagic.every((byte, i) => head[i] === byte)) {
    const found = head.length === 0 ? 'an empty file' : spaced(head)
    throw new OpenampError(
      'ERR_IMAGE',
      `${name}: not an ELF file: expected ${spaced(elfMagic)} at offset 0x0, found ${found}`,
    )
  }
  const file32 = new ElfFile(name, bytes, 32)
  file32.extent('ELF header, e_ident', 0, EI_NIDENT)
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
  const file = elfClass === ELFCLASS32 ? file32 : new ElfFile(name, bytes, 64)
  file.extent('ELF header', 0, file.layout.ehdr.size)
  return file
}

function readSegments(file: ElfFile, type: number): Segment[] {
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
  file.extent(`program headers (${count} of ${stride} bytes)`, start, count * stride)
  const segments: Segment[] = []
  for (let index = 0; index < count; index++) {
    segments.push(readSegment(file, index, start + index * stride))
  }
  return segments
}

function readSegment(file: ElfFile, index: number, at: number): Segment {
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
  const data = filesz > 0 ? file.bytes.subarray(offset, offset + filesz) : new Uint8Array(0)
  return { index, type, offset, vaddr, paddr, filesz, memsz, flags, data }
}

function readSections(file: ElfFile): Section[] {
  const { ehdr, shdr } = file.layout
  const start = file.wide('ELF header, e_shoff', ehdr.e_shoff)
  const count = file.u16(ehdr.e_shnum)
  if (start === 0 && count === 0) return []
  if (count === 0) {
    file.refuse('ELF header, e_shnum', ehdr.e_shnum, 'a count with e_shoff', '0')
  }
  const stride = file.u16(ehdr.e_shentsize)
  if (stride < shdr.size) {
    file.refuse('ELF header, e_shentsize', ehdr.e_shentsize, `at least ${shdr.size}`, `${stride}`)
  }
  file.extent(`section headers (${count} of ${stride} bytes)`, start, count * stride)
  const names = sectionNames(file, start, stride, count)
  const sections: Section[] = []
  for (let index = 1; index < count; index++) {
    sections.push(readSection(file, index, start + index * stride, names))
  }
  return sections
}

interface Strings {
  readonly offset: number
  readonly data: Uint8Array
}

/** The section that e_shstrndx names, or undefined where the file has no section names. */
function sectionNames(
  file: ElfFile,
  start: number,
  stride: number,
  count: number,
): Strings | undefined {
  const { ehdr, shdr } = file.layout
  const index = file.u16(ehdr.e_shstrndx)
  if (index === 0) return undefined
  if (index >= count) {
    const found = index === SHN_XINDEX ? '0xffff (SHN_XINDEX)' : String(index)
    file.refuse('ELF header, e_shstrndx', ehdr.e_shstrndx, `less than ${count} sections`, found)
  }
  const at = start + index * stride
  const where = `section header ${index} (section names)`
  const type = file.u32(at + shdr.sh_type)
  if (type !== SHT_STRTAB) {
    file.refuse(`${where}, sh_type`, at + shdr.sh_type, '3 (SHT_STRTAB)', hex(type))
  }
  const offset = file.wide(`${where}, sh_offset`, at + shdr.sh_offset)
  const size = file.wide(`${where}, sh_size`, at + shdr.sh_size)
  file.extent(`bytes of ${where}`, offset, size)
  return { offset, data: file.bytes.subarray(offset, offset + size) }
}

function readSection(
  file: ElfFile,
  index: number,
  at: number,
  names: Strings | undefined,
): Section {
  const { shdr } = file.layout
  const name = names === undefined ? '' : sectionName(file, index, at, names)
  const where = `section header ${index}${name === '' ? '' : ` (${printable(name)})`}`
  const wide = (field: 'sh_flags' | 'sh_addr' | 'sh_offset' | 'sh_size'): number =>
    file.wide(`${where}, ${field}`, at + shdr[field])
  const type = file.u32(at + shdr.sh_type)
  const flags = wide('sh_flags')
  const addr = wide('sh_addr')
  const offset = wide('sh_offset')
  const size = wide('sh_size')
  const inFile = type !== SHT_NOBITS && type !== SHT_NULL && size > 0
  if (inFile) file.extent(`bytes of ${where}`, offset, size)
  const data = inFile ? file.bytes.subarray(offset, offset + size) : new Uint8Array(0)
  return { index, name, type, addr, offset, size, flags, link: file.u32(at + shdr.sh_link), data }
}

function sectionName(file: ElfFile, index: number, at: number, names: Strings): string {
  const { shdr } = file.layout
  const start = file.u32(at + shdr.sh_name)
  const where = `section header ${index}, sh_name`
  if (start >= names.data.length) {
    const expected = `less than ${hex(names.data.length)} (bytes of section names)`
    file.refuse(where, at + shdr.sh_name, expected, hex(start))
  }
  const text = names.data.subarray(start, start + longestSectionName + 1)
  if (!text.includes(0)) {
    const found =
      text.length > longestSectionName ? `${longestSectionName} bytes without one` : 'the end'
    file.refuse(`${where}: name`, names.offset + start, 'a string that ends in NUL', found)
  }
  return textUpToNul(text)
}

/** The static symbol table, else the dynamic one. One that makes no sense is reported and left. */
function findSymbols(
  file: ElfFile,
  machine: number,
  sections: readonly Section[],
  findings: Finding[],
): SymbolTable | undefined {
  const symbols =
    sections.find((section) => section.type === SHT_SYMTAB && section.size > 0) ??
    sections.find((section) => section.type === SHT_DYNSYM && section.size > 0)
  if (symbols === undefined) return undefined
  const names = sections[symbols.link - 1]
  if (names === undefined || names.type !== SHT_STRTAB) {
    findings.push({
      severity: 'warning',
      where: `section ${printable(symbols.name)}`,
      message: `its sh_link ${symbols.link} is no string section, so the image is taken as stripped`,
    })
    return undefined
  }
  return new SymbolTable(file, machine, sections, symbols, names)
}

function spaced(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
