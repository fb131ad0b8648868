import type { Label } from '../../compile/code.js'
import { FloatCode } from '../../compile/float.js'
import { I32, Wasm } from '../../compile/opcodes.js'
import type { RegionWriter } from '../../compile/writer.js'
import { Rounding } from '../../float/unit.js'
import { constantOf } from '../float-operations.js'
import { selections } from '../float-slow-path.js'
import { GUARDED } from '../instruction.js'
import { Op } from '../operation.js'
import {
  Arithmetic,
  COMPARE_ZERO,
  CONVERT_PARAMETER_SHIFT,
  CONVERT_SIGNED,
  CONVERT_WORD,
  Convert,
  DOUBLE,
  M_SHIFT,
  N_SHIFT,
  Unary,
  WHICH_SHIFT,
} from '../thumb32-float.js'
import { pushCondition } from './flags.js'
import type { FloatMemory } from './float-memory.js'
import { C, FLOAT_FLAGS, FLOAT_ORDINARY, FLOATS, FPU_READY, N, V, Z } from './registers.js'
import type { ThumbInstruction } from './source.js'

const SIGN = 0x8000_0000 | 0
const PC = 15

/** Of two registers, as singles and as doubles. */
const binary: ReadonlyMap<number, readonly [Wasm, Wasm]> = new Map([
  [Arithmetic.ADD, [Wasm.F32_ADD, Wasm.F64_ADD]],
  [Arithmetic.SUB, [Wasm.F32_SUB, Wasm.F64_SUB]],
  [Arithmetic.MUL, [Wasm.F32_MUL, Wasm.F64_MUL]],
  [Arithmetic.NMUL, [Wasm.F32_MUL, Wasm.F64_MUL]],
  [Arithmetic.DIV, [Wasm.F32_DIV, Wasm.F64_DIV]],
  [Arithmetic.MAXNM, [Wasm.F32_MAX, Wasm.F64_MAX]],
  [Arithmetic.MINNM, [Wasm.F32_MIN, Wasm.F64_MIN]],
])

interface Signs {
  readonly product: boolean
  readonly addend: boolean
}

/** Products that are added to d: of which of the two the sign is changed. */
const chained: ReadonlyMap<number, Signs> = new Map([
  [Arithmetic.MLA, { product: false, addend: false }],
  [Arithmetic.MLS, { product: true, addend: false }],
  [Arithmetic.NMLS, { product: false, addend: true }],
  [Arithmetic.NMLA, { product: true, addend: true }],
])
/** The same with one rounding. */
const fused: ReadonlyMap<number, Signs> = new Map([
  [Arithmetic.FMA, { product: false, addend: false }],
  [Arithmetic.FMS, { product: true, addend: false }],
  [Arithmetic.FNMS, { product: false, addend: true }],
  [Arithmetic.FNMA, { product: true, addend: true }],
])

/** True for floating-point instructions that are compiled. */
export function isFloat(packed: number): boolean {
  const op = packed & 0xff
  if (op === Op.VMRS) return ((packed >>> 9) & 15) === PC
  return op >= Op.FP_ARITHMETIC && op <= Op.FP_STORE_MULTIPLE && op !== Op.VMSR
}

/** Floating point as WebAssembly: what is not the usual case is done by the helper, `executeFloat`. */
export class FloatEmitter {
  readonly #memory: FloatMemory
  readonly #float = new FloatCode({ registers: FLOATS, ordinary: FLOAT_ORDINARY })
  /** It has been seen in this block that floating point may be used, which stays so. */
  #ready = false

  constructor(memory: FloatMemory) {
    this.#memory = memory
  }

  begin(): void {
    this.#ready = false
  }

