import { ByteCursor } from './byte-cursor.js'
import { compilationFolders, type UnitSections } from './compilation-folders.js'
import { type LineHeader, readLineHeader, type SourceFile } from './line-header.js'
import { type LineSections, LineText } from './line-text.js'

/** The sections of line numbers, and of the units, where those are held. */
interface Sections extends LineSections, Pick<UnitSections, 'names'> {
  readonly units?: Uint8Array | undefined
  readonly abbreviations?: Uint8Array | undefined
}

/** A place in the source, as far as the image's line numbers say. */
export interface SourcePlace {
  /** As the compiler was given it, relative to the folder of the compilation. */
  readonly file: string
  readonly line: number
}

/** Instructions, from `address` up to `end`, that come from one line. */
export interface LineRange extends SourcePlace {
  readonly address: number
  readonly end: number
  /** The folder of the compilation, where that is known. */
  readonly folder: string | undefined
  /** A good place to stop at: a statement begins there. */
  readonly statement: boolean
}

/** The whole path of a source, as far as it is known; what leads up and down again is taken out. */
export function sourcePath({ file, folder }: Pick<LineRange, 'file' | 'folder'>): string {
  const absolute = /^\/|^[a-z]:/i.test(file)
  const path = folder === undefined || absolute ? file : `${folder}/${file}`
  const parts: string[] = []
  for (const part of path.split('/')) {
    const before = parts.at(-1)
    if (part === '.' || (part === '' && parts.length > 0)) continue
    if (part !== '..' || before === undefined || before === '..') parts.push(part)
    else if (before !== '') parts.pop()
  }
  return parts.join('/')
}

// Standard and extended opcodes (DWARF 5, sections 6.2.5.2 and 6.2.5.3).
const DW_LNS_copy = 1
const DW_LNS_advance_pc = 2
const DW_LNS_advance_line = 3
const DW_LNS_set_file = 4
const DW_LNS_negate_stmt = 6
const DW_LNS_const_add_pc = 8
const DW_LNS_fixed_advance_pc = 9
const DW_LNE_end_sequence = 1
const DW_LNE_set_address = 2

/** Far more than firmware has; an attacker gets one for each byte. */
const RANGES_MAX = 2 ** 22

/** The line numbers of an image: DWARF line programs of the versions 2 to 5. */
export class LineTable {
  /** In the order of their addresses. */
  readonly ranges: readonly LineRange[]
  /**
   * The units whose program makes no sense, ends before its end, or has more to say than there is room
   * for: what they say may be missing.
   */
  readonly damaged: number

  /**
   * Nothing in the sections can make this throw, or go on for longer than they are long.
   * @param holds whether code may be at an address: what the linker has left out was not moved there
   * @param most ranges that are kept
   */
  constructor(
    sections: Sections,
    holds: (address: number) => boolean = () => true,
    most = RANGES_MAX,
  ) {
    const ranges: LineRange[] = []
    let damaged = 0
    const text = new LineText(sections)
    const { units, abbreviations, names } = sections
    const folders =
      units === undefined || abbreviations === undefined
        ? undefined
        : compilationFolders({ units, abbreviations, names }, text)
    const all = new ByteCursor(sections.lines)
    while (all.left >= 4) {
      const folder = folders?.get(all.at)
      const long = all.u32()
      const offsetSize = long === 0xffff_ffff ? 8 : 4
      if (offsetSize === 8 && all.left < 8) break
      const length = offsetSize === 8 ? all.u64() : long
      const end = Math.min(all.at + length, sections.lines.length)
      try {
        const cursor = new ByteCursor(sections.lines, all.at, end)
        const header = readLineHeader(cursor, { offsetSize, text }, folder)
        runProgram(cursor, header, (range) => {
          if (!holds(range.address)) return
          if (ranges.length === most) throw new RangeError('lines without end')
          ranges.push(range)
        })
        if (length > all.left) damaged++
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        damaged++
      }
      all.at = end
    }
    this.ranges = ranges.sort((a, b) => a.address - b.address)
    this.damaged = damaged
  }

