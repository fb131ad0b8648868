import { describe, expect, it } from 'vitest'
import { CortexM } from '../../../src/cores/cortex-m/core.js'
import { parts } from '../../../src/cores/cortex-m/parts.js'
import { Region } from '../../../src/memory/region.js'
import { Random } from '../random.js'
import { udf } from './assembler.js'
import { blockCases, branchCases } from './cases-flow.js'
import { memoryCases } from './cases-memory.js'
import { randomCase } from './cases-random.js'
import { patternCases } from './cases-single.js'
import { addresses, type Case } from './harness.js'
import { dsp, integer, narrow } from './patterns.js'

const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
const GRANULE = 0x1_0000
const RAM_SIZE = 0x10_0000
const LAYOUT = { vectors: 0, ram: 0x2100_0000, fpu: false } as const
const { scratch, sp, slot } = addresses(LAYOUT.ram)
/** Bytes around the slot that a case finds full of undefined instructions. */
const AROUND = 0x1000
const SCRATCH_BYTES = 0x400
const LONGEST = 2000

/** A Cortex-M4 with its registers and memory in one memory, where the compiler wants them. */
class Machine {
  readonly core: CortexM
  readonly ram: Uint8Array
  readonly code: Region

  constructor(threshold: number) {
    const pages = 2 + RAM_SIZE / GRANULE
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { buffer } = memory
    const region = (name: string, da: number, size: number, offset: number): Region =>
      new Region({ name, da, size, buffer, offset })
    const ram = region('ram', LAYOUT.ram, RAM_SIZE, 2 * GRANULE)
    this.code = region('code', LAYOUT.vectors, GRANULE, GRANULE)
    // Wherever a fault leads to, it ends there.
    this.code.words16.fill(udf)
    ram.words16.fill(udf)
    this.ram = ram.bytes
    this.core = new CortexM({
      part: parts['cortex-m4'],
      regions: [ram, this.code],
      bus: { load: () => -1, store: () => false },
      compile: { memory, state: 0, threshold },
    })
  }

  /** Executes a case, until it faults. @returns all there is to see of it */
  run({ code, registers, flags = 0 }: Case): unknown {
    const { core, ram } = this
    const offset = slot - LAYOUT.ram
    const halves = new Uint16Array(ram.buffer, ram.byteOffset, RAM_SIZE / 2)
    halves.fill(udf, (offset - AROUND) / 2, (offset + AROUND) / 2)
    code.forEach((half, i) => {
      halves[offset / 2 + i] = half
    })
    const from = scratch - LAYOUT.ram
    for (let i = 0; i < SCRATCH_BYTES; i++) ram[from + i] = (i * 37) ^ (i >> 3)
    this.code.setU32(0, sp)
    this.code.setU32(4, slot | 1)
    core.reset(LAYOUT.vectors)
    core.cpu.r.set(registers.slice(0, 13))
    core.cpu.r[14] = registers[13] ?? 0
    core.cpu.setApsr(flags)
    const stop = core.run(LONGEST)
    return {
      ...{ stop, cycle: core.cycle, state: core.state, fault: core.fault },
      scratch: text(ram.subarray(from, from + SCRATCH_BYTES)),
      code: text(ram.subarray(offset - AROUND, offset + AROUND)),
    }
  }
}

/** Bytes in a form that is quickly compared. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

const interpreting = new Machine(Number.POSITIVE_INFINITY)
/** Everything is compiled, before it is executed for the first time. */
const compiling = new Machine(0)

function sequences(): Case[] {
  const random = new Random(seed)
  const vocabulary = { wide: integer, floats: integer }
  return Array.from(
    { length: 60 },
    (_, i) => randomCase(LAYOUT, vocabulary, random, `sequence ${i}`).test,
  )
}

const suites: readonly { readonly name: string; cases(): Case[] }[] = [
  { name: '16-bit instructions', cases: () => patternCases(LAYOUT, narrow, 3, seed) },
  { name: '32-bit instructions', cases: () => patternCases(LAYOUT, integer, 3, seed) },
  { name: 'the DSP extension', cases: () => patternCases(LAYOUT, dsp, 4, seed) },
  { name: 'loads and stores', cases: () => memoryCases(LAYOUT, 2, seed) },
  { name: 'branches', cases: () => branchCases(LAYOUT, 4, seed) },
  { name: 'IT blocks', cases: () => blockCases(LAYOUT, 10, seed) },
  { name: 'random sequences', cases: sequences },
]

describe(`compiled Thumb code does what interpreted code does, to the cycle, seed ${seed}`, () => {
  for (const { name, cases } of suites) {
    it(`for ${name}`, () => {
      for (const each of cases()) {
        expect(compiling.run(each), each.name).toEqual(interpreting.run(each))
      }
    })
  }
})
