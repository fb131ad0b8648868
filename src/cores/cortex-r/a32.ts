import {
  GUARDED,
  type Instruction,
  ITSTATE_SHIFT,
  instruction,
  UNDEFINED,
} from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import type { ArmPart } from '../cortex-m/parts.js'
import { type Decode, unfetched } from '../cortex-m/predecode.js'
import { branchOn } from '../cortex-m/thumb16.js'
import { hasDsp } from '../cortex-m/thumb32-arithmetic.js'
import { data, wideImmediate } from './a32-data.js'
import { media } from './a32-media.js'
import { block, small, transfer } from './a32-memory.js'
import { multiply, synchronization } from './a32-multiply.js'
import { miscellaneous, msrImmediate, unconditional } from './a32-system.js'
import { coprocessor } from './coprocessor-decode.js'

const ALWAYS = 14
/** Where in a packed instruction the condition is: the upper four bits of ITSTATE. */
const CONDITION_SHIFT = ITSTATE_SHIFT + 4

/**
 * Decodes A32 instructions into the operations that T32 has. One that has a condition keeps it as an
 * instruction in an IT block does; a branch has it in its operation.
 */
export function a32Decoder(part: ArmPart): Decode {
  return (memory, pc, first) => {
    if (first < 0) return unfetched(pc, true, 0)
    const second = memory.fetch((pc + 2) | 0)
    if (second < 0) return unfetched((pc + 2) | 0, true, 0)
    const word = first | (second << 16)
    const cond = word >>> 28
    const found = decodeA32(word, pc, part)
    const conditional = cond < ALWAYS && !isBranch(word)
    const guarded = conditional ? (cond << CONDITION_SHIFT) | GUARDED : 0
    return { instruction: found, long: true, second, guarded }
  }
}

/** B; BL keeps its condition as all others do. */
function isBranch(word: number): boolean {
  return ((word >>> 24) & 15) === 0xa
}

/** @param pc the address of the instruction */
export function decodeA32(word: number, pc: number, part: ArmPart): Instruction {
  if (word >>> 28 === 15) return unconditional(word, pc)
  switch ((word >>> 25) & 7) {
    case 0:
      return registers(word, pc, part)
    case 1:
      return immediates(word, pc)
    case 2:
      return transfer(word, pc)
    case 3:
      return word & 0x10 ? media(word, part) : transfer(word, pc)
    case 4:
      return block(word)
    case 5:
      return branch(word)
    default:
      if ((word & 0x0f00_0000) === 0x0f00_0000) {
        return instruction(Op.SVC, 0, 0, 0, word & 0xff_ffff)
      }
      return coprocessor(word, part, 4)
  }
}

/** "Data-processing and miscellaneous instructions" with registers (ARMv7-AR manual, A5.2). */
function registers(word: number, pc: number, part: ArmPart): Instruction {
  if ((word & 0x90) === 0x90) {
    if ((word & 0x60) !== 0) return small(word, pc)
    return word & 0x0100_0000 ? synchronization(word) : multiply(word)
  }
  const compares = (word & 0x0190_0000) === 0x0100_0000
  if (!compares) return data(word, pc)
  return hasDsp(part) || (word & 0x80) === 0 ? miscellaneous(word, pc) : UNDEFINED
}

function immediates(word: number, pc: number): Instruction {
  switch ((word >>> 20) & 0x1f) {
    case 0x10:
    case 0x14:
      return wideImmediate(word)
    case 0x12:
    case 0x16:
      return msrImmediate(word)
    default:
      return data(word, pc)
  }
}

/** B and BL. The offset counts from two instructions on, `imm` from one. */
function branch(word: number): Instruction {
  const offset = ((word << 8) >> 6) + 4
  if (word & 0x0100_0000) return instruction(Op.BL, 0, 0, 0, offset)
  const cond = word >>> 28
  return instruction(cond < ALWAYS ? branchOn(cond) : Op.B, 0, 0, 0, offset)
}
