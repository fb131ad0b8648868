import { Op } from '../operation.js'

/** Numbers of 64 bits as two words, the upper one named `…High`; all are signed 32-bit numbers. */

/** The upper word of a + b, of which `sum` is the lower one. */
export function sumHigh(a: number, aHigh: number, sum: number, bHigh: number): number {
  return (aHigh + bHigh + (sum >>> 0 < a >>> 0 ? 1 : 0)) | 0
}

export function less(a: number, aHigh: number, b: number, bHigh: number): boolean {
  return aHigh === bHigh ? a >>> 0 < b >>> 0 : aHigh < bHigh
}

export function lessUnsigned(a: number, aHigh: number, b: number, bHigh: number): boolean {
  return aHigh === bHigh ? a >>> 0 < b >>> 0 : aHigh >>> 0 < bHigh >>> 0
}

/** Shifts by 0 to 63. By 32 - `by` in two steps, for one by 32 would be one by 0. */
export function shiftLeft(
  x: Int32Array,
  xHigh: Int32Array,
  rd: number,
  a: number,
  aHigh: number,
  by: number,
): void {
  x[rd] = by < 32 ? a << by : 0
  xHigh[rd] = by < 32 ? (aHigh << by) | ((a >>> 1) >>> (31 - by)) : a << (by - 32)
}

export function shiftRight(
  x: Int32Array,
  xHigh: Int32Array,
  rd: number,
  a: number,
  aHigh: number,
  by: number,
): void {
  x[rd] = by < 32 ? (a >>> by) | ((aHigh << 1) << (31 - by)) : aHigh >>> (by - 32)
  xHigh[rd] = by < 32 ? aHigh >>> by : 0
}

export function shiftRightSigned(
  x: Int32Array,
  xHigh: Int32Array,
  rd: number,
  a: number,
  aHigh: number,
  by: number,
): void {
  x[rd] = by < 32 ? (a >>> by) | ((aHigh << 1) << (31 - by)) : aHigh >> (by - 32)
  xHigh[rd] = by < 32 ? aHigh >> by : aHigh >> 31
}

/** The signed number of two words. */
export function toBig(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}

export function lowOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

export function highOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n))
}

/** MULH to REMU on 64 bits: with doubles where both operands are of 32, else with bigints. */
export function multiplyDivide(
  x: Int32Array,
  xHigh: Int32Array,
  rd: number,
  op: number,
  a: number,
  aHigh: number,
  b: number,
  bHigh: number,
): void {
  const signed = op === Op.DIV || op === Op.REM
  const short = signed ? aHigh === a >> 31 && bHigh === b >> 31 : aHigh === 0 && bHigh === 0
  if (op >= Op.DIV && short && b !== 0) {
    const left = signed ? a : a >>> 0
    const right = signed ? b : b >>> 0
    const division = op === Op.DIV || op === Op.DIVU
    const result = division ? Math.trunc(left / right) : left % right
    x[rd] = result
    // 2^31, the quotient of -2^31 and -1, is of 33 bits.
    xHigh[rd] = result < 0 ? -1 : 0
    return
  }
  const result = bigResult(op, toBig(a, aHigh), toBig(b, bHigh))
  x[rd] = lowOf(result)
  xHigh[rd] = highOf(result)
}

function bigResult(op: number, a: bigint, b: bigint): bigint {
  const ua = BigInt.asUintN(64, a)
  const ub = BigInt.asUintN(64, b)
  switch (op) {
    case Op.MULH:
      return (a * b) >> 64n
    case Op.MULHSU:
      return (a * ub) >> 64n
    case Op.MULHU:
      return (ua * ub) >> 64n
    case Op.DIV:
      return b === 0n ? -1n : a / b
    case Op.DIVU:
      return b === 0n ? -1n : ua / ub
    case Op.REM:
      return b === 0n ? a : a % b
    default: // REMU
      return b === 0n ? a : ua % ub
  }
}
