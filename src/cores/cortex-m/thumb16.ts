import {
  block,
  guard,
  type Instruction,
  instruction,
  Row,
  UNDEFINED,
  WRITE_BACK,
} from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'

const SP = 13
const PC = 15

/** The S form of an operation, which inside an IT block leaves the flags alone. */
interface Pair {
  readonly s: Op
  readonly plain: Op
}

const shifts: readonly Pair[] = [
  { s: Op.LSLS_IMM, plain: Op.LSL_IMM },
  { s: Op.LSRS_IMM, plain: Op.LSR_IMM },
  { s: Op.ASRS_IMM, plain: Op.ASR_IMM },
]

/** "Data processing" by opcode; the operand is in bits 5..3, the other and result in 2..0. */
const dataProcessing: readonly Pair[] = [
  { s: Op.ANDS, plain: Op.AND },
  { s: Op.EORS, plain: Op.EOR },
  { s: Op.LSLS_REG, plain: Op.LSL_REG },
  { s: Op.LSRS_REG, plain: Op.LSR_REG },
  { s: Op.ASRS_REG, plain: Op.ASR_REG },
  { s: Op.ADCS, plain: Op.ADC },
  { s: Op.SBCS, plain: Op.SBC },
  { s: Op.RORS_REG, plain: Op.ROR_REG },
  { s: Op.TST, plain: Op.TST },
  { s: Op.RSBS_IMM, plain: Op.RSB_IMM },
  { s: Op.CMP, plain: Op.CMP },
  { s: Op.CMN, plain: Op.CMN },
  { s: Op.ORRS, plain: Op.ORR },
  { s: Op.MULS, plain: Op.MUL },
  { s: Op.BICS, plain: Op.BIC },
  { s: Op.MVNS, plain: Op.MVN },
]

/** By bits 11..9 of "load/store (register offset)". */
const registerOffset = [
  Row.STR,
  Row.STRH,
  Row.STRB,
  Row.LDRSB,
  Row.LDR,
  Row.LDRH,
  Row.LDRB,
  Row.LDRSH,
] as const

const conditional = [
  Op.BEQ,
  Op.BNE,
  Op.BCS,
  Op.BCC,
  Op.BMI,
  Op.BPL,
  Op.BVS,
  Op.BVC,
  Op.BHI,
  Op.BLS,
  Op.BGE,
  Op.BLT,
  Op.BGT,
  Op.BLE,
] as const

/** The branch on condition `cond` (0 to 13). */
export function branchOn(cond: number): Op {
  return conditional[cond] ?? Op.B
}

/** The operation at place `row` of the row of loads and stores that begins at `first`. */
export function inRow(first: typeof Op.LDR | typeof Op.LDR_REG, row: number): Op {
  return (first + row) as Op
}

const extends16 = [Op.SXTH, Op.SXTB, Op.UXTH, Op.UXTB] as const
const reversals = [Op.REV, Op.REV16, Op.UNDEFINED, Op.REVSH] as const
const hints = [Op.NOP, Op.NOP, Op.WFE, Op.WFI, Op.SEV] as const

/** True where `half` is the first half of a 32-bit instruction. */
export function isLong(half: number): boolean {
  return half >>> 11 >= 0x1d
}

/**
 * Decodes a 16-bit instruction (ARMv7-M manual, A5.2).
 * @param pc its address @param inBlock whether it is in an IT block
 */
