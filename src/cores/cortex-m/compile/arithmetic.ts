import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Op } from '../operation.js'
import {
  addWithFlags,
  LEFT_OPERAND,
  RIGHT_OPERAND,
  setEncodedCarry,
  setNZ,
  subtractWithFlags,
} from './flags.js'
import { emitMultiply } from './multiply.js'
import { C, SP } from './registers.js'
import { emitShifted } from './shifted.js'
import {
  pushRotatedThroughCarry,
  pushShifted,
  pushShiftedBy,
  setShiftedOut,
  setShiftedOutBy,
} from './shifts.js'
import type { ThumbInstruction } from './source.js'

/** What an instruction has done to the flags; `compared`: they are those of two operands' comparison. */
export type Flags = 'kept' | 'changed' | 'compared'

/** A scratch local for an operand that is looked at more than once. */
const VALUE = 0
const AMOUNT = 1

interface Logical {
  readonly op: Wasm
  readonly flags: boolean
  /** The second operand is the immediate; with its carry in rm. */
  readonly immediate: boolean
  /** The second operand's complement is taken. */
  readonly not?: boolean
  /** There is no result. */
  readonly test?: boolean
}

const logical: ReadonlyMap<number, Logical> = new Map([
  [Op.AND_IMM, { op: Wasm.I32_AND, flags: false, immediate: true }],
  [Op.ANDS_IMM, { op: Wasm.I32_AND, flags: true, immediate: true }],
  [Op.ORR_IMM, { op: Wasm.I32_OR, flags: false, immediate: true }],
  [Op.ORRS_IMM, { op: Wasm.I32_OR, flags: true, immediate: true }],
  [Op.EOR_IMM, { op: Wasm.I32_XOR, flags: false, immediate: true }],
  [Op.EORS_IMM, { op: Wasm.I32_XOR, flags: true, immediate: true }],
  [Op.TST_IMM, { op: Wasm.I32_AND, flags: true, immediate: true, test: true }],
  [Op.TEQ_IMM, { op: Wasm.I32_XOR, flags: true, immediate: true, test: true }],
  [Op.AND, { op: Wasm.I32_AND, flags: false, immediate: false }],
  [Op.ANDS, { op: Wasm.I32_AND, flags: true, immediate: false }],
  [Op.ORR, { op: Wasm.I32_OR, flags: false, immediate: false }],
  [Op.ORRS, { op: Wasm.I32_OR, flags: true, immediate: false }],
  [Op.EOR, { op: Wasm.I32_XOR, flags: false, immediate: false }],
  [Op.EORS, { op: Wasm.I32_XOR, flags: true, immediate: false }],
  [Op.BIC, { op: Wasm.I32_AND, flags: false, immediate: false, not: true }],
  [Op.BICS, { op: Wasm.I32_AND, flags: true, immediate: false, not: true }],
  [Op.TST, { op: Wasm.I32_AND, flags: true, immediate: false, test: true }],
])

/** Additions and subtractions that set flags. */
interface Sum {
  readonly kind: 'add' | 'subtract'
  readonly immediate: boolean
  /** The operands change places. */
  readonly reverse?: boolean
  /** With C; a subtraction adds the complement then. */
  readonly carry?: boolean
  readonly test?: boolean
}

const sums: ReadonlyMap<number, Sum> = new Map([
  [Op.ADDS_IMM, { kind: 'add', immediate: true }],
  [Op.SUBS_IMM, { kind: 'subtract', immediate: true }],
  [Op.RSBS_IMM, { kind: 'subtract', immediate: true, reverse: true }],
  [Op.ADCS_IMM, { kind: 'add', immediate: true, carry: true }],
  [Op.SBCS_IMM, { kind: 'subtract', immediate: true, carry: true }],
  [Op.CMP_IMM, { kind: 'subtract', immediate: true, test: true }],
  [Op.CMN_IMM, { kind: 'add', immediate: true, test: true }],
  [Op.ADDS, { kind: 'add', immediate: false }],
  [Op.SUBS, { kind: 'subtract', immediate: false }],
  [Op.ADCS, { kind: 'add', immediate: false, carry: true }],
  [Op.SBCS, { kind: 'subtract', immediate: false, carry: true }],
  [Op.CMP, { kind: 'subtract', immediate: false, test: true }],
  [Op.CMN, { kind: 'add', immediate: false, test: true }],
])

/** Shifts by a constant or a register: the kind, and whether flags are set. */
const SHIFTS_BY_CONSTANT = Op.LSL_IMM
const SHIFTS_BY_REGISTER = Op.LSL_REG

