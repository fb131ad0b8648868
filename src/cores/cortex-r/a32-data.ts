import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op, Sub } from '../cortex-m/operation.js'

const PC = 15

/** Opcodes of "data-processing" (ARMv7-AR manual, A5.2.1). */
export const Data = {
  AND: 0,
  EOR: 1,
  SUB: 2,
  RSB: 3,
  ADD: 4,
  ADC: 5,
  SBC: 6,
  RSC: 7,
  TST: 8,
  TEQ: 9,
  CMP: 10,
  CMN: 11,
  ORR: 12,
  MOV: 13,
  BIC: 14,
  MVN: 15,
} as const

/** By opcode, with an immediate: plain and with flags. What is left out is made of others below. */
const immediateForms: readonly (readonly [Op, Op] | undefined)[] = [
  [Op.AND_IMM, Op.ANDS_IMM],
  [Op.EOR_IMM, Op.EORS_IMM],
  undefined,
  [Op.RSB_IMM, Op.RSBS_IMM],
  [Op.ADD_IMM, Op.ADDS_IMM],
  [Op.ADC_IMM, Op.ADCS_IMM],
  [Op.SBC_IMM, Op.SBCS_IMM],
  undefined,
  [Op.UNDEFINED, Op.TST_IMM],
  [Op.UNDEFINED, Op.TEQ_IMM],
  [Op.UNDEFINED, Op.CMP_IMM],
  [Op.UNDEFINED, Op.CMN_IMM],
  [Op.ORR_IMM, Op.ORRS_IMM],
  [Op.MOV_IMM, Op.MOVS_IMM],
]

/** By opcode, with a register that is not shifted. */
const registerForms: readonly (readonly [Op, Op] | undefined)[] = [
  [Op.AND, Op.ANDS],
  [Op.EOR, Op.EORS],
  [Op.SUB, Op.SUBS],
  undefined,
  [Op.ADD, Op.ADDS],
  [Op.ADC, Op.ADCS],
  [Op.SBC, Op.SBCS],
  undefined,
  [Op.UNDEFINED, Op.TST],
  undefined,
  [Op.UNDEFINED, Op.CMP],
  [Op.UNDEFINED, Op.CMN],
  [Op.ORR, Op.ORRS],
  [Op.MOV, Op.MOVS],
  [Op.BIC, Op.BICS],
  [Op.MVN, Op.MVNS],
]

/** By opcode, the number that SHIFTED has for it; RSC has none. */
const subs: readonly (Sub | undefined)[] = [
  ...[Sub.AND, Sub.EOR, Sub.SUB, Sub.RSB, Sub.ADD, Sub.ADC, Sub.SBC, undefined],
  ...[Sub.TST, Sub.TEQ, Sub.CMP, Sub.CMN, Sub.ORR, Sub.MOV, Sub.BIC, Sub.MVN],
]

/** By kind of shift, moves with an immediate amount. */
const shifts: readonly (readonly [Op, Op])[] = [
  [Op.LSL_IMM, Op.LSLS_IMM],
  [Op.LSR_IMM, Op.LSRS_IMM],
  [Op.ASR_IMM, Op.ASRS_IMM],
  [Op.ROR_IMM, Op.RORS_IMM],
]

const registerShifts: readonly (readonly [Op, Op])[] = [
  [Op.LSL_REG, Op.LSLS_REG],
  [Op.LSR_REG, Op.LSRS_REG],
  [Op.ASR_REG, Op.ASRS_REG],
  [Op.ROR_REG, Op.RORS_REG],
]

/** A32ExpandImm: an immediate, and its carry as `MOVS_IMM` has it. */
export function expandA32Immediate(word: number): { readonly imm: number; readonly carry: number } {
  const rotation = (word >>> 7) & 0x1e
  const value = word & 0xff
  if (rotation === 0) return { imm: value, carry: 0 }
  const imm = (value >>> rotation) | (value << (32 - rotation))
  return { imm, carry: 2 | (imm >>> 31) }
}