export function decode16(half: number, pc: number, part: ArmPart, inBlock: boolean): Instruction {
  const low = half & 7
  const middle = (half >>> 3) & 7
  const register8 = (half >>> 8) & 7
  const imm8 = half & 0xff
  const imm5 = (half >>> 6) & 31
  const flags = (pair: Pair): Op => (inBlock ? pair.plain : pair.s)
  switch (half >>> 11) {
    case 0: // LSL
      if (imm5 === 0) return instruction(inBlock ? Op.MOV : Op.MOVS, low, 0, middle)
      return instruction(flags(pick(shifts, 0)), low, 0, middle, imm5)
    case 1: // LSR
    case 2: // ASR
      return instruction(flags(pick(shifts, half >>> 11)), low, 0, middle, imm5 || 32)
    case 3: {
      const third = (half >>> 6) & 7
      if (half & 0x400) {
        if ((half & 0x200) === 0) {
          return instruction(inBlock ? Op.ADD_IMM : Op.ADDS_IMM, low, middle, 0, third)
        }
        return inBlock
          ? instruction(Op.ADD_IMM, low, middle, 0, -third)
          : instruction(Op.SUBS_IMM, low, middle, 0, third)
      }
      const add = inBlock ? Op.ADD : Op.ADDS
      const sub = inBlock ? Op.SUB : Op.SUBS
      return instruction(half & 0x200 ? sub : add, low, middle, third)
    }
    case 4:
      return instruction(inBlock ? Op.MOV_IMM : Op.MOVS_IMM, register8, 0, 0, imm8)
    case 5:
      return instruction(Op.CMP_IMM, 0, register8, 0, imm8)
    case 6:
      return instruction(inBlock ? Op.ADD_IMM : Op.ADDS_IMM, register8, register8, 0, imm8)
    case 7:
      return inBlock
        ? instruction(Op.ADD_IMM, register8, register8, 0, -imm8)
        : instruction(Op.SUBS_IMM, register8, register8, 0, imm8)
    case 8:
      if (half & 0x400) return highRegisters(half, pc, part)
      return lowRegisters(flags(pick(dataProcessing, (half >>> 6) & 15)), low, middle)
    case 9: {
      const address = ((pc & ~3) + 4 + imm8 * 4) | 0
      return instruction(Op.LDR_LITERAL, register8, 0, 0, address)
    }
    case 10:
    case 11: {
      const row = registerOffset[(half >>> 9) & 7] ?? Row.LDR
      return instruction(inRow(Op.LDR_REG, row), low, middle, (half >>> 6) & 7)
    }
    case 12:
      return instruction(Op.STR, low, middle, 0, imm5 * 4)
    case 13:
      return instruction(Op.LDR, low, middle, 0, imm5 * 4)
    case 14:
      return instruction(Op.STRB, low, middle, 0, imm5)
    case 15:
      return instruction(Op.LDRB, low, middle, 0, imm5)
    case 16:
      return instruction(Op.STRH, low, middle, 0, imm5 * 2)
    case 17:
      return instruction(Op.LDRH, low, middle, 0, imm5 * 2)
    case 18:
      return instruction(Op.STR, register8, SP, 0, imm8 * 4)
    case 19:
      return instruction(Op.LDR, register8, SP, 0, imm8 * 4)
    case 20: // ADR
      return instruction(Op.MOV_IMM, register8, 0, 0, ((pc & ~3) + 4 + imm8 * 4) | 0)
    case 21:
      return instruction(Op.ADD_IMM, register8, SP, 0, imm8 * 4)
    case 22:
    case 23:
      return miscellaneous(half, part)
    case 24: // STM
      return block(Op.STMIA, register8, imm8 | WRITE_BACK)
    case 25: // LDM
      return block(Op.LDMIA, register8, imm8 | ((imm8 >>> register8) & 1 ? 0 : WRITE_BACK))
    case 26:
    case 27: {
      const cond = (half >>> 8) & 15
      if (cond === 14) return instruction(Op.UNDEFINED)
      if (cond === 15) return instruction(Op.SVC, 0, 0, 0, imm8)
      return instruction(branchOn(cond), 0, 0, 0, 2 + ((imm8 << 24) >> 23))
    }
    case 28:
      return instruction(Op.B, 0, 0, 0, 2 + (((half & 0x7ff) << 21) >> 20))
    default:
      return UNDEFINED
  }
}

function pick(pairs: readonly Pair[], index: number): Pair {
  return pairs[index] ?? { s: Op.UNDEFINED, plain: Op.UNDEFINED }
}

function lowRegisters(op: Op, rd: number, rm: number): Instruction {
  switch (op) {
    case Op.RSBS_IMM:
    case Op.RSB_IMM:
      return instruction(op, rd, rm, 0, 0)
    case Op.MVNS:
    case Op.MVN:
      return instruction(op, rd, 0, rm)
    default:
      return instruction(op, rd, rd, rm)
  }
}

