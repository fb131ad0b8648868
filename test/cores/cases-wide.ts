import * as asm from './assembler.js'
import { type Case, edgeValues, FIRST_EDGE, parcels } from './harness.js'

const RD = 22
/** From this register on all edge values have something in their upper halves on RV64. */
const FIRST_HIGH_EDGE = FIRST_EDGE + 7
const edges = edgeValues.map((_, i) => FIRST_EDGE + i)

type Form = readonly [name: string, funct3: number, funct7: number]

/** On words, under OP-32. */
export const wordForms: readonly [Form, ...Form[]] = [
  ['addw', 0, 0],
  ['subw', 0, 0x20],
  ['sllw', 1, 0],
  ['srlw', 5, 0],
  ['sraw', 5, 0x20],
  ['mulw', 0, 1],
  ['divw', 4, 1],
  ['divuw', 5, 1],
  ['remw', 6, 1],
  ['remuw', 7, 1],
]

/** On words, under OP-IMM-32; and shifts by more than 31. */
const immediateForms = [
  ['addiw', 0x1b, 0, [0, 1, 0x7ff, -1, -0x800]],
  ['slliw', 0x1b, 1, [0, 1, 31, 32]],
  ['srliw', 0x1b, 5, [0, 1, 31, 32]],
  ['sraiw', 0x1b, 5, [0x400, 0x401, 0x41f, 0x420]],
  ['slli', 0x13, 1, [0, 1, 31, 32, 33, 63, 64]],
  ['srli', 0x13, 5, [0, 1, 31, 32, 33, 63, 64]],
  ['srai', 0x13, 5, [0x400, 0x401, 0x41f, 0x420, 0x421, 0x43f, 0x440]],
] as const

/** What RV64 has beyond RV32, on edge values. */
export function wordCases(): Case[] {
  const cases: Case[] = []
  const add = (name: string, word: number): void => {
    cases.push({ name, set: 'edges', code: parcels(word) })
  }
  for (const a of edges) {
    for (const [name, funct3, funct7] of wordForms) {
      for (const b of edges) {
        add(`${name} x${a}, x${b}`, asm.typeR(0x3b, funct3, funct7, RD, a, b))
      }
    }
    for (const [name, opcode, funct3, immediates] of immediateForms) {
      for (const imm of immediates) {
        add(`${name} x${a}, ${imm}`, asm.typeI(opcode, funct3, RD, a, imm & 0xfff))
      }
    }
    // Addresses beyond 32 bits: the others of these lead to what one of the two boards has not.
    if (a < FIRST_HIGH_EDGE) continue
    add(`jalr x${a}`, asm.jalr(1, a, 0))
    add(`lw from x${a}`, asm.lw(RD, a, 0))
    add(`sd to x${a}`, asm.typeS(0x23, 3, a, RD, 0))
  }
  return cases
}

const atomics = [0x00, 0x01, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c] as const
export const atomicDouble = (funct5: number, rd: number, rs1: number, rs2: number): number =>
  asm.typeR(0x2f, 3, funct5 << 2, rd, rs1, rs2)

/** Atomic operations on double words. */
export function doubleCases(): Case[] {
  const cases: Case[] = []
  // QEMU 7.2 raises the load's exceptions for an AMO; the specification wants the store's.
  const ignore = ['mcause']
  for (const funct5 of atomics) {
    for (const a of edges) {
      for (const b of edges) {
        const code = parcels(asm.typeS(0x23, 3, 8, a, 0), atomicDouble(funct5, RD, 8, b))
        cases.push({ name: `amo ${funct5} x${a}, x${b}`, set: 'edges', code })
      }
    }
    for (const skew of [1, 4]) {
      const code = parcels(asm.addi(6, 8, skew), atomicDouble(funct5, RD, 6, 12))
      cases.push({ name: `amo ${funct5} misaligned by ${skew}`, set: 'edges', code, ignore })
    }
    const nowhere = parcels(atomicDouble(funct5, RD, 24, 12))
    cases.push({ name: `amo ${funct5} where nothing is`, set: 'edges', code: nowhere, ignore })
  }
  const lr = atomicDouble(0x02, 5, 8, 0)
  const sequences: readonly (readonly [string, ...number[]])[] = [
    ['lr.d, sc.d', lr, atomicDouble(0x03, 6, 8, 21)],
    ['lr.d, a store of another value, sc.d', lr, asm.sw(21, 8, 4), atomicDouble(0x03, 6, 8, 20)],
    ['sc.d alone', atomicDouble(0x03, 6, 8, 21)],
    ['lr.d misaligned', asm.addi(7, 8, 4), atomicDouble(0x02, 5, 7, 0)],
    ['lr.d where nothing is', atomicDouble(0x02, 5, 24, 0)],
  ]
  for (const [name, ...words] of sequences)
    cases.push({ name, set: 'edges', code: parcels(...words) })
  return cases
}
