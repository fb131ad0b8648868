import { bits32, number32 } from './binary32.js'
import { big64, give64, giveBits64, number64 } from './binary64.js'
import { pack } from './exact.js'
import { BINARY32, BINARY64, type Format, nanResult, unpack } from './format.js'
import { Flag, type FloatUnit, Rounding } from './unit.js'

/** Floating point to and from integers and fixed point, and rounding to integral. */

const NORMAL32 = 2 ** -126
const NORMAL64 = 2 ** -1022

/** What an integer of a conversion is like. */
export interface IntegerKind {
  readonly size: 16 | 32 | 64
  readonly signed: boolean
  /** Bits behind the binary point, 0 for integers: the integer stands for itself ÷ 2^fraction. */
  readonly fraction: number
}

export const INT32: IntegerKind = { size: 32, signed: true, fraction: 0 }
export const UINT32: IntegerKind = { size: 32, signed: false, fraction: 0 }
export const INT64: IntegerKind = { size: 64, signed: true, fraction: 0 }
export const UINT64: IntegerKind = { size: 64, signed: false, fraction: 0 }

/**
 * A binary32 number as an integer, saturated.
 * @returns of 16 or 32 bits: as a signed 32-bit number (an unsigned result's bits)
 */
export function toInteger32(
  unit: FloatUnit,
  bits: number,
  kind: IntegerKind,
  rounding: Rounding = unit.rounding,
): number {
  return toInteger(unit, flushed(unit, number32(bits), NORMAL32), kind, rounding) | 0
}

/** A binary64 number as an integer; see `toInteger32`. */
export function toInteger64(
  unit: FloatUnit,
  high: number,
  low: number,
  kind: IntegerKind,
  rounding: Rounding = unit.rounding,
): number {
  return toInteger(unit, flushed(unit, number64(high, low), NORMAL64), kind, rounding) | 0
}

/** A binary32 number as an integer of 64 bits, saturated. */
export function toBigInteger32(
  unit: FloatUnit,
  bits: number,
  kind: IntegerKind,
  rounding: Rounding = unit.rounding,
): bigint {
  return bigResult(toInteger(unit, flushed(unit, number32(bits), NORMAL32), kind, rounding), kind)
}

/** A binary64 number as an integer of 64 bits, saturated. */
export function toBigInteger64(
  unit: FloatUnit,
  high: number,
  low: number,
  kind: IntegerKind,
  rounding: Rounding = unit.rounding,
): bigint {
  const value = flushed(unit, number64(high, low), NORMAL64)
  return bigResult(toInteger(unit, value, kind, rounding), kind)
}

/** The greatest integers of 64 bits are no doubles: there 2^63 and 2^64 stand for them. */
function bigResult(value: number, { signed }: IntegerKind): bigint {
  const greatest = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n
  const result = BigInt(value)
  return result > greatest ? greatest : result
}

function flushed(unit: FloatUnit, value: number, normal: number): number {
  if (!unit.flushToZero || value === 0 || !(Math.abs(value) < normal)) return value
  unit.flags |= Flag.INPUT_DENORMAL
  return 0
}

function toInteger(
  unit: FloatUnit,
  value: number,
  { size, signed, fraction }: IntegerKind,
  rounding: Rounding,
): number {
  const limit = 2 ** (signed ? size - 1 : size)
  const greatest = size === 64 ? limit : limit - 1
  if (Number.isNaN(value)) {
    unit.flags |= Flag.INVALID
    return unit.arm ? 0 : greatest
  }
  const scaled = fraction === 0 ? value : value * 2 ** fraction
  const rounded = roundNumber(scaled, rounding)
  const least = signed ? -limit : 0
  if (rounded >= limit || rounded < least) {
    unit.flags |= Flag.INVALID
    return rounded < 0 ? least : greatest
  }
  if (rounded !== scaled) unit.flags |= Flag.INEXACT
  return rounded
}

