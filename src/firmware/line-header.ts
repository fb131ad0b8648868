import type { ByteCursor } from './byte-cursor.js'
import { type FormContext, readForm } from './dwarf-form.js'
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
  /** The folder in which it was compiled, where that is known. */
  readonly folder: string | undefined
}

// The contents of an entry in version 5 (section 6.2.4.1).
const DW_LNCT_path = 1
const DW_LNCT_directory_index = 2

interface Entry {
  readonly path: string
  readonly directory: number
}

/**
 * Reads the header at `cursor`, which stands behind the unit's length and is left at its program.
 * @param folder that of the compilation, which tables before version 5 do not have
 * @throws RangeError where it makes no sense
 */
export function readLineHeader(
  cursor: ByteCursor,
  context: Omit<FormContext, 'addressSize'>,
  folder: string | undefined,
): LineHeader {
  const version = cursor.u16()
  if (version < 2 || version > 5) throw new RangeError(`version ${version}`)
  let addressSize = 0
  if (version === 5) {
    addressSize = cursor.u8()
    cursor.skip(1)
  }
  const length = cursor.word(context.offsetSize)
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
  const tables =
    version === 5 ? tablesOf5(cursor, { ...context, addressSize }) : tablesOf4(cursor, folder)
  cursor.skip(program - cursor.at)
  return {
    addressSize,
    minimumInstructionLength,
    defaultIsStmt,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    file: fileFinder(version === 5 ? 0 : 1, tables, context.text),
  }
}

interface Tables {
  readonly folder: string | undefined
  readonly directories: readonly Entry[]
  readonly files: readonly Entry[]
}

/** @param first the number of the first file and the first directory */
function fileFinder(
  first: number,
  { folder, directories, files }: Tables,
  text: LineText,
): LineHeader['file'] {
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

function tablesOf4(cursor: ByteCursor, folder: string | undefined): Tables {
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
  return { folder, directories, files }
}

function tablesOf5(cursor: ByteCursor, context: FormContext): Tables {
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
        const value = readForm(cursor, form, context)
        if (type === DW_LNCT_path) path = typeof value === 'string' ? value : '?'
        if (type === DW_LNCT_directory_index && typeof value === 'number') directory = value
      }
      return { path, directory }
    })
  }
  const directories = read()
  return { folder: directories[0]?.path, directories, files: read() }
}
