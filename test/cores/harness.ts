import * as asm from './assembler.js'
import { csr, Program } from './assembler.js'

/**
 * A bare-metal program that executes many small cases one after the other, each from a known state,
 * and leaves a record of the state after each one in memory. The same image runs on QEMU and on the
 * emulated board, and the records are compared.
 *
 * A case is copied into a slot in the middle of a wide field of C.EBREAK, so every case ends in a
 * trap, wherever it goes: behind its last instruction, at the target of its jump, or at the
 * instruction that traps by itself.
 */
export const RAM_BASE = 0x8000_0000
export const RAM_SIZE = 0x400_0000
export const RAM_END = RAM_BASE + RAM_SIZE
const HARNESS = RAM_BASE + 0x1000
export const SCRATCH = RAM_BASE + 0x1_0000
const FIELD = RAM_BASE + 0x10_0000
const FIELD_SIZE = 0x20_2000
/** Where a case is executed: jumps by ±1 MiB stay inside the field. */
export const SLOT = FIELD + FIELD_SIZE / 2
const ENTRIES = RAM_BASE + 0x40_0000
const RECORDS = RAM_BASE + 0x100_0000

const C_EBREAK = 0x9002
const CLINT = 0x0200_0000
const FINISHER = 0x0010_0000
const MSTATUS_MPP = 0x1800
const VECTORS = 16

/** No device and no memory here, neither on QEMU's `virt` nor on the board. */
export const NOWHERE = 0x1a00_0000

/** Operands at which arithmetic goes wrong, if it does. */
export const edgeValues = [
  0, 1, 2, 31, 32, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 0xffff_8000, 0x5555_5555,
  0x1234_5678,
] as const

/** The upper halves of the same on RV64, where some of them make other edges. */
const edgeHighs = [
  ...[0, 0, 0, 0, 0, 0, 0, 0x8000_0000, 0xffff_ffff, 0xffff_ffff, 0x5555_5555, 0x9abc_def0],
] as const

/** The edge values stand in x10 to x21. */
export const FIRST_EDGE = 10

export type RegisterSet = 'edges' | 'pointers'

/** One case: instructions as 16-bit parcels, and the registers that they start from. */
export interface Case {
  readonly name: string
  readonly set: RegisterSet
  readonly code: readonly number[]
  /** Fields of the record in which QEMU and the board are known to differ, and rightly so. */
  readonly ignore?: readonly string[]
}

/** 32-bit instructions as 16-bit parcels. */
export function parcels(...words: readonly number[]): number[] {
  return words.flatMap((word) => [word & 0xffff, word >>> 16])
}

/** Where the trap vectors of the harness begin: the value of `mtvec` for each case. */
export const HANDLER = HARNESS

/** The values of x1 to x31 (index 0 is x0) that a case starts from. */
export function initialRegisters(set: RegisterSet): number[] {
  const x = Array.from({ length: 32 }, (_, i) => Math.imul(i, 0x0101_0101) >>> 0)
  x[0] = 0
  x[1] = SLOT + 0x100
  x[2] = SCRATCH + 0x20
  x[8] = SCRATCH + 0x40
  x[9] = SCRATCH
  for (let i = 0; i < edgeValues.length; i++) {
    const pointer = SCRATCH + 0x30 + i
    x[FIRST_EDGE + i] = set === 'edges' ? (edgeValues[i] ?? 0) : pointer
  }
  x[23] = RAM_END - 2
  x[24] = NOWHERE
  x[25] = CLINT
  x[26] = HANDLER | 1
  return x
}

/** The upper halves of the same, on RV64: of x5 to x7 and x27 to x31, and of edges. */
function initialHighs(set: RegisterSet): number[] {
  return Array.from({ length: 32 }, (_, i) => {
    const edge = i - FIRST_EDGE
    if (edge >= 0 && edge < edgeHighs.length) return set === 'edges' ? (edgeHighs[edge] ?? 0) : 0
    return (i >= 5 && i < 8) || i > 26 ? Math.imul(i, 0x0810_2041) >>> 0 : 0
  })
}

