import type { Label } from './code.js'
import { EMPTY, type I32, Wasm } from './opcodes.js'
import type { RegionWriter } from './writer.js'

/** Where a family has what belongs to floating point among the words of its core's state. */
export interface FloatWords {
  /** The first of the registers, a word each; those of 64 bits are two, the lower half first. */
  readonly registers: number
  /** Not 0 while `isOrdinary` (`float/unit.ts`). */
  readonly ordinary: number
}

/** What a single is converted to. */
interface IntegerForm {
  readonly signed: boolean
  readonly nearest: boolean
  readonly fraction?: number
}

/** The scratch local with the bits of a result. */
const BITS = 0
/**
 * Of a number's upper 32 bits without the sign, from bit 1 on: the least that is taken for normal (twice the
 * least normal number, for below it tininess is a question), and how many more are, up to the infinities.
 */
const NORMAL = { single: 2 << 24, double: 2 << 21 } as const
const NORMALS = { single: (253 << 24) | 0, double: (2045 << 21) | 0 } as const
/** What of a double's lower half is beyond a single's precision, and where it is just the middle. */
const REST = 0x1fff_ffff
const MIDDLE = 0x1000_0000

/**
 * Emits floating point: what the engine computes to the bit as the core does, and for the rest a way round.
 * Registers stay in memory, where the helper of the family sees them.
 */
export class FloatCode {
  readonly #words: FloatWords

  constructor(words: FloatWords) {
    this.#words = words
  }