/** "Data-processing" with an immediate, a register, or a register shifted by a register. */
export function data(word: number, pc: number): Instruction {
  const opcode = (word >>> 21) & 15
  const s = (word >>> 20) & 1
  const rn = (word >>> 16) & 15
  const rd = (word >>> 12) & 15
  const rm = word & 15
  const immediate = (word & 0x0200_0000) !== 0
  const compares = opcode >= Data.TST && opcode <= Data.CMN
  const moves = opcode === Data.MOV || opcode === Data.MVN
  // Fields that are to be 0 where there is nothing to read or to write.
  if ((moves && rn !== 0) || (compares && rd !== 0)) return UNDEFINED
  const general = instruction(Op.A32_DATA, 0, 0, 0, word)
  if (rd === PC && !compares) {
    // MOV pc, LR and the like: with no flags to be restored they are jumps as BX is.
    const plain = opcode === Data.MOV && s === 0 && (word & 0x0200_0ff0) === 0 && rm !== PC
    return plain ? instruction(Op.BX, 0, 0, rm) : general
  }
  if (rn === PC && !moves) {
    // ADR: what it gives is known.
    if (immediate && s === 0 && (opcode === Data.ADD || opcode === Data.SUB)) {
      const { imm } = expandA32Immediate(word)
      const here = (pc + 8) | 0
      return instruction(Op.MOV_IMM, rd, 0, 0, (opcode === Data.ADD ? here + imm : here - imm) | 0)
    }
    return general
  }
  const target = compares ? 0 : rd
  const operand = moves ? 0 : rn
  if (immediate) return withImmediate(opcode, s, target, operand, word) ?? general
  if (rm === PC) {
    const here = opcode === Data.MOV && s === 0 && (word & 0xff0) === 0
    return here ? instruction(Op.MOV_IMM, rd, 0, 0, (pc + 8) | 0) : general
  }
  const kind = (word >>> 5) & 3
  if (word & 0x10) {
    const rs = (word >>> 8) & 15
    if (opcode !== Data.MOV || rs === PC) return general
    return instruction(registerShifts[kind]?.[s] ?? Op.UNDEFINED, rd, rm, rs)
  }
  return withRegister(opcode, s, target, operand, rm, kind, (word >>> 7) & 31) ?? general
}

function withImmediate(
  opcode: number,
  s: number,
  rd: number,
  rn: number,
  word: number,
): Instruction | undefined {
  const { imm, carry } = expandA32Immediate(word)
  switch (opcode) {
    case Data.SUB:
      return s
        ? instruction(Op.SUBS_IMM, rd, rn, 0, imm)
        : instruction(Op.ADD_IMM, rd, rn, 0, -imm | 0)
    case Data.BIC:
      return instruction(s ? Op.ANDS_IMM : Op.AND_IMM, rd, rn, carry, ~imm)
    case Data.MVN:
      return instruction(s ? Op.MOVS_IMM : Op.MOV_IMM, rd, 0, carry, ~imm)
    default: {
      const form = immediateForms[opcode]?.[s]
      return form === undefined ? undefined : instruction(form, rd, rn, carry, imm)
    }
  }
}

function withRegister(
  opcode: number,
  s: number,
  rd: number,
  rn: number,
  rm: number,
  kind: number,
  amount: number,
): Instruction | undefined {
  if (kind === 0 && amount === 0) {
    const form = registerForms[opcode]?.[s]
    if (form !== undefined) return instruction(form, rd, rn, rm)
  }
  if (opcode === Data.MOV) {
    if (kind === 3 && amount === 0) return instruction(s ? Op.RRXS : Op.RRX, rd, 0, rm)
    const by = kind === 0 ? amount : amount || 32
    return instruction(shifts[kind]?.[s] ?? Op.UNDEFINED, rd, 0, rm, by)
  }
  if (opcode === Data.ADD && s === 0 && kind === 0) {
    return instruction(Op.ADD_LSL, rd, rn, rm, amount)
  }
  const sub = subs[opcode]
  if (sub === undefined) return undefined
  return instruction(s ? Op.SHIFTED_S : Op.SHIFTED, rd, rn, rm, (sub << 8) | (kind << 5) | amount)
}

/** MOVW and MOVT. */
export function wideImmediate(word: number): Instruction {
  const rd = (word >>> 12) & 15
  const imm = ((word >>> 4) & 0xf000) | (word & 0xfff)
  if (rd === PC) return UNDEFINED
  return word & 0x0040_0000
    ? instruction(Op.MOVT, rd, 0, 0, imm << 16)
    : instruction(Op.MOV_IMM, rd, 0, 0, imm)
}