const slli32 = (rd: number): number => asm.typeI(0x13, 1, rd, rd, 32)
const srli32 = (rd: number): number => asm.typeI(0x13, 5, rd, rd, 32)

/** An image for `cases`, and how to read their records. */
export class Image {
  readonly cases: readonly Case[]
  /** The names of the words of a record. */
  readonly fields: readonly string[]
  /** Pieces of memory to be loaded. */
  readonly segments: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  readonly #scratchWords: number
  readonly wide: boolean
  /** Bytes of a register. */
  readonly #size: number

  /**
   * @param scratchWords how many words from SCRATCH on are made ready for each case and recorded
   * @param wide true for RV64, on which each field of a register is two words
   */
  constructor(cases: readonly Case[], scratchWords: number, wide = false) {
    this.cases = cases
    this.#scratchWords = scratchWords
    this.wide = wide
    this.#size = wide ? 8 : 4
    const registers = [
      'vector',
      ...Array.from({ length: 31 }, (_, i) => `x${i + 1}`),
      'mcause',
      'mepc',
      'mtval',
      'mstatus',
    ]
    this.fields = [
      ...registers.flatMap((name) => (wide ? [name, `${name}'s upper half`] : [name])),
      ...Array.from({ length: scratchWords }, (_, i) => `memory at scratch + ${4 * i}`),
    ]
    const program = this.#program()
    const entries = this.#entries(program)
    if (ENTRIES + entries.length > RECORDS || this.recordsEnd > RAM_END - 0x1000) {
      throw new Error('too many cases for one image')
    }
    const field = new Uint16Array(FIELD_SIZE / 2).fill(C_EBREAK)
    this.segments = [
      { address: RAM_BASE, bytes: new Program(RAM_BASE).emit(asm.jal(0, 0x1000 + 0x40)).bytes() },
      { address: HARNESS, bytes: program.bytes() },
      { address: FIELD, bytes: new Uint8Array(field.buffer) },
      { address: ENTRIES, bytes: entries },
      // The first half of a 32-bit instruction, the second half of which is not there.
      { address: RAM_END - 2, bytes: Uint8Array.of(0x03, 0x00) },
    ]
  }

  get recordSize(): number {
    return 4 * this.fields.length
  }

  /** Offset in RAM of the record of case number `index`. */
  recordOffset(index: number): number {
    return RECORDS - RAM_BASE + index * this.recordSize
  }

  get recordsEnd(): number {
    return RECORDS + this.cases.length * this.recordSize
  }

