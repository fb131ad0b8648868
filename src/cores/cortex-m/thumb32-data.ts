import { type Instruction, instruction, UNDEFINED } from './instruction.js'
import { Op, Sub } from './operation.js'

const SP = 13
const PC = 15

/** In the `imm` of SHIFTED_SPECIAL: the flags are set. */
export const SPECIAL_FLAGS = 1 << 16

/** Opcodes of "data processing (modified immediate)", the same as those of `Sub`. */
interface Forms {
  readonly plain: Op
  readonly s: Op
}

const immediateForms: ReadonlyMap<number, Forms> = new Map([
  [Sub.AND, { plain: Op.AND_IMM, s: Op.ANDS_IMM }],
  [Sub.ORR, { plain: Op.ORR_IMM, s: Op.ORRS_IMM }],
  [Sub.EOR, { plain: Op.EOR_IMM, s: Op.EORS_IMM }],
  [Sub.ADD, { plain: Op.ADD_IMM, s: Op.ADDS_IMM }],
  [Sub.ADC, { plain: Op.ADC_IMM, s: Op.ADCS_IMM }],
  [Sub.SBC, { plain: Op.SBC_IMM, s: Op.SBCS_IMM }],
  [Sub.RSB, { plain: Op.RSB_IMM, s: Op.RSBS_IMM }],
])

const registerForms: ReadonlyMap<number, Forms> = new Map([
  [Sub.AND, { plain: Op.AND, s: Op.ANDS }],
  [Sub.BIC, { plain: Op.BIC, s: Op.BICS }],
  [Sub.ORR, { plain: Op.ORR, s: Op.ORRS }],
  [Sub.EOR, { plain: Op.EOR, s: Op.EORS }],
  [Sub.ADD, { plain: Op.ADD, s: Op.ADDS }],
  [Sub.ADC, { plain: Op.ADC, s: Op.ADCS }],
  [Sub.SBC, { plain: Op.SBC, s: Op.SBCS }],
  [Sub.SUB, { plain: Op.SUB, s: Op.SUBS }],
])

/** ThumbExpandImm: the constant that 12 bits stand for. */
export function expandImmediate(imm12: number): number {
  const imm8 = imm12 & 0xff
  if (imm12 < 0x400) {
    switch (imm12 >>> 8) {
      case 0:
        return imm8
      case 1:
        return (imm8 << 16) | imm8
      case 2:
        return (imm8 << 24) | (imm8 << 8)
      default:
        return (imm8 << 24) | (imm8 << 16) | (imm8 << 8) | imm8
    }
  }
  const rotation = imm12 >>> 7
  const value = 0x80 | (imm12 & 0x7f)
  return (value >>> rotation) | (value << (32 - rotation))
}

/** "Data processing (modified immediate)". */
export function modifiedImmediate(first: number, second: number): Instruction {
  const opcode = (first >>> 5) & 15
  const s = (first & 0x10) !== 0
  const rn = first & 15
  const rd = (second >>> 8) & 15
  const imm12 = ((first & 0x400) << 1) | ((second >>> 4) & 0x700) | (second & 0xff)
  const imm = expandImmediate(imm12)
  // The carry of a rotated constant is its sign; the others leave C alone.
  const carry = imm12 < 0x400 ? 0 : 2 | (imm >>> 31)
  if (rd === PC) {
    if (!s) return UNDEFINED
    switch (opcode) {
      case Sub.AND:
        return instruction(Op.TST_IMM, 0, rn, carry, imm)
      case Sub.EOR:
        return instruction(Op.TEQ_IMM, 0, rn, carry, imm)
      case Sub.ADD:
        return instruction(Op.CMN_IMM, 0, rn, 0, imm)
      case Sub.SUB:
        return instruction(Op.CMP_IMM, 0, rn, 0, imm)
      default:
        return UNDEFINED
    }
  }
  if (rd === SP && (rn !== SP || (opcode !== Sub.ADD && opcode !== Sub.SUB))) return UNDEFINED
  if (rd === SP) {
    const op = s ? Op.ADDS_SP_IMM : Op.ADD_SP_IMM
    // With flags, adding the complement is not the same: rm tells that it subtracts.
    if (s) return instruction(op, rd, rn, opcode === Sub.SUB ? 1 : 0, imm)
    return instruction(op, rd, rn, 0, opcode === Sub.ADD ? imm : -imm)
  }
  if (rn === PC && opcode !== Sub.ORR && opcode !== Sub.ORN) return UNDEFINED
  switch (opcode) {
    case Sub.BIC:
      return instruction(s ? Op.ANDS_IMM : Op.AND_IMM, rd, rn, carry, ~imm)
    case Sub.ORR:
      if (rn === PC) return instruction(s ? Op.MOVS_IMM : Op.MOV_IMM, rd, 0, carry, imm)
      break
    case Sub.ORN:
      return rn === PC
        ? instruction(s ? Op.MOVS_IMM : Op.MOV_IMM, rd, 0, carry, ~imm)
        : instruction(s ? Op.ORRS_IMM : Op.ORR_IMM, rd, rn, carry, ~imm)
    case Sub.SUB:
      return s ? instruction(Op.SUBS_IMM, rd, rn, 0, imm) : instruction(Op.ADD_IMM, rd, rn, 0, -imm)
  }
  const forms = immediateForms.get(opcode)
  if (forms === undefined) return UNDEFINED
  return instruction(s ? forms.s : forms.plain, rd, rn, carry, imm)
}

