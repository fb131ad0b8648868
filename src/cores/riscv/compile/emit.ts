import type { MemoryAccess } from '../../compile/access.js'
import type { Code } from '../../compile/code.js'
import { I32, Wasm } from '../../compile/opcodes.js'
import type { Emitter } from '../../compile/structure.js'
import type { RegionWriter } from '../../compile/writer.js'
import { SINK } from '../decode.js'
import { Op } from '../operation.js'
import { emitBits, isBits } from './bits.js'
import { FloatEmitter, isFloat } from './float.js'
import type { RiscvInstruction } from './source.js'

/** With a register and an immediate, or with two registers. */
const binary: ReadonlyMap<number, Wasm> = new Map([
  [Op.ADDI, Wasm.I32_ADD],
  [Op.SLTI, Wasm.I32_LT_S],
  [Op.SLTIU, Wasm.I32_LT_U],
  [Op.XORI, Wasm.I32_XOR],
  [Op.ORI, Wasm.I32_OR],
  [Op.ANDI, Wasm.I32_AND],
  [Op.SLLI, Wasm.I32_SHL],
  [Op.SRLI, Wasm.I32_SHR_U],
  [Op.SRAI, Wasm.I32_SHR_S],
  [Op.ADD, Wasm.I32_ADD],
  [Op.SUB, Wasm.I32_SUB],
  [Op.SLL, Wasm.I32_SHL],
  [Op.SLT, Wasm.I32_LT_S],
  [Op.SLTU, Wasm.I32_LT_U],
  [Op.XOR, Wasm.I32_XOR],
  [Op.SRL, Wasm.I32_SHR_U],
  [Op.SRA, Wasm.I32_SHR_S],
  [Op.OR, Wasm.I32_OR],
  [Op.AND, Wasm.I32_AND],
  [Op.MUL, Wasm.I32_MUL],
])

const conditions: ReadonlyMap<number, Wasm> = new Map([
  [Op.BEQ, Wasm.I32_EQ],
  [Op.BNE, Wasm.I32_NE],
  [Op.BLT, Wasm.I32_LT_S],
  [Op.BGE, Wasm.I32_GE_S],
  [Op.BLTU, Wasm.I32_LT_U],
  [Op.BGEU, Wasm.I32_GE_U],
])

interface Access {
  readonly wasm: Wasm
  readonly log2: number
  /** Extends the sign of what a device has answered. */
  readonly signed?: Wasm
}

const loads: ReadonlyMap<number, Access> = new Map([
  [Op.LB, { wasm: Wasm.I32_LOAD8_S, log2: 0, signed: Wasm.I32_EXTEND8_S }],
  [Op.LBU, { wasm: Wasm.I32_LOAD8_U, log2: 0 }],
  [Op.LH, { wasm: Wasm.I32_LOAD16_S, log2: 1, signed: Wasm.I32_EXTEND16_S }],
  [Op.LHU, { wasm: Wasm.I32_LOAD16_U, log2: 1 }],
  [Op.LW, { wasm: Wasm.I32_LOAD, log2: 2 }],
])

const stores: ReadonlyMap<number, Access> = new Map([
  [Op.SB, { wasm: Wasm.I32_STORE8, log2: 0 }],
  [Op.SH, { wasm: Wasm.I32_STORE16, log2: 1 }],
  [Op.SW, { wasm: Wasm.I32_STORE, log2: 2 }],
])

/** What of the operands of MULH, MULHSU and MULHU is signed. */
const highProducts: ReadonlyMap<number, readonly [Wasm, Wasm]> = new Map([
  [Op.MULH, [Wasm.I64_EXTEND_I32_S, Wasm.I64_EXTEND_I32_S]],
  [Op.MULHSU, [Wasm.I64_EXTEND_I32_S, Wasm.I64_EXTEND_I32_U]],
  [Op.MULHU, [Wasm.I64_EXTEND_I32_U, Wasm.I64_EXTEND_I32_U]],
])

/** True for operations that can be compiled. */
export function isCompiled(op: number): boolean {
  if (op === Op.FENCE || op === Op.WFI) return true
  return (op >= Op.CONST && op <= Op.SW) || isBits(op) || isFloat(op)
}

/** RISC-V's instructions as WebAssembly. */
export class RiscvEmitter implements Emitter<RiscvInstruction> {
  readonly #access: MemoryAccess
  readonly #float: FloatEmitter
  readonly #accessesDevices: (pc: number) => boolean

  /** @param accessesDevices whether the load or store at an address is known to access devices */
  constructor(access: MemoryAccess, accessesDevices: (pc: number) => boolean) {
    this.#access = access
    this.#accessesDevices = accessesDevices
    this.#float = new FloatEmitter(access)
  }

  begin(): void {
    this.#float.begin()
  }

