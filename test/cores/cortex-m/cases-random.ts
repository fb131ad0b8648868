import type { Random } from '../random.js'
import type { Case, Layout } from './harness.js'
import { fill, narrow, type Pattern } from './patterns.js'
import { flags, floats, fpscr, registers } from './values.js'

/** Words of scratch memory that a random sequence works on. */
export const RANDOM_SCRATCH_WORDS = 64

/** LR counts the turns of a sequence's loop. */
const COUNTER_BEGIN = [0xf04f, 0x0e03]
const COUNTER_DOWN = [0xf1be, 0x0e01]

/** Of r8 and r9, which stay where they point to. */
const memory: readonly Pattern[] = [
  ...['000', '001', '010', '011', '100', '101'].map((kind) => ({
    name: 'load or store',
    bits: `111110001${kind} 1000 dddd 000000 iiiiii`,
  })),
  { name: 'LDRSB', bits: '111110011001 1000 dddd 000000 iiiiii' },
  { name: 'LDRSH', bits: '111110011011 1000 dddd 000000 iiiiii' },
  { name: 'store below', bits: '111110000100 1000 dddd 1100 00 iiiiii' },
  {
    name: 'LDRD',
    bits: '1110100 1u101 1000 dddd hhhh 0000 iiii',
    valid: (field) => field('d') !== field('h'),
  },
  { name: 'STRD', bits: '1110100 1u100 1000 dddd hhhh 0000 iiii' },
  {
    name: 'LDM',
    bits: '111010001001 1001 00000000 llllllll',
    valid: (field) => several(field('l')),
  },
  {
    name: 'STM',
    bits: '111010001000 1001 00000000 llllllll',
    valid: (field) => several(field('l')),
  },
  { name: 'LDREX', bits: '111010000101 1000 dddd 1111 0000iiii' },
]

const floatMemory: readonly Pattern[] = [
  { name: 'VLDR, VSTR', bits: '11101101 up0l 1000 wwww 1010 0000 iiii' },
  { name: 'VLDR.64, VSTR.64', bits: '11101101 u00l 1000 wwww 1011 0000 iiii' },
]

function several(list: number): boolean {
  return (list & (list - 1)) !== 0
}

/** Which instructions a core's sequences are made of. */
export interface Vocabulary {
  readonly wide: readonly Pattern[]
  readonly floats: readonly Pattern[]
}

interface Piece {
  readonly halves: number
  /** Instructions in it, itself included. */
  readonly instructions: number
  /** @param offset halves from four bytes after its beginning to where a branch may go */
  encode(offset: number): readonly number[]
}

function fixed(code: readonly number[], instructions = 1): Piece {
  return { halves: code.length, instructions, encode: () => code }
}

function choose(patterns: readonly Pattern[], random: Random): readonly number[] {
  const pattern = patterns[random.below(patterns.length)]
  return pattern === undefined ? [0xbf00] : fill(pattern, random)
}

/** A branch over what comes next. */
function branch(random: Random): Piece {
  const register = random.below(8)
  const cond = random.below(14)
  switch (random.below(4)) {
    case 0: // CBZ, CBNZ
      return {
        halves: 1,
        instructions: 1,
        encode: (offset) => {
          if (offset < 0 || offset > 63) return [0xbf00]
          const imm = ((offset & 0x20) << 4) | ((offset & 31) << 3)
          return [0xb100 | (cond & 1 ? 0x800 : 0) | imm | register]
        },
      }
    case 1:
      return {
        halves: 2,
        instructions: 1,
        encode: (offset) => [0xf000 | (cond << 6), 0x8000 | offset],
      }
    default:
      return {
        halves: 1,
        instructions: 1,
        encode: (offset) => [offset > 100 ? 0xbf00 : 0xd000 | (cond << 8) | (offset & 0xff)],
      }
  }
}

/** An IT block of one to four instructions. */
function block(random: Random, patterns: readonly Pattern[]): Piece {
  const length = 1 + random.below(4)
  const cond = random.below(14)
  const mask = ((random.below(16) << 1) | 1) << (4 - length)
  const body = Array.from({ length }, () =>
    choose(random.below(2) === 0 ? narrow : patterns, random),
  ).flat()
  return fixed([0xbf00 | (cond << 4) | (mask & 15), ...body], length + 1)
}

/** A sequence of some 40 instructions, executed three times over. @returns how many those are */
export function randomCase(
  layout: Layout,
  vocabulary: Vocabulary,
  random: Random,
  name: string,
): { readonly test: Case; readonly instructions: number } {
  const pieces = Array.from({ length: 30 + random.below(30) }, (): Piece => {
    switch (random.below(layout.fpu ? 12 : 9)) {
      case 0:
        return branch(random)
      case 1:
        return block(random, vocabulary.wide)
      case 2:
      case 3:
      case 4:
        return fixed(choose(narrow, random))
      case 5:
        return fixed(choose(memory, random))
      case 9:
      case 10:
        return fixed(choose(vocabulary.floats, random))
      case 11:
        return random.below(3) === 0
          ? fixed(choose(floatMemory, random))
          : fixed(choose(vocabulary.floats, random))
      default:
        return fixed(choose(vocabulary.wide, random))
    }
  })
  const code = [...COUNTER_BEGIN]
  pieces.forEach((piece, i) => {
    const last = Math.min(pieces.length, i + 1 + random.below(6))
    const skipped = pieces.slice(i + 1, last).reduce((sum, { halves }) => sum + halves, 0)
    code.push(...piece.encode(skipped + piece.halves - 2))
  })
  code.push(...COUNTER_DOWN)
  const back = COUNTER_BEGIN.length - code.length - 2
  code.push(0xf47f, 0xa800 | (back & 0x7ff))
  return {
    test: {
      name,
      code,
      registers: registers(random, layout.ram),
      flags: flags(random),
      ...(layout.fpu
        ? { floats: floats(random, random.below(2) === 0), fpscr: fpscr(random) }
        : {}),
    },
    instructions: 3 * pieces.reduce((sum, { instructions }) => sum + instructions, 0),
  }
}