  /** Pushes a register as a number. @param n of the lower half, where it is a double */
  push(writer: RegionWriter, n: number, double = false): void {
    writer.code.const(0)
    const place = writer.word(this.#words.registers + n)
    if (double) writer.code.access(Wasm.F64_LOAD, 3, place)
    else writer.code.access(Wasm.F32_LOAD, 2, place)
  }

  /** Pushes the bits of a register. */
  pushBits(writer: RegionWriter, n: number): void {
    writer.code.const(0)
    writer.code.access(Wasm.I32_LOAD, 2, writer.word(this.#words.registers + n))
  }

  /** Sets a register to the bits that `push` pushes. */
  setBits(writer: RegionWriter, n: number, push: () => void): void {
    writer.code.const(0)
    push()
    writer.code.access(Wasm.I32_STORE, 2, writer.word(this.#words.registers + n))
  }

  /**
   * Emits `usual`, and `special` behind it, to which what is beyond the usual branches from there.
   * @param result of both of them, on the stack
   */
  either(
    { code }: RegionWriter,
    usual: (special: Label) => void,
    special: () => void,
    result: typeof EMPTY | typeof I32 = EMPTY,
  ): void {
    const done = code.block(result)
    const beyond = code.block()
    usual(beyond)
    code.br(done)
    code.end()
    special()
    code.end()
  }

  /** Branches where a result might leave more than itself. */
  unlessOrdinary(writer: RegionWriter, special: Label): void {
    const { code } = writer
    code.const(0)
    code.access(Wasm.I32_LOAD, 2, writer.word(this.#words.ordinary))
    code.op(Wasm.I32_EQZ)
    code.brIf(special)
  }

  /** Branches where a register is a NaN. */
  ifNan(writer: RegionWriter, special: Label, n: number, double = false): void {
    this.push(writer, n, double)
    this.push(writer, n, double)
    writer.code.op(double ? Wasm.F64_NE : Wasm.F32_NE)
    writer.code.brIf(special)
  }

  /** Takes a number from the stack and leaves it there; branches unless it is normal, to `special`. */
  normal(writer: RegionWriter, special: Label, double = false): void {
    this.#takeNormal(writer, special, double)
    this.#pushTaken(writer, double)
  }

  /** Takes a number from the stack into register `n`; branches unless it is normal. */
  setNormal(writer: RegionWriter, special: Label, n: number, double = false): void {
    const { code } = writer
    this.#takeNormal(writer, special, double)
    code.const(0)
    if (double) {
      code.get(writer.wide)
      code.access(Wasm.I64_STORE, 3, writer.word(this.#words.registers + n))
    } else {
      code.get(writer.scratch(BITS))
      code.access(Wasm.I32_STORE, 2, writer.word(this.#words.registers + n))
    }
  }

  /**
   * `a` × `b` + `c` into `d`, rounded once, of singles; the signs of product and addend may be changed. In
   * doubles the product is exact, and their sum, rounded to a single, is right but where it was the middle of
   * two singles before: it may have been rounded to that itself.
   */
  multiplyAdd(
    writer: RegionWriter,
    special: Label,
    {
      d,
      a,
      b,
      c,
    }: { readonly d: number; readonly a: number; readonly b: number; readonly c: number },
    negated: { readonly product: boolean; readonly addend: boolean },
  ): void {
    const { code } = writer
    this.push(writer, a)
    code.op(Wasm.F64_PROMOTE_F32)
    if (negated.product) code.op(Wasm.F64_NEG)
    this.push(writer, b)
    code.op(Wasm.F64_PROMOTE_F32, Wasm.F64_MUL)
    this.push(writer, c)
    code.op(Wasm.F64_PROMOTE_F32)
    if (negated.addend) code.op(Wasm.F64_NEG)
    code.op(Wasm.F64_ADD, Wasm.I64_REINTERPRET_F64)
    code.tee(writer.wide)
    code.op(Wasm.I32_WRAP_I64)
    code.const(REST)
    code.op(Wasm.I32_AND)
    code.const(MIDDLE)
    code.op(Wasm.I32_EQ)
    code.brIf(special)
    code.get(writer.wide)
    code.op(Wasm.F64_REINTERPRET_I64, Wasm.F32_DEMOTE_F64)
    this.setNormal(writer, special, d)
  }

  /**
   * Pushes the integer that is the single in register `n`, toward zero or to the nearest; branches where there
   * is none of 32 bits.
   * @param fraction bits of the integer that are behind the point: the number is that much larger then
   */
  pushInteger(
    writer: RegionWriter,
    special: Label,
    n: number,
    { signed, nearest, fraction = 0 }: IntegerForm,
  ): void {
    const { code } = writer
    const bits = writer.scratch(BITS)
    this.push(writer, n)
    this.#scale(writer, fraction)
    code.op(Wasm.I32_REINTERPRET_F32)
    code.tee(bits)
    if (signed) {
      code.const(1)
      code.op(Wasm.I32_SHL)
    }
    // 2^31 without its sign, and 2^32: what is not below them, or negative, is beyond.
    code.const(signed ? 0x9e00_0000 | 0 : 0x4f80_0000)
    code.op(Wasm.I32_GE_U)
    code.brIf(special)
    code.get(bits)
    code.op(Wasm.F32_REINTERPRET_I32)
    if (nearest) code.op(Wasm.F32_NEAREST)
    code.op(signed ? Wasm.I32_TRUNC_F32_S : Wasm.I32_TRUNC_F32_U)
  }

  /** Takes an integer from the stack, and pushes the bits of its single: zero or normal, whichever it is. */
  fromInteger(writer: RegionWriter, signed: boolean, fraction = 0): void {
    const { code } = writer
    code.op(signed ? Wasm.F32_CONVERT_I32_S : Wasm.F32_CONVERT_I32_U)
    this.#scale(writer, -fraction)
    code.op(Wasm.I32_REINTERPRET_F32)
  }

  /** Multiplies the single on the stack by a power of two. */
  #scale({ code }: RegionWriter, exponent: number): void {
    if (exponent === 0) return
    code.const((127 + exponent) << 23)
    code.op(Wasm.F32_REINTERPRET_I32, Wasm.F32_MUL)
  }

  #takeNormal(writer: RegionWriter, special: Label, double: boolean): void {
    const { code } = writer
    if (double) {
      code.op(Wasm.I64_REINTERPRET_F64)
      code.tee(writer.wide)
      code.const64(32)
      code.op(Wasm.I64_SHR_U, Wasm.I32_WRAP_I64)
    } else {
      code.op(Wasm.I32_REINTERPRET_F32)
      code.tee(writer.scratch(BITS))
    }
    code.const(1)
    code.op(Wasm.I32_SHL)
    code.const(double ? NORMAL.double : NORMAL.single)
    code.op(Wasm.I32_SUB)
    code.const(double ? NORMALS.double : NORMALS.single)
    code.op(Wasm.I32_GE_U)
    code.brIf(special)
  }

  #pushTaken(writer: RegionWriter, double: boolean): void {
    const { code } = writer
    code.get(double ? writer.wide : writer.scratch(BITS))
    code.op(double ? Wasm.F64_REINTERPRET_I64 : Wasm.F32_REINTERPRET_I32)
  }
}