/** Rounds to integral; the sign of a zero is that of `value`. */
function roundNumber(value: number, rounding: Rounding): number {
  const size = Math.abs(value)
  if (!(size < 2 ** 52)) return value
  const negative = value < 0 || Object.is(value, -0)
  const whole = Math.floor(size)
  const rest = size - whole
  let up = false
  switch (rounding) {
    case Rounding.NEAREST_EVEN:
      up = rest > 0.5 || (rest === 0.5 && whole % 2 === 1)
      break
    case Rounding.NEAREST_AWAY:
      up = rest >= 0.5
      break
    case Rounding.TOWARD_ZERO:
      break
    case Rounding.DOWN:
      up = negative && rest !== 0
      break
    case Rounding.UP:
      up = !negative && rest !== 0
      break
  }
  const rounded = up ? whole + 1 : whole
  return negative ? -rounded : rounded
}

/** An integer (of 16 bits: sign- or zero-extended) as a binary32 number. */
export function fromInteger32(
  unit: FloatUnit,
  value: number,
  { signed, fraction }: IntegerKind,
  rounding: Rounding = unit.rounding,
): number {
  const integer = signed ? value | 0 : value >>> 0
  const rounded = Math.fround(integer)
  if (rounding === Rounding.NEAREST_EVEN || rounded === integer) {
    if (rounded !== integer) unit.flags |= Flag.INEXACT
    // The scaled number is normal: fractions have at most 32 bits.
    return bits32(rounded / 2 ** fraction)
  }
  return Number(fromBig(unit, BINARY32, BigInt(integer), fraction, rounding)) | 0
}

/** An integer of up to 32 bits as a binary64 number, which is always exact. */
export function fromInteger64(
  unit: FloatUnit,
  value: number,
  { signed, fraction }: IntegerKind,
): void {
  give64(unit, (signed ? value | 0 : value >>> 0) / 2 ** fraction)
}

/** An integer of any size as a binary32 number. */
export function fromBigInteger32(
  unit: FloatUnit,
  value: bigint,
  rounding: Rounding = unit.rounding,
): number {
  return Number(fromBig(unit, BINARY32, value, 0, rounding)) | 0
}

/** An integer of any size as a binary64 number. */
export function fromBigInteger64(
  unit: FloatUnit,
  value: bigint,
  rounding: Rounding = unit.rounding,
): void {
  giveBits64(unit, fromBig(unit, BINARY64, value, 0, rounding))
}

function fromBig(
  unit: FloatUnit,
  format: Format,
  value: bigint,
  fraction: number,
  rounding: Rounding,
): bigint {
  return pack(unit, format, value < 0n, value < 0n ? -value : value, -fraction, rounding)
}

/**
 * Rounds a binary32 number to integral.
 * @param exact whether a number that is not integral yet is an inexact result (VRINTX)
 */
export function roundToIntegral32(
  unit: FloatUnit,
  bits: number,
  rounding: Rounding,
  exact: boolean,
): number {
  const value = flushed(unit, number32(bits), NORMAL32)
  if (Number.isNaN(value)) return Number(integralNan(unit, BINARY32, BigInt(bits >>> 0))) | 0
  if (value === 0) return bits & 0x8000_0000
  const rounded = roundNumber(value, rounding)
  if (exact && rounded !== value) unit.flags |= Flag.INEXACT
  return bits32(rounded)
}

/** Rounds a binary64 number to integral; see `roundToIntegral32`. */
export function roundToIntegral64(
  unit: FloatUnit,
  high: number,
  low: number,
  rounding: Rounding,
  exact: boolean,
): void {
  const value = flushed(unit, number64(high, low), NORMAL64)
  if (Number.isNaN(value)) {
    giveBits64(unit, integralNan(unit, BINARY64, big64(high, low)))
    return
  }
  if (value === 0) {
    unit.high = high & 0x8000_0000
    unit.low = 0
    return
  }
  const rounded = roundNumber(value, rounding)
  if (exact && rounded !== value) unit.flags |= Flag.INEXACT
  give64(unit, rounded)
}

function integralNan(unit: FloatUnit, format: Format, bits: bigint): bigint {
  return nanResult(unit, format, [unpack(unit, format, bits)])
}
