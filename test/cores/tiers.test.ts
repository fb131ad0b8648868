import { describe, expect, it } from 'vitest'
import type { CoreFault, CoreState, CoreStop } from '../../src/cores/core.js'
import { Rv32 } from '../../src/cores/riscv/rv32.js'
import { Region } from '../../src/memory/region.js'
import * as asm from './assembler.js'
import { Program } from './assembler.js'
import { floatEdges, floatOn, flw, fsw } from './cases-float.js'
import { type Case, initialRegisters, RAM_BASE, SCRATCH, SLOT } from './harness.js'
import { Random } from './random.js'
import { suites } from './suites.js'

const GRANULE = 0x1_0000
const SIZE = 0x40_0000
const C_EBREAK = 0x9002
/** Words around SLOT, and scratch words, that a case finds in a known state. */
const AROUND = 0x200
const SCRATCH_WORDS = 128
/** Of a suite, so many cases that are spread over it. */
const MOST_CASES = 200
const LONGEST = 2000

/** All there is to see of a case. */
interface Seen {
  readonly stop: CoreStop
  readonly cycle: number
  readonly state: CoreState
  readonly fault: CoreFault | undefined
  readonly scratch: string
  readonly code: string
  readonly accesses: readonly string[]
}

/** A hart with its registers and RAM in one memory, where the compiler wants them. */
class Machine {
  readonly core: Rv32
  readonly x: Int32Array
  readonly words: Int32Array
  /** Each access to what is not RAM that is answered, with its cycle. */
  readonly accesses: string[] = []

  constructor(threshold: number) {
    const pages = 1 + SIZE / GRANULE
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const buffer = memory.buffer
    const ram = new Region({ name: 'ram', da: RAM_BASE, size: SIZE, buffer, offset: GRANULE })
    const note = (what: string, address: number): void => {
      this.accesses.push(`${what} ${address.toString(16)} at ${this.core.cycle}`)
    }
    this.core = new Rv32({
      regions: [ram],
      bus: {
        load: (address) => {
          if (address >= 0x1000_0000) return -1
          note('load', address)
          return 0x5a
        },
        store: (address, _size, value) => {
          if (address >= 0x1000_0000) return false
          note(`store ${value}`, address)
          return true
        },
      },
      time: () => 7,
      compile: { memory, state: 0, threshold },
    })
    this.x = new Int32Array(buffer, 0, 33)
    this.words = new Int32Array(buffer, GRANULE, SIZE / 4)
  }

  /** Executes a case, until it traps. */
  run({ set, code }: Case, longest = LONGEST): Seen {
    this.accesses.length = 0
    const slot = (SLOT - RAM_BASE) >> 2
    this.words.fill((C_EBREAK << 16) | C_EBREAK, slot - AROUND, slot + AROUND)
    const halves = new Uint16Array(this.words.buffer, GRANULE)
    code.forEach((half, i) => {
      halves[2 * slot + i] = half
    })
    const scratch = (SCRATCH - RAM_BASE) >> 2
    for (let i = 0; i < SCRATCH_WORDS; i++) this.words[scratch + i] = Math.imul(i + 1, 0x0123_89ab)
    this.core.reset(SLOT)
    this.x.set(initialRegisters(set).map((value) => value | 0))
    const stop = this.core.run(longest)
    return {
      ...{ stop, cycle: this.core.cycle, state: this.core.state, fault: this.core.fault },
      scratch: text(this.words.subarray(scratch, scratch + SCRATCH_WORDS)),
      code: text(this.words.subarray(slot - AROUND, slot + AROUND)),
      accesses: [...this.accesses],
    }
  }
}

/** Words in a form that is quickly compared. */
function text(words: Int32Array): string {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('latin1')
}

const interpreting = new Machine(Number.POSITIVE_INFINITY)
/** Everything is compiled, before it is executed for the first time. */
const compiling = new Machine(0)

