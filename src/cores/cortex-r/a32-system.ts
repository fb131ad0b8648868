import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import { ACCUMULATES } from '../cortex-m/thumb32-arithmetic.js'
import { expandA32Immediate } from './a32-data.js'
import {
  CPS_CHANGES_MASKS,
  CPS_CHANGES_MODE,
  CPS_DISABLES,
  CPS_MASKS_SHIFT,
  psrMask,
  RETURN_STATE_BACK,
  RETURN_STATE_SHIFT,
} from './status.js'

const PC = 15

/** "Miscellaneous instructions", and the multiplications of halves (ARMv7-AR manual, A5.2.12, A5.2.7). */
export function miscellaneous(word: number, pc: number): Instruction {
  const op = (word >>> 21) & 3
  const rn = (word >>> 16) & 15
  const rd = (word >>> 12) & 15
  const rm = word & 15
  const spsr = (word >>> 22) & 1
  if (word & 0x80) return halves(word, op)
  switch ((word >>> 4) & 7) {
    case 0:
      if (word & 0x200) return UNDEFINED // banked registers: the virtualization extensions
      if ((op & 1) === 0) {
        return rd === PC || rn !== 15 ? UNDEFINED : instruction(Op.MRS_PSR, rd, 0, spsr)
      }
      if (rm === PC || rd !== 15) return UNDEFINED
      return instruction(Op.MSR_PSR, 0, rm, spsr, psrMask(rn))
    case 1:
      if (op === 1) {
        // BX pc goes on two instructions further, in ARM state.
        return rm === PC
          ? instruction(Op.EXCHANGE, 0, 0, 0, (pc + 8) | 0)
          : instruction(Op.BX, 0, 0, rm)
      }
      return op === 3 && rd !== PC && rm !== PC ? instruction(Op.CLZ, rd, 0, rm) : UNDEFINED
    case 2: // BXJ is BX: there is no Jazelle
      return op === 1 && rm !== PC ? instruction(Op.BX, 0, 0, rm) : UNDEFINED
    case 3:
      return op === 1 && rm !== PC ? instruction(Op.BLX, 0, 0, rm) : UNDEFINED
    case 5: {
      // The variant has "doubles" in bit 0 and "subtracts" in bit 1, as T32's.
      if (rd === PC || rn === PC || rm === PC) return UNDEFINED
      return instruction(Op.QARITH, rd, rn, rm, (((op & 1) << 1) | (op >>> 1)) << 4)
    }
    case 7:
      if (op !== 1) return UNDEFINED
      return instruction(Op.BKPT, 0, 0, 0, ((word >>> 4) & 0xfff0) | rm)
    default:
      return UNDEFINED
  }
}

/** SMLAxy, SMLAWy, SMULWy, SMLALxy, SMULxy. */
function halves(word: number, op: number): Instruction {
  const rd = (word >>> 16) & 15
  const ra = (word >>> 12) & 15
  const rm = (word >>> 8) & 15
  const rn = word & 15
  const x = (word >>> 5) & 1
  const y = (word >>> 6) & 1
  if (rd === PC || rm === PC || rn === PC || ra === PC) return UNDEFINED
  const both = (x << 1) | y
  switch (op) {
    case 0:
      return instruction(Op.SMLAXY, rd, rn, rm, ((both | ACCUMULATES) << 4) | ra)
    case 1:
      return x === 0
        ? instruction(Op.SMLAW, rd, rn, rm, ((y | ACCUMULATES) << 4) | ra)
        : instruction(Op.SMLAW, rd, rn, rm, y << 4)
    case 2:
      return instruction(Op.SMLALXY, ra, rn, rm, (both << 4) | rd)
    default:
      return instruction(Op.SMLAXY, rd, rn, rm, both << 4)
  }
}

/** MSR with an immediate, and hints. */
export function msrImmediate(word: number): Instruction {
  const spsr = (word >>> 22) & 1
  const mask = (word >>> 16) & 15
  if (((word >>> 12) & 15) !== 15) return UNDEFINED
  if (mask !== 0 || spsr !== 0) {
    const { imm } = expandA32Immediate(word)
    return instruction(Op.MSR_PSR_IMM, mask, 0, spsr, imm)
  }
  switch (word & 0xff) {
    case 2:
      return instruction(Op.WFE)
    case 3:
      return instruction(Op.WFI)
    case 4:
      return instruction(Op.SEV)
    default:
      return instruction(Op.NOP)
  }
}

/** "Unconditional instructions" (A5.7). */
export function unconditional(word: number, pc: number): Instruction {
  if ((word & 0x0e00_0000) === 0x0a00_0000) {
    const offset = ((word << 8) >> 6) | ((word >>> 23) & 2)
    return instruction(Op.EXCHANGE, 0, 0, 1, (pc + 8 + offset) | 1)
  }
  if ((word & 0x0ff1_0020) === 0x0100_0000) return changeState(word)
  if ((word & 0x0fff_fdff) === 0x0101_0000) {
    return word & 0x200 ? UNDEFINED : instruction(Op.NOP) // SETEND: little-endian is all there is
  }
  if ((word & 0x0ff0_0000) === 0x0570_0000) return barrier(word)
  // PLD, PLDW, PLI.
  if ((word & 0x0d70_f000) === 0x0550_f000 || (word & 0x0d70_f000) === 0x0510_f000) {
    return instruction(Op.NOP)
  }
  if ((word & 0x0d70_f000) === 0x0450_f000) return instruction(Op.NOP)
  if ((word & 0x0e50_0000) === 0x0840_0000) return returnState(word, Op.SRS)
  if ((word & 0x0e50_0000) === 0x0810_0000) return returnState(word, Op.RFE)
  return UNDEFINED
}

function barrier(word: number): Instruction {
  switch ((word >>> 4) & 15) {
    case 1:
      return instruction(Op.CLREX)
    case 4:
      return instruction(Op.DSB)
    case 5:
      return instruction(Op.DMB)
    case 6:
      return instruction(Op.ISB)
    default:
      return UNDEFINED
  }
}

/** CPS. */
function changeState(word: number): Instruction {
  const imod = (word >>> 18) & 3
  const mode = word & 0x2_0000 ? (word & 31) | CPS_CHANGES_MODE : 0
  const changes = imod & 2 ? CPS_CHANGES_MASKS : 0
  const disables = imod & 1 ? CPS_DISABLES : 0
  const masks = ((word >>> 6) & 7) << CPS_MASKS_SHIFT
  return instruction(Op.CPS_PSR, 0, 0, 0, mode | changes | disables | masks)
}

/** SRS and RFE: imm is the mode of SRS, and the way that the address goes. */
function returnState(word: number, op: typeof Op.SRS | typeof Op.RFE): Instruction {
  const way = ((word >>> 23) & 3) << RETURN_STATE_SHIFT
  const back = word & 0x20_0000 ? RETURN_STATE_BACK : 0
  const rn = (word >>> 16) & 15
  if (op === Op.RFE && rn === PC) return UNDEFINED
  return instruction(op, 0, rn, 0, (op === Op.SRS ? word & 31 : 0) | way | back)
}
