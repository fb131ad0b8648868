import {
  type Instruction,
  instruction,
  block as listed,
  POST_INDEXED,
  Row,
  UNDEFINED,
  WRITE_BACK,
} from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import { inRow } from '../cortex-m/thumb16.js'

const SP = 13
const PC = 15

/** Bits of loads and stores (ARMv7-AR manual, A5.3). */
export const BEFORE = 1 << 24
export const UP = 1 << 23
export const BYTE = 1 << 22
export const BACK = 1 << 21
export const LOAD = 1 << 20
export const REGISTER = 1 << 25
/** Of the small ones: the offset is an immediate. */
export const SMALL_IMMEDIATE = 1 << 22

/** "Load/store word and unsigned byte". */
export function transfer(word: number, pc: number): Instruction {
  const rn = (word >>> 16) & 15
  const rt = (word >>> 12) & 15
  const load = (word & LOAD) !== 0
  const byte = (word & BYTE) !== 0
  const general = instruction(Op.A32_TRANSFER, 0, 0, 0, word)
  const row = load ? (byte ? Row.LDRB : Row.LDR) : byte ? Row.STRB : Row.STR
  if (rt === PC) return byte ? UNDEFINED : general
  if (word & REGISTER) {
    const rm = word & 15
    const plain = (word & (BEFORE | UP | BACK | 0x60)) === (BEFORE | UP)
    if (!plain || rn === PC || rm === PC) return general
    return instruction(inRow(Op.LDR_REG, row), rt, rn, rm, (word >>> 7) & 31)
  }
  const offset = word & UP ? word & 0xfff : -(word & 0xfff)
  return immediate(word, pc, row, rt, rn, offset, general)
}

/** One with an immediate, of either kind. */
function immediate(
  word: number,
  pc: number,
  row: Row,
  rt: number,
  rn: number,
  offset: number,
  general: Instruction,
): Instruction {
  const load = row < Row.STR
  const kind = word & (BEFORE | BACK)
  // LDRT and its kin: post-indexed with a W bit.
  if (kind === BACK) return general
  if (kind === BEFORE) {
    if (rn !== PC) return instruction(inRow(Op.LDR, row), rt, rn, 0, offset)
    if (!load) return general
    const address = (pc + 8 + offset) | 0
    return row === Row.LDR
      ? instruction(Op.LDR_LITERAL, rt, 0, 0, address)
      : instruction(Op.LOAD_LITERAL, rt, 0, row, address)
  }
  if (rn === PC || rn === rt) return general
  const imm = (offset << 8) | row | (kind === 0 ? POST_INDEXED : 0)
  return instruction(load ? Op.LOAD_INDEXED : Op.STORE_INDEXED, rt, rn, 0, imm)
}

/** By bits 6 and 5: what loads are. */
const smallLoads = [undefined, Row.LDRH, Row.LDRSB, Row.LDRSH] as const

/** "Extra load/store": halves, signed bytes, pairs. */
export function small(word: number, pc: number): Instruction {
  const rn = (word >>> 16) & 15
  const rt = (word >>> 12) & 15
  const which = (word >>> 5) & 3
  const load = (word & LOAD) !== 0
  const general = instruction(Op.A32_TRANSFER_SMALL, 0, 0, 0, word)
  const pair = !load && which >= 2
  if (rt === PC || (pair && (rt & 1) !== 0)) return UNDEFINED
  if ((word & SMALL_IMMEDIATE) === 0) return (word & 15) === PC ? UNDEFINED : general
  const size = ((word >>> 4) & 0xf0) | (word & 15)
  const offset = word & UP ? size : -size
  if (pair) {
    if (rt === SP - 1 || rn === PC || (word & (BEFORE | BACK)) !== BEFORE) return general
    return instruction(which === 2 ? Op.LDRD : Op.STRD, rt, rn, rt + 1, offset)
  }
  const row = load ? smallLoads[which] : Row.STRH
  return row === undefined ? UNDEFINED : immediate(word, pc, row, rt, rn, offset, general)
}

/** Bits of LDM and STM: the registers are user mode's, or CPSR comes with the pc. */
export const OTHER_MODE = 1 << 22

/** "Block data transfer". */
export function block(word: number): Instruction {
  const rn = (word >>> 16) & 15
  const list = word & 0xffff
  const before = (word & BEFORE) !== 0
  const up = (word & UP) !== 0
  const back = (word & BACK) !== 0
  const load = (word & LOAD) !== 0
  if (rn === PC || list === 0) return UNDEFINED
  const general = instruction(Op.A32_BLOCK, 0, 0, 0, word)
  if (word & OTHER_MODE || before === up || (back && (list >>> rn) & 1)) return general
  // LDMIA and STMDB are POP and PUSH where they change SP.
  if (rn === SP && back) {
    if (!load && !up && (list & 0x8000) === 0) return listed(Op.PUSH, SP, list)
    if (load && up) {
      return list & 0x8000 ? listed(Op.POP_PC, SP, list & 0x7fff) : listed(Op.POP, SP, list)
    }
    return general
  }
  if (list & 0x8000) return general
  const imm = list | (back ? WRITE_BACK : 0)
  if (load) return listed(up ? Op.LDMIA : Op.LDMDB, rn, imm)
  return listed(up ? Op.STMIA : Op.STMDB, rn, imm)
}
