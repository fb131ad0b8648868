/** A32 instructions as the harness needs them; all are executed always. */
const ALWAYS = 0xe000_0000

export const CONDITIONS = { eq: 0, ne: 1 } as const

function word(bits: number): number {
  return (ALWAYS | bits) >>> 0
}

/** A constant in two instructions: MOVW, MOVT. */
export function constant(rd: number, value: number): number[] {
  const half = (part: number): number => ((part & 0xf000) << 4) | (part & 0xfff)
  return [
    word(0x0300_0000 | (rd << 12) | half(value & 0xffff)),
    word(0x0340_0000 | (rd << 12) | half(value >>> 16)),
  ]
}

export const ldr = (rt: number, rn: number, offset = 0): number[] => [
  word(0x0590_0000 | (rn << 16) | (rt << 12) | offset),
]
export const str = (rt: number, rn: number, offset = 0): number[] => [
  word(0x0580_0000 | (rn << 16) | (rt << 12) | offset),
]
/** Post-indexed. */
export const ldrPost = (rt: number, rn: number, by: number): number[] => [
  word(0x0490_0000 | (rn << 16) | (rt << 12) | by),
]
export const strPost = (rt: number, rn: number, by: number): number[] => [
  word(0x0480_0000 | (rn << 16) | (rt << 12) | by),
]
/** All of r0 to r14, those of user mode. */
export const loadUser = (rn: number): number[] => [word(0x08d0_7fff | (rn << 16))]
export const storeUser = (rn: number): number[] => [word(0x08c0_7fff | (rn << 16))]
export const mov = (rd: number, rm: number): number[] => [word(0x01a0_0000 | (rd << 12) | rm)]
export const movImm = (rd: number, imm: number): number[] => [word(0x03a0_0000 | (rd << 12) | imm)]
export const addImm = (rd: number, rn: number, imm: number): number[] => [
  word(0x0280_0000 | (rn << 16) | (rd << 12) | imm),
]
export const add = (rd: number, rn: number, rm: number): number[] => [
  word(0x0080_0000 | (rn << 16) | (rd << 12) | rm),
]
export const subs = (rd: number, rn: number, imm: number): number[] => [
  word(0x0250_0000 | (rn << 16) | (rd << 12) | imm),
]
export const cmpImm = (rn: number, imm: number): number[] => [word(0x0350_0000 | (rn << 16) | imm)]
export const returnToCase: number[] = [word(0x01b0_f00e)] // MOVS pc, LR
export const mrsSpsr = (rd: number): number[] => [word(0x014f_0000 | (rd << 12))]
export const msrSpsr = (rm: number): number[] => [word(0x016f_f000 | rm)]
/** CPS to a mode, everything masked. */
export const toMode = (mode: number): number[] => [(0xf10e_01c0 | mode) >>> 0]
export const mrc = (rd: number, crn: number, crm: number, opc2: number): number[] => [
  word(0x0e10_0f10 | (crn << 16) | (rd << 12) | (opc2 << 5) | crm),
]
export const mcr = (rd: number, crn: number, crm: number, opc2: number): number[] => [
  word(0x0e00_0f10 | (crn << 16) | (rd << 12) | (opc2 << 5) | crm),
]
export const vmsrFpexc = (rt: number): number[] => [word(0x0ee8_0a10 | (rt << 12))]
export const vmrs = (rt: number): number[] => [word(0x0ef1_0a10 | (rt << 12))]
export const vmsr = (rt: number): number[] => [word(0x0ee1_0a10 | (rt << 12))]
/** d0 to d15. */
export const vldmAll = (rn: number): number[] => [word(0x0c90_0b20 | (rn << 16))]
export const vstmAll = (rn: number): number[] => [word(0x0ca0_0b20 | (rn << 16))]
export const svc = (number: number): number[] => [word(0x0f00_0000 | number)]
export const isb: number[] = [0xf57f_f06f]
export const dsb: number[] = [0xf57f_f04f]
export const wfi: number[] = [word(0x0320_f003)]

/** Undefined in both instruction sets, wherever in it execution comes to. */
export const UNDEFINED_IN_BOTH = 0xe7ff_defe

/** A32 code with labels. */
export class A32Program {
  readonly #words: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #branches: { readonly at: number; readonly label: string }[] = []

  label(name: string): this {
    this.#labels.set(name, this.#words.length)
    return this
  }

  emit(...parts: readonly (readonly number[])[]): this {
    for (const part of parts) this.#words.push(...part)
    return this
  }

  branch(label: string, cond = 14): this {
    this.#branches.push({ at: this.#words.length, label })
    this.#words.push(((cond << 28) | 0x0a00_0000) >>> 0)
    return this
  }

  /** Offset in bytes. */
  offset(label: string): number {
    const found = this.#labels.get(label)
    if (found === undefined) throw new Error(`no label ${label}`)
    return 4 * found
  }

  words(): number[] {
    const words = [...this.#words]
    for (const { at, label } of this.#branches) {
      const offset = this.offset(label) / 4 - at - 2
      words[at] = ((words[at] ?? 0) | (offset & 0xff_ffff)) >>> 0
    }
    return words
  }
}
