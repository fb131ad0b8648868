import { type Instruction, instruction, UNDEFINED } from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'
import { branchOn } from './thumb16.js'
import { dataRegister, hasDsp, longMultiply, multiply } from './thumb32-arithmetic.js'
import { modifiedImmediate, plainImmediate, shiftedRegister } from './thumb32-data.js'
import { decodeFloat } from './thumb32-float.js'
import { dualOrExclusive, multiple, single } from './thumb32-memory.js'

/** Operations that come with the DSP extension, among encodings that all cores decode. */
const dspOnly: ReadonlySet<Op> = new Set<Op>([Op.SSAT16, Op.USAT16, Op.PKH])

/**
 * Decodes the 32-bit instruction of the halves `first` and `second` (ARMv7-M manual, A5.3).
 * @param pc its address
 */
export function decode32(first: number, second: number, pc: number, part: ArmPart): Instruction {
  const found =
    part.architecture === 'v6-m'
      ? branchOrSystem(first, second, part)
      : decodeMainline(first, second, pc, part)
  return dspOnly.has(found.op) && !hasDsp(part) ? UNDEFINED : found
}

function decodeMainline(first: number, second: number, pc: number, part: ArmPart): Instruction {
  const group = (first >>> 4) & 0x7f
  switch ((first >>> 11) & 3) {
    case 1:
      if (group & 0x40) return coprocessor(first, second, part)
      if (group & 0x20) return shiftedRegister(first, second)
      return group & 4 ? dualOrExclusive(first, second, pc, part) : multiple(first, second)
    case 2:
      if (second & 0x8000) return branchOrSystem(first, second, part)
      // Bit 15 of the second half belongs to the branches.
      return group & 0x20 ? plainImmediate(first, second, pc) : modifiedImmediate(first, second)
    default:
      if (group & 0x40) return coprocessor(first, second, part)
      if ((group & 0x60) === 0) return single(first, second, pc)
      if ((group & 0x70) === 0x20) return dataRegister(first, second, part)
      if ((group & 0x78) === 0x30) return multiply(first, second, part)
      return (group & 0x78) === 0x38 ? longMultiply(first, second, part) : UNDEFINED
  }
}

function coprocessor(first: number, second: number, part: ArmPart): Instruction {
  // What would be Advanced SIMD does not exist at all; the others are somebody's.
  if ((first & 0x300) === 0x300) return UNDEFINED
  const number = (second >>> 8) & 15
  if (part.fpu !== 'none' && (number === 10 || number === 11)) {
    return decodeFloat(first, second, part)
  }
  return instruction(Op.NO_COPROCESSOR, 0, 0, 0, number)
}

/** "Branches and miscellaneous control". */
function branchOrSystem(first: number, second: number, part: ArmPart): Instruction {
  if (first >>> 11 !== 0x1e || (second & 0x8000) === 0) return UNDEFINED
  const mainline = part.architecture !== 'v6-m'
  switch ((second >>> 12) & 5) {
    case 0:
      if ((first & 0x380) === 0x380) return system(first, second, part)
      return mainline ? conditionalBranch(first, second) : UNDEFINED
    case 1:
      return mainline ? instruction(Op.B, 0, 0, 0, longOffset(first, second)) : UNDEFINED
    case 5:
      return instruction(Op.BL, 0, 0, 0, longOffset(first, second))
    default:
      return UNDEFINED
  }
}

export function longOffset(first: number, second: number): number {
  const s = (first >>> 10) & 1
  const i1 = ~((second >>> 13) ^ s) & 1
  const i2 = ~((second >>> 11) ^ s) & 1
  const low = ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1)
  return (s ? -1 << 24 : 0) | (i1 << 23) | (i2 << 22) | low | 0
}

function conditionalBranch(first: number, second: number): Instruction {
  const high = (first & 0x400 ? -1 << 20 : 0) | ((second & 0x800) << 8) | ((second & 0x2000) << 5)
  const offset = high | ((first & 0x3f) << 12) | ((second & 0x7ff) << 1)
  return instruction(branchOn((first >>> 6) & 15), 0, 0, 0, offset)
}

/** SYSm and the fields that MSR writes. */
export const MSR_FLAGS = 1 << 11
export const MSR_GE = 1 << 10

function system(first: number, second: number, part: ArmPart): Instruction {
  const rn = first & 15
  switch ((first >>> 4) & 0x7f) {
    case 0x38: // MSR
    case 0x39:
      if (rn === 13 || rn === 15 || second & 0x3300 || first & 0x10) return UNDEFINED
      return instruction(Op.MSR, 0, rn, 0, second & 0xcff)
    case 0x3a:
      return rn === 15 && (second & 0x2f00) === 0 && part.architecture !== 'v6-m'
        ? hint(second & 0xff)
        : UNDEFINED
    case 0x3b:
      return rn === 15 && (second & 0x2f00) === 0x0f00 ? barrier(second & 0xff, part) : UNDEFINED
    case 0x3e: {
      // MRS
      const rd = (second >>> 8) & 15
      if (rn !== 15 || second & 0x2000 || rd === 13 || rd === 15) return UNDEFINED
      return instruction(Op.MRS, rd, 0, 0, second & 0xff)
    }
    default:
      return UNDEFINED
  }
}

function hint(number: number): Instruction {
  switch (number) {
    case 2:
      return instruction(Op.WFE)
    case 3:
      return instruction(Op.WFI)
    case 4:
      return instruction(Op.SEV)
    default:
      return instruction(Op.NOP)
  }
}

function barrier(bits: number, part: ArmPart): Instruction {
  switch (bits >>> 4) {
    case 2:
      return bits === 0x2f && part.architecture !== 'v6-m' ? instruction(Op.CLREX) : UNDEFINED
    case 4:
      return instruction(Op.DSB)
    case 5:
      return instruction(Op.DMB)
    case 6:
      return instruction(Op.ISB)
    default:
      return UNDEFINED
  }
}