/** Where the operands of many rounds are, three words each, and where their results go. */
const OPERANDS = SCRATCH + 0x10_0000
const RESULTS = SCRATCH + 0x20_0000
const ROUNDS = 10_000

/** Under OP-FP, and multiply-add, of f1, f2 and f3 into f4 or x5: rounding as frm says, or toward zero. */
const opFp = (funct7: number, rm: number, rs2 = 2): number => asm.typeR(0x53, rm, funct7, 4, 1, rs2)
const multiplyAdd = (opcode: number): number => asm.typeR(opcode, 7, 3 << 2, 4, 1, 2)
const toInteger = (funct7: number, rm: number, rs2 = 2): number =>
  asm.typeR(0x53, rm, funct7, 5, 1, rs2)

const toFloat = [
  ...[0x00, 0x04, 0x08, 0x0c].map((funct7) => opFp(funct7, 7)),
  opFp(0x2c, 7, 0),
  ...[0x43, 0x47, 0x4b, 0x4f].map(multiplyAdd),
  ...[0, 1].map((rm) => opFp(0x14, rm)),
  asm.typeR(0x53, 7, 0x68, 4, 6, 0),
  asm.typeR(0x53, 7, 0x68, 4, 6, 1),
]
const toWord = [
  ...[0, 1, 2].map((rm) => toInteger(0x50, rm)),
  ...[1, 7].flatMap((rm) => [toInteger(0x60, rm, 0), toInteger(0x60, rm, 1)]),
]

/** Does everything that F computes to one triple of operands after the other. */
function computing(): Case {
  const p = new Program(SLOT)
  p.emit(...floatOn, ...asm.li(9, OPERANDS), ...asm.li(8, RESULTS), ...asm.li(7, ROUNDS))
  p.label('round').emit(flw(1, 9, 0), flw(2, 9, 4), flw(3, 9, 8), asm.lw(6, 9, 0))
  toFloat.forEach((word, i) => {
    p.emit(word, fsw(4, 8, 4 * i))
  })
  toWord.forEach((word, i) => {
    p.emit(word, asm.sw(5, 8, 4 * (toFloat.length + i)))
  })
  p.emit(asm.addi(9, 9, 12), asm.addi(8, 8, 4 * (toFloat.length + toWord.length)))
  p.emit(asm.addi(7, 7, -1)).branch(1, 7, 0, 'round')
  const code = [...new Uint16Array(p.emit(asm.wfi).bytes().slice().buffer)]
  return { name: 'many numbers', set: 'edges', code }
}

/** Numbers near each other, mostly with few digits, so that sums and products meet the middle of two. */
function near(random: Random): number {
  if (random.below(16) === 0) return random.pick(floatEdges)
  const digits = random.pick([0x7f_ffff, 0x7f_f000, 0x60_0000, 0x40_0003] as const)
  return (random.word() & (0x8000_0000 | digits)) | ((0x74 + random.below(24)) << 23)
}

describe('compiled code does what interpreted code does, to the cycle', () => {
  for (const { name, cases } of suites) {
    it(`for ${name}`, () => {
      const all = cases()
      const step = Math.max(1, all.length / MOST_CASES)
      for (let i = 0; i < all.length; i += step) {
        const each = all[Math.floor(i)]
        if (each === undefined) break
        const found = compiling.run(each)
        expect(found, each.name).toEqual(interpreting.run(each))
      }
    })
  }

  it('for floating point of many numbers', () => {
    const random = new Random(20_240_229)
    const operands = Int32Array.from({ length: 3 * ROUNDS }, () => near(random))
    const results = [interpreting, compiling].map((machine) => {
      machine.words.set(operands, (OPERANDS - RAM_BASE) >> 2)
      const { stop } = machine.run(computing(), 100 * ROUNDS)
      expect(stop).toEqual({ kind: 'waiting' })
      const first = (RESULTS - RAM_BASE) >> 2
      const count = ROUNDS * (toFloat.length + toWord.length)
      return text(machine.words.subarray(first, first + count))
    })
    expect(results[1] === results[0]).toBe(true)
  })
})
