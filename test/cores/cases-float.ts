import * as asm from './assembler.js'
import { csr } from './assembler.js'
import { type Case, parcels } from './harness.js'
import type { Random } from './random.js'

/** Encodings at which floating point goes wrong, if it does. */
export const floatEdges = [
  0x0000_0000, 0x8000_0000, 0x0000_0001, 0x807f_ffff, 0x0080_0000, 0x8080_0001, 0x3f80_0000,
  0xbf80_0001, 0x3f7f_ffff, 0x4049_0fdb, 0x7f7f_ffff, 0xff80_0000, 0x7f80_0000, 0x7fc0_0001,
  0xff80_0001, 0x4b7f_ffff,
] as const

/** Where conversions to integers change, besides. */
const integerEdges = [
  0x3f00_0000, 0xbf00_0000, 0x3fc0_0000, 0xc020_0000, 0x3eff_ffff, 0xbf7f_ffff, 0x4eff_ffff,
  0x4f00_0000, 0xcf00_0000, 0xcf00_0001, 0x4f7f_ffff, 0x4f80_0000, 0xbf80_0000,
] as const

const wordEdges = [
  0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0x0100_0001, 0x7fff_ffbf, 0x8000_0080,
] as const

const FS = 0x6000
/** Without this bit FS says that nothing has changed. */
const FS_DIRTY_BIT = 0x2000
const FCSR = 0x003
const FFLAGS = 0x001
const DYNAMIC = 7
const X = { a: 5, b: 6, c: 7 } as const

/** Under OP-FP. */
const op = (funct7: number, rm: number, rd: number, rs1: number, rs2: number): number =>
  asm.typeR(0x53, rm, funct7, rd, rs1, rs2)
export const fmvToX = (rd: number, rs1: number): number => op(0x70, 0, rd, rs1, 0)
export const fmvFromX = (rd: number, rs1: number): number => op(0x78, 0, rd, rs1, 0)
export const flw = (rd: number, rs1: number, imm: number): number =>
  asm.typeI(0x07, 2, rd, rs1, imm)
export const fsw = (rs2: number, rs1: number, imm: number): number =>
  asm.typeS(0x27, 2, rs1, rs2, imm)
const multiplyAdd = (
  opcode: number,
  rm: number,
  rd: number,
  rs1: number,
  rs2: number,
  rs3: number,
) => asm.typeR(opcode, rm, rs3 << 2, rd, rs1, rs2)

/** Switches floating point on: rounding to nearest, with no flag. */
export const floatOn = [
  ...[...asm.li(X.a, FS), asm.csrrs(0, csr.mstatus, X.a)],
  asm.csrrw(0, FCSR, 0),
]

/** The operands into f1, f2 and f3. */
function operands(...values: readonly number[]): number[] {
  return values.flatMap((value, i) => [...asm.li(X.a, value), fmvFromX(1 + i, X.a)])
}

/** The flag that says that something was inexact. */
export const INEXACT = 1

/** Sets `fflags`. */
const setFlags = (flags: number): number => asm.typeI(0x73, 5, 0, flags, FFLAGS)

/** Does an operation into f4 in each direction; results are in x10 to x14, flags in x15 to x19. */
function inEachDirection(encode: (rm: number) => number, toInteger = false, flags = 0): number[] {
  return [0, 1, 2, 3, 4].flatMap((rm) => [
    setFlags(flags),
    encode(rm),
    ...(toInteger ? [] : [fmvToX(10 + rm, 4)]),
    asm.csrrs(15 + rm, FFLAGS, 0),
  ])
}

function floatCase(name: string, ...words: readonly number[]): Case {
  return { name, set: 'edges', code: parcels(...floatOn, ...words) }
}

