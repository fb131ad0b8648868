import { hex } from '../base/errors.js'
import { SHN_XINDEX, SHT_DYNSYM, SHT_NOBITS, SHT_NULL, SHT_STRTAB, SHT_SYMTAB } from './elf-defs.js'
import type { ElfFile } from './elf-file.js'
import type { Finding } from './finding.js'
import type { Section } from './image.js'
import { needsFolders } from './line-table.js'
import { tableSection } from './resource-table/defs.js'
import type { ImageReading } from './store.js'
import { printable, textUpToNul } from './text.js'

/** Long enough for every section a linker makes; bounds the work that a hostile file can cause. */
const longestSectionName = 255

/** Reads the section headers, and the bytes of those sections that are of use here. */
export function* readSections(file: ElfFile, findings: Finding[]): ImageReading<Section[]> {
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
  yield* file.need(`section headers (${count} of ${stride} bytes)`, start, count * stride)
  const names = yield* sectionNames(file, start, stride, count)
  if (names === 'passed') {
    findings.push({
      severity: 'warning',
      where: 'section names',
      message:
        'had passed when the section headers told where they are, and a stream cannot go back: nothing is found by its name, not the resource table either',
    })
  }
  const known = names === 'passed' ? undefined : names
  const headers: SectionHeader[] = []
  for (let index = 1; index < count; index++) {
    headers.push(readSectionHeader(file, index, start + index * stride, known))
  }
  yield* readSectionBytes(file, headers)
  return headers.map((header) => ({
    ...header,
    data: hasBytes(header) ? file.slice(header.offset, header.size) : new Uint8Array(0),
  }))
}

type SectionHeader = Omit<Section, 'data'>

function hasBytes({ type, size }: SectionHeader): boolean {
  return type !== SHT_NOBITS && type !== SHT_NULL && size > 0
}

/** Sections that a debugger wants, and only crash reports and the like here: not worth a refusal. */
const lineSections = ['.debug_line', '.debug_line_str']
/** What says in which folder a file was compiled, where the line numbers do not. */
const unitSections = ['.debug_info', '.debug_abbrev', '.debug_str']

/**
 * The resource table, the symbols and the line numbers, in the order of the file; the rest is of no
 * use here.
 */
function* readSectionBytes(file: ElfFile, headers: readonly SectionHeader[]): ImageReading<void> {
  const symbols = symbolSection(headers)
  const strings = symbols === undefined ? undefined : headers[symbols.link - 1]
  const table = headers.find(({ name }) => name === tableSection)
  const lines = headers.filter(({ name }) => lineSections.includes(name))
  const wanted = [symbols, strings, table, ...lines].filter((header) => header !== undefined)
  for (const header of wanted.filter(hasBytes).sort((a, b) => a.offset - b.offset)) {
    const debug = lineSections.includes(header.name)
    if (debug && !file.hasRoom(header.size)) continue
    yield* file.want(`bytes of section header ${header.index}`, header.offset, header.size)
  }
  const needed = lines.some(({ name, offset, size }) => {
    const data = name === '.debug_line' ? file.slice(offset, size) : undefined
    return data !== undefined && needsFolders(data)
  })
  if (!needed) return
  // They are large, and a stream may be past them: then paths stay as the compiler was given them.
  const units = headers.filter((header) => unitSections.includes(header.name) && hasBytes(header))
  if (!file.hasRoom(units.reduce((sum, { size }) => sum + size, 0))) return
  for (const header of units.sort((a, b) => a.offset - b.offset)) {
    yield* file.want(`bytes of section header ${header.index}`, header.offset, header.size)
  }
}

/** The static symbol table, else the dynamic one. */
export function symbolSection<S extends SectionHeader>(sections: readonly S[]): S | undefined {
  return (
    sections.find((section) => section.type === SHT_SYMTAB && section.size > 0) ??
    sections.find((section) => section.type === SHT_DYNSYM && section.size > 0)
  )
}

interface Strings {
  readonly offset: number
  readonly data: Uint8Array
}

/** The section that e_shstrndx names, or undefined where the file has no section names. */
function* sectionNames(
  file: ElfFile,
  start: number,
  stride: number,
  count: number,
): ImageReading<Strings | 'passed' | undefined> {
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
  if (!(yield* file.want(`bytes of ${where}`, offset, size))) return 'passed'
  return { offset, data: file.slice(offset, size) ?? new Uint8Array(0) }
}

function readSectionHeader(
  file: ElfFile,
  index: number,
  at: number,
  names: Strings | undefined,
): SectionHeader {
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
  const link = file.u32(at + shdr.sh_link)
  const header = { index, name, type, addr, offset, size, flags, link }
  if (hasBytes(header)) file.extent(`bytes of ${where}`, offset, size)
  return header
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
