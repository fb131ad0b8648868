import {
  add32,
  compare32,
  div32,
  max32,
  min32,
  mul32,
  mulAdd32,
  sqrt32,
  sub32,
} from '../float/binary32.js'
import {
  add64,
  compare64,
  div64,
  max64,
  min64,
  mul64,
  mulAdd64,
  sqrt64,
  sub64,
} from '../float/binary64.js'
import { roundToIntegral32, roundToIntegral64 } from '../float/integer.js'
import { type FloatUnit, Order, Rounding } from '../float/unit.js'
import type { ArmCpu } from './arm-cpu.js'
import {
  Arithmetic,
  COMPARE_SIGNALLING,
  COMPARE_ZERO,
  DOUBLE,
  M_SHIFT,
  N_SHIFT,
  Unary,
  WHICH_SHIFT,
} from './thumb32-float.js'

const SIGN = 0x8000_0000 | 0

/** FP_ARITHMETIC. */
export function floatArithmetic(cpu: ArmCpu, imm: number): void {
  const d = imm & 31
  const n = (imm >>> N_SHIFT) & 31
  const m = (imm >>> M_SHIFT) & 31
  if (imm & DOUBLE) arithmetic64(cpu, imm >>> WHICH_SHIFT, 2 * d, 2 * n, 2 * m)
  else arithmetic32(cpu, imm >>> WHICH_SHIFT, d, n, m)
}

function arithmetic32({ float, s }: ArmCpu, which: number, d: number, n: number, m: number): void {
  const a = s[n] ?? 0
  const b = s[m] ?? 0
  const c = s[d] ?? 0
  switch (which) {
    case Arithmetic.ADD:
      s[d] = add32(float, a, b)
      break
    case Arithmetic.SUB:
      s[d] = sub32(float, a, b)
      break
    case Arithmetic.MUL:
      s[d] = mul32(float, a, b)
      break
    case Arithmetic.NMUL:
      s[d] = mul32(float, a, b) ^ SIGN
      break
    case Arithmetic.DIV:
      s[d] = div32(float, a, b)
      break
    // Those that round the product on its own.
    case Arithmetic.MLA:
      s[d] = add32(float, c, mul32(float, a, b))
      break
    case Arithmetic.MLS:
      s[d] = add32(float, c, mul32(float, a, b) ^ SIGN)
      break
    case Arithmetic.NMLS:
      s[d] = add32(float, c ^ SIGN, mul32(float, a, b))
      break
    case Arithmetic.NMLA:
      s[d] = add32(float, c ^ SIGN, mul32(float, a, b) ^ SIGN)
      break
    case Arithmetic.FMA:
      s[d] = mulAdd32(float, a, b, c)
      break
    case Arithmetic.FMS:
      s[d] = mulAdd32(float, a ^ SIGN, b, c)
      break
    case Arithmetic.FNMA:
      s[d] = mulAdd32(float, a ^ SIGN, b, c ^ SIGN)
      break
    case Arithmetic.FNMS:
      s[d] = mulAdd32(float, a, b, c ^ SIGN)
      break
    case Arithmetic.MAXNM:
      s[d] = max32(float, a, b)
      break
    default:
      s[d] = min32(float, a, b)
  }
}

/** d, n and m are numbers of s registers here: those of the lower halves. */
function arithmetic64(cpu: ArmCpu, which: number, d: number, n: number, m: number): void {
  const { float, s } = cpu
  const low = s[n] ?? 0
  const high = s[n + 1] ?? 0
  const bLow = s[m] ?? 0
  const bHigh = s[m + 1] ?? 0
  const cLow = s[d] ?? 0
  const cHigh = s[d + 1] ?? 0
  let sign = 0
  switch (which) {
    case Arithmetic.ADD:
      add64(float, high, low, bHigh, bLow)
      break
    case Arithmetic.SUB:
      sub64(float, high, low, bHigh, bLow)
      break
    case Arithmetic.MUL:
      mul64(float, high, low, bHigh, bLow)
      break
    case Arithmetic.NMUL:
      mul64(float, high, low, bHigh, bLow)
      sign = SIGN
      break
    case Arithmetic.DIV:
      div64(float, high, low, bHigh, bLow)
      break
    case Arithmetic.MLA:
      mul64(float, high, low, bHigh, bLow)
      add64(float, cHigh, cLow, float.high, float.low)
      break
    case Arithmetic.MLS:
      mul64(float, high, low, bHigh, bLow)
      add64(float, cHigh, cLow, float.high ^ SIGN, float.low)
      break
    case Arithmetic.NMLS:
      mul64(float, high, low, bHigh, bLow)
      add64(float, cHigh ^ SIGN, cLow, float.high, float.low)
      break
    case Arithmetic.NMLA:
      mul64(float, high, low, bHigh, bLow)
      add64(float, cHigh ^ SIGN, cLow, float.high ^ SIGN, float.low)
      break
    case Arithmetic.FMA:
      mulAdd64(float, high, low, bHigh, bLow, cHigh, cLow)
      break
    case Arithmetic.FMS:
      mulAdd64(float, high ^ SIGN, low, bHigh, bLow, cHigh, cLow)
      break
    case Arithmetic.FNMA:
      mulAdd64(float, high ^ SIGN, low, bHigh, bLow, cHigh ^ SIGN, cLow)
      break
    case Arithmetic.FNMS:
      mulAdd64(float, high, low, bHigh, bLow, cHigh ^ SIGN, cLow)
      break
    case Arithmetic.MAXNM:
      max64(float, high, low, bHigh, bLow)
      break
    default:
      min64(float, high, low, bHigh, bLow)
  }
  s[d] = float.low
  s[d + 1] = float.high ^ sign
}