/** "Special data instructions and branch and exchange". */
function highRegisters(half: number, pc: number, part: ArmPart): Instruction {
  const rd = (half & 7) | ((half >>> 4) & 8)
  const rm = (half >>> 3) & 15
  const here = (pc + 4) | 0
  switch ((half >>> 8) & 3) {
    case 0: // ADD
      if (rd === PC) return rm === PC ? UNDEFINED : instruction(Op.ADD_PC, 0, 0, rm, here)
      if (rd === SP) {
        // SP = SP + rm with LSL #0: the form that SHIFTED has.
        return rm === PC ? UNDEFINED : instruction(Op.SHIFTED_SPECIAL, rd, SP, rm, 8 << 8)
      }
      return rm === PC ? instruction(Op.ADD_IMM, rd, rd, 0, here) : instruction(Op.ADD, rd, rd, rm)
    case 1: // CMP
      return rd === PC || rm === PC ? UNDEFINED : instruction(Op.CMP, 0, rd, rm)
    case 2: // MOV
      if (rm === PC) {
        return rd === PC || rd === SP ? UNDEFINED : instruction(Op.MOV_IMM, rd, 0, 0, here)
      }
      if (rd === PC) return instruction(Op.MOV_PC, 0, 0, rm)
      return instruction(rd === SP ? Op.MOV_SP : Op.MOV, rd, 0, rm)
    default: {
      const link = (half & 0x80) !== 0
      if (part.architecture === 'v8-m' && (half & 7) === 4) {
        return instruction(link ? Op.BLXNS : Op.BXNS, 0, 0, rm)
      }
      if (rm === PC || (half & 7) !== 0) return UNDEFINED
      return instruction(link ? Op.BLX : Op.BX, 0, 0, rm)
    }
  }
}

/** "Miscellaneous 16-bit instructions". */
function miscellaneous(half: number, part: ArmPart): Instruction {
  const small = part.architecture === 'v6-m'
  const rd = half & 7
  const rm = (half >>> 3) & 7
  switch ((half >>> 8) & 15) {
    case 0: {
      const imm = (half & 0x7f) * 4
      return instruction(Op.ADD_SP_IMM, SP, SP, 0, half & 0x80 ? -imm : imm)
    }
    case 1:
    case 3:
    case 9:
    case 11: {
      if (small) return UNDEFINED
      const imm = ((half >>> 2) & 0x3e) | ((half >>> 3) & 0x40)
      return instruction(half & 0x800 ? Op.CBNZ : Op.CBZ, 0, rd, 0, imm + 2)
    }
    case 2:
      return instruction(extends16[(half >>> 6) & 3] ?? Op.UNDEFINED, rd, 0, rm)
    case 4:
    case 5: {
      const mask = (half & 0xff) | ((half & 0x100) << 6)
      return mask === 0 ? UNDEFINED : block(Op.PUSH, SP, mask)
    }
    case 6:
      // CPS; those of F and of nothing at all are ARMv7-M's.
      if ((half & 0xe8) !== 0x60 || (small && (half & 7) !== 2)) return UNDEFINED
      return instruction(Op.CPS, 0, 0, 0, half & 0x17)
    case 10: {
      const op = reversals[(half >>> 6) & 3] ?? Op.UNDEFINED
      return instruction(op, rd, 0, rm)
    }
    case 12:
      return (half & 0xff) === 0 ? UNDEFINED : block(Op.POP, SP, half & 0xff)
    case 13:
      return block(Op.POP_PC, SP, half & 0xff)
    case 14:
      return instruction(Op.BKPT, 0, 0, 0, half & 0xff)
    case 15: {
      if ((half & 15) === 0) return instruction(hints[(half >>> 4) & 15] ?? Op.NOP)
      if (small) return UNDEFINED
      // The condition 15 does not exist, and "always" cannot be inverted.
      const itstate = half & 0xff
      if (itstate >= 0xf0 || (itstate >= 0xe0 && (itstate & (itstate - 1) & 15) !== 0)) {
        return UNDEFINED
      }
      return instruction(Op.IT, 0, 0, 0, guard(itstate))
    }
    default:
      return UNDEFINED
  }
}
