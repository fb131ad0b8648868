import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { C, N, V, Z } from './registers.js'

/** Scratch locals with the operands of the last comparison of the block, and more. */
export const LEFT_OPERAND = 4
export const RIGHT_OPERAND = 5
const RESULT = 6
const WIDE = 7

/** Takes the result from the stack, into N and Z; it is left in a scratch local. @returns that local */
export function setNZ(writer: RegionWriter): number {
  const { code } = writer
  const result = writer.scratch(RESULT)
  code.tee(result)
  writer.set(N)
  code.get(result)
  writer.set(Z)
  return result
}

/**
 * Adds the operands (scratch locals), with C if `carry`, and sets all flags.
 * @returns the local with the result
 */
export function addWithFlags(writer: RegionWriter, carry: boolean): number {
  const { code } = writer
  const a = writer.scratch(LEFT_OPERAND)
  const b = writer.scratch(RIGHT_OPERAND)
  const wide = writer.scratch(WIDE)
  code.get(a)
  code.get(b)
  code.op(Wasm.I32_ADD)
  if (carry) {
    writer.get(C)
    code.op(Wasm.I32_ADD)
    // The carry is that of the sum in 33 bits.
    code.get(a)
    code.op(Wasm.I64_EXTEND_I32_U)
    code.get(b)
    code.op(Wasm.I64_EXTEND_I32_U, Wasm.I64_ADD)
    writer.get(C)
    code.op(Wasm.I64_EXTEND_I32_U, Wasm.I64_ADD)
    code.const64(32)
    code.op(Wasm.I64_SHR_U, Wasm.I32_WRAP_I64)
    code.set(wide)
  }
  const result = setNZ(writer)
  if (carry) {
    code.get(wide)
  } else {
    code.get(result)
    code.get(a)
    code.op(Wasm.I32_LT_U)
  }
  writer.set(C)
  // (a ^ result) & (b ^ result)
  code.get(a)
  code.get(result)
  code.op(Wasm.I32_XOR)
  code.get(b)
  code.get(result)
  code.op(Wasm.I32_XOR, Wasm.I32_AND)
  writer.set(V)
  return result
}

/** Subtracts the second operand (scratch locals), and sets all flags. @returns the local of the result */
export function subtractWithFlags(writer: RegionWriter): number {
  const { code } = writer
  const a = writer.scratch(LEFT_OPERAND)
  const b = writer.scratch(RIGHT_OPERAND)
  code.get(a)
  code.get(b)
  code.op(Wasm.I32_SUB)
  const result = setNZ(writer)
  code.get(a)
  code.get(b)
  code.op(Wasm.I32_GE_U)
  writer.set(C)
  // (a ^ b) & (a ^ result)
  code.get(a)
  code.get(b)
  code.op(Wasm.I32_XOR)
  code.get(a)
  code.get(result)
  code.op(Wasm.I32_XOR, Wasm.I32_AND)
  writer.set(V)
  return result
}

/** The condition of a branch after a comparison of two operands, by condition. */
const compared: readonly (Wasm | undefined)[] = [
  Wasm.I32_EQ,
  Wasm.I32_NE,
  Wasm.I32_GE_U,
  Wasm.I32_LT_U,
  undefined,
  undefined,
  undefined,
  undefined,
  Wasm.I32_GT_U,
  Wasm.I32_LE_U,
  Wasm.I32_GE_S,
  Wasm.I32_LT_S,
  Wasm.I32_GT_S,
  Wasm.I32_LE_S,
]

/**
 * Leaves on the stack whether the condition holds, 0 or not.
 * @param cond 0 (EQ) to 13 (LE); all others hold
 * @param known whether the flags are those of the operands' comparison
 */
export function pushCondition(writer: RegionWriter, cond: number, known: boolean): void {
  const { code } = writer
  const direct = known ? compared[cond] : undefined
  if (direct !== undefined) {
    code.get(writer.scratch(LEFT_OPERAND))
    code.get(writer.scratch(RIGHT_OPERAND))
    code.op(direct)
    return
  }
  if (cond >= 14) {
    code.const(1)
    return
  }
  switch (cond >> 1) {
    case 0:
      writer.get(Z)
      code.op(Wasm.I32_EQZ)
      break
    case 1:
      writer.get(C)
      break
    case 2:
      writer.get(N)
      code.const(0)
      code.op(Wasm.I32_LT_S)
      break
    case 3:
      writer.get(V)
      code.const(0)
      code.op(Wasm.I32_LT_S)
      break
    case 4:
      writer.get(Z)
      code.const(0)
      code.op(Wasm.I32_NE)
      writer.get(C)
      code.op(Wasm.I32_AND)
      break
    case 5:
      pushSignsEqual(writer)
      break
    default:
      pushSignsEqual(writer)
      writer.get(Z)
      code.const(0)
      code.op(Wasm.I32_NE, Wasm.I32_AND)
  }
  if ((cond & 1) !== 0) code.op(Wasm.I32_EQZ)
}

function pushSignsEqual(writer: RegionWriter): void {
  writer.get(N)
  writer.get(V)
  writer.code.op(Wasm.I32_XOR)
  writer.code.const(0)
  writer.code.op(Wasm.I32_GE_S)
}

/** Takes C from an immediate operand's encoding: 0 leaves it, 2 clears it, 3 sets it. */
export function setEncodedCarry(writer: RegionWriter, encoded: number): void {
  if (encoded === 0) return
  writer.code.const(encoded & 1)
  writer.set(C)
}
