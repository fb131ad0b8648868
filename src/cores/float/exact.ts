import {
  BINARY16,
  type Format,
  invalid,
  isNan,
  isZero,
  nanResult,
  type Unpacked,
  unpack,
} from './format.js'
import { Flag, type FloatUnit, Rounding } from './unit.js'

/**
 * Arithmetic in any format, with integers of any length: every sum, product and remainder is there
 * in full before it is rounded, once. Slow, and always right.
 */

function bitLength(value: bigint): number {
  const digits = value.toString(16)
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits.charAt(0), 16)) - 28)
}

/** `significand` ÷ 2^`shift`, rounded to an integer. */
export function roundShifted(
  negative: boolean,
  significand: bigint,
  shift: number,
  rounding: Rounding,
): { readonly rounded: bigint; readonly inexact: boolean } {
  if (shift <= 0) return { rounded: significand << BigInt(-shift), inexact: false }
  const kept = significand >> BigInt(shift)
  const rest = significand - (kept << BigInt(shift))
  const half = 1n << BigInt(shift - 1)
  const up = roundsUp(negative, (kept & 1n) !== 0n, rest, half, rounding)
  return { rounded: up ? kept + 1n : kept, inexact: rest !== 0n }
}

function roundsUp(
  negative: boolean,
  odd: boolean,
  rest: bigint,
  half: bigint,
  rounding: Rounding,
): boolean {
  switch (rounding) {
    case Rounding.NEAREST_EVEN:
      return rest > half || (rest === half && odd)
    case Rounding.NEAREST_AWAY:
      return rest >= half
    case Rounding.TOWARD_ZERO:
      return false
    case Rounding.DOWN:
      return negative && rest !== 0n
    case Rounding.UP:
      return !negative && rest !== 0n
  }
}

/** The bits of (-1)^negative × significand × 2^exponent, rounded; the significand is not 0. */
export function pack(
  unit: FloatUnit,
  format: Format,
  negative: boolean,
  significand: bigint,
  exponent: number,
  rounding: Rounding = unit.rounding,
): bigint {
  const { fraction, bias, infinity, sign, width } = format
  const signBit = negative ? sign : 0n
  if (significand === 0n) return signBit
  const least = 1 - bias
  const top = exponent + bitLength(significand) - 1
  if (top < least && unit.flushToZero && width !== 16) {
    unit.flags |= Flag.UNDERFLOW
    return signBit
  }
  const place = Math.max(top, least) - fraction
  const { rounded, inexact } = roundShifted(negative, significand, place - exponent, rounding)
  // A carry out of the significand goes into the exponent by itself, where they are added.
  const hidden = top < least ? 0n : 1n << BigInt(fraction)
  const biased = top < least ? 0 : top + bias
  const magnitude = (BigInt(biased) << BigInt(fraction)) + rounded - hidden
  const alternative = width === 16 && unit.alternativeHalf
  if (alternative && magnitude > 0x7fffn) {
    unit.flags |= Flag.INVALID
    return signBit | 0x7fffn
  }
  if (magnitude >= infinity && !alternative) {
    unit.flags |= Flag.OVERFLOW | Flag.INEXACT
    const away = negative ? Rounding.DOWN : Rounding.UP
    const nearest = rounding === Rounding.NEAREST_EVEN || rounding === Rounding.NEAREST_AWAY
    return signBit | (nearest || rounding === away ? infinity : infinity - 1n)
  }
  if (inexact) {
    unit.flags |= Flag.INEXACT
    if (
      top < least &&
      (unit.arm || !roundsToNormal(format, negative, significand, top, exponent, rounding))
    ) {
      unit.flags |= Flag.UNDERFLOW
    }
  }
  return signBit | magnitude
}

/** Whether a number below the normal ones would be one of them if exponents had no end. */
function roundsToNormal(
  { fraction, bias }: Format,
  negative: boolean,
  significand: bigint,
  top: number,
  exponent: number,
  rounding: Rounding,
): boolean {
  if (top !== -bias) return false
  const shift = top - fraction - exponent
  return bitLength(roundShifted(negative, significand, shift, rounding).rounded) > fraction + 1
}

/** The sign of a sum that is exactly zero (IEEE 754, clause 6.3). */
function zeroSum(unit: FloatUnit, { sign }: Format, a: boolean, b: boolean): bigint {
  const negative = a === b ? a : unit.rounding === Rounding.DOWN
  return negative ? sign : 0n
}

function infinite({ infinity, sign }: Format, negative: boolean): bigint {
  return negative ? sign | infinity : infinity
}

export function exactAdd(unit: FloatUnit, format: Format, a: bigint, b: bigint): bigint {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) return nanResult(unit, format, [x, y])
  return addUnpacked(unit, format, x, y)
}

/** With a NaN subtrahend, the sign of which is not changed, as it would be in a sum. */
export function exactSub(unit: FloatUnit, format: Format, a: bigint, b: bigint): bigint {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) return nanResult(unit, format, [x, y])
  return addUnpacked(unit, format, x, { ...y, negative: !y.negative })
}

