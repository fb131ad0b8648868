import * as asm from './assembler.js'
import { bitForms, bitImmediateForms, bitUnaryForms } from './cases-bits.js'
import { floatEdges, floatOn, flw, fmvFromX, fsw } from './cases-float.js'
import { atomicDouble, wordForms } from './cases-wide.js'
import { type Case, parcels } from './harness.js'
import type { Random } from './random.js'

/** Words of scratch memory that a random sequence works on, from SCRATCH on. */
export const SCRATCH_WORDS = 64

/** x8 is in the middle of the scratch memory, x9 at its beginning; both stay so. */
const BASES = [8, 9] as const
const LOOP_COUNTER = 27
const destinations = [0, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 28, 29, 30, 31] as const
const compressedDestinations = destinations.filter((register) => register !== 0)

interface Piece {
  readonly parcels: number
  /** @param skip bytes from the start of this piece to where a branch may go */
  encode(skip: number): number[]
}

function fixed(code: number[]): Piece {
  return { parcels: code.length, encode: () => code }
}

function integer(random: Random): Piece {
  const rd = random.pick(destinations)
  const rs1 = random.below(32)
  const funct3 = random.below(8)
  if (random.below(2) === 0) {
    const funct7 =
      random.below(3) === 0 ? 1 : funct3 === 0 || funct3 === 5 ? random.pick([0, 0x20]) : 0
    return fixed(parcels(asm.typeR(0x33, funct3, funct7, rd, rs1, random.below(32))))
  }
  const shift = funct3 === 1 || funct3 === 5
  const imm = shift
    ? random.below(32) | (funct3 === 5 ? random.pick([0, 0x400]) : 0)
    : random.below(4096)
  return fixed(parcels(asm.typeI(0x13, funct3, rd, rs1, imm)))
}

function upper(random: Random): Piece {
  const encode = random.pick([asm.lui, asm.auipc])
  return fixed(parcels(encode(random.pick(destinations), random.word())))
}

function memory(random: Random): Piece {
  const base = random.pick(BASES)
  const imm = base === 8 ? random.below(124) - 64 : random.below(252)
  if (random.below(2) === 0) {
    const funct3 = random.pick([0, 1, 2, 4, 5])
    return fixed(parcels(asm.typeI(0x03, funct3, random.pick(destinations), base, imm & 0xfff)))
  }
  return fixed(parcels(asm.typeS(0x23, random.below(3), base, random.below(32), imm)))
}

function atomic(random: Random): Piece {
  const base = random.pick(BASES)
  const rd = random.pick(destinations)
  const funct5 = random.pick([0, 1, 2, 2, 3, 3, 4, 8, 12, 16, 20, 24, 28])
  return fixed(parcels(asm.amo(funct5, rd, base, funct5 === 2 ? 0 : random.below(32))))
}

/** A branch or jump forward, over what comes next. */
function branch(random: Random): Piece {
  const funct3 = random.pick([0, 1, 4, 5, 6, 7])
  const rs1 = random.below(32)
  const rs2 = random.below(32)
  const rd = random.pick(destinations)
  const jump = random.below(5) === 0
  return {
    parcels: 2,
    encode: (skip) => parcels(jump ? asm.jal(rd, skip) : asm.typeB(funct3, rs1, rs2, skip)),
  }
}

function compressed(random: Random): Piece {
  for (;;) {
    const half = random.word() & 0xffff
    if (isTame(half)) return fixed([half])
  }
}

/** True for legal 16-bit instructions that change data registers or scratch memory only. */
function isTame(half: number): boolean {
  const rd = (half >>> 7) & 31
  const short = ((half >>> 7) & 7) + 8
  const target = ((half >>> 2) & 7) + 8
  const free = compressedDestinations.some((register) => register === rd)
  const bit12 = (half & 0x1000) !== 0
  switch ((half & 3) | ((half >>> 13) << 2)) {
    case 0x01: // C.ADDI
    case 0x09: // C.LI
      return free
    case 0x0d: // C.LUI
      return free && (half & 0x107c) !== 0
    case 0x11: // C.SRLI to C.AND
      return short >= 10 && (!bit12 || (half & 0xc00) === 0x800)
    case 0x02: // C.SLLI
      return free && !bit12
    case 0x12: // C.MV, C.ADD
      return free && (half & 0x7c) !== 0
    case 0x08: // C.LW
      return short < 10 && target >= 10
    case 0x18: // C.SW
      return short < 10
    case 0x00: // C.ADDI4SPN
      return target >= 10 && (half & 0x1fe0) !== 0
    default:
      return false
  }
}

const kinds = [
  integer,
  integer,
  upper,
  memory,
  memory,
  atomic,
  branch,
  compressed,
  compressed,
] as const

function bits(random: Random): Piece {
  const rd = random.pick(destinations)
  const rs1 = random.below(32)
  switch (random.below(3)) {
    case 0: {
      const [, funct3, funct7] = random.pick(bitForms)
      return fixed(parcels(asm.typeR(0x33, funct3, funct7, rd, rs1, random.below(32))))
    }
    case 1: {
      const [, funct3, upper] = random.pick(bitImmediateForms)
      return fixed(parcels(asm.typeI(0x13, funct3, rd, rs1, (upper << 5) | random.below(32))))
    }
    default: {
      const [, funct3, imm] = random.pick(bitUnaryForms)
      return fixed(parcels(asm.typeI(0x13, funct3, rd, rs1, imm)))
    }
  }
}

type ImmediateForm = readonly [funct3: number, upper: number]

