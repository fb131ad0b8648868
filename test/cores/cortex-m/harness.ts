import * as asm from './assembler.js'
import { ThumbProgram } from './assembler.js'
import { baselineProgram } from './harness-baseline.js'
import {
  DUMP,
  ENTRIES,
  FIELD,
  FIELD_SIZE,
  PROGRAM,
  RAM_SIZE,
  RECORDS,
  SCRATCH,
  SETS,
  SLOT,
  SP_OFFSET,
  STATE,
  TABLE,
} from './places.js'

/**
 * A bare-metal program that executes many small cases one after the other, each from a known state,
 * and leaves a record of the state after each one in memory. The same image runs on QEMU and on the
 * emulated core, and the records are compared.
 *
 * A case is copied into a slot in the middle of a wide field of UDF, so every case ends in a fault,
 * wherever it goes. All faults are HardFaults: its handler records, prepares the next case, and
 * returns into it. Cases run in Thread mode on PSP, the handler on MSP.
 */
export interface Layout {
  /** Where the vector table is that the core starts from. */
  readonly vectors: number
  /** The beginning of 16 MiB of RAM. */
  readonly ram: number
  readonly fpu: boolean
  /** ARMv8-M: with stack limits, which are taken away before each case. */
  readonly v8?: boolean
  /** ARMv6-M: a program in its few instructions, on a machine whose RAM only the program can show. */
  readonly baseline?: boolean
}

/** Nothing answers here, neither on the boards nor on the emulated core. */
export const NOWHERE = 0x7000_0000

const CFSR = 0xe000_ed28
const VTOR = 0xe000_ed08
const CPACR = 0xe000_ed88
const CCR = 0xe000_ed14
const FPCCR = 0xe000_ef34
const EXC_RETURN = 0xffff_fffd
/** The mode "wb" of semihosting's SYS_OPEN. */
const WRITE_BINARY = 5

/** Registers r0 to r12 and LR that a case starts from. */
export type CoreSet = readonly number[]

/** One case: instructions in halves, and the state that they start from. */
export interface Case {
  readonly name: string
  readonly code: readonly number[]
  readonly registers: CoreSet
  /** N, Z, C, V, Q and GE, in their places in xPSR. */
  readonly flags?: number
  /** s0 to s31, and FPSCR. */
  readonly floats?: readonly number[]
  readonly fpscr?: number
  /** CCR, 0x200 (STKALIGN) unless given. */
  readonly ccr?: number
  /** Fields of the record in which QEMU and the core are known to differ, and rightly so. */
  readonly ignore?: readonly string[]
}

/** Addresses that cases use. */
export function addresses(ram: number): {
  readonly scratch: number
  readonly sp: number
  readonly slot: number
} {
  return { scratch: ram + SCRATCH, sp: ram + SCRATCH + SP_OFFSET, slot: ram + SLOT }
}

/** A piece of an image: where it is to be loaded. */
export interface Segment {
  readonly address: number
  readonly bytes: Uint8Array
}

/** An image for `cases`, and how to read their records. */
export class Image {
  readonly layout: Layout
  readonly cases: readonly Case[]
  readonly fields: readonly string[]
  readonly segments: readonly Segment[]
  readonly #scratchWords: number

