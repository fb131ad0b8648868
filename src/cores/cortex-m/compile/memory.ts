import type { MemoryAccess } from '../../compile/access.js'
import { Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { POST_INDEXED, WRITE_BACK } from '../instruction.js'
import { Op } from '../operation.js'
import { LIMIT, SP } from './registers.js'
import type { ThumbInstruction } from './source.js'
import { leaveUnlessCode } from './target.js'

const PC = 15
/** Scratch locals of an access: its address, what is in it, and the base before it changes. */
export const ADDRESS = 0
const TARGET = 1
export const BASE = 2

/** By their places in the row (`Row`). */
const accesses: readonly { readonly wasm: Wasm; readonly log2: number; readonly load: boolean }[] =
  [
    { wasm: Wasm.I32_LOAD, log2: 2, load: true },
    { wasm: Wasm.I32_LOAD8_U, log2: 0, load: true },
    { wasm: Wasm.I32_LOAD16_U, log2: 1, load: true },
    { wasm: Wasm.I32_LOAD8_S, log2: 0, load: true },
    { wasm: Wasm.I32_LOAD16_S, log2: 1, load: true },
    { wasm: Wasm.I32_STORE, log2: 2, load: false },
    { wasm: Wasm.I32_STORE8, log2: 0, load: false },
    { wasm: Wasm.I32_STORE16, log2: 1, load: false },
  ]

/** Loads, stores, and what else has to do with the stack. */
export class ThumbMemory {
  readonly #access: MemoryAccess
  readonly #limited: boolean
  readonly #written: number

  /**
   * @param limited whether the core has stack limits
   * @param written place in the WebAssembly memory of the word that stores outside of the first region set
   */
  constructor(access: MemoryAccess, limited: boolean, written: number) {
    this.#access = access
    this.#limited = limited
    this.#written = written
  }

  emit(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { packed, imm } = instruction
    const { code } = writer
    const op = packed & 0xff
    const rn = (packed >>> 13) & 15
    const rm = (packed >>> 17) & 15
    const address = writer.scratch(ADDRESS)
    if (op >= Op.LDR && op <= Op.STRH) {
      writer.get(rn)
      addConstant(writer, imm)
      code.set(address)
      this.#row(writer, instruction, op - Op.LDR)
      return
    }
    if (op >= Op.LDR_REG && op <= Op.STRH_REG) {
      writer.get(rn)
      writer.get(rm)
      if (imm !== 0) {
        code.const(imm)
        code.op(Wasm.I32_SHL)
      }
      code.op(Wasm.I32_ADD)
      code.set(address)
      this.#row(writer, instruction, op - Op.LDR_REG)
      return
    }
    switch (op) {
      case Op.ADD_SP_IMM:
        writer.get(rn)
        addConstant(writer, imm)
        code.const(~3)
        code.op(Wasm.I32_AND)
        code.set(address)
        this.checkLimit(writer, instruction)
        code.get(address)
        writer.set(SP)
        return
      case Op.LDR_LITERAL:
        this.#literal(writer, instruction)
        return
      case Op.LOAD_INDEXED:
      case Op.STORE_INDEXED: {
        const base = writer.scratch(BASE)
        writer.get(rn)
        addConstant(writer, imm >> 8)
        code.tee(base)
        if ((imm & POST_INDEXED) !== 0) {
          code.op(Wasm.DROP)
          writer.get(rn)
        }
        code.set(address)
        this.#row(writer, instruction, imm & 15)
        code.get(base)
        writer.set(rn)
        return
      }
      case Op.LDRD:
      case Op.STRD: {
        writer.get(rn)
        addConstant(writer, imm)
        code.set(address)
        const offset = this.place(writer, instruction, 8, op === Op.STRD)
        const rd = (packed >>> 9) & 15
        if (op === Op.LDRD) this.#load(writer, [rd, rm], offset)
        else this.#store(writer, [rd, rm], offset)
        return
      }
      default:
        this.#multiple(writer, instruction)
    }
  }

  /** Pops the registers of POP_PC, and leaves its target on the stack. */
  popTarget(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, imm } = instruction
    const { code } = writer
    const registers = listed(imm)
    const target = writer.scratch(TARGET)
    const size = 4 * registers.length
    writer.get(SP)
    code.set(writer.scratch(ADDRESS))
    const offset = this.place(writer, instruction, size + 4, false)
    code.get(writer.scratch(ADDRESS))
    code.access(Wasm.I32_LOAD, 2, offset + size)
    code.set(target)
    leaveUnlessCode(writer, target, pc)
    this.#load(writer, registers, offset)
    writer.get(SP)
    addConstant(writer, size + 4)
    writer.set(SP)
    code.get(target)
    code.const(~1)
    code.op(Wasm.I32_AND)
  }

  /** Leaves on the stack where a branch by table goes. */
  tableTarget(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, packed } = instruction
    const { code } = writer
    const rn = (packed >>> 13) & 15
    const log2 = (packed & 0xff) === Op.TBH ? 1 : 0
    const address = writer.scratch(ADDRESS)
    if (rn === PC) code.const((pc + 4) | 0)
    else writer.get(rn)
    writer.get((packed >>> 17) & 15)
    if (log2 !== 0) {
      code.const(log2)
      code.op(Wasm.I32_SHL)
    }
    code.op(Wasm.I32_ADD)
    code.set(address)
    const offset = this.#access.place(code, address, log2, () => writer.interpret(pc))
    code.get(address)
    code.access(log2 === 0 ? Wasm.I32_LOAD8_U : Wasm.I32_LOAD16_U, log2, offset)
    code.const(1)
    code.op(Wasm.I32_SHL)
    code.const((pc + 4) | 0)
    code.op(Wasm.I32_ADD)
  }

  /** The access at place `row` of the row, at the address in its local. */
  #row(writer: RegionWriter, { pc, packed }: ThumbInstruction, row: number): void {
    const { code } = writer
    const access = accesses[row]
    if (access === undefined) {
      writer.interpret(pc)
      return
    }
    const { wasm, log2, load } = access
    const rd = (packed >>> 9) & 15
    const address = writer.scratch(ADDRESS)
    const leave = (): void => writer.interpret(pc)
    const offset = this.#access.place(code, address, log2, leave, 1 << log2, this.#mark(!load))
    code.get(address)
    if (!load) writer.get(rd)
    code.access(wasm, log2, offset)
    if (load) writer.set(rd)
  }

  #literal(writer: RegionWriter, { pc, packed, imm }: ThumbInstruction): void {
    const place = (imm & 3) === 0 ? this.#access.placeOf(imm) : undefined
    if (place === undefined) {
      writer.interpret(pc)
      return
    }
    writer.code.const(0)
    writer.code.access(Wasm.I32_LOAD, 2, place)
    writer.set((packed >>> 9) & 15)
  }

  #multiple(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { packed, imm } = instruction
    const { code } = writer
    const op = packed & 0xff
    const rn = (packed >>> 13) & 15
    const registers = listed(imm)
    const size = 4 * registers.length
    const down = op === Op.PUSH || op === Op.LDMDB || op === Op.STMDB
    const loads = op === Op.POP || op === Op.LDMIA || op === Op.LDMDB
    const stack = op === Op.PUSH || op === Op.POP
    const base = stack ? SP : rn
    const address = writer.scratch(ADDRESS)
    const changed = writer.scratch(BASE)
    writer.get(base)
    addConstant(writer, down ? -size : size)
    code.set(changed)
    if (down) code.get(changed)
    else writer.get(base)
    code.set(address)
    if (op === Op.PUSH) this.checkLimit(writer, instruction)
    const offset = this.place(writer, instruction, size, !loads)
    const writesBack = stack || (imm & WRITE_BACK) !== 0
    // A base that is in its own list is loaded, and stored as it was.
    if (loads && writesBack) {
      code.get(changed)
      writer.set(base)
    }
    if (loads) this.#load(writer, registers, offset)
    else this.#store(writer, registers, offset)
    if (!loads && writesBack) {
      code.get(changed)
      writer.set(base)
    }
  }

  /**
   * Makes the address in its local that of `span` bytes of the WebAssembly memory, word by word.
   * @returns the constant offset of the accesses
   */
  place(writer: RegionWriter, { pc }: ThumbInstruction, span: number, stores: boolean): number {
    const address = writer.scratch(ADDRESS)
    const leave = (): void => writer.interpret(pc)
    return this.#access.place(writer.code, address, 2, leave, span, this.#mark(stores))
  }

  /** Code may be anywhere but in the first region: stores there are noted. */
  #mark(stores: boolean): number | undefined {
    return stores ? this.#written : undefined
  }

  #load(writer: RegionWriter, registers: readonly number[], offset: number): void {
    registers.forEach((register, i) => {
      writer.code.get(writer.scratch(ADDRESS))
      writer.code.access(Wasm.I32_LOAD, 2, offset + 4 * i)
      writer.set(register)
    })
  }

  #store(writer: RegionWriter, registers: readonly number[], offset: number): void {
    registers.forEach((register, i) => {
      writer.code.get(writer.scratch(ADDRESS))
      writer.get(register)
      writer.code.access(Wasm.I32_STORE, 2, offset + 4 * i)
    })
  }

  /** Leaves where the new stack pointer, in the local of the address, is below its limit. */
  checkLimit(writer: RegionWriter, { pc }: ThumbInstruction): void {
    if (!this.#limited) return
    const { code } = writer
    code.get(writer.scratch(ADDRESS))
    writer.get(LIMIT)
    code.op(Wasm.I32_LT_U)
    code.if()
    writer.interpret(pc)
    code.end()
  }
}

/** The registers of a list, r0 to r14. */
function listed(mask: number): number[] {
  return Array.from({ length: 15 }, (_, i) => i).filter((i) => (mask >>> i) & 1)
}

function addConstant(writer: RegionWriter, value: number): void {
  if (value === 0) return
  writer.code.const(value)
  writer.code.op(Wasm.I32_ADD)
}
