import * as asm from './assembler.js'
import { type Case, edgeValues, FIRST_EDGE, parcels } from './harness.js'

const RD = 22
const edges = edgeValues.map((value, i) => ({ register: FIRST_EDGE + i, value }))
const show = (value: number): string => `0x${(value >>> 0).toString(16)}`

const registerForms = [
  ['add', 0, 0],
  ['sub', 0, 0x20],
  ['sll', 1, 0],
  ['slt', 2, 0],
  ['sltu', 3, 0],
  ['xor', 4, 0],
  ['srl', 5, 0],
  ['sra', 5, 0x20],
  ['or', 6, 0],
  ['and', 7, 0],
  ['mul', 0, 1],
  ['mulh', 1, 1],
  ['mulhsu', 2, 1],
  ['mulhu', 3, 1],
  ['div', 4, 1],
  ['divu', 5, 1],
  ['rem', 6, 1],
  ['remu', 7, 1],
] as const

/** Every register-register instruction at every pair of edge values, and into x0. */
export function registerCases(): Case[] {
  return registerForms.flatMap(([name, funct3, funct7]) =>
    edges.flatMap((a) =>
      edges.flatMap((b) =>
        [RD, a.register, 0].map((rd) => ({
          name: `${name} x${rd}, ${show(a.value)}, ${show(b.value)}`,
          set: 'edges' as const,
          code: parcels(asm.typeR(0x33, funct3, funct7, rd, a.register, b.register)),
        })),
      ),
    ),
  )
}

const immediateForms = ['addi', 'slli', 'slti', 'sltiu', 'xori', 'srli', 'ori', 'andi'] as const
const immediates = [0, 1, 31, 0x555, 0x7ff, -1, -2, -0x800]
const shifts = [0, 1, 15, 30, 31, 0x400, 0x401, 0x41f, 0x20, 0x3f, 0x420, -1]

export function immediateCases(): Case[] {
  const cases: Case[] = []
  for (const [funct3, name] of immediateForms.entries()) {
    for (const imm of funct3 === 1 || funct3 === 5 ? shifts : immediates) {
      for (const { register, value } of edges) {
        const word = asm.typeI(0x13, funct3, RD, register, imm & 0xfff)
        cases.push({ name: `${name} ${show(value)}, ${imm}`, set: 'edges', code: parcels(word) })
      }
    }
  }
  for (const upper of [0, 0x1000, 0x7fff_f000, 0x8000_0000, 0xffff_f000]) {
    for (const rd of [RD, 0]) {
      const lui = parcels(asm.lui(rd, upper))
      const auipc = parcels(asm.auipc(rd, upper))
      cases.push({ name: `lui x${rd}, ${show(upper)}`, set: 'edges', code: lui })
      cases.push({ name: `auipc x${rd}, ${show(upper)}`, set: 'edges', code: auipc })
    }
  }
  return cases
}

const branchForms = ['beq', 'bne', '2', '3', 'blt', 'bge', 'bltu', 'bgeu'] as const
const branchOffsets = [8, -8, 2, 0xffe, -0x1000]

export function jumpCases(): Case[] {
  const cases: Case[] = []
  for (const [funct3, name] of branchForms.entries()) {
    for (const a of edges) {
      for (const b of edges) {
        const code = parcels(asm.typeB(funct3, a.register, b.register, 6))
        cases.push({ name: `${name} ${show(a.value)}, ${show(b.value)}`, set: 'edges', code })
      }
    }
    for (const offset of branchOffsets) {
      const code = parcels(asm.typeB(funct3, 5, 5, offset))
      cases.push({ name: `${name} by ${offset}`, set: 'edges', code })
    }
  }
  for (const offset of [2, 4, 0x7fe, 0x800, 0x1000, 0x5_5554, 0xf_fffe, -2, -0x800, -0x10_0000]) {
    for (const rd of [RD, 0, 1]) {
      cases.push({
        name: `jal x${rd}, ${offset}`,
        set: 'edges',
        code: parcels(asm.jal(rd, offset)),
      })
    }
  }
  for (const imm of [0, 1, 2, 3, 0x7ff, -1, -0x800]) {
    for (const rd of [1, 0, RD]) {
      const code = parcels(asm.jalr(rd, 1, imm))
      cases.push({ name: `jalr x${rd}, x1, ${imm}`, set: 'edges', code })
    }
  }
  cases.push({
    name: 'jalr to where nothing is',
    set: 'edges',
    code: parcels(asm.jalr(1, 24, 0)),
  })
  cases.push({
    name: 'jalr to the end of memory',
    set: 'edges',
    code: parcels(asm.jalr(1, 23, 2)),
  })
  return cases
}

const loadForms = ['lb', 'lh', 'lw', '3', 'lbu', 'lhu', '6', '7'] as const
const storeForms = ['sb', 'sh', 'sw', '3', '4', '5', '6', '7'] as const
const accessOffsets = [0, 1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4]

export function memoryCases(): Case[] {
  const cases: Case[] = []
  for (const funct3 of loadForms.keys()) {
    for (const offset of accessOffsets) {
      const load = (rd: number, base: number): number[] =>
        parcels(asm.typeI(0x03, funct3, rd, base, offset & 0xfff))
      const store = (rs2: number, base: number): number[] =>
        parcels(asm.typeS(0x23, funct3, base, rs2, offset))
      const from = `${loadForms[funct3]} at ${offset}`
      const to = `${storeForms[funct3]} at ${offset}`
      cases.push({ name: from, set: 'edges', code: load(RD, 8) })
      cases.push({ name: `${from} into x0`, set: 'edges', code: load(0, 8) })
      cases.push({ name: `${from} into its base`, set: 'edges', code: load(8, 8) })
      cases.push({ name: to, set: 'edges', code: store(21, 8) })
      cases.push({ name: `${from} of nothing`, set: 'edges', code: load(RD, 24) })
      cases.push({ name: `${to} of nothing`, set: 'edges', code: store(21, 24) })
      cases.push({ name: `${from} of the end of memory`, set: 'edges', code: load(RD, 23) })
      cases.push({ name: `${to} of the end of memory`, set: 'edges', code: store(5, 23) })
      cases.push({
        name: `${from} of the address space's end`,
        set: 'edges',
        code: load(RD, 0),
      })
    }
  }
  return cases
}