const shifts: readonly [ImmediateForm, ...ImmediateForm[]] = [
  [1, 0],
  [5, 0],
  [5, 0x400],
]
const wordImmediates: readonly [ImmediateForm, ...ImmediateForm[]] = [[0, 0], ...shifts]

/** What RV64 has besides. */
function wide(random: Random): Piece {
  const rd = random.pick(destinations)
  const rs1 = random.below(32)
  switch (random.below(5)) {
    case 0: {
      const [, funct3, funct7] = random.pick(wordForms)
      return fixed(parcels(asm.typeR(0x3b, funct3, funct7, rd, rs1, random.below(32))))
    }
    case 1: {
      const [funct3, upper] = random.pick(wordImmediates)
      const imm = funct3 === 0 ? random.below(4096) : upper | random.below(32)
      return fixed(parcels(asm.typeI(0x1b, funct3, rd, rs1, imm)))
    }
    case 2: {
      const [funct3, upper] = random.pick(shifts)
      return fixed(parcels(asm.typeI(0x13, funct3, rd, rs1, upper | random.below(64))))
    }
    case 3: {
      const offset = random.below(124)
      const load = asm.typeI(0x03, random.pick([3, 6]), rd, 9, offset)
      return fixed(parcels(random.below(2) === 0 ? load : asm.typeS(0x23, 3, 9, rs1, offset)))
    }
    default: {
      // No LR and SC: what an SC of another size than its LR does is left open, and they would mix.
      const funct5 = random.pick([0, 1, 4, 8, 12, 16, 20, 24, 28])
      return fixed(parcels(atomicDouble(funct5, rd, 8, rs1)))
    }
  }
}

const wideKinds = [...kinds, wide, wide, wide, wide, wide] as const

/** A random sequence for RV64. */
export function randomWideCase(random: Random, name: string): Case {
  return { name: `sequence ${name}`, set: 'edges', code: sequence(random, wideKinds).code }
}

/** A rounding mode, `frm` among them. */
const directions = [0, 1, 2, 3, 4, 7, 7, 7] as const

function float(random: Random): Piece {
  const [rd, rs1, rs2] = [random.below(32), random.below(32), random.below(32)]
  const rm = random.pick(directions)
  const opFp = (funct7: number, funct3: number, to = rd, second = rs2): Piece =>
    fixed(parcels(asm.typeR(0x53, funct3, funct7, to, rs1, second)))
  switch (random.below(8)) {
    case 0:
    case 1:
      return opFp(random.pick([0x00, 0x04, 0x08, 0x0c]), rm)
    case 2: {
      const opcode = random.pick([0x43, 0x47, 0x4b, 0x4f])
      return fixed(parcels(asm.typeR(opcode, rm, random.below(32) << 2, rd, rs1, rs2)))
    }
    case 3:
      return random.below(2) === 0 ? opFp(0x10, random.below(3)) : opFp(0x14, random.below(2))
    case 4:
      return opFp(0x50, random.below(3), random.pick(destinations))
    case 5:
      return random.below(2) === 0
        ? opFp(0x60, rm, random.pick(destinations), random.below(2))
        : opFp(0x70, random.below(2), random.pick(destinations), 0)
    case 6:
      return random.below(2) === 0 ? opFp(0x68, rm, rd, random.below(2)) : opFp(0x2c, rm, rd, 0)
    default: {
      const offset = 4 * random.below(48)
      return fixed(parcels(random.below(2) === 0 ? flw(rd, 9, offset) : fsw(rd, 9, offset)))
    }
  }
}

const floatKinds = [...kinds, bits, bits, float, float, float, float, float] as const

/**
 * The same with B and F: from edge values in f0 to f31 and a random `frm`; at the end the flags are
 * in x5, and f0 to f31 in the scratch memory.
 */
export function randomFloatCase(random: Random, name: string): Case {
  const values = Array.from({ length: 32 }, (_, i) =>
    i < floatEdges.length
      ? (floatEdges[i] ?? 0)
      : (random.word() & 0x807f_ffff) | ((0x70 + random.below(0x20)) << 23),
  )
  const before = [
    ...floatOn,
    asm.typeI(0x73, 5, 0, random.below(5), 0x002),
    ...values.flatMap((value, i) => [...asm.li(5, value), fmvFromX(i, 5)]),
  ]
  const after = [asm.csrrs(5, 0x003, 0), ...values.map((_, i) => fsw(i, 9, 4 * i))]
  const { code } = sequence(random, floatKinds)
  return { name, set: 'edges', code: [...parcels(...before), ...code, ...parcels(...after)] }
}

/** A sequence of some 40 instructions, executed three times over. */
export function randomCase(random: Random, name: string): Case {
  return { name, set: 'edges', code: sequence(random, kinds).code }
}

function sequence(
  random: Random,
  kinds: readonly [(random: Random) => Piece, ...((random: Random) => Piece)[]],
): { readonly code: number[] } {
  const pieces = Array.from({ length: 20 + random.below(40) }, () => random.pick(kinds)(random))
  const code = parcels(asm.addi(LOOP_COUNTER, 0, 3))
  pieces.forEach((piece, i) => {
    const last = Math.min(pieces.length, i + 1 + random.below(6))
    const skipped = pieces.slice(i, last).reduce((sum, { parcels }) => sum + parcels, 0)
    code.push(...piece.encode(2 * skipped))
  })
  const back = 4 - 2 * (code.length + 2)
  code.push(...parcels(asm.addi(LOOP_COUNTER, LOOP_COUNTER, -1)))
  code.push(...parcels(asm.typeB(1, LOOP_COUNTER, 0, back)))
  return { code }
}
