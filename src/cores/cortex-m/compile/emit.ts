import type { MemoryAccess } from '../../compile/access.js'
import { Wasm } from '../../compile/opcodes.js'
import type { Emitter } from '../../compile/structure.js'
import type { RegionWriter } from '../../compile/writer.js'
import { GUARDED } from '../instruction.js'
import { Op } from '../operation.js'
import { emitArithmetic } from './arithmetic.js'
import { pushCondition } from './flags.js'
import { FloatEmitter, isFloat } from './float.js'
import { FloatMemory } from './float-memory.js'
import { ThumbMemory } from './memory.js'
import { emitMultiplyHalves } from './multiply.js'
import { LR } from './registers.js'
import type { ThumbInstruction } from './source.js'
import { leaveUnlessCode } from './target.js'

/** The Thumb instructions as WebAssembly. */
export class ThumbEmitter implements Emitter<ThumbInstruction> {
  readonly #memory: ThumbMemory
  readonly #float: FloatEmitter
  /** The flags are those of a comparison the operands of which are at hand. */
  #compared = false

  /** @param written see `ThumbMemory` */
  constructor(access: MemoryAccess, limited: boolean, written: number) {
    this.#memory = new ThumbMemory(access, limited, written)
    this.#float = new FloatEmitter(new FloatMemory(this.#memory))
  }

  begin(): void {
    this.#compared = false
    this.#float.begin()
  }

  emit(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { packed } = instruction
    const guarded = (packed & GUARDED) !== 0
    if (guarded) {
      pushCondition(writer, (packed >>> 25) & 15, this.#compared)
      writer.code.if()
    }
    this.#execute(writer, instruction)
    if (!guarded) return
    writer.code.end()
  }

  condition(writer: RegionWriter, { packed }: ThumbInstruction): void {
    const op = packed & 0xff
    if (op === Op.CBZ || op === Op.CBNZ) {
      writer.get((packed >>> 13) & 15)
      if (op === Op.CBZ) writer.code.op(Wasm.I32_EQZ)
      return
    }
    const cond = op >= Op.BEQ && op <= Op.BLE ? op - Op.BEQ : (packed >>> 25) & 15
    pushCondition(writer, cond, this.#compared)
  }

  target(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, packed } = instruction
    const { code } = writer
    switch (packed & 0xff) {
      case Op.POP_PC:
        this.#memory.popTarget(writer, instruction)
        return
      case Op.TBB:
      case Op.TBH:
        this.#memory.tableTarget(writer, instruction)
        return
      default: {
        const target = writer.scratch(1)
        writer.get((packed >>> 17) & 15)
        code.set(target)
        leaveUnlessCode(writer, target, pc)
        code.get(target)
        code.const(~1)
        code.op(Wasm.I32_AND)
        if ((packed & 0xff) !== Op.BLX) return
        code.const((pc + 3) | 0)
        writer.set(LR)
      }
    }
  }

  #execute(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, packed } = instruction
    const op = packed & 0xff
    if (op === Op.B) return
    if (op === Op.BL) {
      writer.code.const((pc + 5) | 0)
      writer.set(LR)
      return
    }
    if (op === Op.SMLAXY) {
      emitMultiplyHalves(writer, instruction)
      return
    }
    if (isFloat(packed)) {
      this.#float.emit(writer, instruction)
      if (op === Op.VMRS) this.#compared = false
      return
    }
    if (op >= Op.LDR || op === Op.ADD_SP_IMM) {
      this.#memory.emit(writer, instruction)
      return
    }
    const flags = emitArithmetic(writer, instruction)
    if (flags !== 'kept') this.#compared = flags === 'compared' && (packed & GUARDED) === 0
  }
}
