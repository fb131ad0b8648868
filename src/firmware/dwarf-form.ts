import type { ByteCursor } from './byte-cursor.js'
import type { LineText } from './line-text.js'

// The forms of attributes and of line table entries (DWARF 5, section 7.5.6; older ones have some of them).
const DW_FORM_addr = 0x01
const DW_FORM_block2 = 0x03
const DW_FORM_block4 = 0x04
const DW_FORM_data2 = 0x05
const DW_FORM_data4 = 0x06
const DW_FORM_data8 = 0x07
const DW_FORM_string = 0x08
const DW_FORM_block = 0x09
const DW_FORM_block1 = 0x0a
const DW_FORM_data1 = 0x0b
const DW_FORM_flag = 0x0c
const DW_FORM_sdata = 0x0d
const DW_FORM_strp = 0x0e
const DW_FORM_udata = 0x0f
const DW_FORM_sec_offset = 0x17
const DW_FORM_exprloc = 0x18
const DW_FORM_flag_present = 0x19
const DW_FORM_strx = 0x1a
const DW_FORM_addrx = 0x1b
const DW_FORM_data16 = 0x1e
const DW_FORM_line_strp = 0x1f
/** Has no bytes of its own: its value stands with the abbreviation. */
export const DW_FORM_implicit_const = 0x21
const DW_FORM_loclistx = 0x22
const DW_FORM_rnglistx = 0x23
const DW_FORM_strx1 = 0x25
const DW_FORM_strx2 = 0x26
const DW_FORM_strx3 = 0x27
const DW_FORM_strx4 = 0x28
const DW_FORM_addrx1 = 0x29
const DW_FORM_addrx2 = 0x2a
const DW_FORM_addrx3 = 0x2b
const DW_FORM_addrx4 = 0x2c

/** What the size and the place of a value depend on. */
export interface FormContext {
  /** Bytes of an offset into a section: 4 or 8. */
  readonly offsetSize: number
  /** Bytes of an address. */
  readonly addressSize: number
  /** Of `.debug_str`. */
  readonly names?: LineText | undefined
  /** Of `.debug_line_str`. */
  readonly text: LineText
}

/**
 * Reads, or passes over, a value.
 * @returns a text or a number, '?' for a text that is not to be had; undefined for what is neither
 * @throws RangeError for a form that is not known: what comes after it cannot be told; as `LineText.at`
 */
export function readForm(
  cursor: ByteCursor,
  form: number,
  context: FormContext,
): string | number | undefined {
  const { offsetSize, addressSize } = context
  switch (form) {
    case DW_FORM_string:
      return cursor.text()
    case DW_FORM_strp:
      return context.names?.at(cursor.word(offsetSize)) ?? '?'
    case DW_FORM_line_strp:
      return context.text.at(cursor.word(offsetSize))
    case DW_FORM_addr:
      cursor.skip(addressSize)
      return undefined
    case DW_FORM_sec_offset:
      return cursor.word(offsetSize)
    case DW_FORM_data1:
    case DW_FORM_flag:
      return cursor.u8()
    case DW_FORM_data2:
      return cursor.u16()
    case DW_FORM_data4:
      return cursor.u32()
    case DW_FORM_data8:
      return cursor.u64()
    case DW_FORM_udata:
      return cursor.uleb()
    case DW_FORM_sdata:
      return cursor.sleb()
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
      return undefined
    case DW_FORM_data16:
      cursor.skip(16)
      return undefined
    case DW_FORM_block:
    case DW_FORM_exprloc:
      cursor.skip(cursor.uleb())
      return undefined
    case DW_FORM_block1:
      cursor.skip(cursor.u8())
      return undefined
    case DW_FORM_block2:
      cursor.skip(cursor.u16())
      return undefined
    case DW_FORM_block4:
      cursor.skip(cursor.u32())
      return undefined
    // Numbers in tables that are not read.
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
      cursor.uleb()
      return undefined
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      cursor.skip(1)
      return undefined
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      cursor.skip(2)
      return undefined
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      cursor.skip(3)
      return undefined
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
      cursor.skip(4)
      return undefined
    default:
      throw new RangeError(`form ${form}`)
  }
}
