import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'

const PC = 15

/** By op of "multiply and multiply accumulate", without flags (ARMv7-AR manual, A5.2.5). */
const long: readonly (Op | undefined)[] = [
  ...[undefined, undefined, undefined, undefined],
  ...[Op.UMULL, Op.UMLAL, Op.SMULL, Op.SMLAL],
]

export function multiply(word: number): Instruction {
  const op = (word >>> 21) & 7
  const high = (word >>> 16) & 15
  const low = (word >>> 12) & 15
  const rm = (word >>> 8) & 15
  const rn = word & 15
  if (high === PC || rm === PC || rn === PC) return UNDEFINED
  if (word & 0x0010_0000) {
    if (op === 2 || op === 3) return UNDEFINED
    return op === 0
      ? instruction(Op.MULS, high, rn, rm)
      : instruction(Op.A32_MULTIPLY, 0, 0, 0, word)
  }
  switch (op) {
    case 0:
      return instruction(Op.MUL, high, rn, rm)
    case 1:
      return low === PC ? UNDEFINED : instruction(Op.MLA, high, rn, rm, low)
    case 2:
      return instruction(Op.UMAAL, low, rn, rm, high)
    case 3:
      return low === PC ? UNDEFINED : instruction(Op.MLS, high, rn, rm, low)
    default:
      return low === PC ? UNDEFINED : instruction(long[op] ?? Op.UNDEFINED, low, rn, rm, high)
  }
}

/** Sizes of exclusive accesses by bits 22 and 21; 8 stands for a pair of registers. */
const sizes = [4, 8, 1, 2] as const

/** "Synchronization primitives": SWP, SWPB, LDREX, STREX and their kin. */
export function synchronization(word: number): Instruction {
  const rn = (word >>> 16) & 15
  const rd = (word >>> 12) & 15
  const rt = word & 15
  if (rn === PC) return UNDEFINED
  if ((word & 0x0080_0000) === 0) {
    if (word & 0x0030_0f00 || rd === PC || rt === PC) return UNDEFINED
    return instruction(Op.SWAP, rd, rn, rt, word & 0x0040_0000 ? 1 : 4)
  }
  const size = sizes[(word >>> 21) & 3] ?? 4
  const load = (word & 0x0010_0000) !== 0
  if (load) {
    if (rd === PC || (word & 0xf0f) !== 0xf0f) return UNDEFINED
    if (size === 8) return rd & 1 ? UNDEFINED : instruction(Op.LDREXD, rd, rn, 0, rd + 1)
    return instruction(Op.LDREX, rd, rn, 0, size)
  }
  if (rd === PC || rt === PC || rd === rn || rd === rt || (word & 0xf00) !== 0xf00) return UNDEFINED
  if (size !== 8) return instruction(Op.STREX, rt, rn, rd, size)
  return rt & 1 || rd === rt + 1 ? UNDEFINED : instruction(Op.STREXD, rt, rn, rd, rt + 1)
}
