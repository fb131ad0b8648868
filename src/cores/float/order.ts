import { type Format, isNan, isZero, nanResult, type Unpacked, unpack } from './format.js'
import { Flag, type FloatUnit, Order } from './unit.js'

/** How `a` and `b` compare; see `compare32`. */
export function orderOf(
  unit: FloatUnit,
  format: Format,
  a: bigint,
  b: bigint,
  signalling: boolean,
): Order {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) {
    const invalid = signalling || x.kind === 'signalling' || y.kind === 'signalling'
    if (invalid) unit.flags |= Flag.INVALID
    return Order.UNORDERED
  }
  return order(format, x, y)
}

function order(format: Format, x: Unpacked, y: Unpacked): Order {
  const difference = place(format, x) - place(format, y)
  return difference < 0n ? Order.LESS : difference > 0n ? Order.GREATER : Order.EQUAL
}

/** Encodings without their sign are in the order of the numbers. */
function place({ sign }: Format, x: Unpacked): bigint {
  if (isZero(x)) return 0n
  return x.negative ? sign - x.bits : x.bits
}

/**
 * The smaller or the greater of two numbers, -0 below +0; a number if only one is a NaN. A
 * signalling NaN is then an operand like any other on RISC-V (IEEE 754-2019's minimumNumber, save
 * that it is invalid), but gives a NaN on Arm (IEEE 754-2008's minNum).
 */
export function minOrMax(
  unit: FloatUnit,
  format: Format,
  a: bigint,
  b: bigint,
  max: boolean,
): bigint {
  const x = unpack(unit, format, a)
  const y = unpack(unit, format, b)
  if (isNan(x) || isNan(y)) {
    const signalling = x.kind === 'signalling' || y.kind === 'signalling'
    if ((signalling && unit.arm) || (isNan(x) && isNan(y))) return nanResult(unit, format, [x, y])
    if (signalling) unit.flags |= Flag.INVALID
    return flushed(format, isNan(x) ? y : x)
  }
  const how = order(format, x, y)
  const chosen = how === Order.EQUAL ? (x.negative !== max ? x : y) : how < 0 !== max ? x : y
  return flushed(format, chosen)
}

/** The operand itself, or the zero that it was taken for. */
function flushed({ sign }: Format, x: Unpacked): bigint {
  if (!isZero(x)) return x.bits
  return x.negative ? sign : 0n
}