const show = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`

const arithmetic = [
  ['fadd.s', 0x00],
  ['fsub.s', 0x04],
  ['fmul.s', 0x08],
  ['fdiv.s', 0x0c],
] as const

/** Those that do not round: name, funct7, funct3, whether the result is an integer. */
const plain = [
  ['fsgnj.s', 0x10, 0, false],
  ['fsgnjn.s', 0x10, 1, false],
  ['fsgnjx.s', 0x10, 2, false],
  ['fmin.s', 0x14, 0, false],
  ['fmax.s', 0x14, 1, false],
  ['fle.s', 0x50, 0, true],
  ['flt.s', 0x50, 1, true],
  ['feq.s', 0x50, 2, true],
] as const

type Fused = readonly [name: string, opcode: number]

const fused: readonly [Fused, ...Fused[]] = [
  ['fmadd.s', 0x43],
  ['fmsub.s', 0x47],
  ['fnmsub.s', 0x4b],
  ['fnmadd.s', 0x4f],
]

/** Every instruction of F on edge values, in every direction. @param flags that are up before it */
export function floatCases(flags = 0): Case[] {
  const cases: Case[] = []
  for (const a of floatEdges) {
    for (const b of floatEdges) {
      for (const [name, funct7] of arithmetic) {
        const code = inEachDirection((rm) => op(funct7, rm, 4, 1, 2), false, flags)
        cases.push(floatCase(`${name} ${show(a)}, ${show(b)}`, ...operands(a, b), ...code))
      }
      const code = plain.flatMap(([, funct7, funct3, toInteger], i) =>
        toInteger
          ? [op(funct7, funct3, 10 + i, 1, 2), asm.csrrw(20 + i, FFLAGS, 0)]
          : [op(funct7, funct3, 4, 1, 2), fmvToX(10 + i, 4)],
      )
      const name = plain.map(([name]) => name).join(', ')
      cases.push(floatCase(`${name} ${show(a)}, ${show(b)}`, ...operands(a, b), ...code))
    }
  }
  for (const value of [...floatEdges, ...integerEdges]) {
    for (const [name, funct7, rs2] of [
      ['fsqrt.s', 0x2c, 0],
      ['fcvt.w.s', 0x60, 0],
      ['fcvt.wu.s', 0x60, 1],
    ] as const) {
      const toInteger = funct7 === 0x60
      const code = inEachDirection(
        (rm) => op(funct7, rm, toInteger ? 10 + rm : 4, 1, rs2),
        toInteger,
        flags,
      )
      cases.push(floatCase(`${name} ${show(value)}`, ...operands(value), ...code))
    }
    cases.push(floatCase(`fclass.s ${show(value)}`, ...operands(value), op(0x70, 1, 10, 1, 0)))
  }
  for (const value of wordEdges) {
    for (const rs2 of [0, 1]) {
      const code = inEachDirection((rm) => op(0x68, rm, 4, X.b, rs2), false, flags)
      const name = `fcvt.s.${rs2 === 0 ? 'w' : 'wu'} ${show(value)}`
      cases.push(floatCase(name, ...asm.li(X.b, value), ...code))
    }
  }
  return cases
}

/**
 * A sum that is a little less than the middle between two singles, by less than a double tells: to round it
 * to a double first would make it the middle.
 */
const NEARLY_MIDDLE = [0x3380_0080, 0x3f7f_ff00, 0x3f80_0001] as const

/** Fused multiply-add, at random triples of edges and of numbers near each other. */
export function fusedCases(random: Random, count: number, flags = 0): Case[] {
  const value = (): number =>
    random.below(3) === 0
      ? (floatEdges[random.below(floatEdges.length)] ?? 0)
      : ((random.word() & 0x807f_ffff) | ((0x7c + random.below(8)) << 23)) >>> 0
  return Array.from({ length: count }, (_, i) => {
    const given = fused[i]
    const [a, b, c] = given === undefined ? [value(), value(), value()] : NEARLY_MIDDLE
    const [name, opcode] = given ?? random.pick(fused)
    const code = inEachDirection((rm) => multiplyAdd(opcode, rm, 4, 1, 2, 3), false, flags)
    const operandsOf = [show(a), show(b), show(c)].join(', ')
    return floatCase(`${name} ${operandsOf}`, ...operands(a, b, c), ...code)
  })
}

const FRM = 0x002

/** fcsr, mstatus.FS, loads and stores, 16-bit forms, and encodings that are reserved. */
export function floatStateCases(): Case[] {
  const off = (name: string, ...words: readonly number[]): Case => ({
    name: `${name} with floating point off`,
    set: 'edges',
    code: parcels(...words),
  })
  const cases = [
    off('fadd.s', op(0, 0, 1, 2, 3)),
    off('fmadd.s', multiplyAdd(0x43, 0, 1, 2, 3, 4)),
    off('flw', flw(1, 8, 0)),
    off('fsw', fsw(1, 8, 0)),
    off('fcsr', asm.csrrs(10, FCSR, 0)),
    off('frm', asm.csrrw(10, FRM, 0)),
    { name: 'c.flw with floating point off', set: 'pointers', code: [0x6000] } as const,
    floatCase('flw, fsw', flw(1, 8, 4), fsw(1, 8, 8), fmvToX(10, 1)),
    floatCase('flw misaligned', flw(1, 8, 3), fsw(1, 8, 9), fmvToX(10, 1)),
    floatCase('flw where nothing is', flw(1, 24, 0)),
    floatCase('fsw where nothing is', fsw(1, 24, 0)),
    floatCase('fcsr in parts', asm.addi(6, 0, -1), asm.csrrw(7, FCSR, 6), asm.csrrs(10, FCSR, 0)),
    floatCase('frm', asm.addi(6, 0, -1), asm.csrrw(7, FRM, 6), asm.csrrs(10, FCSR, 0)),
    floatCase('fflags', asm.addi(6, 0, -1), asm.csrrw(7, FFLAGS, 6), asm.csrrs(10, FCSR, 0)),
    floatCase('f0 is a register', ...asm.li(6, 0x3f80_0000), fmvFromX(0, 6), fmvToX(10, 0)),
    floatCase('fmv.x.w into x0', fmvToX(0, 1), asm.addi(10, 0, 0)),
  ]
  // What leaves mstatus.FS as it is, and what makes it dirty.
  const clean = [...asm.li(X.a, FS_DIRTY_BIT), asm.typeI(0x73, 3, 0, X.a, csr.mstatus)]
  for (const [name, word] of [
    ['flw', flw(1, 8, 4)],
    ['flw where nothing is', flw(1, 24, 0)],
    ['fsw', fsw(1, 8, 8)],
    ['fmv.w.x', fmvFromX(1, 7)],
    ['fmv.x.w', fmvToX(10, 1)],
    ['fsgnj.s', op(0x10, 0, 4, 1, 2)],
    ['fadd.s', op(0, DYNAMIC, 4, 1, 2)],
    ['fmin.s', op(0x14, 0, 4, 1, 2)],
    ['fcvt.s.w', op(0x68, DYNAMIC, 4, 7, 0)],
  ] as const) {
    const code = [...floatOn, setFlags(INEXACT), ...clean, word]
    cases.push({ name: `${name} while the state is clean`, set: 'edges', code: parcels(...code) })
  }
  for (let frm = 0; frm < 8; frm++) {
    const set = [asm.addi(6, 0, frm), asm.csrrw(0, FRM, 6), ...operands(0x3f80_0001, 0x3380_0001)]
    const add = [op(0, DYNAMIC, 4, 1, 2), fmvToX(10, 4)]
    cases.push(floatCase(`fadd.s as frm says, ${frm}`, ...set, ...add))
    cases.push(floatCase(`fadd.s with rm ${frm}`, ...operands(1, 2), op(0, frm, 4, 1, 2)))
    cases.push(floatCase(`fmadd.s with rm ${frm}`, multiplyAdd(0x43, frm, 4, 1, 2, 3)))
    cases.push(
      floatCase(`fsgnj.s while frm is ${frm}`, ...set, op(0x10, 0, 4, 1, 2), fmvToX(10, 4)),
    )
  }
  // QEMU 7.2 keeps a number of reserved fields open that are closed here; these two agree on.
  for (const funct7 of [0x00, 0x01, 0x02, 0x10, 0x14, 0x2c, 0x50, 0x60, 0x68, 0x70, 0x78]) {
    for (let funct3 = 0; funct3 < 8; funct3++) {
      for (const rs2 of [0, 1, 2]) {
        const word = op(funct7, funct3, 4, 1, rs2)
        const name = `OP-FP ${funct7.toString(16)}, ${funct3}, ${rs2}`
        cases.push(floatCase(name, ...operands(0x3f80_0000), word, fmvToX(10, 4)))
      }
    }
  }
  return cases
}

/** The 16-bit loads and stores of quadrants 0 and 2 with floating point on. */
export function compressedFloatCases(): Case[] {
  const cases: Case[] = []
  for (let half = 0x6000; half < 0x1_0000; half += 0x2a) {
    const quadrant = half & 3
    const funct3 = half >>> 13
    if ((quadrant !== 0 && quadrant !== 2) || (funct3 !== 3 && funct3 !== 7)) continue
    const short = ((half >>> 2) & 7) + 8
    const loaded = quadrant === 0 ? short : (half >>> 7) & 31
    cases.push({
      name: `0x${half.toString(16)} with floating point on`,
      set: 'pointers',
      // x5 is taken for FS: no 16-bit form has it for a base.
      code: [...parcels(...floatOn), half, ...parcels(fmvToX(6, loaded))],
    })
  }
  return cases
}