/** "Data processing (plain binary immediate)", but saturation. */
export function plainImmediate(first: number, second: number, pc: number): Instruction {
  const rn = first & 15
  const rd = (second >>> 8) & 15
  const imm12 = ((first & 0x400) << 1) | ((second >>> 4) & 0x700) | (second & 0xff)
  const lowest = ((second >>> 10) & 0x1c) | ((second >>> 6) & 3)
  const last = second & 31
  if (rd === PC || (rd === SP && (first & 0x1f0) !== 0 && (first & 0x1f0) !== 0xa0)) {
    return UNDEFINED
  }
  switch ((first >>> 4) & 31) {
    case 0x00: // ADDW, ADR
    case 0x0a: {
      // SUBW, ADR
      const imm = first & 0x80 ? -imm12 : imm12
      if (rn === PC) {
        return rd === SP ? UNDEFINED : instruction(Op.MOV_IMM, rd, 0, 0, ((pc & ~3) + 4 + imm) | 0)
      }
      if (rd === SP && rn !== SP) return UNDEFINED
      return instruction(rd === SP ? Op.ADD_SP_IMM : Op.ADD_IMM, rd, rn, 0, imm)
    }
    case 0x04: // MOVW
      return instruction(Op.MOV_IMM, rd, 0, 0, (rn << 12) | imm12)
    case 0x0c: // MOVT
      return instruction(Op.MOVT, rd, 0, 0, ((rn << 12) | imm12) << 16)
    case 0x10: // SSAT
    case 0x12:
    case 0x18: // USAT
    case 0x1a:
      return saturate(first, second, rd, rn, lowest, last)
    case 0x14: // SBFX
    case 0x1c: // UBFX
      if (lowest + last > 31 || rn === SP || rn === PC || second & 0x20) return UNDEFINED
      return instruction(first & 0x80 ? Op.UBFX : Op.SBFX, rd, rn, 0, lowest | ((last + 1) << 8))
    case 0x16: // BFI, BFC
      if (last < lowest || rn === SP || second & 0x20) return UNDEFINED
      return rn === PC
        ? instruction(Op.BFC, rd, 0, 0, lowest | ((last - lowest + 1) << 8))
        : instruction(Op.BFI, rd, rn, 0, lowest | ((last - lowest + 1) << 8))
    default:
      return UNDEFINED
  }
}

function saturate(
  first: number,
  second: number,
  rd: number,
  rn: number,
  shift: number,
  bits: number,
): Instruction {
  const signed = (first & 0x80) === 0
  const right = (first & 0x20) !== 0
  if (rn === SP || rn === PC || second & 0x20) return UNDEFINED
  if (right && shift === 0) {
    if (second & 0x10) return UNDEFINED
    return instruction(signed ? Op.SSAT16 : Op.USAT16, rd, rn, 0, bits)
  }
  return instruction(
    signed ? Op.SSAT : Op.USAT,
    rd,
    rn,
    0,
    bits | (shift << 8) | (right ? 1 << 16 : 0),
  )
}