  /** Each entry: its set of registers, its number of words, and the words. */
  #entries(program: Program): Uint8Array {
    const words: number[] = []
    for (const { set, code } of this.cases) {
      words.push(program.address(set), Math.ceil(code.length / 2))
      for (let i = 0; i < code.length; i += 2) {
        words.push((code[i] ?? 0) | ((code[i + 1] ?? C_EBREAK) << 16))
      }
    }
    words.push(0)
    return new Uint8Array(Uint32Array.from(words, (word) => word >>> 0).buffer)
  }

  #program(): Program {
    const p = new Program(HARNESS)
    for (let i = 0; i < VECTORS; i++) p.jump(`vector ${i}`)
    this.#prepareCase(p)
    for (let i = 0; i < VECTORS; i++) {
      // mscratch holds the address of the record to be written.
      p.label(`vector ${i}`).emit(asm.csrrw(31, csr.mscratch, 31))
      p.emit(this.#save(30, 30))
      p.emit(asm.addi(30, 0, i)).jump('record')
    }
    this.#recordCase(p)
    p.label('end').emit(...asm.li(5, FINISHER), ...asm.li(6, 0x5555), asm.sw(6, 5, 0))
    p.label('stop').jump('stop')
    p.label('entry').emit(ENTRIES)
    for (const set of ['edges', 'pointers'] as const) {
      const highs = initialHighs(set)
      const low = initialRegisters(set)
      p.align(8).label(set)
      p.emit(...low.flatMap((value, i) => (this.wide ? [value, highs[i] ?? 0] : [value])))
    }
    return p
  }

  /** Register `rs2` into place `index` of the record at x31. */
  #save(rs2: number, index: number): number {
    return asm.typeS(0x23, this.wide ? 3 : 2, 31, rs2, this.#size * index)
  }

  /** An unsigned word: an address, on RV64. */
  #loadWord(rd: number, rs1: number, imm: number): number {
    return asm.typeI(0x03, this.wide ? 6 : 2, rd, rs1, imm)
  }

  /** `li` of an unsigned word. */
  #li(rd: number, value: number): number[] {
    const high = this.wide && value >= 0x8000_0000
    return [...asm.li(rd, value), ...(high ? [slli32(rd), srli32(rd)] : [])]
  }

  /** Stands right behind the vectors, at HARNESS + 0x40: the image is entered here. */
  #prepareCase(p: Program): void {
    p.emit(...this.#li(5, RECORDS), asm.csrrw(0, csr.mscratch, 5))
    p.label('prepare')
      .la(5, 'entry')
      .emit(this.#loadWord(6, 5, 0), this.#loadWord(31, 6, 0))
    p.branch(0, 31, 0, 'end')
    p.emit(...asm.li(7, CLINT), asm.sw(0, 7, 0), ...asm.li(8, CLINT + 0x4000))
    p.emit(asm.addi(9, 0, -1), asm.sw(9, 8, 4), asm.sw(9, 8, 0))
    p.emit(...asm.li(7, MSTATUS_MPP), asm.csrrw(0, csr.mstatus, 7), asm.csrrw(0, csr.mie, 0))
    p.emit(...this.#li(7, HANDLER), asm.csrrw(0, csr.mtvec, 7))
    p.emit(...this.#li(7, SCRATCH), ...asm.li(8, this.#scratchWords), ...asm.li(9, 0x8765_4321))
    p.emit(...asm.li(10, 0x0123_89ab))
    p.label('scratch').emit(asm.sw(9, 7, 0), asm.addi(7, 7, 4), asm.add(9, 9, 10))
    p.emit(asm.addi(8, 8, -1)).branch(1, 8, 0, 'scratch')
    p.emit(asm.lw(8, 6, 4), asm.addi(6, 6, 8), ...this.#li(7, SLOT))
    p.label('copy').emit(asm.lw(9, 6, 0), asm.sw(9, 7, 0), asm.addi(6, 6, 4), asm.addi(7, 7, 4))
    p.emit(asm.addi(8, 8, -1)).branch(1, 8, 0, 'copy')
    p.emit(asm.fenceI, ...this.#li(7, SLOT), asm.csrrw(0, csr.mepc, 7))
    for (let i = 1; i <= 31; i++) {
      p.emit(asm.typeI(0x03, this.wide ? 3 : 2, i, 31, this.#size * i))
    }
    p.emit(asm.mret)
  }

  #recordCase(p: Program): void {
    p.label('record').emit(this.#save(30, 0))
    for (let i = 1; i < 30; i++) p.emit(this.#save(i, i))
    const saved = [csr.mscratch, csr.mcause, csr.mepc, csr.mtval, csr.mstatus]
    saved.forEach((number, i) => {
      p.emit(asm.csrrs(5, number, 0), this.#save(5, 31 + i))
    })
    p.emit(
      asm.addi(31, 31, this.#size * 36),
      ...this.#li(7, SCRATCH),
      ...asm.li(8, this.#scratchWords),
    )
    p.label('save').emit(asm.lw(9, 7, 0), asm.sw(9, 31, 0), asm.addi(7, 7, 4), asm.addi(31, 31, 4))
    p.emit(asm.addi(8, 8, -1)).branch(1, 8, 0, 'save')
    p.emit(asm.csrrw(0, csr.mscratch, 31))
    p.la(5, 'entry').emit(this.#loadWord(6, 5, 0), asm.lw(8, 6, 4), asm.addi(6, 6, 8))
    p.emit(...this.#li(7, SLOT), ...asm.li(9, (C_EBREAK << 16) | C_EBREAK))
    p.label('wipe').emit(asm.sw(9, 7, 0), asm.addi(7, 7, 4), asm.addi(6, 6, 4))
    p.emit(asm.addi(8, 8, -1)).branch(1, 8, 0, 'wipe')
    p.emit(asm.sw(6, 5, 0)).jump('prepare')
  }
}
