import type { ByteCursor } from './byte-cursor.js'
import type { LineText } from './line-text.js'

/** The header of one unit's line program (DWARF 5, section 6.2.4; DWARF 4, section 6.2.4). */
export interface LineHeader {
  readonly addressSize: number
  readonly minimumInstructionLength: number
  readonly defaultIsStmt: boolean
  readonly lineBase: number
  readonly lineRange: number
  readonly opcodeBase: number
  /** Operands of the standard opcodes, that of opcode 1 first. */
  readonly operandCounts: readonly number[]
  /** The file of a number, as the program counts them; paths relative to the compilation's folder. */
  file(number: number): SourceFile | undefined
}

export interface SourceFile {
  readonly path: string
  /** The folder in which it was compiled, where the table has it (version 5). */
  readonly folder: string | undefined
}

// Forms in which version 5 writes the entries of its tables (DWARF 5, section 7.5.6).
const DW_FORM_block2 = 0x03
const DW_FORM_block4 = 0x04
const DW_FORM_data2 = 0x05
const DW_FORM_data4 = 0x06
const DW_FORM_data8 = 0x07
const DW_FORM_string = 0x08
const DW_FORM_block = 0x09
const DW_FORM_block1 = 0x0a
const DW_FORM_data1 = 0x0b
const DW_FORM_strp = 0x0e
const DW_FORM_udata = 0x0f
const DW_FORM_sec_offset = 0x17
const DW_FORM_data16 = 0x1e
const DW_FORM_line_strp = 0x1f
const DW_LNCT_path = 1
const DW_LNCT_directory_index = 2

interface Entry {
  readonly path: string
  readonly directory: number
}

/**
 * Reads the header at `cursor`, which stands behind the unit's length and is left at its program.
 * @param text of all units of the image
 * @throws RangeError where it makes no sense
 */
export function readLineHeader(cursor: ByteCursor, offsetSize: number, text: LineText): LineHeader {
  const version = cursor.u16()
  if (version < 2 || version > 5) throw new RangeError(`version ${version}`)
  let addressSize = 0
  if (version === 5) {
    addressSize = cursor.u8()
    cursor.skip(1)
  }
  const length = cursor.word(offsetSize)
  const program = cursor.at + length
  if (length > cursor.left) throw new RangeError('a header beyond its unit')
  const minimumInstructionLength = cursor.u8()
  if (version >= 4) cursor.skip(1)
  const defaultIsStmt = cursor.u8() !== 0
  const lineBase = cursor.i8()
  const lineRange = cursor.u8()
  const opcodeBase = cursor.u8()
  if (lineRange === 0 || opcodeBase === 0) throw new RangeError('a header without a range')
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8())
  const tables = version === 5 ? tablesOf5(cursor, offsetSize, text) : tablesOf4(cursor)
  cursor.skip(program - cursor.at)
  return {
    addressSize,
    minimumInstructionLength,
    defaultIsStmt,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    file: fileFinder(version, tables, text),
  }
}

interface Tables {
  readonly directories: readonly Entry[]
  readonly files: readonly Entry[]
}

function fileFinder(version: number, tables: Tables, text: LineText): LineHeader['file'] {
  const first = version === 5 ? 0 : 1
  const { directories, files } = tables
  const folder = version === 5 ? directories[0]?.path : undefined
  const found = new Map<number, SourceFile | undefined>()
  const find = (number: number): SourceFile | undefined => {
    const entry = files[number - first]
    if (entry === undefined) return undefined
    const directory = entry.directory === 0 ? undefined : directories[entry.directory - first]
    const absolute = /^\/|^[a-z]:/i.test(entry.path)
    const path =
      directory === undefined || absolute ? entry.path : `${directory.path}/${entry.path}`
    text.spend(path.length)
    return { path, folder }
  }
  return (number) => {
    if (!found.has(number)) found.set(number, find(number))
    return found.get(number)
  }
}

function tablesOf4(cursor: ByteCursor): Tables {
  const directories: Entry[] = []
  for (let path = cursor.text(); path !== ''; path = cursor.text()) {
    directories.push({ path, directory: 0 })
  }
  const files: Entry[] = []
  for (let path = cursor.text(); path !== ''; path = cursor.text()) {
    files.push({ path, directory: cursor.uleb() })
    cursor.uleb() // time of modification
    cursor.uleb() // length
  }
  return { directories, files }
}

function tablesOf5(cursor: ByteCursor, offsetSize: number, text: LineText): Tables {
  const read = (): Entry[] => {
    const format = Array.from(
      { length: cursor.u8() },
      () => [cursor.uleb(), cursor.uleb()] as const,
    )
    const count = cursor.uleb()
    // Each entry has one byte at least, or the count would be a way to go on for ever.
    if (count > cursor.left || (count > 0 && format.length === 0)) throw new RangeError('a count')
    return Array.from({ length: count }, () => {
      let path = ''
      let directory = 0
      for (const [type, form] of format) {
        const value = readForm(cursor, form, offsetSize, text)
        if (type === DW_LNCT_path && typeof value === 'string') path = value
        if (type === DW_LNCT_directory_index && typeof value === 'number') directory = value
      }
      return { path, directory }
    })
  }
  return { directories: read(), files: read() }
}

function readForm(
  cursor: ByteCursor,
  form: number,
  offsetSize: number,
  text: LineText,
): string | number {
  switch (form) {
    case DW_FORM_string:
      return cursor.text()
    case DW_FORM_line_strp:
      return text.at(cursor.word(offsetSize))
    case DW_FORM_strp: // in .debug_str, which is not read
    case DW_FORM_sec_offset:
      cursor.word(offsetSize)
      return '?'
    case DW_FORM_data1:
      return cursor.u8()
    case DW_FORM_data2:
      return cursor.u16()
    case DW_FORM_data4:
      return cursor.u32()
    case DW_FORM_data8:
      return cursor.u64()
    case DW_FORM_udata:
      return cursor.uleb()
    case DW_FORM_data16:
      cursor.skip(16)
      return 0
    case DW_FORM_block:
      cursor.skip(cursor.uleb())
      return 0
    case DW_FORM_block1:
      cursor.skip(cursor.u8())
      return 0
    case DW_FORM_block2:
      cursor.skip(cursor.u16())
      return 0
    case DW_FORM_block4:
      cursor.skip(cursor.u32())
      return 0
    default:
      throw new RangeError(`form ${form}`)
  }
}
