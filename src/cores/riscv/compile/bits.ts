import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Op } from '../operation.js'

/** Those of one operand, and of two, that are one instruction of WebAssembly. */
const unary: ReadonlyMap<number, Wasm> = new Map([
  [Op.CLZ, Wasm.I32_CLZ],
  [Op.CTZ, Wasm.I32_CTZ],
  [Op.CPOP, Wasm.I32_POPCNT],
  [Op.SEXT_B, Wasm.I32_EXTEND8_S],
  [Op.SEXT_H, Wasm.I32_EXTEND16_S],
])

const binary: ReadonlyMap<number, Wasm> = new Map([
  [Op.ROL, Wasm.I32_ROTL],
  [Op.ROR, Wasm.I32_ROTR],
  [Op.RORI, Wasm.I32_ROTR],
])

/** What the second operand's complement is combined with the first one by. */
const negated: ReadonlyMap<number, Wasm> = new Map([
  [Op.ANDN, Wasm.I32_AND],
  [Op.ORN, Wasm.I32_OR],
  [Op.XNOR, Wasm.I32_XOR],
])

/** The comparison in which the first operand is the result. */
const chosen: ReadonlyMap<number, Wasm> = new Map([
  [Op.MAX, Wasm.I32_GT_S],
  [Op.MAXU, Wasm.I32_GT_U],
  [Op.MIN, Wasm.I32_LT_S],
  [Op.MINU, Wasm.I32_LT_U],
])

/** True for operations of the B extension. */
export function isBits(op: number): boolean {
  return op >= Op.ANDN && op <= Op.BSETI
}

/** A scratch local for an operand that is looked at more than once. */
const VALUE = 0

/**
 * Leaves on the stack the result of an operation of the B extension; see `bitOperation`.
 * @param first pushes the first operand
 * @param second pushes the second one: a register or the immediate
 */
export function emitBits(
  writer: RegionWriter,
  op: number,
  first: () => void,
  second: () => void,
): void {
  const { code } = writer
  const direct = unary.get(op) ?? binary.get(op)
  if (direct !== undefined) {
    first()
    if (binary.has(op)) second()
    code.op(direct)
    return
  }
  const combine = negated.get(op)
  if (combine !== undefined) {
    first()
    second()
    not(writer)
    code.op(combine)
    return
  }
  const compare = chosen.get(op)
  if (compare !== undefined) {
    for (let i = 0; i < 2; i++) {
      first()
      second()
    }
    code.op(compare, Wasm.SELECT)
    return
  }
  first()
  switch (op) {
    case Op.ZEXT_H:
      code.const(0xffff)
      code.op(Wasm.I32_AND)
      return
    case Op.ORC_B:
      orCombine(writer)
      return
    case Op.REV8:
      reverseBytes(writer)
      return
    case Op.SH1ADD:
    case Op.SH2ADD:
    case Op.SH3ADD:
      code.const(op - Op.SH1ADD + 1)
      code.op(Wasm.I32_SHL)
      second()
      code.op(Wasm.I32_ADD)
      return
    case Op.BEXT:
    case Op.BEXTI:
      second()
      code.op(Wasm.I32_SHR_U)
      code.const(1)
      code.op(Wasm.I32_AND)
      return
  }
  code.const(1)
  second()
  code.op(Wasm.I32_SHL)
  switch (op) {
    case Op.BCLR:
    case Op.BCLRI:
      not(writer)
      code.op(Wasm.I32_AND)
      return
    case Op.BINV:
    case Op.BINVI:
      code.op(Wasm.I32_XOR)
      return
    default: // BSET, BSETI
      code.op(Wasm.I32_OR)
  }
}

function not({ code }: RegionWriter): void {
  code.const(-1)
  code.op(Wasm.I32_XOR)
}

/** Of the value on the stack each byte that has a bit set becomes all ones; see `orCombine`. */
function orCombine(writer: RegionWriter): void {
  const { code } = writer
  const value = writer.scratch(VALUE)
  code.tee(value)
  code.const(0x7f7f_7f7f)
  code.op(Wasm.I32_AND)
  code.const(0x7f7f_7f7f)
  code.op(Wasm.I32_ADD)
  code.get(value)
  code.op(Wasm.I32_OR)
  code.const(0x8080_8080 | 0)
  code.op(Wasm.I32_AND)
  code.tee(value)
  code.get(value)
  code.const(7)
  code.op(Wasm.I32_SHR_U, Wasm.I32_SUB)
  code.get(value)
  code.op(Wasm.I32_OR)
}

/** Of the value on the stack the bytes are turned round. */
function reverseBytes(writer: RegionWriter): void {
  const { code } = writer
  const value = writer.scratch(VALUE)
  code.tee(value)
  code.const(8)
  code.op(Wasm.I32_ROTL)
  code.const(0x00ff_00ff)
  code.op(Wasm.I32_AND)
  code.get(value)
  code.const(8)
  code.op(Wasm.I32_ROTR)
  code.const(0xff00_ff00 | 0)
  code.op(Wasm.I32_AND, Wasm.I32_OR)
}
