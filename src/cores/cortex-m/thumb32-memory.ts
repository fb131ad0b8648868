import {
  block,
  type Instruction,
  instruction,
  POST_INDEXED,
  Row,
  UNDEFINED,
  WRITE_BACK,
} from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'
import { inRow } from './thumb16.js'

const SP = 13
const PC = 15

/** In the `imm` of LOAD_SPECIAL and of UNPRIVILEGED: what the address is made of. */
export const SPECIAL_REGISTER = 1 << 5
export const SPECIAL_WRITE_BACK = 1 << 6

/** By size (0 to 2), of unsigned loads, signed loads and stores. */
const unsignedLoads = [Row.LDRB, Row.LDRH, Row.LDR] as const
const signedLoads = [Row.LDRSB, Row.LDRSH] as const
const stores = [Row.STRB, Row.STRH, Row.STR] as const

/** Loads and stores of one register, and the hints to the caches among them. */
export function single(first: number, second: number, pc: number): Instruction {
  const load = (first & 0x10) !== 0
  const signed = (first & 0x100) !== 0
  const size = (first >>> 5) & 3
  const rn = first & 15
  const rt = second >>> 12
  if (size === 3) return UNDEFINED
  if (signed && (!load || size === 2)) return UNDEFINED
  const row = load
    ? signed
      ? (signedLoads[size] ?? Row.LDRSB)
      : (unsignedLoads[size] ?? Row.LDR)
    : (stores[size] ?? Row.STR)
  const word = row === Row.LDR || row === Row.STR
  if (rn === PC) return load ? literal(first, second, pc, row, rt) : UNDEFINED
  // PLD, PLI and the hints beside them stand where byte and halfword loads of the pc would.
  const hint = load && !word && rt === PC
  if (rt === PC && !load) return UNDEFINED
  if (rt === SP && !word) return UNDEFINED
  const plain = word ? rt !== PC && rt !== SP : true
  if (first & 0x80) {
    const imm = second & 0xfff
    if (hint) return instruction(Op.NOP)
    return plain || row === Row.STR
      ? instruction(inRow(Op.LDR, row), rt, rn, 0, imm)
      : instruction(Op.LOAD_SPECIAL, rt, rn, 0, (imm << 8) | row)
  }
  if ((second & 0x800) === 0) {
    const rm = second & 15
    const shift = (second >>> 4) & 3
    if (second & 0x7c0 || rm === SP || rm === PC) return UNDEFINED
    if (hint) return instruction(Op.NOP)
    return plain || row === Row.STR
      ? instruction(inRow(Op.LDR_REG, row), rt, rn, rm, shift)
      : instruction(Op.LOAD_SPECIAL, rt, rn, rm, (shift << 8) | SPECIAL_REGISTER | row)
  }
  return indexed(second, row, rt, rn, plain, hint)
}

function indexed(
  second: number,
  row: Row,
  rt: number,
  rn: number,
  plain: boolean,
  hint: boolean,
): Instruction {
  const load = row < Row.STR
  const before = (second & 0x400) !== 0
  const offset = second & 0x200 ? second & 0xff : -(second & 0xff)
  const writeBack = (second & 0x100) !== 0
  if (!before && !writeBack) return UNDEFINED
  if (before && !writeBack) {
    if (second & 0x200) {
      if (rt === SP || rt === PC) return UNDEFINED
      return instruction(Op.UNPRIVILEGED, rt, rn, 0, (offset << 8) | row)
    }
    if (hint) return instruction(Op.NOP)
    return plain || row === Row.STR
      ? instruction(inRow(Op.LDR, row), rt, rn, 0, offset)
      : instruction(Op.LOAD_SPECIAL, rt, rn, 0, (offset << 8) | row)
  }
  if (rt === rn || hint) return UNDEFINED
  const imm = (offset << 8) | row | (before ? 0 : POST_INDEXED)
  if (!plain || rn === SP) {
    return instruction(Op.LOAD_SPECIAL, rt, rn, 0, imm | SPECIAL_WRITE_BACK)
  }
  return instruction(load ? Op.LOAD_INDEXED : Op.STORE_INDEXED, rt, rn, 0, imm)
}

function literal(first: number, second: number, pc: number, row: Row, rt: number): Instruction {
  const imm = second & 0xfff
  const address = ((pc & ~3) + 4 + (first & 0x80 ? imm : -imm)) | 0
  if (row === Row.LDR) {
    // LOAD_SPECIAL at a fixed address: the register form, with no register.
    if (rt === PC || rt === SP) return instruction(Op.LOAD_LITERAL_SPECIAL, rt, 0, 0, address)
    return instruction(Op.LDR_LITERAL, rt, 0, 0, address)
  }
  if (rt === PC) return instruction(Op.NOP)
  if (rt === SP) return UNDEFINED
  return instruction(Op.LOAD_LITERAL, rt, 0, row, address)
}

