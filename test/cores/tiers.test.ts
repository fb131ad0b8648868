import { describe, expect, it } from 'vitest'
import { Rv32 } from '../../src/cores/riscv/rv32.js'
import { Region } from '../../src/memory/region.js'
import { type Case, initialRegisters, RAM_BASE, SCRATCH, SLOT } from './harness.js'
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

/** A hart with its registers and RAM in one memory, where the compiler wants them. */
class Machine {
  readonly core: Rv32
  readonly x: Int32Array
  readonly words: Int32Array
  /** Each access to what is not RAM, with its cycle. */
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
          note('load', address)
          return address < 0x1000_0000 ? 0x5a : -1
        },
        store: (address, _size, value) => {
          note(`store ${value}`, address)
          return address < 0x1000_0000
        },
      },
      time: () => 7,
      compile: { memory, state: 0, threshold },
    })
    this.x = new Int32Array(buffer, 0, 33)
    this.words = new Int32Array(buffer, GRANULE, SIZE / 4)
  }

  /** Executes a case, until it traps. @returns all there is to see of it */
  run({ set, code }: Case): unknown {
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
    const stop = this.core.run(LONGEST)
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
})
