import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Op, Sub } from '../operation.js'
import type { Flags } from './arithmetic.js'
import { addWithFlags, LEFT_OPERAND, RIGHT_OPERAND, setNZ, subtractWithFlags } from './flags.js'
import { C } from './registers.js'
import { pushRotatedThroughCarry, pushShifted, Shift, setShiftedOut } from './shifts.js'
import type { ThumbInstruction } from './source.js'

const VALUE = 0

const logical: ReadonlyMap<number, Wasm> = new Map([
  [Sub.AND, Wasm.I32_AND],
  [Sub.BIC, Wasm.I32_AND],
  [Sub.ORR, Wasm.I32_OR],
  [Sub.ORN, Wasm.I32_OR],
  [Sub.EOR, Wasm.I32_XOR],
  [Sub.TST, Wasm.I32_AND],
  [Sub.TEQ, Wasm.I32_XOR],
])

/** "Data processing (shifted register)": SHIFTED and SHIFTED_S. */
export function emitShifted(writer: RegionWriter, { packed, imm }: ThumbInstruction): Flags {
  const { code } = writer
  const rd = (packed >>> 9) & 15
  const rn = (packed >>> 13) & 15
  const sub = imm >>> 8
  const kind = (imm >>> 5) & 3
  const encoded = imm & 31
  // 0 stands for 32, for RRX, and for no shift at all.
  const amount = encoded === 0 && (kind === Shift.LSR || kind === Shift.ASR) ? 32 : encoded
  const rotates = kind === Shift.ROR && encoded === 0
  const tests = sub >>> 2 === 4
  const flags = (packed & 0xff) === Op.SHIFTED_S
  const value = writer.scratch(VALUE)
  const operand = writer.scratch(RIGHT_OPERAND)
  writer.get((packed >>> 17) & 15)
  code.set(value)
  if (rotates) pushRotatedThroughCarry(writer, value)
  else pushShifted(writer, value, kind, amount)
  code.set(operand)

  const op = logical.get(sub)
  if (op !== undefined || sub === Sub.MVN || sub === Sub.MOV) {
    if (op !== undefined) writer.get(rn)
    code.get(operand)
    if (sub === Sub.BIC || sub === Sub.ORN || sub === Sub.MVN) {
      code.const(-1)
      code.op(Wasm.I32_XOR)
    }
    if (op !== undefined) code.op(op)
    if (!flags) {
      writer.set(rd)
      // The operands of a comparison before this one are gone.
      return 'changed'
    }
    const result = setNZ(writer)
    if (rotates) {
      code.get(value)
      code.const(1)
      code.op(Wasm.I32_AND)
      writer.set(C)
    } else if (amount !== 0) {
      setShiftedOut(writer, value, kind, amount)
    }
    if (!tests) {
      code.get(result)
      writer.set(rd)
    }
    return 'changed'
  }

  const left = writer.scratch(LEFT_OPERAND)
  writer.get(rn)
  code.set(left)
  if (sub === Sub.RSB) {
    code.get(operand)
    code.get(left)
    code.set(operand)
    code.set(left)
  }
  const carry = sub === Sub.ADC || sub === Sub.SBC
  if (sub === Sub.SBC) {
    code.get(operand)
    code.const(-1)
    code.op(Wasm.I32_XOR)
    code.set(operand)
  }
  const adds = sub === Sub.ADD || sub === Sub.CMN || carry
  if (!flags) {
    code.get(left)
    code.get(operand)
    code.op(adds ? Wasm.I32_ADD : Wasm.I32_SUB)
    if (carry) {
      writer.get(C)
      code.op(Wasm.I32_ADD)
    }
    writer.set(rd)
    return 'changed'
  }
  const result = adds ? addWithFlags(writer, carry) : subtractWithFlags(writer)
  if (!tests) {
    code.get(result)
    writer.set(rd)
  }
  return adds ? 'changed' : 'compared'
}
