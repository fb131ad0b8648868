import { bits32, number32 } from './binary32.js'
import { big64, give64, giveBits64, number64 } from './binary64.js'
import { exactConvert } from './exact.js'
import { BINARY16, BINARY32, BINARY64 } from './format.js'
import { Flag, type FloatUnit, Rounding } from './unit.js'

/** Conversions between the formats; a binary64 number is a pair, or left in the unit. */

const NORMAL32 = 2 ** -126

export function convert32To64(unit: FloatUnit, bits: number): void {
  const value = number32(bits)
  const size = Math.abs(value)
  if ((size >= NORMAL32 && size < Infinity) || value === 0) give64(unit, value)
  else giveBits64(unit, exactConvert(unit, BINARY32, BINARY64, BigInt(bits >>> 0)))
}

export function convert64To32(unit: FloatUnit, high: number, low: number): number {
  const value = number64(high, low)
  const rounded = Math.fround(value)
  const size = Math.abs(rounded)
  if (
    unit.rounding === Rounding.NEAREST_EVEN &&
    ((size > NORMAL32 && size < Infinity) || value === 0)
  ) {
    if (rounded !== value) unit.flags |= Flag.INEXACT
    return bits32(rounded)
  }
  return Number(exactConvert(unit, BINARY64, BINARY32, big64(high, low))) | 0
}

export function convert16To32(unit: FloatUnit, half: number): number {
  return Number(exactConvert(unit, BINARY16, BINARY32, BigInt(half & 0xffff))) | 0
}

export function convert16To64(unit: FloatUnit, half: number): void {
  giveBits64(unit, exactConvert(unit, BINARY16, BINARY64, BigInt(half & 0xffff)))
}

export function convert32To16(unit: FloatUnit, bits: number): number {
  return Number(exactConvert(unit, BINARY32, BINARY16, BigInt(bits >>> 0)))
}

export function convert64To16(unit: FloatUnit, high: number, low: number): number {
  return Number(exactConvert(unit, BINARY64, BINARY16, big64(high, low)))
}
