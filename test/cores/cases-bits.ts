import * as asm from './assembler.js'
import { type Case, edgeValues, FIRST_EDGE, parcels } from './harness.js'

const RD = 22
const edges = edgeValues.map((value, i) => ({ register: FIRST_EDGE + i, value }))
const show = (value: number): string => `0x${(value >>> 0).toString(16)}`

type Form = readonly [name: string, funct3: number, field: number]

/** Name, funct3, funct7. */
export const bitForms: readonly [Form, ...Form[]] = [
  ['sh1add', 2, 0x10],
  ['sh2add', 4, 0x10],
  ['sh3add', 6, 0x10],
  ['andn', 7, 0x20],
  ['orn', 6, 0x20],
  ['xnor', 4, 0x20],
  ['max', 6, 0x05],
  ['maxu', 7, 0x05],
  ['min', 4, 0x05],
  ['minu', 5, 0x05],
  ['rol', 1, 0x30],
  ['ror', 5, 0x30],
  ['bclr', 1, 0x24],
  ['bext', 5, 0x24],
  ['binv', 1, 0x34],
  ['bset', 1, 0x14],
]

/** Those with an immediate of five bits: name, funct3, the upper seven bits of the immediate. */
export const bitImmediateForms: readonly [Form, ...Form[]] = [
  ['rori', 5, 0x30],
  ['bclri', 1, 0x24],
  ['bexti', 5, 0x24],
  ['binvi', 1, 0x34],
  ['bseti', 1, 0x14],
]

/** Those with one operand: name, funct3, the immediate. */
export const bitUnaryForms: readonly [Form, ...Form[]] = [
  ['clz', 1, 0x600],
  ['ctz', 1, 0x601],
  ['cpop', 1, 0x602],
  ['sext.b', 1, 0x604],
  ['sext.h', 1, 0x605],
  ['orc.b', 5, 0x287],
  ['rev8', 5, 0x698],
]

/** Zba, Zbb and Zbs, and encodings next to theirs. */
export function bitCases(): Case[] {
  const cases: Case[] = []
  const add = (name: string, word: number): void => {
    cases.push({ name, set: 'edges', code: parcels(word) })
  }
  for (const [name, funct3, funct7] of bitForms) {
    for (const a of edges) {
      for (const b of edges) {
        const word = asm.typeR(0x33, funct3, funct7, RD, a.register, b.register)
        add(`${name} ${show(a.value)}, ${show(b.value)}`, word)
      }
    }
  }
  for (const { register, value } of edges) {
    for (const [name, funct3, upper] of bitImmediateForms) {
      for (const shift of [0, 1, 16, 31, 32]) {
        const word = asm.typeI(0x13, funct3, RD, register, (upper << 5) | shift)
        add(`${name} ${show(value)}, ${shift}`, word)
      }
    }
    for (const [name, funct3, imm] of bitUnaryForms) {
      add(`${name} ${show(value)}`, asm.typeI(0x13, funct3, RD, register, imm))
    }
    add(`zext.h ${show(value)}`, asm.typeR(0x33, 4, 0x04, RD, register, 0))
  }
  for (const upper of [0x04, 0x05, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34]) {
    for (let funct3 = 0; funct3 < 8; funct3++) {
      for (const low of [0, 3, 6, 7, 8, 24, 25]) {
        add(
          `register form ${upper}, ${funct3}, ${low}`,
          asm.typeR(0x33, funct3, upper, RD, 15, low),
        )
        const word = asm.typeI(0x13, funct3, RD, 15, (upper << 5) | low)
        add(`immediate form ${upper}, ${funct3}, ${low}`, word)
      }
    }
  }
  return cases
}