  emit(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { pc, length, packed, imm } = instruction
    const op = packed & 0xff
    if (isFloat(op)) {
      this.#float.emit(writer, instruction)
      return
    }
    const rd = (packed >>> 8) & 63
    const rs1 = (packed >>> 14) & 31
    const rs2 = (packed >>> 19) & 31
    const { code } = writer
    const load = loads.get(op)
    if (load !== undefined) {
      const take = (): void => {
        if (rd === SINK) code.op(Wasm.DROP)
        else writer.set(rd)
      }
      const accessed = (): void => {
        if (load.signed !== undefined) code.op(load.signed)
        take()
      }
      this.#reach(writer, instruction, load.log2, accessed, (address, offset) => {
        code.get(address)
        code.access(load.wasm, load.log2, offset)
        take()
      })
      return
    }
    const store = stores.get(op)
    if (store !== undefined) {
      const accessed = (): void => code.op(Wasm.DROP)
      this.#reach(writer, instruction, store.log2, accessed, (address, offset) => {
        code.get(address)
        get(writer, rs2)
        code.access(store.wasm, store.log2, offset)
      })
      return
    }
    if (op === Op.FENCE) {
      if (this.#access.shared) code.fence()
      return
    }
    if (op === Op.WFI) {
      const push = (): void => {
        code.const(0)
        code.const(0)
      }
      writer.device(pc, (pc + length) | 0, packed, push, () => code.op(Wasm.DROP))
      return
    }
    if (rd === SINK) return
    switch (op) {
      case Op.CONST:
        code.const(imm)
        break
      case Op.JAL:
        code.const((pc + length) | 0)
        break
      case Op.DIV:
      case Op.DIVU:
      case Op.REM:
      case Op.REMU:
        divide(writer, op, rs1, rs2)
        break
      default: {
        if (isBits(op)) {
          const second = (): void => (op < Op.RORI ? get(writer, rs2) : code.const(imm))
          emitBits(writer, op, () => get(writer, rs1), second)
          break
        }
        get(writer, rs1)
        const high = highProducts.get(op)
        if (high !== undefined) {
          code.op(high[0])
          get(writer, rs2)
          code.op(high[1], Wasm.I64_MUL)
          code.const64(32)
          code.op(Wasm.I64_SHR_U, Wasm.I32_WRAP_I64)
          break
        }
        if (op >= Op.ADD) get(writer, rs2)
        else code.const(imm)
        code.op(binary.get(op) ?? Wasm.UNREACHABLE)
      }
    }
    writer.set(rd)
  }

  /**
   * A load or store: at its place in memory, or by the core where it has been seen to access a device.
   * @param accessed takes from the stack what the core has loaded
   * @param access makes it at the address in the local, which the constant offset is added to
   */
  #reach(
    writer: RegionWriter,
    { pc, length, packed, imm }: RiscvInstruction,
    log2: number,
    accessed: () => void,
    access: (address: number, offset: number) => void,
  ): void {
    const { code } = writer
    const local = writer.scratch(0)
    const address = (): void => {
      get(writer, (packed >>> 14) & 31)
      add(code, imm)
    }
    address()
    code.set(local)
    if (!this.#accessesDevices(pc)) {
      access(
        local,
        this.#access.place(code, local, log2, () => writer.interpret(pc)),
      )
      return
    }
    const done = code.block()
    const offset = this.#access.place(code, local, log2, () => {
      const push = (): void => {
        address()
        get(writer, (packed >>> 19) & 31)
      }
      writer.device(pc, (pc + length) | 0, packed, push, accessed)
      code.br(done)
    })
    access(local, offset)
    code.end()
  }

  condition(writer: RegionWriter, { packed }: RiscvInstruction): void {
    get(writer, (packed >>> 14) & 31)
    get(writer, (packed >>> 19) & 31)
    writer.code.op(conditions.get(packed & 0xff) ?? Wasm.UNREACHABLE)
  }

  target(writer: RegionWriter, { pc, length, packed, imm }: RiscvInstruction): void {
    const { code } = writer
    const rd = (packed >>> 8) & 63
    get(writer, (packed >>> 14) & 31)
    add(code, imm)
    code.const(~1)
    code.op(Wasm.I32_AND)
    if (rd === SINK) return
    code.const((pc + length) | 0)
    writer.set(rd)
  }
}

function get(writer: RegionWriter, register: number): void {
  if (register === 0) writer.code.const(0)
  else writer.get(register)
}

function add(code: Code, value: number): void {
  if (value === 0) return
  code.const(value)
  code.op(Wasm.I32_ADD)
}

/** Division by zero and its overflow have results, where WebAssembly has traps. */
function divide(writer: RegionWriter, op: number, rs1: number, rs2: number): void {
  const { code } = writer
  const quotient = op === Op.DIV || op === Op.DIVU
  get(writer, rs2)
  code.op(Wasm.I32_EQZ)
  code.if(I32)
  if (quotient) code.const(-1)
  else get(writer, rs1)
  code.else()
  switch (op) {
    case Op.DIV:
      // The one overflow: the quotient is the dividend again, which is what 0 less it is, too.
      get(writer, rs2)
      code.const(-1)
      code.op(Wasm.I32_EQ)
      code.if(I32)
      code.const(0)
      get(writer, rs1)
      code.op(Wasm.I32_SUB)
      code.else()
      get(writer, rs1)
      get(writer, rs2)
      code.op(Wasm.I32_DIV_S)
      code.end()
      break
    case Op.DIVU:
      get(writer, rs1)
      get(writer, rs2)
      code.op(Wasm.I32_DIV_U)
      break
    case Op.REM:
      get(writer, rs1)
      get(writer, rs2)
      code.op(Wasm.I32_REM_S)
      break
    default:
      get(writer, rs1)
      get(writer, rs2)
      code.op(Wasm.I32_REM_U)
  }
  code.end()
}
