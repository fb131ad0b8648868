import { I32, Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { C } from './registers.js'

/** Kinds of shift, as they are encoded. */
export const Shift = { LSL: 0, LSR: 1, ASR: 2, ROR: 3 } as const

const operations = [Wasm.I32_SHL, Wasm.I32_SHR_U, Wasm.I32_SHR_S, Wasm.I32_ROTR] as const

/**
 * Pushes the value shifted by a constant.
 * @param amount 0 to 32; 32 for LSR and ASR only
 */
export function pushShifted(
  writer: RegionWriter,
  value: number,
  kind: number,
  amount: number,
): void {
  const { code } = writer
  if (amount === 32 && kind === Shift.LSR) {
    code.const(0)
    return
  }
  code.get(value)
  if (amount === 0) return
  code.const(Math.min(amount, 31))
  code.op(operations[kind] ?? Wasm.UNREACHABLE)
}

/** Sets C to the last bit that a shift by a constant, 1 to 32, moves out of the value. */
export function setShiftedOut(
  writer: RegionWriter,
  value: number,
  kind: number,
  amount: number,
): void {
  const { code } = writer
  code.get(value)
  code.const(kind === Shift.LSL ? 32 - amount : amount - 1)
  code.op(Wasm.I32_SHR_U)
  code.const(1)
  code.op(Wasm.I32_AND)
  writer.set(C)
}

/** Pushes the value rotated right by one through C. */
export function pushRotatedThroughCarry(writer: RegionWriter, value: number): void {
  const { code } = writer
  code.get(value)
  code.const(1)
  code.op(Wasm.I32_SHR_U)
  writer.get(C)
  code.const(31)
  code.op(Wasm.I32_SHL, Wasm.I32_OR)
}

/** Pushes the value shifted by the amount in a local, 0 to 255. */
export function pushShiftedBy(
  writer: RegionWriter,
  value: number,
  kind: number,
  amount: number,
): void {
  const { code } = writer
  const operation = operations[kind] ?? Wasm.UNREACHABLE
  if (kind === Shift.ROR) {
    code.get(value)
    code.get(amount)
    code.op(operation)
    return
  }
  code.get(value)
  code.get(amount)
  code.op(operation)
  // What is shifted by 32 and more is shifted out: WebAssembly takes the lower five bits alone.
  if (kind === Shift.ASR) {
    code.get(value)
    code.const(31)
    code.op(operation)
  } else {
    code.const(0)
  }
  code.get(amount)
  code.const(32)
  code.op(Wasm.I32_LT_U, Wasm.SELECT)
}

/** Sets C to what a shift by the amount in a local, 0 to 255, moves out last; 0 leaves C as it is. */
export function setShiftedOutBy(
  writer: RegionWriter,
  value: number,
  kind: number,
  amount: number,
): void {
  const { code } = writer
  code.get(amount)
  code.if()
  if (kind === Shift.ROR) {
    code.get(value)
    code.get(amount)
    code.const(1)
    code.op(Wasm.I32_SUB, Wasm.I32_SHR_U)
    code.const(1)
    code.op(Wasm.I32_AND)
  } else {
    code.get(amount)
    code.const(32)
    code.op(Wasm.I32_LE_U)
    code.if(I32)
    code.get(value)
    if (kind === Shift.LSL) {
      code.const(32)
      code.get(amount)
    } else {
      code.get(amount)
      code.const(1)
    }
    code.op(Wasm.I32_SUB, Wasm.I32_SHR_U)
    code.const(1)
    code.op(Wasm.I32_AND)
    code.else()
    if (kind === Shift.ASR) {
      code.get(value)
      code.const(31)
      code.op(Wasm.I32_SHR_U)
    } else {
      code.const(0)
    }
    code.end()
  }
  writer.set(C)
  code.end()
}
