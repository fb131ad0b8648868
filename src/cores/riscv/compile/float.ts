import type { MemoryAccess } from '../../compile/access.js'
import type { Label } from '../../compile/code.js'
import { FloatCode } from '../../compile/float.js'
import { I32, Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Rounding } from '../../float/unit.js'
import { SINK } from '../decode.js'
import { DYNAMIC, givesInteger } from '../float-operations.js'
import { Op } from '../operation.js'
import { FLOAT_CHANGED, FLOAT_ON, FLOAT_ORDINARY, FLOATS } from './registers.js'
import type { RiscvInstruction } from './source.js'

const SIGN = 0x8000_0000 | 0
const ADDRESS = 0

/** Of two registers. */
const binary: ReadonlyMap<number, Wasm> = new Map([
  [Op.FADD, Wasm.F32_ADD],
  [Op.FSUB, Wasm.F32_SUB],
  [Op.FMUL, Wasm.F32_MUL],
  [Op.FDIV, Wasm.F32_DIV],
])

/** Which of product and addend have their signs changed. */
const fused: ReadonlyMap<number, { readonly product: boolean; readonly addend: boolean }> = new Map(
  [
    [Op.FMADD, { product: false, addend: false }],
    [Op.FMSUB, { product: false, addend: true }],
    [Op.FNMSUB, { product: true, addend: false }],
    [Op.FNMADD, { product: true, addend: true }],
  ],
)

/** Those that neither round nor set flags but for NaNs. */
const comparisons: ReadonlyMap<number, Wasm> = new Map([
  [Op.FEQ, Wasm.F32_EQ],
  [Op.FLT, Wasm.F32_LT],
  [Op.FLE, Wasm.F32_LE],
])
const choices: ReadonlyMap<number, Wasm> = new Map([
  [Op.FMIN, Wasm.F32_MIN],
  [Op.FMAX, Wasm.F32_MAX],
])

/** True for instructions of F. */
export function isFloat(op: number): boolean {
  return op >= Op.FADD && op <= Op.FSW
}

/** The F extension as WebAssembly: what is not the usual case is done by the helper, `computeFloat`. */
export class FloatEmitter {
  readonly #access: MemoryAccess
  readonly #float = new FloatCode({ registers: FLOATS, ordinary: FLOAT_ORDINARY })
  /** It has been seen in this block that floating point is on, which stays so. */
  #on = false

  constructor(access: MemoryAccess) {
    this.#access = access
  }

  begin(): void {
    this.#on = false
  }

  emit(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { pc, packed } = instruction
    const { code } = writer
    const op = packed & 0xff
    if (!this.#on) {
      writer.get(FLOAT_ON)
      code.op(Wasm.I32_EQZ)
      code.if()
      writer.interpret(pc)
      code.end()
      this.#on = true
    }
    if (op === Op.FSW) {
      this.#store(writer, instruction)
      return
    }
    if (givesInteger(op)) {
      this.#integer(writer, instruction)
      const rd = (packed >>> 8) & 63
      if (rd === SINK) code.op(Wasm.DROP)
      else writer.set(rd)
      return
    }
    if (op === Op.FLW) this.#load(writer, instruction)
    else this.#compute(writer, instruction)
    code.const(1)
    writer.set(FLOAT_CHANGED)
  }

