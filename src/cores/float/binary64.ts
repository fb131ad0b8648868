import { roundedToOdd, sumError } from './binary32.js'
import { exactAdd, exactDiv, exactMul, exactMulAdd, exactSqrt, exactSub } from './exact.js'
import { BINARY64 } from './format.js'
import { minOrMax, orderOf } from './order.js'
import { Flag, type FloatUnit, type Order, Rounding } from './unit.js'

/**
 * binary64: JavaScript's own arithmetic, and beside it the exact error of the rounding, which says
 * whether the result is inexact. Where that error could not be told (far out in the exponent's
 * range), or what is asked for is not rounding to nearest, `exact.ts` does it.
 *
 * Operands are pairs of 32 bits, the upper half first; results are left in `unit.high`, `unit.low`.
 */

const doubles = new Float64Array(3)
const words = new Int32Array(doubles.buffer)

/** Between these the errors of sums, products and quotients are numbers themselves. */
const LEAST = 2 ** -900
const MOST = 2 ** 900
const NORMAL = 2 ** -1022

/** The number that a pair is the encoding of; of a NaN only that it is one. */
export function number64(high: number, low: number): number {
  words[0] = low
  words[1] = high
  return doubles[0] as number
}

/** Leaves a number that is no NaN as the result. */
export function give64(unit: FloatUnit, value: number): void {
  doubles[0] = value
  unit.low = words[0] as number
  unit.high = words[1] as number
}

export function big64(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

/** Leaves the encoding `bits` as the result. */
export function giveBits64(unit: FloatUnit, bits: bigint): void {
  unit.low = Number(BigInt.asIntN(32, bits))
  unit.high = Number(BigInt.asIntN(32, bits >> 32n))
}

function load(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  words[0] = aLow
  words[1] = aHigh
  words[2] = bLow
  words[3] = bHigh
}

function within(value: number): boolean {
  const size = Math.abs(value)
  return size > LEAST && size < MOST
}

/** The error of `product` = x × y, exactly, for factors and products `within` (Dekker, Veltkamp). */
function productError(x: number, y: number, product: number): number {
  const splitX = 0x800_0001 * x
  const splitY = 0x800_0001 * y
  const x1 = splitX - (splitX - x)
  const y1 = splitY - (splitY - y)
  const x2 = x - x1
  const y2 = y - y1
  return x2 * y2 - (product - x1 * y1 - x2 * y1 - x1 * y2)
}

export function add64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  load(aHigh, aLow, bHigh, bLow)
  const x = doubles[0] as number
  const y = doubles[1] as number
  const sum = x + y
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    (within(sum) || sum === 0) &&
    !flushes(unit, x, y)
  ) {
    if ((unit.flags & Flag.INEXACT) === 0 && sumError(x, y, sum) !== 0) unit.flags |= Flag.INEXACT
    give64(unit, sum)
    return
  }
  giveBits64(unit, exactAdd(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow)))
}

/** True where an operand is to be flushed. */
function flushes(unit: FloatUnit, x: number, y: number): boolean {
  return (
    unit.flushToZero && ((Math.abs(x) < NORMAL && x !== 0) || (Math.abs(y) < NORMAL && y !== 0))
  )
}

export function sub64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  if (!Number.isNaN(number64(bHigh, bLow))) {
    add64(unit, aHigh, aLow, bHigh ^ 0x8000_0000, bLow)
    return
  }
  // A NaN would be given back with its sign changed.
  giveBits64(unit, exactSub(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow)))
}

export function mul64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  load(aHigh, aLow, bHigh, bLow)
  const x = doubles[0] as number
  const y = doubles[1] as number
  const product = x * y
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    (product === 0 ? x === 0 || y === 0 : within(product)) &&
    (within(x) || x === 0) &&
    (within(y) || y === 0)
  ) {
    if ((unit.flags & Flag.INEXACT) === 0 && productError(x, y, product) !== 0) {
      unit.flags |= Flag.INEXACT
    }
    give64(unit, product)
    return
  }
  giveBits64(unit, exactMul(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow)))
}

export function div64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  load(aHigh, aLow, bHigh, bLow)
  const x = doubles[0] as number
  const y = doubles[1] as number
  const quotient = x / y
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    (x === 0 || (within(quotient) && within(x))) &&
    within(y)
  ) {
    if ((unit.flags & Flag.INEXACT) === 0 && x !== 0) {
      const back = quotient * y
      if (back !== x || productError(quotient, y, back) !== 0) unit.flags |= Flag.INEXACT
    }
    give64(unit, quotient)
    return
  }
  giveBits64(unit, exactDiv(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow)))
}

export function sqrt64(unit: FloatUnit, high: number, low: number): void {
  const x = number64(high, low)
  if (unit.rounding === Rounding.NEAREST_EVEN && ((x > LEAST && x < MOST) || x === 0)) {
    const root = Math.sqrt(x)
    const back = root * root
    if (back !== x || productError(root, root, back) !== 0) unit.flags |= Flag.INEXACT
    give64(unit, root)
    return
  }
  giveBits64(unit, exactSqrt(unit, BINARY64, big64(high, low)))
}

/** a × b + c, rounded once; see `mulAdd32`. */
export function mulAdd64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
  cHigh: number,
  cLow: number,
): void {
  load(aHigh, aLow, bHigh, bLow)
  words[4] = cLow
  words[5] = cHigh
  const x = doubles[0] as number
  const y = doubles[1] as number
  const z = doubles[2] as number
  const product = x * y
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    (product === 0 ? x === 0 || y === 0 : inner(product)) &&
    (inner(z) || z === 0) &&
    (within(x) || x === 0) &&
    (within(y) || y === 0)
  ) {
    // Boldo and Melquiond, "Emulation of FMA and correctly rounded sums": the product in two
    // parts, the sum of the upper one and what is below it, of which the last is rounded to odd.
    const productRest = productError(x, y, product)
    const low1 = z + productRest
    const low2 = sumError(z, productRest, low1)
    const high1 = product + low1
    const high2 = sumError(product, low1, high1)
    let rest = high2 + low2
    const restError = sumError(high2, low2, rest)
    if (restError !== 0) rest = roundedToOdd(rest, restError)
    const sum = high1 + rest
    if (within(sum)) {
      if (restError !== 0 || sumError(high1, rest, sum) !== 0) unit.flags |= Flag.INEXACT
      give64(unit, sum)
      return
    }
  }
  const c = big64(cHigh, cLow)
  giveBits64(unit, exactMulAdd(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow), c))
}

/** Far enough from both ends for the errors of a product and a sum of it. */
function inner(value: number): boolean {
  const size = Math.abs(value)
  return size > 2 ** -700 && size < 2 ** 700
}

/** @param signalling true if a quiet NaN is an invalid operand as well, not just unordered */
export function compare64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
  signalling: boolean,
): Order {
  load(aHigh, aLow, bHigh, bLow)
  const x = doubles[0] as number
  const y = doubles[1] as number
  if (Number.isNaN(x) || Number.isNaN(y) || flushes(unit, x, y)) {
    return orderOf(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow), signalling)
  }
  return x < y ? -1 : x > y ? 1 : 0
}

export function min64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  giveBits64(unit, minOrMax(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow), false))
}

export function max64(
  unit: FloatUnit,
  aHigh: number,
  aLow: number,
  bHigh: number,
  bLow: number,
): void {
  giveBits64(unit, minOrMax(unit, BINARY64, big64(aHigh, aLow), big64(bHigh, bLow), true))
}
