import { ByteCursor } from './byte-cursor.js'
import { DW_FORM_implicit_const, type FormContext, readForm } from './dwarf-form.js'
import { LineText } from './line-text.js'

/** The sections that say where and how each unit was compiled. */
export interface UnitSections {
  /** `.debug_info`. */
  readonly units: Uint8Array
  /** `.debug_abbrev`. */
  readonly abbreviations: Uint8Array
  /** `.debug_str`. */
  readonly names?: Uint8Array | undefined
}

const DW_AT_stmt_list = 0x10
const DW_AT_comp_dir = 0x1b
const DW_UT_compile = 1

/** Attributes of an entry as its abbreviation lists them (DWARF 5, section 7.5.3). */
type Attributes = readonly { readonly name: number; readonly form: number }[]

/**
 * The folder in which each unit was compiled, by the offset of its line program: what line tables of
 * the versions 2 to 4 do not say themselves. Of each unit only the first entry is read. Units that make
 * no sense have none; nothing in the sections can make this throw, or go on for longer than they are long.
 * @param text of `.debug_line_str`
 */
export function compilationFolders(
  sections: UnitSections,
  text: LineText,
): ReadonlyMap<number, string> {
  const folders = new Map<number, string>()
  const abbreviations = new Abbreviations(sections.abbreviations)
  const names = new LineText({ lines: sections.units, strings: sections.names })
  const all = new ByteCursor(sections.units)
  while (all.left >= 12) {
    const long = all.u32()
    const offsetSize = long === 0xffff_ffff ? 8 : 4
    const length = offsetSize === 8 ? all.u64() : long
    const end = Math.min(all.at + length, sections.units.length)
    try {
      const cursor = new ByteCursor(sections.units, all.at, end)
      const unit = readUnit(cursor, abbreviations, { offsetSize, names, text })
      if (unit !== undefined) folders.set(unit.lines, unit.folder)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    all.at = end
  }
  return folders
}

/** @param cursor behind the unit's length */
function readUnit(
  cursor: ByteCursor,
  abbreviations: Abbreviations,
  context: Omit<FormContext, 'addressSize'>,
): { readonly lines: number; readonly folder: string } | undefined {
  const version = cursor.u16()
  if (version < 2 || version > 5) return undefined
  const type = version === 5 ? cursor.u8() : DW_UT_compile
  let addressSize = version === 5 ? cursor.u8() : 0
  const table = cursor.word(context.offsetSize)
  if (version < 5) addressSize = cursor.u8()
  if (type !== DW_UT_compile) return undefined
  const attributes = abbreviations.find(table, cursor.uleb())
  let lines: unknown
  let folder: unknown
  for (const { name, form } of attributes ?? []) {
    const value = readForm(cursor, form, { ...context, addressSize })
    if (name === DW_AT_stmt_list) lines = value
    else if (name === DW_AT_comp_dir) folder = value
  }
  if (typeof lines !== 'number' || typeof folder !== 'string' || folder === '?') return undefined
  return { lines, folder }
}

/** The tables of abbreviations, of which units share some. */
class Abbreviations {
  readonly #bytes: Uint8Array
  readonly #found = new Map<string, Attributes | undefined>()
  /** Bytes that may yet be read: tables that overlap would be a way to go on for very long. */
  #budget: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#budget = 2 * bytes.length
  }

  /** The attributes of entries with `code`; undefined where the table at `offset` has none. */
  find(offset: number, code: number): Attributes | undefined {
    const key = `${offset} ${code}`
    if (!this.#found.has(key)) this.#found.set(key, this.#search(offset, code))
    return this.#found.get(key)
  }

  #search(offset: number, wanted: number): Attributes | undefined {
    const end = Math.min(this.#bytes.length, offset + this.#budget)
    if (offset > end) return undefined
    const cursor = new ByteCursor(this.#bytes, offset, end)
    try {
      for (;;) {
        const code = cursor.uleb()
        if (code === 0) return undefined
        cursor.uleb() // tag
        cursor.skip(1) // whether it has children
        const attributes = readAttributes(cursor)
        if (code === wanted) return attributes
      }
    } finally {
      this.#budget -= cursor.at - offset
    }
  }
}

function readAttributes(cursor: ByteCursor): Attributes {
  const attributes = []
  for (;;) {
    const name = cursor.uleb()
    const form = cursor.uleb()
    if (form === DW_FORM_implicit_const) cursor.sleb()
    if (name === 0 && form === 0) return attributes
    attributes.push({ name, form })
  }
}
