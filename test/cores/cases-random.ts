import * as asm from './assembler.js'
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

/** A sequence of some 40 instructions, executed three times over. */
export function randomCase(random: Random, name: string): Case {
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
  return { name, set: 'edges', code }
}
