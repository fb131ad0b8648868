import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import type { ArmPart } from '../cortex-m/parts.js'
import { ACCUMULATES, dataRegister } from '../cortex-m/thumb32-arithmetic.js'

const PC = 15

/** By op1 of "parallel addition and subtraction": the U and prefix bits that T32 has for it. */
const prefixes: readonly (number | undefined)[] = [undefined, 0, 1, 2, undefined, 4, 5, 6]
/** By op2: the operation that T32 has. */
const operations: readonly (number | undefined)[] = [1, 2, 6, 5, 0, undefined, undefined, 4]

/** "Media instructions" (ARMv7-AR manual, A5.4). */
export function media(word: number, part: ArmPart): Instruction {
  const op1 = (word >>> 20) & 31
  const op2 = (word >>> 5) & 7
  if (op1 < 8) return parallel(word, part)
  if (op1 < 16) return packing(word, op1, op2, part)
  if (op1 < 24) return signedMultiply(word, op1, op2)
  return op1 === 24 && op2 === 0 ? differences(word) : bitFields(word, op1, op2)
}

function parallel(word: number, part: ArmPart): Instruction {
  const prefix = prefixes[(word >>> 20) & 7]
  const operation = operations[(word >>> 5) & 7]
  if (prefix === undefined || operation === undefined) return UNDEFINED
  return asT32(0xfa80 | (operation << 4), word, prefix << 4, part)
}

/** The instruction of T32's "data processing (register)" with the registers of `word`. */
function asT32(first: number, word: number, second: number, part: ArmPart): Instruction {
  const rn = (word >>> 16) & 15
  const rd = (word >>> 12) & 15
  return dataRegister(first | rn, 0xf000 | (rd << 8) | second | (word & 15), part)
}

/** By op1: first halves of the extensions of T32. */
const extensions: Readonly<Record<number, number>> = {
  8: 0xfa20, // SXTAB16
  10: 0xfa40, // SXTAB
  11: 0xfa00, // SXTAH
  12: 0xfa30, // UXTAB16
  14: 0xfa50, // UXTAB
  15: 0xfa10, // UXTAH
}

/** "Packing, unpacking, saturation, and reversal". */
function packing(word: number, op1: number, op2: number, part: ArmPart): Instruction {
  const rn = (word >>> 16) & 15
  const rd = (word >>> 12) & 15
  const rm = word & 15
  const amount = (word >>> 7) & 31
  if (rd === PC || rm === PC) return UNDEFINED
  if ((op2 & 1) === 0) {
    if (op1 === 8) {
      if (rn === PC) return UNDEFINED
      return instruction(Op.PKH, rd, rn, rm, ((op2 & 2) << 8) | (amount << 4))
    }
    if ((op1 & 2) === 0) return UNDEFINED
    // ASR #32 is ASR with no amount: as far as a word goes the same as by 31.
    const right = (op2 & 2) !== 0
    const shift = right && amount === 0 ? 31 : amount
    const bits = (word >>> 16) & 31
    const op = op1 < 12 ? Op.SSAT : Op.USAT
    return instruction(op, rd, rm, 0, bits | (shift << 8) | (right ? 1 << 16 : 0))
  }
  if (op2 === 3) {
    const first = extensions[op1]
    if (first === undefined) return UNDEFINED
    return asT32(first, word, 0x80 | ((word >>> 6) & 0x30), part)
  }
  if (op2 === 1) {
    if (op1 === 10) return instruction(Op.SSAT16, rd, rm, 0, rn)
    if (op1 === 14) return instruction(Op.USAT16, rd, rm, 0, rn)
    if (op1 === 11) return instruction(Op.REV, rd, 0, rm)
    return op1 === 15 ? instruction(Op.RBIT, rd, 0, rm) : UNDEFINED
  }
  if (op2 !== 5) return UNDEFINED
  if (op1 === 8) return rn === PC ? UNDEFINED : instruction(Op.SEL, rd, rn, rm)
  if (op1 === 11) return instruction(Op.REV16, rd, 0, rm)
  return op1 === 15 ? instruction(Op.REVSH, rd, 0, rm) : UNDEFINED
}

/** "Signed multiply", and division. */
function signedMultiply(word: number, op1: number, op2: number): Instruction {
  const rd = (word >>> 16) & 15
  const ra = (word >>> 12) & 15
  const rm = (word >>> 8) & 15
  const rn = word & 15
  if (rd === PC || rm === PC || rn === PC) return UNDEFINED
  const exchange = op2 & 1
  const imm = ((exchange | (ra === PC ? 0 : ACCUMULATES)) << 4) | (ra === PC ? 0 : ra)
  switch (op1) {
    case 16:
      if (op2 < 2) return instruction(Op.SMLAD, rd, rn, rm, imm)
      return op2 < 4 ? instruction(Op.SMLSD, rd, rn, rm, imm) : UNDEFINED
    case 17:
    case 19:
      if (op2 !== 0) return UNDEFINED
      return instruction(op1 === 17 ? Op.SDIV : Op.UDIV, rd, rn, rm)
    case 20: {
      if (ra === PC) return UNDEFINED
      const long = (exchange << 4) | rd
      if (op2 < 2) return instruction(Op.SMLALD, ra, rn, rm, long)
      return op2 < 4 ? instruction(Op.SMLSLD, ra, rn, rm, long) : UNDEFINED
    }
    case 21:
      if (op2 < 2) return instruction(Op.SMMLA, rd, rn, rm, imm)
      return op2 >= 6 && ra !== PC ? instruction(Op.SMMLS, rd, rn, rm, imm) : UNDEFINED
    default:
      return UNDEFINED
  }
}

/** USAD8 and USADA8. */
function differences(word: number): Instruction {
  const rd = (word >>> 16) & 15
  const ra = (word >>> 12) & 15
  if (rd === PC) return UNDEFINED
  const imm = ra === PC ? 0 : (ACCUMULATES << 4) | ra
  return instruction(Op.USAD8, rd, word & 15, (word >>> 8) & 15, imm)
}

function bitFields(word: number, op1: number, op2: number): Instruction {
  const rd = (word >>> 12) & 15
  const rn = word & 15
  const lowest = (word >>> 7) & 31
  const last = (word >>> 16) & 31
  if (rd === PC) return UNDEFINED
  if ((op2 & 3) === 0 && (op1 === 28 || op1 === 29)) {
    if (last < lowest) return UNDEFINED
    const imm = lowest | ((last - lowest + 1) << 8)
    return rn === PC ? instruction(Op.BFC, rd, 0, 0, imm) : instruction(Op.BFI, rd, rn, 0, imm)
  }
  if ((op2 & 3) !== 2 || op1 < 26 || (op1 > 27 && op1 < 30)) return UNDEFINED
  if (lowest + last > 31 || rn === PC) return UNDEFINED
  return instruction(op1 >= 30 ? Op.UBFX : Op.SBFX, rd, rn, 0, lowest | ((last + 1) << 8))
}
