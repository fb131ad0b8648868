import { type Instruction, instruction } from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'

/**
 * Floating-point instructions. Their registers stand in `imm`:
 *
 *     31..16 which operation, or a constant | 15 double | 14..10 m | 9..5 n | 4..0 d
 *
 * by their numbers as s0 to s31, or d0 to d15 with DOUBLE.
 */
export const DOUBLE = 1 << 15
export const N_SHIFT = 5
export const M_SHIFT = 10
export const WHICH_SHIFT = 16

/** What FP_ARITHMETIC does. */
export const Arithmetic = {
  MLA: 0,
  MLS: 1,
  NMLS: 2,
  NMLA: 3,
  MUL: 4,
  NMUL: 5,
  ADD: 6,
  SUB: 7,
  DIV: 8,
  FNMS: 10,
  FNMA: 11,
  FMA: 12,
  FMS: 13,
  MAXNM: 16,
  MINNM: 17,
} as const

/** What FP_UNARY does, of m. */
export const Unary = {
  MOV: 0,
  ABS: 1,
  NEG: 2,
  SQRT: 3,
  /** VRINTR, VRINTZ, VRINTX, and those whose direction is in the name. */
  RINT_FPSCR: 4,
  RINT_ZERO: 5,
  RINT_EXACT: 6,
  RINT_AWAY: 8,
  RINT_EVEN: 9,
  RINT_UP: 10,
  RINT_DOWN: 11,
} as const

/**
 * What FP_CONVERT does. Those from and to integers have, above the lowest three bits, their
 * rounding (as in `Rounding`, 7 for FPSCR's) and whether they are signed; fixed point its fraction
 * bits and its size besides.
 */
export const Convert = {
  FROM_HALF: 0,
  TO_HALF: 1,
  OTHER_PRECISION: 2,
  FROM_INTEGER: 3,
  TO_INTEGER: 4,
  FROM_FIXED: 5,
  TO_FIXED: 6,
} as const

/** Bits of a conversion above the lowest three of `which`. */
export const CONVERT_TOP = 1 << 3
export const CONVERT_SIGNED = 1 << 3
export const CONVERT_WORD = 1 << 4
export const CONVERT_PARAMETER_SHIFT = 5
export const ROUND_BY_FPSCR = 7

/** FP_COMPARE: quiet NaNs are invalid, too; with zero. */
export const COMPARE_SIGNALLING = 1
export const COMPARE_ZERO = 2

/** Flags of FP_LOAD_MULTIPLE and FP_STORE_MULTIPLE in rd. */
export const FP_WRITE_BACK = 1
export const FP_DECREMENT = 2

const UNDEFINED = instruction(Op.FP_UNDEFINED)
const SP = 13
const PC = 15

interface Fields {
  readonly double: boolean
  readonly d: number
  readonly n: number
  readonly m: number
}

/** The registers of an encoding; in a double, a number above 15 does not exist. */
function fieldsOf(first: number, second: number): Fields {
  const double = (second & 0x100) !== 0
  const number = (high: number, low: number): number =>
    double ? (low << 4) | high : (high << 1) | low
  return {
    double,
    d: number(second >>> 12, (first >>> 6) & 1),
    n: number(first & 15, (second >>> 7) & 1),
    m: number(second & 15, (second >>> 5) & 1),
  }
}

function make(op: Op, { double, d, n, m }: Fields, which: number): Instruction {
  if (double && (d | n | m) > 15) return UNDEFINED
  const imm = d | (n << N_SHIFT) | (m << M_SHIFT) | (double ? DOUBLE : 0) | (which << WHICH_SHIFT)
  return instruction(op, 0, 0, 0, imm)
}

/** Decodes what stands in the space of coprocessors 10 and 11. */
export function decodeFloat(first: number, second: number, part: ArmPart): Instruction {
  if ((first & 0xfe00) === 0xec00) return memoryOrPair(first, second)
  if (first >>> 8 === 0xee) {
    return second & 0x10 ? transfer(first, second) : processing(first, second, part)
  }
  if (first >>> 8 === 0xfe && (second & 0x10) === 0) return ofVersion5(first, second, part)
  return UNDEFINED
}

/** True where the FPU computes with what the instruction asks for. */
function computes({ double }: Fields, part: ArmPart): boolean {
  return !double || hasDouble(part)
}

function hasDouble(part: ArmPart): boolean {
  return part.fpu === 'fpv5-d16' || part.fpu === 'vfpv3-d16'
}

function processing(first: number, second: number, part: ArmPart): Instruction {
  const fields = fieldsOf(first, second)
  const op = (second >>> 6) & 1
  const opcode = ((first >>> 5) & 4) | ((first >>> 4) & 3)
  if (opcode === 7) return op === 0 ? constant(first, second, part) : unary(first, second, part)
  if (!computes(fields, part) || (opcode === 4 && op === 1)) return UNDEFINED
  // Fused multiplication came with VFPv4.
  if ((opcode === 5 || opcode === 6) && part.fpu === 'vfpv3-d16') return UNDEFINED
  return make(Op.FP_ARITHMETIC, fields, opcode * 2 + op)
}

