import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Op } from '../operation.js'
import { DOUBLE, FP_DECREMENT, FP_WRITE_BACK, WHICH_SHIFT } from '../thumb32-float.js'
import { ADDRESS, BASE, type ThumbMemory } from './memory.js'
import { FLOATS, SP } from './registers.js'
import type { ThumbInstruction } from './source.js'

const PC = 15

/** Loads and stores of s and d registers. */
export class FloatMemory {
  readonly #memory: ThumbMemory

  constructor(memory: ThumbMemory) {
    this.#memory = memory
  }

  /** VLDR and VSTR. */
  one(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, packed, imm } = instruction
    const { code } = writer
    const rn = (packed >>> 13) & 15
    const offset = imm >> WHICH_SHIFT
    if (rn === PC) code.const(((pc & ~3) + 4 + offset) | 0)
    else {
      writer.get(rn)
      code.const(offset)
      code.op(Wasm.I32_ADD)
    }
    code.set(writer.scratch(ADDRESS))
    const words = imm & DOUBLE ? 2 : 1
    const place = this.#place(writer, instruction, words)
    this.#transfer(writer, instruction, words, place)
  }

  /** VLDM and VSTM, and with them VPUSH and VPOP. */
  multiple(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { packed, imm } = instruction
    const { code } = writer
    const flags = (packed >>> 9) & 15
    const rn = (packed >>> 13) & 15
    const words = imm >>> WHICH_SHIFT
    // A word more than there are registers for is skipped (FLDMX, FSTMX).
    const all = words + ((packed >>> 17) & 15)
    const down = (flags & FP_DECREMENT) !== 0
    const back = (flags & FP_WRITE_BACK) !== 0
    const address = writer.scratch(ADDRESS)
    const changed = writer.scratch(BASE)
    writer.get(rn)
    code.const(down ? -4 * all : 4 * all)
    code.op(Wasm.I32_ADD)
    code.set(changed)
    if (down) code.get(changed)
    else writer.get(rn)
    code.set(address)
    if (back && down && rn === SP) this.#memory.checkLimit(writer, instruction)
    const place = this.#place(writer, instruction, all)
    this.#transfer(writer, instruction, words, place)
    if (!back) return
    code.get(changed)
    writer.set(rn)
  }

  #place(writer: RegionWriter, instruction: ThumbInstruction, words: number): number {
    return this.#memory.place(writer, instruction, 4 * words, !loads(instruction.packed))
  }

  #transfer(
    writer: RegionWriter,
    { packed, imm }: ThumbInstruction,
    words: number,
    place: number,
  ): void {
    const { code } = writer
    const load = loads(packed)
    const first = FLOATS + ((imm & 31) << (imm & DOUBLE ? 1 : 0))
    for (let i = 0; i < words; i++) {
      const register = writer.word(first + i)
      if (load) code.const(0)
      code.get(writer.scratch(ADDRESS))
      if (load) {
        code.access(Wasm.I32_LOAD, 2, place + 4 * i)
        code.access(Wasm.I32_STORE, 2, register)
      } else {
        code.const(0)
        code.access(Wasm.I32_LOAD, 2, register)
        code.access(Wasm.I32_STORE, 2, place + 4 * i)
      }
    }
  }
}

function loads(packed: number): boolean {
  const op = packed & 0xff
  return op === Op.FP_LOAD || op === Op.FP_LOAD_MULTIPLE
}