  /** @param scratchWords words of scratch memory that are made ready for each case and recorded */
  constructor(layout: Layout, cases: readonly Case[], scratchWords: number) {
    this.layout = layout
    this.cases = cases
    this.#scratchWords = scratchWords
    this.fields = [
      ...Array.from({ length: 13 }, (_, i) => `r${i}`),
      'lr',
      'pc',
      'xpsr',
      'sp',
      ...(layout.baseline ? [] : ['cfsr', 'bfar']),
      ...(layout.fpu ? [...Array.from({ length: 32 }, (_, i) => `s${i}`), 'fpscr'] : []),
      ...Array.from({ length: scratchWords }, (_, i) => `memory at scratch + ${4 * i}`),
    ]
    const { ram } = layout
    const program = layout.baseline ? baselineProgram(ram, scratchWords) : this.#program()
    const { entries, sets } = this.#entries()
    if (ENTRIES + entries.length > RECORDS || SETS + sets.length > ENTRIES) {
      throw new Error('too many cases for one image')
    }
    if (RECORDS + (cases.length + 1) * this.recordSize > RAM_SIZE) {
      throw new Error('too many records for one image')
    }
    const entry = (ram + PROGRAM + program.offset('start')) | 1
    const handler = (ram + PROGRAM + program.offset('handler')) | 1
    const table = [ram + RAM_SIZE - 0x100, entry, ...Array.from({ length: 14 }, () => handler)]
    this.segments = [
      { address: layout.vectors, bytes: wordBytes(table) },
      { address: ram + TABLE, bytes: wordBytes(table) },
      { address: ram + STATE, bytes: wordBytes([ram + RECORDS, ram + ENTRIES]) },
      // What the end of a baseline program opens, and what it writes there.
      {
        address: ram + DUMP,
        bytes: wordBytes([ram + DUMP + 24, WRITE_BINARY, 3, 0, ram, RAM_SIZE]),
      },
      { address: ram + DUMP + 24, bytes: new TextEncoder().encode('ram\0') },
      { address: ram + PROGRAM, bytes: halfBytes(program.halves()) },
      {
        address: ram + FIELD,
        bytes: halfBytes(Array.from({ length: FIELD_SIZE / 2 }, () => asm.udf)),
      },
      { address: ram + SETS, bytes: sets },
      { address: ram + ENTRIES, bytes: entries },
    ]
  }

  get recordSize(): number {
    return 4 * this.fields.length
  }

  /** Offset in RAM of the record of case number `index`; the first record is that of the start. */
  recordOffset(index: number): number {
    return RECORDS + (index + 1) * this.recordSize
  }

