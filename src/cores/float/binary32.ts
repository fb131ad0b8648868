import { exactAdd, exactDiv, exactMul, exactMulAdd, exactSqrt, exactSub } from './exact.js'
import { BINARY32 } from './format.js'
import { minOrMax, orderOf } from './order.js'
import { Flag, type FloatUnit, type Order, Rounding } from './unit.js'

/**
 * binary32: a result is computed in double precision and rounded to single. A double has more than
 * twice the bits and two (53 ≥ 2 × 24 + 2), so the second rounding does no harm to one sum, product,
 * quotient or root (Figueroa, "When is double rounding innocuous?"). What is special, tiny, or
 * rounded in another direction than to nearest is left to `exact.ts`.
 */

const singles = new Float32Array(2)
const bits = new Int32Array(singles.buffer)
const doubles = new Float64Array(1)
const words = new Int32Array(doubles.buffer)

/** The smallest normal number. */
const NORMAL = 2 ** -126

/** The number that `value` is the encoding of; of a NaN only that it is one. */
export function number32(value: number): number {
  bits[0] = value
  return singles[0] as number
}

/** The encoding of a number that is no NaN, rounded to nearest. */
export function bits32(value: number): number {
  singles[0] = value
  return bits[0] as number
}

const big = (value: number): bigint => BigInt(value >>> 0)
const small = (value: bigint): number => Number(value) | 0

/** True where an operand is to be flushed. */
function flushes(unit: FloatUnit, x: number, y: number): boolean {
  return (
    unit.flushToZero && ((Math.abs(x) < NORMAL && x !== 0) || (Math.abs(y) < NORMAL && y !== 0))
  )
}

/**
 * The rounding error of `sum` = x + y in double precision, exactly, if no part is near the ends of
 * the exponent's range (Møller and Knuth's two-sum).
 */
export function sumError(x: number, y: number, sum: number): number {
  const added = sum - x
  return x - (sum - added) + (y - added)
}

export function add32(unit: FloatUnit, a: number, b: number): number {
  bits[0] = a
  bits[1] = b
  const x = singles[0] as number
  const y = singles[1] as number
  const sum = x + y
  const rounded = Math.fround(sum)
  const size = Math.abs(rounded)
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    ((size > NORMAL && size < Infinity) || size === 0) &&
    !flushes(unit, x, y)
  ) {
    if ((unit.flags & Flag.INEXACT) === 0 && (rounded !== sum || sumError(x, y, sum) !== 0)) {
      unit.flags |= Flag.INEXACT
    }
    singles[0] = rounded
    return bits[0] as number
  }
  return small(exactAdd(unit, BINARY32, big(a), big(b)))
}

export function sub32(unit: FloatUnit, a: number, b: number): number {
  // A NaN would be given back with its sign changed.
  if ((b & 0x7fff_ffff) > 0x7f80_0000) return small(exactSub(unit, BINARY32, big(a), big(b)))
  return add32(unit, a, b ^ 0x8000_0000)
}

export function mul32(unit: FloatUnit, a: number, b: number): number {
  bits[0] = a
  bits[1] = b
  const x = singles[0] as number
  const y = singles[1] as number
  const product = x * y
  const rounded = Math.fround(product)
  const size = Math.abs(rounded)
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    ((size > NORMAL && size < Infinity) || product === 0) &&
    !flushes(unit, x, y)
  ) {
    // The product of two singles fits in a double.
    if (rounded !== product) unit.flags |= Flag.INEXACT
    singles[0] = rounded
    return bits[0] as number
  }
  return small(exactMul(unit, BINARY32, big(a), big(b)))
}

export function div32(unit: FloatUnit, a: number, b: number): number {
  bits[0] = a
  bits[1] = b
  const x = singles[0] as number
  const y = singles[1] as number
  const rounded = Math.fround(x / y)
  const size = Math.abs(rounded)
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    ((size > NORMAL && size < Infinity) || (x === 0 && size === 0)) &&
    !flushes(unit, x, y)
  ) {
    if (x !== 0 && rounded * y !== x) unit.flags |= Flag.INEXACT
    singles[0] = rounded
    return bits[0] as number
  }
  return small(exactDiv(unit, BINARY32, big(a), big(b)))
}

export function sqrt32(unit: FloatUnit, a: number): number {
  bits[0] = a
  const x = singles[0] as number
  if (unit.rounding === Rounding.NEAREST_EVEN && (x === 0 || (x >= NORMAL && x < Infinity))) {
    const rounded = Math.fround(Math.sqrt(x))
    if (rounded * rounded !== x) unit.flags |= Flag.INEXACT
    singles[0] = rounded
    return bits[0] as number
  }
  return small(exactSqrt(unit, BINARY32, big(a)))
}

/**
 * `a` × `b` + `c`, rounded once. For the subtracting and negating forms change the signs of `a` or
 * `c`: a NaN operand changes its sign on Arm as well.
 */
export function mulAdd32(unit: FloatUnit, a: number, b: number, c: number): number {
  bits[0] = a
  bits[1] = b
  const x = singles[0] as number
  const y = singles[1] as number
  bits[0] = c
  const z = singles[0] as number
  const product = x * y
  let sum = product + z
  const rest = sumError(product, z, sum)
  // Two roundings of such a sum are one too many: the first is made to odd instead, after which
  // the second is right (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums").
  if (rest !== 0 && sum - sum === 0) sum = roundedToOdd(sum, rest)
  const rounded = Math.fround(sum)
  const size = Math.abs(rounded)
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    ((size > NORMAL && size < Infinity) || sum === 0) &&
    !(flushes(unit, x, y) || flushes(unit, z, z))
  ) {
    if (rest !== 0 || rounded !== sum) unit.flags |= Flag.INEXACT
    singles[0] = rounded
    return bits[0] as number
  }
  return small(exactMulAdd(unit, BINARY32, big(a), big(b), big(c)))
}

/** `value` + `rest`, where `rest` is what rounding to nearest left out: the odd neighbour. */
export function roundedToOdd(value: number, rest: number): number {
  doubles[0] = value
  const low = words[0] as number
  if ((low & 1) === 0) {
    if (rest > 0 === value > 0) words[0] = low + 1
    else {
      words[0] = low - 1
      if (low === 0) words[1] = (words[1] as number) - 1
    }
  }
  return doubles[0] as number
}

/** @param signalling true if a quiet NaN is an invalid operand as well, not just unordered */
export function compare32(unit: FloatUnit, a: number, b: number, signalling: boolean): Order {
  bits[0] = a
  bits[1] = b
  const x = singles[0] as number
  const y = singles[1] as number
  if (Number.isNaN(x) || Number.isNaN(y) || flushes(unit, x, y)) {
    return orderOf(unit, BINARY32, big(a), big(b), signalling)
  }
  return x < y ? -1 : x > y ? 1 : 0
}

export function min32(unit: FloatUnit, a: number, b: number): number {
  return small(minOrMax(unit, BINARY32, big(a), big(b), false))
}

export function max32(unit: FloatUnit, a: number, b: number): number {
  return small(minOrMax(unit, BINARY32, big(a), big(b), true))
}