  #load(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { code } = writer
    const offset = this.#place(writer, instruction)
    this.#float.setBits(writer, (instruction.packed >>> 8) & 31, () => {
      code.get(writer.scratch(ADDRESS))
      code.access(Wasm.I32_LOAD, 2, offset)
    })
  }

  #store(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { code } = writer
    const offset = this.#place(writer, instruction)
    code.get(writer.scratch(ADDRESS))
    this.#float.pushBits(writer, (instruction.packed >>> 19) & 31)
    code.access(Wasm.I32_STORE, 2, offset)
  }

  #place(writer: RegionWriter, { pc, packed, imm }: RiscvInstruction): number {
    const { code } = writer
    const address = writer.scratch(ADDRESS)
    pushInteger(writer, packed)
    code.const(imm)
    code.op(Wasm.I32_ADD)
    code.set(address)
    return this.#access.place(code, address, 2, () => writer.interpret(pc))
  }

  /** Leaves the result, which is an integer, on the stack. */
  #integer(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { packed, imm } = instruction
    const { code } = writer
    const float = this.#float
    const op = packed & 0xff
    const a = (packed >>> 14) & 31
    const b = (packed >>> 19) & 31
    const rounding = imm & 7
    const compare = comparisons.get(op)
    if (op === Op.FMV_X) {
      float.pushBits(writer, a)
      return
    }
    if (compare !== undefined) {
      const usual = (special: Label): void => {
        float.ifNan(writer, special, a)
        float.ifNan(writer, special, b)
        float.push(writer, a)
        float.push(writer, b)
        code.op(compare)
      }
      float.either(writer, usual, () => help(writer, instruction), I32)
      return
    }
    if (op === Op.FCLASS || (!isNearest(rounding) && rounding !== Rounding.TOWARD_ZERO)) {
      help(writer, instruction)
      return
    }
    const kind = { signed: op === Op.FCVT_W, nearest: isNearest(rounding) }
    const usual = (special: Label): void => {
      float.unlessOrdinary(writer, special)
      float.pushInteger(writer, special, a, kind)
    }
    float.either(writer, usual, () => help(writer, instruction), I32)
  }

  /** Those whose result is a register of F. */
  #compute(writer: RegionWriter, instruction: RiscvInstruction): void {
    const { packed, imm } = instruction
    const { code } = writer
    const float = this.#float
    const op = packed & 0xff
    const d = (packed >>> 8) & 31
    const a = (packed >>> 14) & 31
    const b = (packed >>> 19) & 31
    const choice = choices.get(op)
    if (op === Op.FMV_S) {
      float.setBits(writer, d, () => pushInteger(writer, packed))
      return
    }
    if (op >= Op.FSGNJ && op <= Op.FSGNJX) {
      float.setBits(writer, d, () => this.#sign(writer, op, a, b))
      return
    }
    const otherwise = (): void => {
      help(writer, instruction)
      code.op(Wasm.DROP)
    }
    if (choice !== undefined) {
      const usual = (special: Label): void => {
        float.ifNan(writer, special, a)
        float.ifNan(writer, special, b)
        float.setBits(writer, d, () => {
          float.push(writer, a)
          float.push(writer, b)
          code.op(choice, Wasm.I32_REINTERPRET_F32)
        })
      }
      float.either(writer, usual, otherwise)
      return
    }
    if (!isNearest(imm & 7)) {
      otherwise()
      return
    }
    const usual = (special: Label): void => {
      float.unlessOrdinary(writer, special)
      const signs = fused.get(op)
      if (signs !== undefined) {
        float.multiplyAdd(writer, special, { d, a, b, c: imm >>> 3 }, signs)
        return
      }
      if (op === Op.FCVT_S_W || op === Op.FCVT_S_WU) {
        float.setBits(writer, d, () => {
          pushInteger(writer, packed)
          float.fromInteger(writer, op === Op.FCVT_S_W)
        })
        return
      }
      float.push(writer, a)
      const operation = binary.get(op)
      if (operation !== undefined) float.push(writer, b)
      code.op(operation ?? Wasm.F32_SQRT)
      float.setNormal(writer, special, d)
    }
    float.either(writer, usual, otherwise)
  }

  /** Pushes `a` with a sign that has to do with that of `b`. */
  #sign(writer: RegionWriter, op: number, a: number, b: number): void {
    const { code } = writer
    this.#float.pushBits(writer, a)
    if (op !== Op.FSGNJX) {
      code.const(~SIGN)
      code.op(Wasm.I32_AND)
    }
    this.#float.pushBits(writer, b)
    if (op === Op.FSGNJN) {
      code.const(-1)
      code.op(Wasm.I32_XOR)
    }
    code.const(SIGN)
    code.op(Wasm.I32_AND, op === Op.FSGNJX ? Wasm.I32_XOR : Wasm.I32_OR)
  }
}

/** Whether a rounding mode is to nearest, as far as `isOrdinary` of `frm` is true. */
function isNearest(rounding: number): boolean {
  return rounding === Rounding.NEAREST_EVEN || rounding === DYNAMIC
}

/** Pushes the integer register rs1. */
function pushInteger(writer: RegionWriter, packed: number): void {
  const rs1 = (packed >>> 14) & 31
  if (rs1 === 0) writer.code.const(0)
  else writer.get(rs1)
}

/** Leaves the instruction to the helper, the result of which is on the stack then. */
function help(writer: RegionWriter, { packed, imm }: RiscvInstruction): void {
  const { code } = writer
  const op = packed & 0xff
  code.const(packed)
  code.const(imm)
  if (op >= Op.FCVT_S_W && op <= Op.FMV_S) pushInteger(writer, packed)
  else code.const(0)
  writer.help()
}
