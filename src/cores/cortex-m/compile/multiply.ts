import { I32, Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Op } from '../operation.js'
import { ACCUMULATES } from '../thumb32-arithmetic.js'
import type { ThumbInstruction } from './source.js'

/** Scratch locals. */
const PRODUCT = 0
const SUM = 1

/** Multiplications and divisions. */
export function emitMultiply(writer: RegionWriter, { pc, packed, imm }: ThumbInstruction): void {
  const { code } = writer
  const op = packed & 0xff
  const rd = (packed >>> 9) & 15
  const rn = (packed >>> 13) & 15
  const rm = (packed >>> 17) & 15
  switch (op) {
    case Op.MUL:
      writer.get(rn)
      writer.get(rm)
      code.op(Wasm.I32_MUL)
      writer.set(rd)
      return
    case Op.MLA:
    case Op.MLS:
      writer.get(imm)
      writer.get(rn)
      writer.get(rm)
      code.op(Wasm.I32_MUL, op === Op.MLA ? Wasm.I32_ADD : Wasm.I32_SUB)
      writer.set(rd)
      return
    case Op.UMULL:
    case Op.SMULL:
    case Op.UMLAL:
    case Op.SMLAL: {
      const extend =
        op === Op.SMULL || op === Op.SMLAL ? Wasm.I64_EXTEND_I32_S : Wasm.I64_EXTEND_I32_U
      const product = writer.wide
      writer.get(rn)
      code.op(extend)
      writer.get(rm)
      code.op(extend, Wasm.I64_MUL)
      if (op === Op.UMLAL || op === Op.SMLAL) {
        writer.get(rd)
        code.op(Wasm.I64_EXTEND_I32_U)
        writer.get(imm)
        code.op(Wasm.I64_EXTEND_I32_U)
        code.const64(32)
        code.op(Wasm.I64_SHL, Wasm.I64_OR, Wasm.I64_ADD)
      }
      code.tee(product)
      code.op(Wasm.I32_WRAP_I64)
      writer.set(rd)
      code.get(product)
      code.const64(32)
      code.op(Wasm.I64_SHR_U, Wasm.I32_WRAP_I64)
      writer.set(imm)
      return
    }
    default:
      divide(writer, pc, op === Op.SDIV, rd, rn, rm)
  }
}

/** SMULxy and SMLAxy; a sum that leaves the signed range, and sets Q, is the interpreter's. */
export function emitMultiplyHalves(
  writer: RegionWriter,
  { pc, packed, imm }: ThumbInstruction,
): void {
  const { code } = writer
  const variant = imm >>> 4
  const product = writer.scratch(PRODUCT)
  const sum = writer.scratch(SUM)
  pushHalf(writer, (packed >>> 13) & 15, (variant & 2) !== 0)
  pushHalf(writer, (packed >>> 17) & 15, (variant & 1) !== 0)
  code.op(Wasm.I32_MUL)
  if ((variant & ACCUMULATES) !== 0) {
    code.tee(product)
    writer.get(imm & 15)
    code.op(Wasm.I32_ADD)
    code.set(sum)
    // (product ^ sum) & (addend ^ sum)
    code.get(product)
    code.get(sum)
    code.op(Wasm.I32_XOR)
    writer.get(imm & 15)
    code.get(sum)
    code.op(Wasm.I32_XOR, Wasm.I32_AND)
    code.const(0)
    code.op(Wasm.I32_LT_S)
    code.if()
    writer.interpret(pc)
    code.end()
    code.get(sum)
  }
  writer.set((packed >>> 9) & 15)
}

function pushHalf(writer: RegionWriter, register: number, top: boolean): void {
  writer.get(register)
  if (top) {
    writer.code.const(16)
    writer.code.op(Wasm.I32_SHR_S)
  } else {
    writer.code.op(Wasm.I32_EXTEND16_S)
  }
}

/** Division by zero may fault, which is the interpreter's; the one overflow gives the dividend. */
function divide(
  writer: RegionWriter,
  pc: number,
  signed: boolean,
  rd: number,
  rn: number,
  rm: number,
): void {
  const { code } = writer
  writer.get(rm)
  code.op(Wasm.I32_EQZ)
  code.if()
  writer.interpret(pc)
  code.end()
  if (!signed) {
    writer.get(rn)
    writer.get(rm)
    code.op(Wasm.I32_DIV_U)
    writer.set(rd)
    return
  }
  writer.get(rm)
  code.const(-1)
  code.op(Wasm.I32_EQ)
  code.if(I32)
  code.const(0)
  writer.get(rn)
  code.op(Wasm.I32_SUB)
  code.else()
  writer.get(rn)
  writer.get(rm)
  code.op(Wasm.I32_DIV_S)
  code.end()
  writer.set(rd)
}
