import { exactAdd, exactDiv, exactMul, exactMulAdd, exactSqrt, exactSub } from './exact.js'
import { BINARY16 } from './format.js'
import { minOrMax, orderOf } from './order.js'
import type { FloatUnit, Order } from './unit.js'

/** binary16, the operands and results being the lower 16 bits of a number. */

const big = (value: number): bigint => BigInt(value & 0xffff)

type Two = (unit: FloatUnit, a: number, b: number) => number

export const add16: Two = (unit, a, b) => Number(exactAdd(unit, BINARY16, big(a), big(b)))
export const sub16: Two = (unit, a, b) => Number(exactSub(unit, BINARY16, big(a), big(b)))
export const mul16: Two = (unit, a, b) => Number(exactMul(unit, BINARY16, big(a), big(b)))
export const div16: Two = (unit, a, b) => Number(exactDiv(unit, BINARY16, big(a), big(b)))
export const min16: Two = (unit, a, b) => Number(minOrMax(unit, BINARY16, big(a), big(b), false))
export const max16: Two = (unit, a, b) => Number(minOrMax(unit, BINARY16, big(a), big(b), true))

export function sqrt16(unit: FloatUnit, a: number): number {
  return Number(exactSqrt(unit, BINARY16, big(a)))
}

/** a × b + c, rounded once; see `mulAdd32`. */
export function mulAdd16(unit: FloatUnit, a: number, b: number, c: number): number {
  return Number(exactMulAdd(unit, BINARY16, big(a), big(b), big(c)))
}

/** See `compare32`. */
export function compare16(unit: FloatUnit, a: number, b: number, signalling: boolean): Order {
  return orderOf(unit, BINARY16, big(a), big(b), signalling)
}
