/** Register numbers by ABI name, as far as the tests use them. */
export const reg = {
  zero: 0,
  ra: 1,
  sp: 2,
  gp: 3,
  tp: 4,
  t0: 5,
  t1: 6,
  t2: 7,
  s0: 8,
  s1: 9,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a4: 14,
  a5: 15,
  t3: 28,
  t4: 29,
  t5: 30,
  t6: 31,
} as const

export function typeR(
  opcode: number,
  funct3: number,
  funct7: number,
  rd: number,
  rs1: number,
  rs2: number,
): number {
  return (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
}

export function typeI(
  opcode: number,
  funct3: number,
  rd: number,
  rs1: number,
  imm: number,
): number {
  return (imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
}

export function typeS(
  opcode: number,
  funct3: number,
  rs1: number,
  rs2: number,
  imm: number,
): number {
  return typeR(opcode, funct3, (imm >> 5) & 0x7f, imm & 31, rs1, rs2)
}

export function typeB(funct3: number, rs1: number, rs2: number, offset: number): number {
  const high = (((offset >> 12) & 1) << 6) | ((offset >> 5) & 0x3f)
  return typeR(0x63, funct3, high, (offset & 0x1e) | ((offset >> 11) & 1), rs1, rs2)
}

export function typeJ(rd: number, offset: number): number {
  const bits =
    (((offset >> 20) & 1) << 19) |
    (((offset >> 1) & 0x3ff) << 9) |
    (((offset >> 11) & 1) << 8) |
    ((offset >> 12) & 0xff)
  return (bits << 12) | (rd << 7) | 0x6f
}

export const lui = (rd: number, upper: number): number => (upper & ~0xfff) | (rd << 7) | 0x37
export const auipc = (rd: number, upper: number): number => (upper & ~0xfff) | (rd << 7) | 0x17
export const jal = typeJ
export const jalr = (rd: number, rs1: number, imm: number): number => typeI(0x67, 0, rd, rs1, imm)
export const addi = (rd: number, rs1: number, imm: number): number => typeI(0x13, 0, rd, rs1, imm)
export const add = (rd: number, rs1: number, rs2: number): number => typeR(0x33, 0, 0, rd, rs1, rs2)
export const lw = (rd: number, rs1: number, imm: number): number => typeI(0x03, 2, rd, rs1, imm)
export const lbu = (rd: number, rs1: number, imm: number): number => typeI(0x03, 4, rd, rs1, imm)
export const sw = (rs2: number, rs1: number, imm: number): number => typeS(0x23, 2, rs1, rs2, imm)
export const sb = (rs2: number, rs1: number, imm: number): number => typeS(0x23, 0, rs1, rs2, imm)
export const csrrw = (rd: number, csr: number, rs1: number): number => typeI(0x73, 1, rd, rs1, csr)
export const csrrs = (rd: number, csr: number, rs1: number): number => typeI(0x73, 2, rd, rs1, csr)
export const csrrsi = (rd: number, csr: number, imm: number): number => typeI(0x73, 6, rd, imm, csr)
export const amo = (funct5: number, rd: number, rs1: number, rs2: number): number =>
  typeR(0x2f, 2, funct5 << 2, rd, rs1, rs2)
export const lr = (rd: number, rs1: number): number => amo(0x02, rd, rs1, 0)
export const sc = (rd: number, rs1: number, rs2: number): number => amo(0x03, rd, rs1, rs2)
export const fence = 0x0ff0_000f
export const fenceI = 0x0000_100f
export const ecall = 0x0000_0073
export const ebreak = 0x0010_0073
export const mret = 0x3020_0073
export const wfi = 0x1050_0073
export const nop = addi(0, 0, 0)

/** `li rd, value`, always in two instructions, so that its length is known. */
export function li(rd: number, value: number): readonly [number, number] {
  return [lui(rd, value + 0x800), addi(rd, rd, value & 0xfff)]
}

/** CSR numbers. */
export const csr = {
  mstatus: 0x300,
  misa: 0x301,
  mie: 0x304,
  mtvec: 0x305,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  mcycle: 0xb00,
  minstret: 0xb02,
  time: 0xc01,
  mhartid: 0xf14,
} as const

/** A growing program with labels. */
export class Program {
  readonly #bytes: number[] = []
  readonly #labels = new Map<string, number>()
  readonly #fixups: {
    readonly at: number
    readonly label: string
    encode(offset: number): number
  }[] = []
  readonly base: number

  constructor(base = 0x8000_0000) {
    this.base = base
  }

  get here(): number {
    return this.base + this.#bytes.length
  }

  /** Appends 32-bit instructions or data words. */
  emit(...words: readonly number[]): this {
    for (const word of words) this.half(word & 0xffff, word >>> 16)
    return this
  }

  /** Appends 16-bit instructions. */
  half(...halves: readonly number[]): this {
    for (const half of halves) this.#bytes.push(half & 0xff, (half >>> 8) & 0xff)
    return this
  }

  align(bytes: number): this {
    while (this.#bytes.length % bytes !== 0) this.#bytes.push(0)
    return this
  }

  label(name: string): this {
    this.#labels.set(name, this.here)
    return this
  }

  /** Appends an instruction that needs the distance to a label. */
  to(label: string, encode: (offset: number) => number): this {
    this.#fixups.push({ at: this.here, label, encode })
    return this.emit(0)
  }

  jump(label: string): this {
    return this.to(label, (offset) => jal(0, offset))
  }

  branch(funct3: number, rs1: number, rs2: number, label: string): this {
    return this.to(label, (offset) => typeB(funct3, rs1, rs2, offset))
  }

  /** Loads the address of a label: two instructions. */
  la(rd: number, label: string): this {
    this.to(label, (offset) => auipc(rd, offset + 0x800))
    // The second one is 4 bytes on, so its own distance is 4 less than the first one's.
    return this.to(label, (offset) => addi(rd, rd, (offset + 4) & 0xfff))
  }

  address(label: string): number {
    const address = this.#labels.get(label)
    if (address === undefined) throw new Error(`no label ${label}`)
    return address
  }

  bytes(): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes)
    const view = new DataView(bytes.buffer)
    for (const { at, label, encode } of this.#fixups) {
      view.setUint32(at - this.base, encode(this.address(label) - at), true)
    }
    return bytes
  }
}