  emit(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { pc, packed, imm } = instruction
    const { code } = writer
    const float = this.#float
    const rd = (packed >>> 9) & 15
    const rm = (packed >>> 17) & 15
    const n = (imm >>> N_SHIFT) & 31
    if (!this.#ready) {
      writer.get(FPU_READY)
      code.op(Wasm.I32_EQZ)
      code.if()
      writer.interpret(pc)
      code.end()
      this.#ready = (packed & GUARDED) === 0
    }
    switch (packed & 0xff) {
      case Op.FP_ARITHMETIC:
        // A product of doubles is no double.
        if (imm & DOUBLE && fused.has(imm >>> WHICH_SHIFT)) help(writer, instruction)
        else this.#either(writer, instruction, (special) => this.#arithmetic(writer, special, imm))
        return
      case Op.FP_UNARY:
        this.#unary(writer, instruction)
        return
      case Op.FP_COMPARE:
        this.#compare(writer, instruction)
        return
      case Op.FP_CONVERT:
        this.#convert(writer, instruction)
        return
      case Op.FP_SELECT:
        this.#select(writer, imm)
        return
      case Op.FP_CONSTANT: {
        const { high, low } = constantOf(imm)
        const { d, top } = registersOf(imm)
        if (imm & DOUBLE) float.setBits(writer, d, () => code.const(low))
        float.setBits(writer, top(d), () => code.const(high))
        return
      }
      case Op.FP_TO_CORES:
        float.pushBits(writer, n + 1)
        writer.set(rm)
        float.pushBits(writer, n)
        writer.set(rd)
        return
      case Op.FP_TO_CORE:
        float.pushBits(writer, n)
        writer.set(rd)
        return
      case Op.FP_FROM_CORES:
        float.setBits(writer, n, () => writer.get(rd))
        float.setBits(writer, n + 1, () => writer.get(rm))
        return
      case Op.FP_FROM_CORE:
        float.setBits(writer, n, () => writer.get(rd))
        return
      case Op.VMRS:
        takeFlags(writer)
        return
      case Op.FP_LOAD:
      case Op.FP_STORE:
        this.#memory.one(writer, instruction)
        return
      default:
        this.#memory.multiple(writer, instruction)
    }
  }

  /** The usual case, which is one of ordinary rounding only, and the helper. */
  #either(
    writer: RegionWriter,
    instruction: ThumbInstruction,
    usual: (special: Label) => void,
  ): void {
    const ordinary = (special: Label): void => {
      this.#float.unlessOrdinary(writer, special)
      usual(special)
    }
    this.#float.either(writer, ordinary, () => help(writer, instruction))
  }

  #arithmetic(writer: RegionWriter, special: Label, imm: number): void {
    const { code } = writer
    const float = this.#float
    const which = imm >>> WHICH_SHIFT
    const { double, d, n, m } = registersOf(imm)
    const negate = double ? Wasm.F64_NEG : Wasm.F32_NEG
    const once = fused.get(which)
    if (once !== undefined) {
      float.multiplyAdd(writer, special, { d, a: n, b: m, c: d }, once)
      return
    }
    const twice = chained.get(which)
    if (twice !== undefined) {
      float.push(writer, d, double)
      if (twice.addend) code.op(negate)
      float.push(writer, n, double)
      float.push(writer, m, double)
      code.op(double ? Wasm.F64_MUL : Wasm.F32_MUL)
      float.normal(writer, special, double)
      if (twice.product) code.op(negate)
      code.op(double ? Wasm.F64_ADD : Wasm.F32_ADD)
    } else {
      float.push(writer, n, double)
      float.push(writer, m, double)
      code.op(binary.get(which)?.[double ? 1 : 0] ?? Wasm.UNREACHABLE)
      if (which === Arithmetic.NMUL) code.op(negate)
    }
    float.setNormal(writer, special, d, double)
  }

  #unary(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { imm } = instruction
    const { code } = writer
    const float = this.#float
    const which = imm >>> WHICH_SHIFT
    const { double, d, m, top } = registersOf(imm)
    if (which === Unary.SQRT) {
      this.#either(writer, instruction, (special) => {
        float.push(writer, m, double)
        code.op(double ? Wasm.F64_SQRT : Wasm.F32_SQRT)
        float.setNormal(writer, special, d, double)
      })
      return
    }
    if (which > Unary.NEG) {
      help(writer, instruction)
      return
    }
    if (double) float.setBits(writer, d, () => float.pushBits(writer, m))
    float.setBits(writer, top(d), () => {
      float.pushBits(writer, top(m))
      if (which === Unary.MOV) return
      code.const(which === Unary.ABS ? ~SIGN : SIGN)
      code.op(which === Unary.ABS ? Wasm.I32_AND : Wasm.I32_XOR)
    })
  }

  #compare(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { imm } = instruction
    const { code } = writer
    const float = this.#float
    const { double, d, m } = registersOf(imm)
    const zero = ((imm >>> WHICH_SHIFT) & COMPARE_ZERO) !== 0
    const push = (): void => {
      float.push(writer, d, double)
      if (!zero) {
        float.push(writer, m, double)
        return
      }
      code.const(0)
      code.op(double ? Wasm.F64_CONVERT_I32_S : Wasm.F32_CONVERT_I32_S)
    }
    const usual = (special: Label): void => {
      float.unlessOrdinary(writer, special)
      float.ifNan(writer, special, d, double)
      if (!zero) float.ifNan(writer, special, m, double)
      // What FPSCR's flags are after "less", "greater" and "equal", in their upper four bits.
      code.const(0x8)
      code.const(0x2)
      code.const(0x6)
      push()
      code.op(double ? Wasm.F64_GT : Wasm.F32_GT, Wasm.SELECT)
      push()
      code.op(double ? Wasm.F64_LT : Wasm.F32_LT, Wasm.SELECT)
    }
    float.either(writer, usual, () => pushHelp(writer, instruction), I32)
    code.const(28)
    code.op(Wasm.I32_SHL)
    writer.set(FLOAT_FLAGS)
  }

  #convert(writer: RegionWriter, instruction: ThumbInstruction): void {
    const { imm } = instruction
    const { code } = writer
    const float = this.#float
    const which = imm >>> WHICH_SHIFT
    const double = (imm & DOUBLE) !== 0
    const d = imm & 31
    const m = (imm >>> M_SHIFT) & 31
    const signed = (which & CONVERT_SIGNED) !== 0
    const parameter = which >>> CONVERT_PARAMETER_SHIFT
    const kind = which & 7
    // Fixed point of 32 bits stands in the register itself, and is rounded by itself: to it toward zero.
    const word = (which & CONVERT_WORD) !== 0
    const from = kind === Convert.FROM_INTEGER || (kind === Convert.FROM_FIXED && word)
    const to =
      (kind === Convert.TO_INTEGER && parameter === Rounding.TOWARD_ZERO) ||
      (kind === Convert.TO_FIXED && word)
    const isFixed = kind === Convert.FROM_FIXED || kind === Convert.TO_FIXED
    const source = isFixed ? d : m
    const fraction = isFixed ? parameter : 0
    if (from && !double) {
      this.#either(writer, instruction, () =>
        float.setBits(writer, d, () => {
          float.pushBits(writer, source)
          float.fromInteger(writer, signed, fraction)
        }),
      )
    } else if (to && !double) {
      this.#either(writer, instruction, (special) =>
        float.setBits(writer, d, () =>
          float.pushInteger(writer, special, source, { signed, nearest: false, fraction }),
        ),
      )
    } else if (kind === Convert.OTHER_PRECISION && double) {
      this.#either(writer, instruction, (special) => {
        float.push(writer, 2 * m, true)
        code.op(Wasm.F32_DEMOTE_F64)
        float.setNormal(writer, special, d)
      })
    } else if (kind === Convert.OTHER_PRECISION) {
      this.#either(writer, instruction, (special) => {
        float.push(writer, m)
        float.normal(writer, special)
        code.op(Wasm.F64_PROMOTE_F32)
        float.setNormal(writer, special, 2 * d, true)
      })
    } else help(writer, instruction)
  }

  #select(writer: RegionWriter, imm: number): void {
    const { code } = writer
    const { double, d, n, m } = registersOf(imm)
    for (let i = 0; i < (double ? 2 : 1); i++) {
      this.#float.setBits(writer, d + i, () => {
        this.#float.pushBits(writer, n + i)
        this.#float.pushBits(writer, m + i)
        pushCondition(writer, selections[(imm >>> WHICH_SHIFT) & 3] ?? 0, false)
        code.op(Wasm.SELECT)
      })
    }
  }
}

