import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import type { ArmPart } from '../cortex-m/parts.js'
import { decode16 } from '../cortex-m/thumb16.js'
import { decode32, longOffset } from '../cortex-m/thumb32.js'
import { SPECIAL_FLAGS } from '../cortex-m/thumb32-data.js'
import { coprocessor } from './coprocessor-decode.js'
import {
  CPS_CHANGES_MASKS,
  CPS_CHANGES_MODE,
  CPS_DISABLES,
  CPS_MASKS_SHIFT,
  psrMask,
  RETURN_STATE_BACK,
  RETURN_STATE_SHIFT,
} from './status.js'

const SP = 13
const PC = 15
/** Ways of RFE and SRS: decrement before, increment after. */
const DECREMENT_BEFORE = 2 << RETURN_STATE_SHIFT
const INCREMENT_AFTER = 1 << RETURN_STATE_SHIFT

/** Decodes a 16-bit Thumb instruction of the A and R profile. */
export function decodeNarrow(
  half: number,
  pc: number,
  part: ArmPart,
  inBlock: boolean,
): Instruction {
  if (half === 0x4778) return instruction(Op.EXCHANGE, 0, 0, 0, (pc & ~3) + 4) // BX pc
  if ((half & 0xffe8) === 0xb660) {
    const masks = (half & 7) << CPS_MASKS_SHIFT
    const disables = half & 0x10 ? CPS_DISABLES : 0
    return instruction(Op.CPS_PSR, 0, 0, 0, CPS_CHANGES_MASKS | disables | masks)
  }
  // SETEND: little-endian is all there is.
  if (half === 0xb650) return instruction(Op.NOP)
  return withWholeStack(decode16(half, pc, part, inBlock))
}

/** Decodes a 32-bit one. */
export function decodeWide(first: number, second: number, pc: number, part: ArmPart): Instruction {
  return special(first, second, pc, part) ?? withWholeStack(decode32(first, second, pc, part))
}

/**
 * The M profile has operations of their own for what goes to SP, for its lowest two bits are always 0
 * there. Here it is a register as any.
 */
function withWholeStack(found: Instruction): Instruction {
  const { op, rn, rm, imm } = found
  switch (op) {
    case Op.ADD_SP_IMM:
      return instruction(Op.ADD_IMM, SP, rn, 0, imm)
    case Op.ADDS_SP_IMM:
      return instruction(rm === 0 ? Op.ADDS_IMM : Op.SUBS_IMM, SP, rn, 0, imm)
    case Op.MOV_SP:
      return instruction(Op.MOV, SP, 0, rm)
    case Op.SHIFTED_SPECIAL: {
      const flags = (imm & SPECIAL_FLAGS) !== 0
      return instruction(flags ? Op.SHIFTED_S : Op.SHIFTED, SP, rn, rm, imm & ~SPECIAL_FLAGS)
    }
    case Op.NO_COPROCESSOR:
      return UNDEFINED
    default:
      return found
  }
}

/** What the M profile does not have, or has otherwise. Undefined where `decode32` knows it. */
function special(
  first: number,
  second: number,
  pc: number,
  part: ArmPart,
): Instruction | undefined {
  const group = first >>> 11
  const rn = first & 15
  if (group === 0x1d || group === 0x1f) {
    if ((first & 0x0400) !== 0 && (first & 0x0300) !== 0x0300) {
      return first & 0x1000 ? UNDEFINED : coprocessor((first << 16) | second, part, 0)
    }
    return group === 0x1d ? returnStateOrPair(first, second, rn) : undefined
  }
  if (group !== 0x1e) return undefined
  // BLX to A32.
  if ((second & 0xd001) === 0xc000) {
    return instruction(Op.EXCHANGE, 0, 0, 1, ((pc & ~3) + 4 + longOffset(first, second)) & ~3)
  }
  if ((second & 0xd000) !== 0x8000 || (first & 0x0380) !== 0x0380) return undefined
  const spsr = (first >>> 4) & 1
  switch ((first >>> 4) & 0x7f) {
    case 0x38: // MSR
    case 0x39:
      if (rn === SP || rn === PC || (second & 0x20ff) !== 0) return UNDEFINED
      return instruction(Op.MSR_PSR, 0, rn, spsr, psrMask((second >>> 8) & 15))
    case 0x3a:
      return second & 0x0700 ? changeState(second) : undefined
    case 0x3d:
      if (rn !== 14 || (second & 0x2f00) !== 0x0f00) return UNDEFINED
      return instruction(Op.RETURN, 0, 0, 0, second & 0xff)
    case 0x3e: // MRS
    case 0x3f: {
      const rd = (second >>> 8) & 15
      if (rn !== 15 || (second & 0x20ff) !== 0 || rd === SP || rd === PC) return UNDEFINED
      return instruction(Op.MRS_PSR, rd, 0, spsr)
    }
    default:
      return undefined
  }
}

function changeState(second: number): Instruction {
  const mode = second & 0x100 ? (second & 31) | CPS_CHANGES_MODE : 0
  const changes = second & 0x400 ? CPS_CHANGES_MASKS : 0
  const disables = second & 0x200 ? CPS_DISABLES : 0
  const masks = ((second >>> 5) & 7) << CPS_MASKS_SHIFT
  return instruction(Op.CPS_PSR, 0, 0, 0, mode | changes | disables | masks)
}

/** RFE and SRS, LDREXD and STREXD. */
function returnStateOrPair(first: number, second: number, rn: number): Instruction | undefined {
  const back = first & 0x20 ? RETURN_STATE_BACK : 0
  const rt = second >>> 12
  const rt2 = (second >>> 8) & 15
  switch (first & 0xffd0) {
    case 0xe810:
    case 0xe990: {
      const way = first & 0x100 ? INCREMENT_AFTER : DECREMENT_BEFORE
      if (second !== 0xc000 || rn === PC) return UNDEFINED
      return instruction(Op.RFE, 0, rn, 0, way | back)
    }
    case 0xe800:
    case 0xe980: {
      const way = first & 0x100 ? INCREMENT_AFTER : DECREMENT_BEFORE
      if ((second & ~31) !== 0xc000 || rn !== SP) return UNDEFINED
      return instruction(Op.SRS, 0, 0, 0, way | back | (second & 31))
    }
    default:
  }
  if (rt === SP || rt === PC || rt2 === SP || rt2 === PC || rn === PC) return undefined
  if ((first & 0xfff0) === 0xe8d0 && (second & 0xff) === 0x7f) {
    return rt === rt2 ? UNDEFINED : instruction(Op.LDREXD, rt, rn, 0, rt2)
  }
  if ((first & 0xfff0) === 0xe8c0 && (second & 0xf0) === 0x70) {
    return instruction(Op.STREXD, rt, rn, second & 15, rt2)
  }
  return undefined
}