  /** Each entry: its registers, flags, CCR, floats, FPSCR, number of halves, and the halves. */
  #entries(): { entries: Uint8Array; sets: Uint8Array } {
    const { ram } = this.layout
    const setWords: number[] = []
    const known = new Map<string, number>()
    const place = (set: readonly number[]): number => {
      const key = set.join()
      let at = known.get(key)
      if (at === undefined) {
        at = ram + SETS + 4 * setWords.length
        known.set(key, at)
        for (const word of set) setWords.push(word)
      }
      return at
    }
    const words: number[] = []
    for (const { code, registers, flags, ccr, floats, fpscr } of this.cases) {
      const even = code.length % 2 === 0 ? code : [...code, asm.udf]
      words.push(place(registers), (flags ?? 0) | 0x0100_0000, ccr ?? 0x200)
      words.push(place(floats ?? defaultFloats), fpscr ?? 0, even.length)
      for (let i = 0; i < even.length; i += 2)
        words.push((even[i] ?? 0) | ((even[i + 1] ?? 0) << 16))
    }
    words.push(0)
    return { entries: wordBytes(words), sets: wordBytes(setWords) }
  }

  #program(): ThumbProgram {
    const p = new ThumbProgram()
    this.#start(p)
    this.#record(p)
    this.#prepare(p)
    // The end: a semihosting call that ends QEMU, told by the word that says who runs the image.
    p.label('end').emit(asm.constant(0, this.layout.ram), asm.ldr(1, 0), [0x2900])
    p.branch('rest', 1)
    p.emit([0x2018], asm.constant(1, 0x2_0026), asm.semihosting)
    p.label('rest').emit(asm.wfi).branch('rest')
    return p
  }

  #start(p: ThumbProgram): void {
    const { ram, fpu } = this.layout
    p.label('start')
    p.emit(asm.constant(0, VTOR), asm.constant(1, ram + TABLE), asm.str(1, 0))
    if (fpu) {
      p.emit(asm.constant(0, CPACR), asm.constant(1, 0xf0_0000), asm.str(1, 0))
      // No automatic saving of floating-point state: frames are always the short ones.
      p.emit(asm.constant(0, FPCCR), asm.constant(1, 0), asm.str(1, 0))
    }
    p.emit(asm.constant(0, ram + SCRATCH + SP_OFFSET), asm.msr(asm.special.psp, 0))
    p.emit(asm.constant(0, 2), asm.msr(asm.special.control, 0), asm.dsb, asm.isb, asm.udf)
  }

  /** r4 to r11 are still those of the case; the others are in its frame. */
  #record(p: ThumbProgram): void {
    const { ram, fpu } = this.layout
    p.label('handler').emit(asm.constant(0, ram + STATE), asm.ldr(1, 0))
    p.emit(asm.addImm(2, 1, 16), asm.stmia(2, 0x0ff0))
    p.emit(asm.mrs(3, asm.special.psp))
    p.emit(asm.ldmia(3, 0x00f0), asm.stmia(1, 0x00f0), asm.addImm(1, 1, 32))
    p.emit(asm.ldmia(3, 0x00f0), asm.stmia(1, 0x00f0))
    // Bit 9 of the stacked xPSR says that SP was not a multiple of 8.
    p.emit([0xf3c7, 0x2440], [0xeb03, 0x0384], asm.strPost(3, 1, 4))
    p.emit(asm.constant(4, CFSR), asm.ldr(5, 4), asm.strPost(5, 1, 4))
    p.emit(asm.ldr(6, 4, 0x10), [0xf415, 0x4f00])
    p.branch('valid', 1)
    p.emit([0x2600])
    p.label('valid').emit(asm.strPost(6, 1, 4), asm.str(5, 4))
    p.emit(asm.ldr(5, 4, 4), asm.str(5, 4, 4))
    if (fpu) p.emit(asm.vstmAll(1), asm.vmrs(5), asm.strPost(5, 1, 4))
    p.emit(asm.constant(2, ram + SCRATCH), asm.constant(3, this.#scratchWords))
    p.label('save').emit(asm.ldrPost(5, 2, 4), asm.strPost(5, 1, 4), asm.subs(3, 1))
    p.branch('save', 1)
    p.emit(asm.str(1, 0))
  }

  #prepare(p: ThumbProgram): void {
    const { ram, fpu } = this.layout
    // The code of the last case is wiped: its length stands in the third word of the state.
    p.emit(asm.ldr(2, 0, 8), asm.constant(3, ram + SLOT), asm.constant(4, asm.udf), [0x2a00])
    p.branch('wiped', 0)
    p.label('wipe')
      .emit(asm.strhPost(4, 3, 2), asm.subs(2, 1))
      .branch('wipe', 1)
    p.label('wiped').emit(asm.ldr(1, 0, 4), asm.ldr(2, 1), [0x2a00])
    p.branch('end', 0)
    p.emit(asm.constant(3, ram + SCRATCH), asm.constant(4, this.#scratchWords))
    p.emit(asm.constant(5, 0x8765_4321), asm.constant(6, 0x0123_89ab))
    p.label('fill').emit(asm.strPost(5, 3, 4), [0xeb05, 0x0506], asm.subs(4, 1))
    p.branch('fill', 1)
    p.emit(asm.ldr(5, 1, 20), asm.str(5, 0, 8))
    p.emit(asm.addImm(6, 1, 24), asm.constant(7, ram + SLOT))
    p.label('copy').emit(asm.ldrhPost(4, 6, 2), asm.strhPost(4, 7, 2), asm.subs(5, 1))
    p.branch('copy', 1)
    p.emit(asm.str(6, 0, 4), [0x2400])
    for (const mask of this.layout.v8 ? [11, 16, 17, 19] : [16, 17, 19]) p.emit(asm.msr(mask, 4))
    p.emit([0x2402], asm.msr(asm.special.control, 4), asm.dsb, asm.isb)
    p.emit(asm.ldr(4, 1, 8), asm.constant(5, CCR), asm.str(4, 5))
    if (fpu) p.emit(asm.ldr(4, 1, 12), asm.vldmAll(4), asm.ldr(4, 1, 16), asm.vmsr(4))
    // The frame: r0 to r3, r12, LR, pc, xPSR.
    p.emit(asm.constant(3, ram + SCRATCH + SP_OFFSET - 32), asm.msr(asm.special.psp, 3))
    p.emit(asm.ldmia(2, 0x00f0), asm.stmia(3, 0x00f0))
    p.emit(asm.ldr(4, 2, 32), asm.ldr(5, 2, 36), asm.constant(6, ram + SLOT), asm.ldr(7, 1, 4))
    p.emit(asm.stmia(3, 0x00f0))
    p.emit(asm.ldmia(2, 0x0ff0))
    p.emit(asm.constant(14, EXC_RETURN), asm.bx(14))
  }
}

/** Values that arithmetic goes wrong at, if it does: by pairs as doubles, and alone as singles. */
export const defaultFloats: readonly number[] = Array.from(
  { length: 32 },
  (_, i) => (0x3f80_0000 + 0x0081_2345 * i) >>> 0,
)

function wordBytes(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words, (word) => word >>> 0).buffer)
}

function halfBytes(halves: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(halves).buffer)
}
