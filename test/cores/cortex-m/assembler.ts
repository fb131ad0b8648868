/** Encodings of Thumb instructions, as lists of 16-bit halves. */

/** A 32-bit instruction, written as one number with its first half on top. */
export function wide(bits: number): number[] {
  return [bits >>> 16, bits & 0xffff]
}

/** MOVW and MOVT: any constant. */
export function constant(rd: number, value: number): number[] {
  return [...movw(0xf240, rd, value & 0xffff), ...movw(0xf2c0, rd, value >>> 16)]
}

function movw(op: number, rd: number, imm: number): number[] {
  const first = op | ((imm >>> 1) & 0x400) | (imm >>> 12)
  return [first, ((imm << 4) & 0x7000) | (rd << 8) | (imm & 0xff)]
}

/** LDR and STR with an offset of up to 4095 bytes. */
export function ldr(rt: number, rn: number, offset = 0): number[] {
  return [0xf8d0 | rn, (rt << 12) | offset]
}

export function str(rt: number, rn: number, offset = 0): number[] {
  return [0xf8c0 | rn, (rt << 12) | offset]
}

/** LDR and STR that add `step` to rn afterwards. */
export function ldrPost(rt: number, rn: number, step: number): number[] {
  return [0xf850 | rn, (rt << 12) | 0xb00 | step]
}

export function strPost(rt: number, rn: number, step: number): number[] {
  return [0xf840 | rn, (rt << 12) | 0xb00 | step]
}

export function ldrhPost(rt: number, rn: number, step: number): number[] {
  return [0xf830 | rn, (rt << 12) | 0xb00 | step]
}

export function strhPost(rt: number, rn: number, step: number): number[] {
  return [0xf820 | rn, (rt << 12) | 0xb00 | step]
}

/** LDMIA and STMIA with write-back; the list is a mask of at least two registers. */
export function ldmia(rn: number, list: number): number[] {
  return [0xe8b0 | rn, list]
}

export function stmia(rn: number, list: number): number[] {
  return [0xe8a0 | rn, list]
}

export function addImm(rd: number, rn: number, imm: number): number[] {
  return [0xf200 | rn, ((imm << 4) & 0x7000) | (rd << 8) | (imm & 0xff)]
}

/** SUBS rd, rd, #imm for the low registers. */
export function subs(rd: number, imm: number): number[] {
  return [0x3800 | (rd << 8) | imm]
}

export function mov(rd: number, rm: number): number[] {
  return [0x4600 | ((rd & 8) << 4) | (rm << 3) | (rd & 7)]
}

export function mrs(rd: number, special: number): number[] {
  return [0xf3ef, 0x8000 | (rd << 8) | special]
}

export function msr(special: number, rn: number): number[] {
  return [0xf380 | rn, 0x8800 | special]
}

export const special = { apsr: 0, msp: 8, psp: 9, primask: 16, control: 20 } as const

export const udf = 0xde00
export const dsb = wide(0xf3bf8f4f)
export const isb = wide(0xf3bf8f6f)
export const nop = 0xbf00
export const wfi = 0xbf30

/** BKPT 0xab: a semihosting call. */
export const semihosting = 0xbeab

export function bx(rm: number): number[] {
  return [0x4700 | (rm << 3)]
}

/** VLDMIA and VSTMIA of s0 to s31, with write-back; VMSR and VMRS of FPSCR. */
export function vldmAll(rn: number): number[] {
  return wide(0xecb0_0a20 | (rn << 16))
}

export function vstmAll(rn: number): number[] {
  return wide(0xeca0_0a20 | (rn << 16))
}

export function vmsr(rt: number): number[] {
  return wide(0xeee1_0a10 | (rt << 12))
}

export function vmrs(rt: number): number[] {
  return wide(0xeef1_0a10 | (rt << 12))
}

/** Instructions one after the other, with labels for branches. */
export class ThumbProgram {
  readonly #halves: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #branches: { readonly at: number; readonly label: string; readonly near: boolean }[] = []

  emit(...pieces: readonly (number | readonly number[])[]): this {
    for (const piece of pieces) {
      if (typeof piece === 'number') this.#halves.push(piece)
      else this.#halves.push(...piece)
    }
    return this
  }

  label(name: string): this {
    this.#labels.set(name, this.#halves.length)
    return this
  }

  /** B.W, or a conditional one: `cond` as in the architecture, 14 for always. */
  branch(label: string, cond = 14): this {
    this.#branches.push({ at: this.#halves.length, label, near: false })
    if (cond === 14) return this.emit(0xf000, 0xb800)
    return this.emit(0xf000 | (cond << 6), 0x8000)
  }

  /** B in 16 bits: ±2 KiB, or with a condition ±256 bytes. */
  near(label: string, cond = 14): this {
    this.#branches.push({ at: this.#halves.length, label, near: true })
    return this.emit(cond === 14 ? 0xe000 : 0xd000 | (cond << 8))
  }

  /** Offset of a label in bytes. */
  offset(label: string): number {
    const at = this.#labels.get(label)
    if (at === undefined) throw new Error(`no label ${label}`)
    return 2 * at
  }

  halves(): number[] {
    const halves = [...this.#halves]
    for (const { at, label, near } of this.#branches) {
      const distance = this.offset(label) - 2 * at - 4
      if (near) {
        halves[at] = nearBranch(halves[at] ?? 0, distance, label)
        continue
      }
      const always = ((halves[at + 1] ?? 0) & 0x1000) !== 0
      const sign = distance < 0 ? 1 : 0
      const low = (distance >>> 1) & 0x7ff
      // For distances of less than 256 KiB, J1 and J2 are known beforehand.
      const high = (distance >>> 12) & (always ? 0x3ff : 0x3f)
      halves[at] = (halves[at] ?? 0) | (sign << 10) | high
      halves[at + 1] = always ? 0xb800 | low : 0x8000 | (sign * 0x2800) | low
    }
    return halves
  }
}

function nearBranch(op: number, distance: number, label: string): number {
  const reach = op === 0xe000 ? 0x800 : 0x100
  if (distance < -reach || distance >= reach) throw new Error(`${label} is too far away`)
  return op | ((distance >>> 1) & (reach - 1))
}
