import { type Instruction, instruction, UNDEFINED } from '../cortex-m/instruction.js'
import { Op } from '../cortex-m/operation.js'
import type { ArmPart } from '../cortex-m/parts.js'
import { decodeFloat, WHICH_SHIFT } from '../cortex-m/thumb32-float.js'

const PC = 15
const SYSTEM_CONTROL = 15

/**
 * Decodes what is given to coprocessors: floating point, and CP15. A32 and T32 have the same encodings,
 * but for the condition.
 * @param ahead how much further the pc reads than `decodeFloat` expects
 */
export function coprocessor(word: number, part: ArmPart, ahead: number): Instruction {
  const number = (word >>> 8) & 15
  if (number === 10 || number === 11) return float(word, part, ahead)
  if (number !== SYSTEM_CONTROL) return UNDEFINED
  if ((word & 0x0f00_0010) === 0x0e00_0010) return instruction(Op.COPROCESSOR, 0, 0, 0, word)
  return (word & 0x0fe0_0000) === 0x0c40_0000
    ? instruction(Op.COPROCESSOR_PAIR, 0, 0, 0, word)
    : UNDEFINED
}

function float(word: number, part: ArmPart, ahead: number): Instruction {
  // VMRS and VMSR of FPSID, MVFR and FPEXC: the M profile has none of these.
  if ((word & 0x0fe0_0fff) === 0x0ee0_0a10 && ((word >>> 16) & 15) !== 1) {
    const rt = (word >>> 12) & 15
    if (rt === PC) return UNDEFINED
    return instruction(Op.VFP_SYSTEM, rt, 0, word & 0x0010_0000 ? 0 : 1, (word >>> 16) & 15)
  }
  const found = decodeFloat(0xe000 | ((word >>> 16) & 0xfff), word & 0xffff, part)
  const literal = found.op === Op.FP_LOAD && found.rn === PC
  return literal ? { ...found, imm: (found.imm + (ahead << WHICH_SHIFT)) | 0 } : found
}