function constant(first: number, second: number, part: ArmPart): Instruction {
  const fields = fieldsOf(first, second)
  if (!computes(fields, part) || second & 0xa0) return UNDEFINED
  const imm8 = ((first & 15) << 4) | (second & 15)
  return make(Op.FP_CONSTANT, { ...fields, n: 0, m: 0 }, imm8)
}

function unary(first: number, second: number, part: ArmPart): Instruction {
  const fields = { ...fieldsOf(first, second), n: 0 }
  const top = (second >>> 7) & 1
  const opcode = first & 15
  if (!computes(fields, part)) return UNDEFINED
  switch (opcode) {
    case 0:
      return make(Op.FP_UNARY, fields, top ? Unary.ABS : Unary.MOV)
    case 1:
      return make(Op.FP_UNARY, fields, top ? Unary.SQRT : Unary.NEG)
    case 2: // VCVTB, VCVTT: the half stands in an s register
    case 3:
      if (part.fpu === 'vfpv3-d16') return UNDEFINED
      return half(first, second, opcode === 2)
    case 4:
      return make(Op.FP_COMPARE, fields, top ? COMPARE_SIGNALLING : 0)
    case 5:
      if (second & 0x2f) return UNDEFINED
      return make(Op.FP_COMPARE, fields, COMPARE_ZERO | (top ? COMPARE_SIGNALLING : 0))
    case 6:
      if (!isVersion5(part)) return UNDEFINED
      return make(Op.FP_UNARY, fields, top ? Unary.RINT_ZERO : Unary.RINT_FPSCR)
    case 7:
      if (top) return otherPrecision(first, second, part)
      return isVersion5(part) ? make(Op.FP_UNARY, fields, Unary.RINT_EXACT) : UNDEFINED
    case 8:
      return integer(first, second, Convert.FROM_INTEGER, top === 1, ROUND_BY_FPSCR)
    case 12:
    case 13: {
      const rounding = top ? 1 : ROUND_BY_FPSCR
      return integer(first, second, Convert.TO_INTEGER, opcode === 13, rounding)
    }
    case 10:
    case 11:
    case 14:
    case 15:
      return fixed(first, second)
    default:
      return UNDEFINED
  }
}

function isVersion5(part: ArmPart): boolean {
  return part.fpu === 'fpv5-sp' || part.fpu === 'fpv5-d16'
}

/** Numbers of an s register in the fields of d and of m. */
function singleD(first: number, second: number): number {
  return ((second >>> 12) << 1) | ((first >>> 6) & 1)
}

function singleM(second: number): number {
  return ((second & 15) << 1) | ((second >>> 5) & 1)
}

/** `make` where only one of d and m is a double: the other one's number may be above 15. */
function mixed(double: boolean, d: number, m: number, which: number, doubles: number): Instruction {
  if (double && doubles > 15) return UNDEFINED
  return instruction(
    Op.FP_CONVERT,
    0,
    0,
    0,
    d | (m << M_SHIFT) | (double ? DOUBLE : 0) | (which << WHICH_SHIFT),
  )
}

function half(first: number, second: number, from: boolean): Instruction {
  const { double, d, m } = fieldsOf(first, second)
  const top = second & 0x80 ? CONVERT_TOP : 0
  return from
    ? mixed(double, d, singleM(second), Convert.FROM_HALF | top, d)
    : mixed(double, singleD(first, second), m, Convert.TO_HALF | top, m)
}

/** VCVT between single and double: `double` tells what m is. */
function otherPrecision(first: number, second: number, part: ArmPart): Instruction {
  if (!hasDouble(part)) return UNDEFINED
  const { double, m } = fieldsOf(first, second)
  if (double) return mixed(true, singleD(first, second), m, Convert.OTHER_PRECISION, m)
  const d = (second >>> 12) | ((first >>> 2) & 16)
  return d > 15 ? UNDEFINED : mixed(false, d, m, Convert.OTHER_PRECISION, 0)
}

function integer(
  first: number,
  second: number,
  kind: number,
  signed: boolean,
  rounding: number,
): Instruction {
  const { double, d, m } = fieldsOf(first, second)
  const which = kind | (signed ? CONVERT_SIGNED : 0) | (rounding << CONVERT_PARAMETER_SHIFT)
  return kind === Convert.FROM_INTEGER
    ? mixed(double, d, singleM(second), which, d)
    : mixed(double, singleD(first, second), m, which, m)
}

function fixed(first: number, second: number): Instruction {
  const { double, d } = fieldsOf(first, second)
  const word = (second & 0x80) !== 0
  const fraction = (word ? 32 : 16) - (((second & 15) << 1) | ((second >>> 5) & 1))
  if (fraction < 0) return UNDEFINED
  const which =
    (first & 4 ? Convert.TO_FIXED : Convert.FROM_FIXED) |
    (first & 1 ? 0 : CONVERT_SIGNED) |
    (word ? CONVERT_WORD : 0) |
    (fraction << CONVERT_PARAMETER_SHIFT)
  return mixed(double, d, 0, which, d)
}

