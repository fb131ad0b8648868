import * as asm from './assembler.js'
import { returnTo } from './cases-system.js'
import { type Case, edgeValues, FIRST_EDGE, parcels } from './harness.js'

const RD = 22
const forms = [
  ['amoadd', 0x00],
  ['amoswap', 0x01],
  ['amoxor', 0x04],
  ['amoor', 0x08],
  ['amoand', 0x0c],
  ['amomin', 0x10],
  ['amomax', 0x14],
  ['amominu', 0x18],
  ['amomaxu', 0x1c],
] as const

/** QEMU 7.2 raises the load's exceptions for an AMO; the specification wants the store's. */
const ignore = ['mcause']

/** Each AMO at each pair of edge values: the first is put into memory, then the AMO is made. */
export function amoCases(): Case[] {
  const cases: Case[] = []
  for (const [name, funct5] of forms) {
    for (const [i, a] of edgeValues.entries()) {
      for (const [j, b] of edgeValues.entries()) {
        const code = parcels(asm.sw(FIRST_EDGE + i, 8, 0), asm.amo(funct5, RD, 8, FIRST_EDGE + j))
        cases.push({ name: `${name} ${a.toString(16)}, ${b.toString(16)}`, set: 'edges', code })
      }
    }
    for (const ordering of [0, 1, 2, 3]) {
      const word = asm.typeR(0x2f, 2, (funct5 << 2) | ordering, RD, 8, 12)
      cases.push({ name: `${name} ordering ${ordering}`, set: 'edges', code: parcels(word) })
    }
    for (const [rd, rs1, rs2] of [
      [0, 8, 12],
      [8, 8, 12],
      [12, 8, 12],
      [RD, 8, 8],
    ] as const) {
      const code = parcels(asm.amo(funct5, rd, rs1, rs2))
      cases.push({ name: `${name} x${rd}, x${rs2}, (x${rs1})`, set: 'edges', code })
    }
    for (let skew = 1; skew < 4; skew++) {
      const code = parcels(asm.addi(6, 8, skew), asm.amo(funct5, RD, 6, 12))
      cases.push({ name: `${name} misaligned by ${skew}`, set: 'edges', code, ignore })
    }
    const nowhere = parcels(asm.amo(funct5, RD, 24, 12))
    cases.push({ name: `${name} where nothing is`, set: 'edges', code: nowhere, ignore })
  }
  return cases
}

export function reservationCases(): Case[] {
  const sequences: readonly (readonly [string, ...number[]])[] = [
    ['lr, sc', asm.lr(5, 8), asm.sc(6, 8, 21)],
    ['lr, sc, sc', asm.lr(5, 8), asm.sc(6, 8, 21), asm.sc(7, 8, 5)],
    ['sc alone', asm.sc(6, 8, 21)],
    ['lr, sc elsewhere', asm.lr(5, 8), asm.sc(6, 9, 21)],
    ['lr, sc elsewhere, sc', asm.lr(5, 8), asm.sc(6, 9, 21), asm.sc(7, 8, 21)],
    ['lr, lr elsewhere, sc', asm.lr(5, 8), asm.lr(6, 9), asm.sc(7, 8, 21)],
    ['lr, a store of another value, sc', asm.lr(5, 8), asm.sw(21, 8, 0), asm.sc(7, 8, 20)],
    ['lr into x0, sc', asm.lr(0, 8), asm.sc(6, 8, 21)],
    ['lr, sc into x0', asm.lr(5, 8), asm.sc(0, 8, 21)],
    ['lr into its base, sc', asm.lr(8, 8), asm.sc(6, 8, 21)],
    ['lr, sc into its address', asm.lr(5, 8), asm.sc(8, 8, 21)],
    ['lr, sc into its value', asm.lr(5, 8), asm.sc(21, 8, 21)],
    ['lr, mret, sc', asm.lr(5, 8), ...returnTo(0, 0x1800), asm.sc(6, 8, 21)],
    ['lr misaligned by 1', asm.addi(7, 8, 1), asm.lr(5, 7)],
    ['lr misaligned by 2', asm.addi(7, 8, 2), asm.lr(5, 7)],
    ['sc misaligned, without a reservation', asm.addi(7, 8, 2), asm.sc(5, 7, 21)],
    ['lr where nothing is', asm.lr(5, 24)],
    ['sc where nothing is, without a reservation', asm.sc(5, 24, 21)],
    ['lr with rs2', asm.amo(0x02, 5, 8, 1)],
  ]
  return sequences.map(([name, ...words]) => ({ name, set: 'edges', code: parcels(...words) }))
}