/** Everything but loads, stores and jumps. */
export function emitArithmetic(writer: RegionWriter, instruction: ThumbInstruction): Flags {
  const { packed, imm } = instruction
  const { code } = writer
  const op = packed & 0xff
  const rd = (packed >>> 9) & 15
  const rn = (packed >>> 13) & 15
  const rm = (packed >>> 17) & 15
  const second = (immediate: boolean): void => {
    if (immediate) code.const(imm)
    else writer.get(rm)
  }

  const sum = sums.get(op)
  if (sum !== undefined) {
    const { kind, immediate, reverse = false, carry = false, test = false } = sum
    writer.get(rn)
    code.set(writer.scratch(reverse ? RIGHT_OPERAND : LEFT_OPERAND))
    second(immediate)
    if (carry && kind === 'subtract') not(writer)
    code.set(writer.scratch(reverse ? LEFT_OPERAND : RIGHT_OPERAND))
    const adds = kind === 'add' || carry
    const result = adds ? addWithFlags(writer, carry) : subtractWithFlags(writer)
    if (!test) {
      code.get(result)
      writer.set(rd)
    }
    return adds ? 'changed' : 'compared'
  }

  const bits = logical.get(op)
  if (bits !== undefined) {
    writer.get(rn)
    second(bits.immediate)
    if (bits.not) not(writer)
    code.op(bits.op)
    finish(writer, rd, bits.flags, bits.test)
    if (bits.flags && bits.immediate) setEncodedCarry(writer, rm & 3)
    return bits.flags ? 'changed' : 'kept'
  }

  if (op >= SHIFTS_BY_CONSTANT && op <= Op.RORS_IMM) {
    const kind = (op - SHIFTS_BY_CONSTANT) >> 1
    const flags = ((op - SHIFTS_BY_CONSTANT) & 1) !== 0
    const value = writer.scratch(VALUE)
    writer.get(rm)
    code.set(value)
    pushShifted(writer, value, kind, imm)
    finish(writer, rd, flags)
    if (flags) setShiftedOut(writer, value, kind, imm)
    return flags ? 'changed' : 'kept'
  }
  if (op >= SHIFTS_BY_REGISTER && op <= Op.RORS_REG) {
    const kind = (op - SHIFTS_BY_REGISTER) >> 1
    const flags = ((op - SHIFTS_BY_REGISTER) & 1) !== 0
    const value = writer.scratch(VALUE)
    const amount = writer.scratch(AMOUNT)
    writer.get(rn)
    code.set(value)
    writer.get(rm)
    code.const(0xff)
    code.op(Wasm.I32_AND)
    code.set(amount)
    pushShiftedBy(writer, value, kind, amount)
    finish(writer, rd, flags)
    if (flags) setShiftedOutBy(writer, value, kind, amount)
    return flags ? 'changed' : 'kept'
  }

  switch (op) {
    case Op.IT:
    case Op.NOP:
      return 'kept'
    case Op.MOV_IMM:
      code.const(imm)
      break
    case Op.MOVS_IMM:
      code.const(imm)
      finish(writer, rd, true)
      setEncodedCarry(writer, rm & 3)
      return 'changed'
    case Op.MOVT:
      writer.get(rd)
      code.const(0xffff)
      code.op(Wasm.I32_AND)
      code.const(imm)
      code.op(Wasm.I32_OR)
      break
    case Op.MOV:
      writer.get(rm)
      break
    case Op.MOVS:
      writer.get(rm)
      finish(writer, rd, true)
      return 'changed'
    case Op.MVN:
      writer.get(rm)
      not(writer)
      break
    case Op.MVNS:
      writer.get(rm)
      not(writer)
      finish(writer, rd, true)
      return 'changed'
    case Op.RRX:
    case Op.RRXS: {
      const value = writer.scratch(VALUE)
      writer.get(rm)
      code.set(value)
      pushRotatedThroughCarry(writer, value)
      finish(writer, rd, op === Op.RRXS)
      if (op === Op.RRX) return 'kept'
      code.get(value)
      code.const(1)
      code.op(Wasm.I32_AND)
      writer.set(C)
      return 'changed'
    }
    case Op.ADD_IMM:
      writer.get(rn)
      code.const(imm)
      code.op(Wasm.I32_ADD)
      break
    case Op.RSB_IMM:
      code.const(imm)
      writer.get(rn)
      code.op(Wasm.I32_SUB)
      break
    case Op.ADC_IMM:
    case Op.ADC:
      writer.get(rn)
      second(op === Op.ADC_IMM)
      code.op(Wasm.I32_ADD)
      writer.get(C)
      code.op(Wasm.I32_ADD)
      break
    case Op.SBC_IMM:
    case Op.SBC:
      writer.get(rn)
      second(op === Op.SBC_IMM)
      not(writer)
      code.op(Wasm.I32_ADD)
      writer.get(C)
      code.op(Wasm.I32_ADD)
      break
    case Op.ADD:
      writer.get(rn)
      writer.get(rm)
      code.op(Wasm.I32_ADD)
      break
    case Op.SUB:
      writer.get(rn)
      writer.get(rm)
      code.op(Wasm.I32_SUB)
      break
    case Op.ADD_LSL:
      writer.get(rn)
      writer.get(rm)
      code.const(imm)
      code.op(Wasm.I32_SHL, Wasm.I32_ADD)
      break
    case Op.SHIFTED:
    case Op.SHIFTED_S:
      return emitShifted(writer, instruction)
    case Op.MOV_SP:
      writer.get(rm)
      code.const(~3)
      code.op(Wasm.I32_AND)
      writer.set(SP)
      return 'kept'
    case Op.MULS:
      writer.get(rn)
      writer.get(rm)
      code.op(Wasm.I32_MUL)
      finish(writer, rd, true)
      return 'changed'
    default:
      if (op >= Op.MUL) emitMultiply(writer, instruction)
      else emitField(writer, instruction)
      return 'kept'
  }
  writer.set(rd)
  return 'kept'
}