/** "Load multiple and store multiple". */
export function multiple(first: number, second: number): Instruction {
  const load = (first & 0x10) !== 0
  const back = (first & 0x20) !== 0
  const kind = (first >>> 7) & 3
  const rn = first & 15
  if (rn === PC || (kind !== 1 && kind !== 2)) return UNDEFINED
  const list = second & 0xffff
  if (list & (1 << SP) || (list & (list - 1)) === 0) return UNDEFINED
  if (load ? (list & 0xc000) === 0xc000 : list & 0x8000) return UNDEFINED
  if (back && (list >>> rn) & 1) return UNDEFINED
  const imm = list | (back ? WRITE_BACK : 0)
  if (kind === 1) {
    if (load && rn === SP && back) {
      return list & 0x8000 ? block(Op.POP_PC, SP, list & 0x7fff) : block(Op.POP, SP, list)
    }
    if (load && list & 0x8000) return block(Op.LDM_SPECIAL, rn, imm)
    return block(load ? Op.LDMIA : Op.STMIA, rn, imm)
  }
  if (!load && rn === SP && back) return block(Op.PUSH, SP, list)
  if (load && list & 0x8000) return block(Op.LDM_SPECIAL, rn, imm | DECREMENT)
  return block(load ? Op.LDMDB : Op.STMDB, rn, imm)
}

/** In the `imm` of LDM_SPECIAL: LDMDB. */
export const DECREMENT = 1 << 17

/** "Load/store dual or exclusive, table branch". */
export function dualOrExclusive(
  first: number,
  second: number,
  pc: number,
  part: ArmPart,
): Instruction {
  const rn = first & 15
  const rt = second >>> 12
  const rt2 = (second >>> 8) & 15
  const load = (first & 0x10) !== 0
  const before = (first & 0x100) !== 0
  const back = (first & 0x20) !== 0
  if (before || back) {
    const size = (second & 0xff) * 4
    const offset = first & 0x80 ? size : -size
    if (part.architecture === 'v8-m' && first === 0xe97f && second === 0xe97f) {
      return instruction(Op.NOP) // SG
    }
    if (rt === SP || rt === PC || rt2 === SP || rt2 === PC) return UNDEFINED
    if (load && rt === rt2) return UNDEFINED
    if (rn === PC) {
      if (!load || back) return UNDEFINED
      const address = ((pc & ~3) + 4 + offset) | 0
      return instruction(Op.LDRD_LITERAL, rt, 0, rt2, address)
    }
    if (!back) return instruction(load ? Op.LDRD : Op.STRD, rt, rn, rt2, offset)
    if (rn === rt || rn === rt2) return UNDEFINED
    const imm = (offset << 8) | (before ? 0 : POST_INDEXED)
    return instruction(load ? Op.LDRD_INDEXED : Op.STRD_INDEXED, rt, rn, rt2, imm)
  }
  return (first & 0x80) === 0
    ? exclusiveWord(first, second, part)
    : exclusiveOther(first, second, part)
}

function exclusiveWord(first: number, second: number, part: ArmPart): Instruction {
  const rn = first & 15
  const rt = second >>> 12
  const rd = (second >>> 8) & 15
  const imm = (second & 0xff) * 4
  if (first & 0x10) {
    if (rd !== PC || rt === SP || rt === PC || rn === PC) return UNDEFINED
    return instruction(Op.LDREX, rt, rn, 0, (imm << 8) | 4)
  }
  // TT, TTT, TTA, TTAT of ARMv8-M.
  if (rt === PC && part.architecture === 'v8-m') {
    if (second & 0x3f || rd === SP || rd === PC || rn === PC) return UNDEFINED
    return instruction(Op.TT, rd, rn, 0, (second >>> 6) & 3)
  }
  if (rd === SP || rd === PC || rt === SP || rt === PC || rn === PC) return UNDEFINED
  if (rd === rn || rd === rt) return UNDEFINED
  return instruction(Op.STREX, rt, rn, rd, (imm << 8) | 4)
}

/** In the `imm` of LDA and STL, LDREX and STREX: the size in bytes. */
const sizes = [1, 2, 4] as const

/** By op3: table branches, byte and halfword exclusives, ordered accesses of ARMv8-M. */
function exclusiveOther(first: number, second: number, part: ArmPart): Instruction {
  const rn = first & 15
  const rt = second >>> 12
  const rt2 = (second >>> 8) & 15
  const rd = second & 15
  const load = (first & 0x10) !== 0
  const op3 = (second >>> 4) & 15
  const size = sizes[op3 & 3]
  if (op3 < 2) {
    if (!load || rt !== PC || rt2 !== 0 || rd === SP || rd === PC || rn === SP) return UNDEFINED
    return instruction(op3 === 0 ? Op.TBB : Op.TBH, 0, rn, rd)
  }
  if (rn === PC || rt === PC || rt === SP || rt2 !== PC || size === undefined) return UNDEFINED
  const exclusive = op3 === 4 || op3 === 5 || op3 >= 12
  const ordered = op3 >= 8
  if (ordered && part.architecture !== 'v8-m') return UNDEFINED
  if (op3 === 6) return UNDEFINED
  if (exclusive && !load) {
    if (rd === PC || rd === SP || rd === rn || rd === rt) return UNDEFINED
    return instruction(Op.STREX, rt, rn, rd, size)
  }
  if (rd !== PC) return UNDEFINED
  if (exclusive) return instruction(Op.LDREX, rt, rn, 0, size)
  if (!ordered) return UNDEFINED
  return instruction(load ? Op.LDA : Op.STL, rt, rn, 0, size)
}