/** "Data processing (shifted register)". */
export function shiftedRegister(first: number, second: number): Instruction {
  const opcode = (first >>> 5) & 15
  const s = (first & 0x10) !== 0
  const rn = first & 15
  const rd = (second >>> 8) & 15
  const rm = second & 15
  const kind = (second >>> 4) & 3
  const amount = ((second >>> 10) & 0x1c) | ((second >>> 6) & 3)
  if (opcode === 6) {
    if (s || second & 0x10 || rd === SP || rd === PC) return UNDEFINED
    return instruction(Op.PKH, rd, rn, rm, ((kind >>> 1) << 9) | (amount << 4))
  }
  if (rm === PC || rm === SP) {
    const moves = opcode === Sub.ORR && rn === PC && kind === 0 && amount === 0
    if (!(moves && rm === SP && rd !== SP && rd !== PC)) return UNDEFINED
  }
  if (rd === PC) return s ? flagsOnly(opcode, rn, rm, (kind << 5) | amount) : UNDEFINED
  if (opcode === Sub.ORR && rn === PC) return move(s, rd, rm, kind, amount)
  if (rd === SP) {
    const sums = (opcode === Sub.ADD || opcode === Sub.SUB) && rn === SP
    if (!sums) return UNDEFINED
    const imm = (opcode << 8) | (kind << 5) | amount | (s ? SPECIAL_FLAGS : 0)
    return instruction(Op.SHIFTED_SPECIAL, rd, rn, rm, imm)
  }
  if (kind === 0 && amount === 0 && rn !== PC) {
    const forms = registerForms.get(opcode)
    if (forms !== undefined) return instruction(s ? forms.s : forms.plain, rd, rn, rm)
  }
  if (kind === 0 && !s && opcode === Sub.ADD && rn !== PC) {
    return instruction(Op.ADD_LSL, rd, rn, rm, amount)
  }
  let sub: number = opcode
  if (opcode === Sub.ORN && rn === PC) sub = Sub.MVN
  else if (rn === PC) return UNDEFINED
  if (!knownSubs.has(sub)) return UNDEFINED
  const op = s ? Op.SHIFTED_S : Op.SHIFTED
  return instruction(op, rd, sub === Sub.MVN ? 0 : rn, rm, (sub << 8) | (kind << 5) | amount)
}

const knownSubs: ReadonlySet<number> = new Set(Object.values(Sub))

function flagsOnly(opcode: number, rn: number, rm: number, shift: number): Instruction {
  if (rn === PC) return UNDEFINED
  switch (opcode) {
    case Sub.AND:
      return shift === 0
        ? instruction(Op.TST, 0, rn, rm)
        : instruction(Op.SHIFTED_S, 0, rn, rm, (Sub.TST << 8) | shift)
    case Sub.EOR:
      return instruction(Op.SHIFTED_S, 0, rn, rm, (Sub.TEQ << 8) | shift)
    case Sub.ADD:
      return shift === 0
        ? instruction(Op.CMN, 0, rn, rm)
        : instruction(Op.SHIFTED_S, 0, rn, rm, (Sub.CMN << 8) | shift)
    case Sub.SUB:
      return shift === 0
        ? instruction(Op.CMP, 0, rn, rm)
        : instruction(Op.SHIFTED_S, 0, rn, rm, (Sub.CMP << 8) | shift)
    default:
      return UNDEFINED
  }
}

/** "Move register and immediate shifts". */
function move(s: boolean, rd: number, rm: number, kind: number, amount: number): Instruction {
  switch (kind) {
    case 0:
      if (amount !== 0) return instruction(s ? Op.LSLS_IMM : Op.LSL_IMM, rd, 0, rm, amount)
      if (rd === SP) return s ? UNDEFINED : instruction(Op.MOV_SP, rd, 0, rm)
      return instruction(s ? Op.MOVS : Op.MOV, rd, 0, rm)
    case 1:
      return instruction(s ? Op.LSRS_IMM : Op.LSR_IMM, rd, 0, rm, amount || 32)
    case 2:
      return instruction(s ? Op.ASRS_IMM : Op.ASR_IMM, rd, 0, rm, amount || 32)
    default:
      if (amount === 0) return instruction(s ? Op.RRXS : Op.RRX, rd, 0, rm)
      return instruction(s ? Op.RORS_IMM : Op.ROR_IMM, rd, 0, rm, amount)
  }
}
