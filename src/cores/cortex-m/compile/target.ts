import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'

/**
 * Leaves the jump at `pc` to the interpreter unless the target, in a local, is code: even targets leave
 * Thumb state, and the highest ones may be exception returns.
 */
export function leaveUnlessCode(writer: RegionWriter, target: number, pc: number): void {
  const { code } = writer
  code.get(target)
  code.const(1)
  code.op(Wasm.I32_AND, Wasm.I32_EQZ)
  code.get(target)
  code.const(0xf000_0000 | 0)
  code.op(Wasm.I32_GE_U, Wasm.I32_OR)
  code.if()
  writer.interpret(pc)
  code.end()
}
