import {
  convert16To32,
  convert16To64,
  convert32To16,
  convert32To64,
  convert64To16,
  convert64To32,
} from '../float/convert.js'
import {
  fromInteger32,
  fromInteger64,
  INT32,
  type IntegerKind,
  toInteger32,
  toInteger64,
  UINT32,
} from '../float/integer.js'
import { isRounding, Rounding } from '../float/unit.js'
import type { ArmCpu } from './arm-cpu.js'
import {
  CONVERT_PARAMETER_SHIFT,
  CONVERT_SIGNED,
  CONVERT_TOP,
  CONVERT_WORD,
  Convert,
  DOUBLE,
  M_SHIFT,
  ROUND_BY_FPSCR,
  WHICH_SHIFT,
} from './thumb32-float.js'

/** FP_CONVERT. */
export function floatConvert(cpu: ArmCpu, imm: number): void {
  const which = imm >>> WHICH_SHIFT
  const double = (imm & DOUBLE) !== 0
  const d = imm & 31
  const m = (imm >>> M_SHIFT) & 31
  switch (which & 7) {
    case Convert.FROM_HALF:
    case Convert.TO_HALF:
      convertHalf(cpu, (which & 7) === Convert.FROM_HALF, (which & CONVERT_TOP) !== 0, double, d, m)
      break
    case Convert.OTHER_PRECISION:
      otherPrecision(cpu, double, d, m)
      break
    case Convert.FROM_INTEGER: {
      const kind = which & CONVERT_SIGNED ? INT32 : UINT32
      fromInteger(cpu, double, d, cpu.s[m] ?? 0, kind, cpu.float.rounding)
      break
    }
    case Convert.TO_INTEGER: {
      const parameter = which >>> CONVERT_PARAMETER_SHIFT
      const named = parameter !== ROUND_BY_FPSCR && isRounding(parameter)
      const kind = which & CONVERT_SIGNED ? INT32 : UINT32
      cpu.s[d] = toInteger(cpu, double, m, kind, named ? parameter : cpu.float.rounding)
      break
    }
    default:
      fixed(cpu, which, double, d)
  }
}

function fromInteger(
  cpu: ArmCpu,
  double: boolean,
  d: number,
  value: number,
  kind: IntegerKind,
  rounding: Rounding,
): void {
  const { float, s } = cpu
  if (double) {
    fromInteger64(float, value, kind)
    s[2 * d] = float.low
    s[2 * d + 1] = float.high
  } else s[d] = fromInteger32(float, value, kind, rounding)
}

function toInteger(
  { float, s }: ArmCpu,
  double: boolean,
  m: number,
  kind: IntegerKind,
  rounding: Rounding,
): number {
  return double
    ? toInteger64(float, s[2 * m + 1] ?? 0, s[2 * m] ?? 0, kind, rounding)
    : toInteger32(float, s[m] ?? 0, kind, rounding)
}

function convertHalf(
  cpu: ArmCpu,
  from: boolean,
  top: boolean,
  double: boolean,
  d: number,
  m: number,
): void {
  const { float, s } = cpu
  if (from) {
    const half = top ? (s[m] ?? 0) >>> 16 : (s[m] ?? 0) & 0xffff
    if (double) {
      convert16To64(float, half)
      s[2 * d] = float.low
      s[2 * d + 1] = float.high
    } else s[d] = convert16To32(float, half)
    return
  }
  const half = double
    ? convert64To16(float, s[2 * m + 1] ?? 0, s[2 * m] ?? 0)
    : convert32To16(float, s[m] ?? 0)
  const old = s[d] ?? 0
  s[d] = top ? (old & 0xffff) | (half << 16) : (old & ~0xffff) | (half & 0xffff)
}

/** @param fromDouble what m is */
function otherPrecision({ float, s }: ArmCpu, fromDouble: boolean, d: number, m: number): void {
  if (fromDouble) {
    s[d] = convert64To32(float, s[2 * m + 1] ?? 0, s[2 * m] ?? 0)
    return
  }
  convert32To64(float, s[m] ?? 0)
  s[2 * d] = float.low
  s[2 * d + 1] = float.high
}

/** Fixed point, in the register itself: to it toward zero, from it to nearest, whatever FPSCR says. */
function fixed(cpu: ArmCpu, which: number, double: boolean, d: number): void {
  const { s } = cpu
  const signed = (which & CONVERT_SIGNED) !== 0
  const size = which & CONVERT_WORD ? 32 : 16
  const kind: IntegerKind = { size, signed, fraction: which >>> CONVERT_PARAMETER_SHIFT }
  const low = double ? 2 * d : d
  if ((which & 7) === Convert.FROM_FIXED) {
    const bits = s[low] ?? 0
    const value = size === 32 ? bits : signed ? (bits << 16) >> 16 : bits & 0xffff
    fromInteger(cpu, double, d, value, kind, Rounding.NEAREST_EVEN)
    return
  }
  const value = toInteger(cpu, double, d, kind, Rounding.TOWARD_ZERO)
  s[low] = value
  // The result is extended to the width of the register.
  if (double) s[low + 1] = signed ? value >> 31 : 0
}