/** The registers of an instruction, as numbers of s registers: of doubles those of their lower halves. */
function registersOf(imm: number): {
  readonly double: boolean
  readonly d: number
  readonly n: number
  readonly m: number
  /** The register with the sign. */
  top(register: number): number
} {
  const double = (imm & DOUBLE) !== 0
  const shift = double ? 1 : 0
  return {
    double,
    d: (imm & 31) << shift,
    n: ((imm >>> N_SHIFT) & 31) << shift,
    m: ((imm >>> M_SHIFT) & 31) << shift,
    top: (register) => register + shift,
  }
}

/** APSR's flags become those of FPSCR: VMRS. */
function takeFlags(writer: RegionWriter): void {
  const { code } = writer
  writer.get(FLOAT_FLAGS)
  writer.set(N)
  writer.get(FLOAT_FLAGS)
  code.const(-1)
  code.op(Wasm.I32_XOR)
  code.const(0x4000_0000)
  code.op(Wasm.I32_AND)
  writer.set(Z)
  writer.get(FLOAT_FLAGS)
  code.const(29)
  code.op(Wasm.I32_SHR_U)
  code.const(1)
  code.op(Wasm.I32_AND)
  writer.set(C)
  writer.get(FLOAT_FLAGS)
  code.const(3)
  code.op(Wasm.I32_SHL)
  writer.set(V)
}

/** Leaves the instruction to the helper. */
function help(writer: RegionWriter, instruction: ThumbInstruction): void {
  pushHelp(writer, instruction)
  writer.code.op(Wasm.DROP)
}

/** The same; on the stack are then the four flags of FPSCR. */
function pushHelp(writer: RegionWriter, { packed, imm }: ThumbInstruction): void {
  const { code } = writer
  code.const(packed & 0xff)
  code.const(imm)
  code.const(0)
  writer.help()
}