/** FP_UNARY. */
export function floatUnary(cpu: ArmCpu, imm: number): void {
  const { float, s } = cpu
  const which = imm >>> WHICH_SHIFT
  const double = (imm & DOUBLE) !== 0
  const d = (imm & 31) << (double ? 1 : 0)
  const m = ((imm >>> M_SHIFT) & 31) << (double ? 1 : 0)
  const low = s[m] ?? 0
  const high = double ? (s[m + 1] ?? 0) : low
  const top = double ? d + 1 : d
  switch (which) {
    case Unary.MOV:
    case Unary.ABS:
    case Unary.NEG:
      s[d] = low
      s[top] = which === Unary.ABS ? high & ~SIGN : which === Unary.NEG ? high ^ SIGN : high
      return
    case Unary.SQRT:
      if (double) {
        sqrt64(float, high, low)
        give(float, s, d)
      } else s[d] = sqrt32(float, low)
      return
    default: {
      const rounding = directionOf(float, which)
      const exact = which === Unary.RINT_EXACT
      if (double) {
        roundToIntegral64(float, high, low, rounding, exact)
        give(float, s, d)
      } else s[d] = roundToIntegral32(float, low, rounding, exact)
    }
  }
}

function give(float: FloatUnit, s: Int32Array, d: number): void {
  s[d] = float.low
  s[d + 1] = float.high
}

function directionOf(float: FloatUnit, which: number): Rounding {
  switch (which) {
    case Unary.RINT_ZERO:
      return Rounding.TOWARD_ZERO
    case Unary.RINT_AWAY:
      return Rounding.NEAREST_AWAY
    case Unary.RINT_EVEN:
      return Rounding.NEAREST_EVEN
    case Unary.RINT_UP:
      return Rounding.UP
    case Unary.RINT_DOWN:
      return Rounding.DOWN
    default:
      return float.rounding
  }
}

/** N, Z, C and V for an order (pseudocode FPCompare). */
function flagsFor(order: Order): number {
  switch (order) {
    case Order.EQUAL:
      return 0x6000_0000
    case Order.LESS:
      return 0x8000_0000 | 0
    case Order.GREATER:
      return 0x2000_0000
    default:
      return 0x3000_0000
  }
}

/** FP_COMPARE: d with m, or with zero. */
export function floatCompare(cpu: ArmCpu, imm: number): void {
  const { float, s } = cpu
  const which = imm >>> WHICH_SHIFT
  const signalling = (which & COMPARE_SIGNALLING) !== 0
  const zero = (which & COMPARE_ZERO) !== 0
  const d = imm & 31
  const m = (imm >>> M_SHIFT) & 31
  const order =
    imm & DOUBLE
      ? compare64(
          float,
          s[2 * d + 1] ?? 0,
          s[2 * d] ?? 0,
          zero ? 0 : (s[2 * m + 1] ?? 0),
          zero ? 0 : (s[2 * m] ?? 0),
          signalling,
        )
      : compare32(float, s[d] ?? 0, zero ? 0 : (s[m] ?? 0), signalling)
  cpu.setFloatFlags(flagsFor(order))
}

/** FP_SELECT: n or m into d. */
export function floatSelect(cpu: ArmCpu, imm: number, chooseN: boolean): void {
  const { s } = cpu
  const d = imm & 31
  const from = (imm >>> (chooseN ? N_SHIFT : M_SHIFT)) & 31
  if (imm & DOUBLE) {
    s[2 * d] = s[2 * from] ?? 0
    s[2 * d + 1] = s[2 * from + 1] ?? 0
  } else s[d] = s[from] ?? 0
}

/** FP_CONSTANT. */
export function floatConstant({ s }: ArmCpu, imm: number): void {
  const d = imm & 31
  const { high, low } = constantOf(imm)
  if (imm & DOUBLE) {
    s[2 * d] = low
    s[2 * d + 1] = high
  } else s[d] = high
}

/** The constant of FP_CONSTANT (VFPExpandImm): `high` alone, unless it is a double. */
export function constantOf(imm: number): { readonly high: number; readonly low: number } {
  const imm8 = imm >>> WHICH_SHIFT
  const sign = (imm8 & 0x80) << 24
  const narrow = (imm8 & 0x40) !== 0
  const digits = imm8 & 0x3f
  const high =
    imm & DOUBLE
      ? (narrow ? 0x3fc0_0000 : 0x4000_0000) | (digits << 16)
      : (narrow ? 0x3e00_0000 : 0x4000_0000) | (digits << 19)
  return { high: sign | high, low: 0 }
}
