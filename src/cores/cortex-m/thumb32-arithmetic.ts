import { type Instruction, instruction, UNDEFINED } from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'

const SP = 13
const PC = 15

function unusable(register: number): boolean {
  return register === SP || register === PC
}

/** True for cores that have the DSP extension. */
export function hasDsp(part: ArmPart): boolean {
  return part.architecture !== 'v6-m' && part.architecture !== 'v7-m'
}

const shifts = [
  Op.LSL_REG,
  Op.LSLS_REG,
  Op.LSR_REG,
  Op.LSRS_REG,
  Op.ASR_REG,
  Op.ASRS_REG,
  Op.ROR_REG,
  Op.RORS_REG,
] as const

/** By op1 of the extensions, which add where rn is not the pc. */
const extensions = [
  { alone: Op.SXTH, adding: Op.SXTAH },
  { alone: Op.UXTH, adding: Op.UXTAH },
  { alone: Op.EXTEND16, adding: Op.EXTEND16 },
  { alone: Op.EXTEND16, adding: Op.EXTEND16 },
  { alone: Op.SXTB, adding: Op.SXTAB },
  { alone: Op.UXTB, adding: Op.UXTAB },
] as const

const reversals = [Op.REV, Op.REV16, Op.RBIT, Op.REVSH] as const

/** The parallel operations that there are, by op1 of the encoding: ADD8, ADD16, ASX, SUB8, … */
const parallel: ReadonlySet<number> = new Set([0, 1, 2, 4, 5, 6])

/** "Data processing (register)" (ARMv7-M manual, A5.3.12). */
export function dataRegister(first: number, second: number, part: ArmPart): Instruction {
  const op1 = (first >>> 4) & 15
  const op2 = (second >>> 4) & 15
  const rn = first & 15
  const rd = (second >>> 8) & 15
  const rm = second & 15
  if (second >>> 12 !== 15 || unusable(rd) || unusable(rm)) return UNDEFINED
  if (op1 < 8) {
    if (op2 === 0) {
      if (unusable(rn)) return UNDEFINED
      return instruction(shifts[op1] ?? Op.UNDEFINED, rd, rn, rm)
    }
    return op2 >= 8 && op2 < 12 ? extension(op1, op2 & 3, rd, rn, rm, part) : UNDEFINED
  }
  if (unusable(rn)) return UNDEFINED
  if (op2 < 8) {
    if (!hasDsp(part) || (op2 & 3) === 3 || !parallel.has(op1 & 7)) return UNDEFINED
    return instruction(Op.PARALLEL, rd, rn, rm, ((op2 << 3) | (op1 & 7)) << 4)
  }
  if (op2 >= 12) return UNDEFINED
  switch (op1) {
    case 8:
      return hasDsp(part) ? instruction(Op.QARITH, rd, rn, rm, (op2 & 3) << 4) : UNDEFINED
    case 9:
      if (rn !== rm) return UNDEFINED
      return instruction(reversals[op2 & 3] ?? Op.UNDEFINED, rd, 0, rm)
    case 10:
      return op2 === 8 && hasDsp(part) ? instruction(Op.SEL, rd, rn, rm) : UNDEFINED
    case 11:
      return op2 === 8 && rn === rm ? instruction(Op.CLZ, rd, 0, rm) : UNDEFINED
    default:
      return UNDEFINED
  }
}

function extension(
  op1: number,
  rotation: number,
  rd: number,
  rn: number,
  rm: number,
  part: ArmPart,
): Instruction {
  const ops = extensions[op1]
  if (ops === undefined || rn === SP) return UNDEFINED
  const both = op1 === 2 || op1 === 3
  if ((both || rn !== PC) && !hasDsp(part)) return UNDEFINED
  if (both) {
    const variant = (op1 & 1) | (rn === PC ? 0 : 2) | (rotation << 2)
    return instruction(Op.EXTEND16, rd, rn === PC ? 0 : rn, rm, variant << 4)
  }
  return rn === PC
    ? instruction(ops.alone, rd, 0, rm, rotation * 8)
    : instruction(ops.adding, rd, rn, rm, rotation * 8)
}

/** The bit of a DSP variant that says: adds a third register. */
export const ACCUMULATES = 4

/** "Multiply, multiply accumulate, and absolute difference". */
export function multiply(first: number, second: number, part: ArmPart): Instruction {
  const op1 = (first >>> 4) & 7
  const op2 = (second >>> 4) & 15
  const rn = first & 15
  const rd = (second >>> 8) & 15
  const rm = second & 15
  const ra = second >>> 12
  if (unusable(rn) || unusable(rd) || unusable(rm) || ra === SP || op2 > 3) return UNDEFINED
  if (op1 === 0) {
    if (op2 === 0) {
      return ra === PC ? instruction(Op.MUL, rd, rn, rm) : instruction(Op.MLA, rd, rn, rm, ra)
    }
    return op2 === 1 && ra !== PC ? instruction(Op.MLS, rd, rn, rm, ra) : UNDEFINED
  }
  if (!hasDsp(part)) return UNDEFINED
  const imm = ((op2 | (ra === PC ? 0 : ACCUMULATES)) << 4) | (ra === PC ? 0 : ra)
  if (op1 === 1) return instruction(Op.SMLAXY, rd, rn, rm, imm)
  if (op2 > 1) return UNDEFINED
  switch (op1) {
    case 2:
      return instruction(Op.SMLAD, rd, rn, rm, imm)
    case 3:
      return instruction(Op.SMLAW, rd, rn, rm, imm)
    case 4:
      return instruction(Op.SMLSD, rd, rn, rm, imm)
    case 5:
      return instruction(Op.SMMLA, rd, rn, rm, imm)
    case 6:
      return ra === PC ? UNDEFINED : instruction(Op.SMMLS, rd, rn, rm, imm)
    default:
      return op2 === 0 ? instruction(Op.USAD8, rd, rn, rm, imm) : UNDEFINED
  }
}

/** "Long multiply, long multiply accumulate, and divide". */
export function longMultiply(first: number, second: number, part: ArmPart): Instruction {
  const op1 = (first >>> 4) & 7
  const op2 = (second >>> 4) & 15
  const rn = first & 15
  const low = second >>> 12
  const high = (second >>> 8) & 15
  const rm = second & 15
  if (unusable(rn) || unusable(high) || unusable(rm)) return UNDEFINED
  if (op1 === 1 || op1 === 3) {
    if (op2 !== 15 || low !== PC) return UNDEFINED
    return instruction(op1 === 1 ? Op.SDIV : Op.UDIV, high, rn, rm)
  }
  if (unusable(low) || low === high) return UNDEFINED
  if (op2 === 0) {
    const op = [Op.SMULL, Op.UNDEFINED, Op.UMULL, Op.UNDEFINED, Op.SMLAL, Op.UNDEFINED, Op.UMLAL][
      op1
    ]
    return instruction(op ?? Op.UNDEFINED, low, rn, rm, high)
  }
  if (!hasDsp(part)) return UNDEFINED
  const imm = ((op2 & 3) << 4) | high
  if (op1 === 4 && op2 >= 8 && op2 < 12) return instruction(Op.SMLALXY, low, rn, rm, imm)
  const variant = ((op2 & 1) << 4) | high
  if (op1 === 4 && op2 >>> 1 === 6) return instruction(Op.SMLALD, low, rn, rm, variant)
  if (op1 === 5 && op2 >>> 1 === 6) return instruction(Op.SMLSLD, low, rn, rm, variant)
  if (op1 === 6 && op2 === 6) return instruction(Op.UMAAL, low, rn, rm, high)
  return UNDEFINED
}
