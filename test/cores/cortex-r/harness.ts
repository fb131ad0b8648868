import {
  ENTRIES,
  FIELD,
  FIELD_SIZE,
  PROGRAM,
  RECORDS,
  SCRATCH,
  SETS,
  SLOT,
  SP_OFFSET,
} from '../cortex-m/places.js'
import * as asm from './assembler.js'
import { A32Program } from './assembler.js'

/**
 * A bare-metal program that executes many small cases one after the other, each from a known state, and
 * leaves a record of the state after each one in memory: as that for Cortex-M, on the exceptions of the
 * A and R profile. RAM is at 0, and the vectors with it.
 *
 * A case is copied into a slot in the middle of a wide field that is undefined in both instruction sets, so
 * every case ends in an exception, wherever it goes. It runs in system or user mode, whose registers the
 * handlers store from their own.
 */

/** Nothing answers here. */
export const NOWHERE = 0x7000_0000

/** Three words: the next record, the next entry, and how many words the last case had. */
const STATE = 0x100
/** r0 to r14 as a case has left them. */
const SAVED = 0x140

export const MODE = { USR: 0x10, SYS: 0x1f } as const
const HANDLER_MODES = [0x11, 0x12, 0x17, 0x1b, 0x13] as const
const THUMB = 1 << 5
const MASKED = 0x1c0

/** One case: words of A32, or halves of T32, and the state that they start from. */
export interface Case {
  readonly name: string
  readonly set: 'A32' | 'T32'
  readonly code: readonly number[]
  /** r0 to r12 and LR. */
  readonly registers: readonly number[]
  /** N, Z, C, V, Q and GE, in their places in CPSR. */
  readonly flags?: number
  /** System mode unless given. */
  readonly mode?: number
  /** s0 to s31, and FPSCR. */
  readonly floats?: readonly number[]
  readonly fpscr?: number
  /** Fields of the record in which QEMU and the core are known to differ, and rightly so. */
  readonly ignore?: readonly string[]
}

/** A piece of an image: where it is to be loaded. */
export interface Segment {
  readonly address: number
  readonly bytes: Uint8Array
}

/** SP of a case. */
export const STACK = SCRATCH + SP_OFFSET
export const CODE = SLOT

/** Vectors by their offset: what is recorded of an exception. */
const vectors = ['reset', 'undefined', 'svc', 'prefetch', 'data', 'reserved', 'irq', 'fiq'] as const

/** An image for `cases`, and how to read their records. */
export class Image {
  readonly cases: readonly Case[]
  readonly fields: readonly string[]
  readonly segments: readonly Segment[]
  readonly #scratchWords: number

  /** @param scratchWords words of scratch memory that are made ready for each case and recorded */
  constructor(cases: readonly Case[], scratchWords: number) {
    this.cases = cases
    this.#scratchWords = scratchWords
    this.fields = [
      ...Array.from({ length: 13 }, (_, i) => `r${i}`),
      ...['sp', 'lr', 'vector', 'return address', 'cpsr', 'dfsr', 'dfar', 'ifsr', 'ifar'],
      ...Array.from({ length: 32 }, (_, i) => `s${i}`),
      'fpscr',
      ...Array.from({ length: scratchWords }, (_, i) => `memory at scratch + ${4 * i}`),
    ]
    const program = this.#program()
    const { entries, sets } = this.#entries()
    if (ENTRIES + entries.length > RECORDS || SETS + sets.length > ENTRIES) {
      throw new Error('too many cases for one image')
    }
    const table = new A32Program()
    for (const [i, name] of vectors.entries()) {
      // A branch from its place in the table to the program.
      const to = (PROGRAM + program.offset(name) - 4 * i - 8) >> 2
      table.emit([(0xea00_0000 | (to & 0xff_ffff)) >>> 0])
    }
    this.segments = [
      { address: 0, bytes: bytesOf(table.words()) },
      { address: STATE, bytes: bytesOf([RECORDS, ENTRIES, 0]) },
      { address: PROGRAM, bytes: bytesOf(program.words()) },
      {
        address: FIELD,
        bytes: bytesOf(Array.from({ length: FIELD_SIZE / 4 }, () => asm.UNDEFINED_IN_BOTH)),
      },
      { address: SETS, bytes: sets },
      { address: ENTRIES, bytes: entries },
    ]
  }

  /** Offset in RAM of the record of case number `index`. */
  recordOffset(index: number): number {
    return RECORDS + index * 4 * this.fields.length
  }