/** Extensions, reversals and bit fields. */
function emitField(writer: RegionWriter, { packed, imm }: ThumbInstruction): void {
  const { code } = writer
  const op = packed & 0xff
  const rd = (packed >>> 9) & 15
  const rn = (packed >>> 13) & 15
  const rm = (packed >>> 17) & 15
  if (op >= Op.SXTB && op <= Op.UXTAH) {
    const adds = op >= Op.SXTAB
    if (adds) writer.get(rn)
    writer.get(rm)
    if (imm !== 0) {
      code.const(imm)
      code.op(Wasm.I32_ROTR)
    }
    switch (adds ? op - Op.SXTAB : op - Op.SXTB) {
      case 0:
        code.op(Wasm.I32_EXTEND8_S)
        break
      case 1:
        code.op(Wasm.I32_EXTEND16_S)
        break
      case 2:
        code.const(0xff)
        code.op(Wasm.I32_AND)
        break
      default:
        code.const(0xffff)
        code.op(Wasm.I32_AND)
    }
    if (adds) code.op(Wasm.I32_ADD)
    writer.set(rd)
    return
  }
  const lowest = imm & 31
  const width = imm >>> 8
  const ones = -1 >>> (32 - width)
  switch (op) {
    case Op.REV:
      bytesSwapped(writer, rm, true)
      break
    case Op.REV16:
      bytesSwapped(writer, rm, false)
      break
    case Op.REVSH:
      bytesSwapped(writer, rm, false)
      code.op(Wasm.I32_EXTEND16_S)
      break
    case Op.RBIT:
      bytesSwapped(writer, rm, true)
      for (const [mask, shift] of [
        [0x0f0f_0f0f, 4],
        [0x3333_3333, 2],
        [0x5555_5555, 1],
      ] as const) {
        swapBits(writer, mask, shift)
      }
      break
    case Op.CLZ:
      writer.get(rm)
      code.op(Wasm.I32_CLZ)
      break
    case Op.BFI:
      writer.get(rd)
      code.const(~(ones << lowest))
      code.op(Wasm.I32_AND)
      writer.get(rn)
      code.const(lowest)
      code.op(Wasm.I32_SHL)
      code.const(ones << lowest)
      code.op(Wasm.I32_AND, Wasm.I32_OR)
      break
    case Op.BFC:
      writer.get(rd)
      code.const(~(ones << lowest))
      code.op(Wasm.I32_AND)
      break
    case Op.UBFX:
      writer.get(rn)
      code.const(lowest)
      code.op(Wasm.I32_SHR_U)
      code.const(ones)
      code.op(Wasm.I32_AND)
      break
    case Op.SBFX:
      writer.get(rn)
      code.const(32 - width - lowest)
      code.op(Wasm.I32_SHL)
      code.const(32 - width)
      code.op(Wasm.I32_SHR_S)
      break
    default:
      code.op(Wasm.UNREACHABLE)
      return
  }
  writer.set(rd)
}

/** Pushes a register with the bytes of each half turned round, or those of the word. */
function bytesSwapped(writer: RegionWriter, register: number, word: boolean): void {
  const { code } = writer
  writer.get(register)
  swapBits(writer, 0x00ff_00ff, 8)
  if (!word) return
  code.const(16)
  code.op(Wasm.I32_ROTR)
}

/** Exchanges, in the value on the stack, the bits of the mask with those `shift` above them. */
function swapBits(writer: RegionWriter, mask: number, shift: number): void {
  const { code } = writer
  const value = writer.scratch(VALUE)
  code.tee(value)
  code.const(shift)
  code.op(Wasm.I32_SHR_U)
  code.const(mask)
  code.op(Wasm.I32_AND)
  code.get(value)
  code.const(mask)
  code.op(Wasm.I32_AND)
  code.const(shift)
  code.op(Wasm.I32_SHL, Wasm.I32_OR)
}

/** Takes the result from the stack. */
function finish(writer: RegionWriter, rd: number, flags: boolean, test = false): void {
  if (!flags) {
    writer.set(rd)
    return
  }
  const result = setNZ(writer)
  if (test) return
  writer.code.get(result)
  writer.set(rd)
}

function not(writer: RegionWriter): void {
  writer.code.const(-1)
  writer.code.op(Wasm.I32_XOR)
}