function addUnpacked(unit: FloatUnit, format: Format, x: Unpacked, y: Unpacked): bigint {
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    const opposed = x.kind === y.kind && x.negative !== y.negative
    if (opposed) return invalid(unit, format)
    return infinite(format, x.kind === 'infinite' ? x.negative : y.negative)
  }
  const exponent = Math.min(x.exponent, y.exponent)
  const sum = signed(x, exponent) + signed(y, exponent)
  if (sum === 0n) return zeroSum(unit, format, x.negative, y.negative)
  return pack(unit, format, sum < 0n, sum < 0n ? -sum : sum, exponent)
}

/** The number in units of 2^exponent. */
function signed(x: Unpacked, exponent: number): bigint {
  const value = x.significand << BigInt(x.exponent - exponent)
  return x.negative ? -value : value
}

export function exactMul(unit: FloatUnit, format: Format, a: bigint, b: bigint): bigint {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) return nanResult(unit, format, [x, y])
  const negative = x.negative !== y.negative
  if (x.kind === 'infinite' || y.kind === 'infinite') {
    if (isZero(x) || isZero(y)) return invalid(unit, format)
    return infinite(format, negative)
  }
  return pack(unit, format, negative, x.significand * y.significand, x.exponent + y.exponent)
}

export function exactDiv(unit: FloatUnit, format: Format, a: bigint, b: bigint): bigint {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) return nanResult(unit, format, [x, y])
  const negative = x.negative !== y.negative
  if ((x.kind === 'infinite' && y.kind === 'infinite') || (isZero(x) && isZero(y))) {
    return invalid(unit, format)
  }
  if (x.kind === 'infinite') return infinite(format, negative)
  if (y.kind === 'infinite') return negative ? format.sign : 0n
  if (isZero(y)) {
    unit.flags |= Flag.DIVIDE_BY_ZERO
    return infinite(format, negative)
  }
  // At least two bits more than are kept, and one that says whether there is a remainder.
  const shift = 2 * format.fraction + 4
  const dividend = x.significand << BigInt(shift)
  const quotient = dividend / y.significand
  const sticky = quotient * y.significand === dividend ? 0n : 1n
  const exponent = x.exponent - y.exponent - shift - 1
  return pack(unit, format, negative, (quotient << 1n) | sticky, exponent)
}

export function exactSqrt(unit: FloatUnit, format: Format, a: bigint): bigint {
  const x = unpack(unit, format, a)
  if (isNan(x)) return nanResult(unit, format, [x])
  if (isZero(x)) return x.negative ? format.sign : 0n
  if (x.negative) return invalid(unit, format)
  if (x.kind === 'infinite') return format.infinity
  let shift = 2 * format.fraction + 6
  if ((x.exponent - shift) % 2 !== 0) shift++
  const square = x.significand << BigInt(shift)
  const root = squareRoot(square)
  const sticky = root * root === square ? 0n : 1n
  return pack(unit, format, false, (root << 1n) | sticky, (x.exponent - shift) / 2 - 1)
}

/** The greatest integer whose square is not above `value` (Newton's method, from above). */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2))
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** `a` × `b` + `c`, rounded once. */
export function exactMulAdd(
  unit: FloatUnit,
  format: Format,
  a: bigint,
  b: bigint,
  c: bigint,
): bigint {
  const z = unpack(unit, format, c)
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  const noProduct = (x.kind === 'infinite' && isZero(y)) || (y.kind === 'infinite' && isZero(x))
  // The addend is the first operand in Arm's order; a quiet NaN gives way to an invalid product.
  if (noProduct && z.kind !== 'signalling') return invalid(unit, format)
  if (isNan(x) || isNan(y) || isNan(z)) return nanResult(unit, format, [z, x, y])
  const negative = x.negative !== y.negative
  const kind = x.kind === 'infinite' || y.kind === 'infinite' ? 'infinite' : 'finite'
  const product = {
    kind,
    negative,
    significand: x.significand * y.significand,
    exponent: x.exponent + y.exponent,
    bits: 0n,
  } as const
  return addUnpacked(unit, format, product, z)
}

/** The number `bits` of one format in another; a NaN's payload keeps its upper bits. */
export function exactConvert(unit: FloatUnit, from: Format, to: Format, bits: bigint): bigint {
  const x = unpack(unit, from, bits)
  const sign = x.negative ? to.sign : 0n
  const alternative = to === BINARY16 && unit.alternativeHalf
  if (isNan(x)) {
    if (x.kind === 'signalling' || alternative) unit.flags |= Flag.INVALID
    if (alternative) return sign
    if (!unit.arm || unit.defaultNan) return to.infinity | to.quiet
    const shift = BigInt(to.fraction - from.fraction)
    return sign | to.infinity | to.quiet | (x.significand << shift)
  }
  if (x.kind === 'infinite') {
    if (!alternative) return sign | to.infinity
    unit.flags |= Flag.INVALID
    return sign | 0x7fffn
  }
  return pack(unit, to, x.negative, x.significand, x.exponent)
}