  /** Each entry: its registers, CPSR, floats, FPSCR, number of words, and the words. */
  #entries(): { entries: Uint8Array; sets: Uint8Array } {
    const setWords: number[] = []
    const known = new Map<string, number>()
    const place = (set: readonly number[]): number => {
      const key = set.join()
      let at = known.get(key)
      if (at === undefined) {
        at = SETS + 4 * setWords.length
        known.set(key, at)
        for (const word of set) setWords.push(word)
      }
      return at
    }
    const words: number[] = []
    for (const { set, code, registers, flags, mode, floats, fpscr } of this.cases) {
      const encoded = set === 'A32' ? code : pairs(code)
      const state = (flags ?? 0) | MASKED | (mode ?? MODE.SYS) | (set === 'T32' ? THUMB : 0)
      const [lr, ...rest] = [...registers].reverse()
      words.push(place([...rest.reverse(), STACK, lr ?? 0]), state)
      words.push(place(floats ?? defaultFloats), fpscr ?? 0, encoded.length, ...encoded)
    }
    words.push(0)
    return { entries: bytesOf(words), sets: bytesOf(setWords) }
  }

  #program(): A32Program {
    const p = new A32Program()
    p.label('reset')
    // SCTLR.DZ and .A are 0 after reset; the FPU is off.
    p.emit(asm.constant(0, 0xf0_0000), asm.mcr(0, 1, 0, 2), asm.isb)
    p.emit(asm.constant(0, 0x4000_0000), asm.vmsrFpexc(0))
    for (const mode of HANDLER_MODES) p.emit(asm.toMode(mode), asm.constant(13, SAVED))
    p.branch('next')
    for (const [i, name] of vectors.entries()) {
      if (i === 0) continue
      p.label(name).emit(asm.storeUser(13), asm.movImm(0, i)).branch('record')
    }
    this.#record(p)
    this.#prepare(p)
    // The end: a semihosting call that ends QEMU.
    p.label('end').emit(asm.constant(0, 0x18), asm.constant(1, 0x2_0026), asm.svc(0x12_3456))
    p.label('rest').emit(asm.wfi).branch('rest')
    return p
  }

  #record(p: A32Program): void {
    p.label('record').emit(asm.mov(1, 14), asm.mrsSpsr(2), asm.constant(3, STATE), asm.ldr(4, 3))
    p.emit(asm.constant(5, SAVED), asm.movImm(6, 15))
    p.label('registers').emit(asm.ldrPost(7, 5, 4), asm.strPost(7, 4, 4), asm.subs(6, 6, 1))
    p.branch('registers', 1)
    for (const register of [0, 1, 2]) p.emit(asm.strPost(register, 4, 4))
    for (const [crn, opc2] of [
      [5, 0],
      [6, 0],
      [5, 1],
      [6, 2],
    ] as const) {
      p.emit(asm.mrc(5, crn, 0, opc2), asm.strPost(5, 4, 4))
      p.emit(asm.movImm(5, 0), asm.mcr(5, crn, 0, opc2))
    }
    p.emit(asm.vstmAll(4), asm.vmrs(5), asm.strPost(5, 4, 4))
    p.emit(asm.constant(5, SCRATCH), asm.constant(6, this.#scratchWords))
    p.label('save').emit(asm.ldrPost(7, 5, 4), asm.strPost(7, 4, 4), asm.subs(6, 6, 1))
    p.branch('save', 1).emit(asm.str(4, 3))
    // The code of the case is wiped.
    p.emit(asm.ldr(5, 3, 8), asm.constant(6, SLOT), asm.constant(7, asm.UNDEFINED_IN_BOTH))
    p.emit(asm.cmpImm(5, 0)).branch('next', 0)
    p.label('wipe')
      .emit(asm.strPost(7, 6, 4), asm.subs(5, 5, 1))
      .branch('wipe', 1)
  }

  #prepare(p: A32Program): void {
    p.label('next').emit(asm.constant(3, STATE), asm.ldr(4, 3, 4), asm.ldr(5, 4), asm.cmpImm(5, 0))
    p.branch('end', 0)
    p.emit(asm.constant(5, SCRATCH), asm.constant(6, this.#scratchWords))
    p.emit(asm.constant(7, 0x8765_4321), asm.constant(8, 0x0123_89ab))
    p.label('fill').emit(asm.strPost(7, 5, 4), asm.add(7, 7, 8), asm.subs(6, 6, 1))
    p.branch('fill', 1)
    p.emit(asm.ldr(5, 4, 16), asm.str(5, 3, 8), asm.addImm(6, 4, 20), asm.constant(7, SLOT))
    p.label('copy').emit(asm.ldrPost(8, 6, 4), asm.strPost(8, 7, 4), asm.subs(5, 5, 1))
    p.branch('copy', 1).emit(asm.str(6, 3, 4), asm.movImm(5, 0))
    p.emit(asm.mcr(5, 7, 5, 0), asm.dsb, asm.isb)
    p.emit(asm.ldr(5, 4, 8), asm.vldmAll(5), asm.ldr(5, 4, 12), asm.vmsr(5))
    // Into supervisor mode, whatever the last exception was.
    p.emit(asm.toMode(0x13), asm.ldr(5, 4, 4), asm.msrSpsr(5), asm.ldr(5, 4))
    p.emit(asm.constant(14, SLOT), asm.loadUser(5), asm.returnToCase)
  }
}

function pairs(halves: readonly number[]): number[] {
  const even = halves.length % 2 === 0 ? halves : [...halves, asm.UNDEFINED_IN_BOTH & 0xffff]
  const words: number[] = []
  for (let i = 0; i < even.length; i += 2) {
    words.push(((even[i] ?? 0) | ((even[i + 1] ?? 0) << 16)) >>> 0)
  }
  return words
}

const defaultFloats: readonly number[] = Array.from(
  { length: 32 },
  (_, i) => (0x3f80_0000 + 0x0081_2345 * i) >>> 0,
)

function bytesOf(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words, (word) => word >>> 0).buffer)
}