  /** Where the instruction at `address` comes from. */
  find(address: number): LineRange | undefined {
    let low = 0
    let high = this.ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const range = this.ranges[middle]
      if (range !== undefined && range.address <= address) low = middle + 1
      else high = middle
    }
    const range = this.ranges[low - 1]
    return range !== undefined && address < range.end ? range : undefined
  }
}

/** @throws RangeError where the program ends in the middle of something */
function runProgram(
  cursor: ByteCursor,
  header: LineHeader,
  emit: (range: LineRange) => void,
): void {
  let machine = new Registers(header)
  const row = (ends: boolean): void => {
    machine.row(emit)
    if (ends) machine = new Registers(header)
  }
  while (cursor.left > 0) {
    const opcode = cursor.u8()
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase
      machine.advance(Math.floor(adjusted / header.lineRange))
      machine.line += header.lineBase + (adjusted % header.lineRange)
      row(false)
      continue
    }
    switch (opcode) {
      case 0: {
        const length = cursor.uleb()
        if (length === 0) break
        const next = cursor.at + length
        const extended = cursor.u8()
        if (extended === DW_LNE_end_sequence) row(true)
        else if (extended === DW_LNE_set_address) {
          const size = length - 1
          if (size !== 4 && size !== 8) throw new RangeError('an address of another size')
          machine.address = cursor.word(size)
        }
        cursor.skip(next - cursor.at)
        break
      }
      case DW_LNS_copy:
        row(false)
        break
      case DW_LNS_advance_pc:
        machine.advance(cursor.uleb())
        break
      case DW_LNS_advance_line:
        machine.line += cursor.sleb()
        break
      case DW_LNS_set_file:
        machine.file = cursor.uleb()
        break
      case DW_LNS_negate_stmt:
        machine.statement = !machine.statement
        break
      case DW_LNS_const_add_pc:
        machine.advance(Math.floor((255 - header.opcodeBase) / header.lineRange))
        break
      case DW_LNS_fixed_advance_pc:
        machine.address += cursor.u16()
        break
      default:
        // Of no interest here, or of a later version: its operands are passed over.
        for (let n = header.operandCounts[opcode - 1] ?? 0; n > 0; n--) cursor.uleb()
    }
  }
}

/** The registers of the line number machine, and the row before the next one. */
class Registers {
  address = 0
  file = 1
  line = 1
  statement: boolean
  readonly #header: LineHeader
  #before:
    | { address: number; line: number; statement: boolean; source: SourceFile | undefined }
    | undefined

  constructor(header: LineHeader) {
    this.#header = header
    this.statement = header.defaultIsStmt
  }

  advance(operations: number): void {
    this.address += operations * this.#header.minimumInstructionLength
    if (!Number.isSafeInteger(this.address)) throw new RangeError('an address beyond 2^53')
  }

  /** A row begins here, and the one before it ends. */
  row(emit: (range: LineRange) => void): void {
    const { address, line, statement } = this
    const before = this.#before
    if (before !== undefined && before.source !== undefined && address > before.address) {
      const { path, folder } = before.source
      const { statement: begins } = before
      const place = { file: path, line: before.line, folder, statement: begins }
      emit({ address: before.address, end: address, ...place })
    }
    const source = this.#header.file(this.file)
    // Where several rows stand at one address, of one line, a statement may begin with any of them.
    const same = before?.address === address && before.line === line && before.source === source
    this.#before = { address, line, statement: statement || (same && before.statement), source }
  }
}

/** Whether a unit of `.debug_line` does not say itself in which folder it was compiled. */
export function needsFolders(lines: Uint8Array): boolean {
  const all = new ByteCursor(lines)
  while (all.left >= 6) {
    const long = all.u32()
    if (long === 0xffff_ffff && all.left < 10) return false
    const length = long === 0xffff_ffff ? all.u64() : long
    const { at } = all
    if (all.left < 2 || all.u16() < 5) return true
    if (length > lines.length - at) return false
    all.at = at + length
  }
  return false
}