/** By RM of the encodings that name a direction: `Rounding`'s numbers. */
const directions = [4, 0, 3, 2] as const
const directedUnary = [Unary.RINT_AWAY, Unary.RINT_EVEN, Unary.RINT_UP, Unary.RINT_DOWN] as const

/** VSEL, VMAXNM, VMINNM, VRINT and VCVT with a direction: FPv5's. */
function ofVersion5(first: number, second: number, part: ArmPart): Instruction {
  const fields = fieldsOf(first, second)
  if (!isVersion5(part) || !computes(fields, part)) return UNDEFINED
  const op = (second >>> 6) & 1
  if ((first & 0x80) === 0) {
    return op === 0 ? make(Op.FP_SELECT, fields, (first >>> 4) & 3) : UNDEFINED
  }
  if ((first & 0x30) === 0) {
    return make(Op.FP_ARITHMETIC, fields, op ? Arithmetic.MINNM : Arithmetic.MAXNM)
  }
  if ((first & 0x38) !== 0x38 || op === 0) return UNDEFINED
  const direction = first & 3
  if (first & 4) {
    const signed = (second & 0x80) !== 0
    return integer(first, second, Convert.TO_INTEGER, signed, directions[direction] ?? 0)
  }
  if (second & 0x80) return UNDEFINED
  return make(Op.FP_UNARY, { ...fields, n: 0 }, directedUnary[direction] ?? Unary.RINT_EVEN)
}

/** Between core registers and one s register, half a d register, or FPSCR. */
function transfer(first: number, second: number): Instruction {
  const load = (first & 0x10) !== 0
  const opcode = (first >>> 5) & 7
  const rt = second >>> 12
  const op = load ? Op.FP_TO_CORE : Op.FP_FROM_CORE
  if (second & 0x0f) return UNDEFINED
  if (second & 0x100) {
    if (opcode > 1 || second & 0x60 || second & 0x80 || rt === SP || rt === PC) return UNDEFINED
    return instruction(op, rt, 0, 0, (2 * (first & 15) + (opcode & 1)) << N_SHIFT)
  }
  if (second & 0x60) return UNDEFINED
  if (opcode === 0) {
    if (rt === SP || rt === PC) return UNDEFINED
    return instruction(op, rt, 0, 0, (((first & 15) << 1) | ((second >>> 7) & 1)) << N_SHIFT)
  }
  if (opcode !== 7 || (first & 15) !== 1 || second & 0x80) return UNDEFINED
  if (rt === SP || (rt === PC && !load)) return UNDEFINED
  return instruction(load ? Op.VMRS : Op.VMSR, rt)
}

function memoryOrPair(first: number, second: number): Instruction {
  const before = (first & 0x100) !== 0
  const up = (first & 0x80) !== 0
  const back = (first & 0x20) !== 0
  const load = (first & 0x10) !== 0
  const rn = first & 15
  const imm8 = second & 0xff
  if (!before && !up && !back) return first & 0x40 ? pair(first, second) : UNDEFINED
  const { double, d } = fieldsOf(first, second)
  if (double && d > 15) return UNDEFINED
  const register = d | (double ? DOUBLE : 0)
  if (before && !back) {
    if (rn === PC && !load) return UNDEFINED
    const offset = up ? imm8 * 4 : -imm8 * 4
    return instruction(
      load ? Op.FP_LOAD : Op.FP_STORE,
      0,
      rn,
      0,
      register | (offset << WHICH_SHIFT),
    )
  }
  if (before === up) return UNDEFINED
  const words = double ? imm8 & ~1 : imm8
  if (words === 0 || words > 32 || (double ? 2 * d : d) + words > 32) return UNDEFINED
  if (rn === PC) return UNDEFINED
  const flags = (back ? FP_WRITE_BACK : 0) | (up ? 0 : FP_DECREMENT)
  // FLDMX and FSTMX, with an odd count, move one word more than there are registers for.
  return instruction(
    load ? Op.FP_LOAD_MULTIPLE : Op.FP_STORE_MULTIPLE,
    flags,
    rn,
    double && imm8 & 1 ? 1 : 0,
    register | (words << WHICH_SHIFT),
  )
}

/** Between two core registers and two s registers, or a d register. */
function pair(first: number, second: number): Instruction {
  const load = (first & 0x10) !== 0
  const rt = second >>> 12
  const rt2 = first & 15
  if ((second & 0xd0) !== 0x10) return UNDEFINED
  if (rt === SP || rt === PC || rt2 === SP || rt2 === PC || (load && rt === rt2)) return UNDEFINED
  const m = (second >>> 5) & 1
  const number = second & 0x100 ? 2 * (((m << 4) | (second & 15)) & 31) : ((second & 15) << 1) | m
  if (number > 30) return UNDEFINED
  return instruction(load ? Op.FP_TO_CORES : Op.FP_FROM_CORES, rt, 0, rt2, number << N_SHIFT)
}
