import { describe, expect, it } from 'vitest'
import { CortexM } from '../../../src/cores/cortex-m/core.js'
import { type PartName, parts } from '../../../src/cores/cortex-m/parts.js'
import { Region } from '../../../src/memory/region.js'
import { Random } from '../random.js'
import { udf } from './assembler.js'
import { blockCases, branchCases } from './cases-flow.js'
import { memoryCases } from './cases-memory.js'
import { randomCase } from './cases-random.js'
import { patternCases } from './cases-single.js'
import { addresses, type Case, type Layout } from './harness.js'
import { double, dsp, integer, narrow, type Pattern, single, single5 } from './patterns.js'

const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
const GRANULE = 0x1_0000
const RAM_SIZE = 0x10_0000
const LAYOUT = { vectors: 0, ram: 0x2100_0000, fpu: false } as const
const WITH_FLOATS = { ...LAYOUT, fpu: true } as const
const FULL_ACCESS = 0xf << 20
const INEXACT = 0x10
const FLUSH = 1 << 24
const FLAGS = 0xf000_0000
const { scratch, sp, slot } = addresses(LAYOUT.ram)
/** Bytes around the slot that a case finds full of undefined instructions. */
const AROUND = 0x1000
const SCRATCH_BYTES = 0x400
const LONGEST = 2000

/** A core with its registers and memory in one memory, where the compiler wants them. */
class Machine {
  readonly core: CortexM
  readonly ram: Uint8Array
  readonly code: Region

  constructor(part: PartName, threshold: number) {
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
      part: parts[part],
      regions: [ram, this.code],
      bus: { load: () => -1, store: () => false },
      compile: { memory, state: 0, threshold },
    })
  }

  /** Executes a case, until it faults. @returns all there is to see of it */
  run({ code, registers, flags = 0, floats, fpscr = 0 }: Case): unknown {
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
    if (floats !== undefined) {
      core.cpu.cpacr = FULL_ACCESS
      core.cpu.system.useFpu()
      // Nothing is pending: who looks would have the first instruction ask for floating point again.
      core.cpu.attention = false
      core.cpu.s.set(floats.map((value) => value | 0))
      core.cpu.fpscr = fpscr
    }
    const stop = core.run(LONGEST)
    return {
      ...{ stop, cycle: core.cycle, state: core.state, fault: core.fault },
      ...{ floats: [...core.cpu.s], fpscr: core.cpu.fpscr >>> 0, control: core.cpu.control },
      scratch: text(ram.subarray(from, from + SCRATCH_BYTES)),
      code: text(ram.subarray(offset - AROUND, offset + AROUND)),
    }
  }
}

/** Bytes in a form that is quickly compared. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** A core that interprets, and one on which everything is compiled before it is executed for the first time. */
const machinesOf = (
  part: PartName,
): { readonly interpreting: Machine; readonly compiling: Machine } => ({
  interpreting: new Machine(part, Number.POSITIVE_INFINITY),
  compiling: new Machine(part, 0),
})
const m4 = machinesOf('cortex-m4')
const m7 = machinesOf('cortex-m7')

function sequences(layout: Layout, floats: readonly Pattern[] = integer): Case[] {
  const random = new Random(seed)
  // IT blocks are made of the first.
  const vocabulary = { wide: [...integer, ...(layout.fpu ? floats : [])], floats }
  return Array.from(
    { length: 60 },
    (_, i) => randomCase(layout, vocabulary, random, `sequence ${i}`).test,
  )
}

/**
 * Each case, and the same after something that was inexact: with ordinary rounding results are the engine's
 * own then, and with any other they must not be.
 */
function alsoInexact(cases: readonly Case[]): Case[] {
  return cases.flatMap((each) => {
    const { name, fpscr = 0 } = each
    return [
      each,
      { ...each, name: `${name}, ordinary`, fpscr: (fpscr & FLAGS) | INEXACT },
      { ...each, name: `${name}, flushing`, fpscr: (fpscr & FLAGS) | FLUSH | INEXACT },
      { ...each, name: `${name}, inexact before`, fpscr: fpscr | INEXACT },
    ]
  })
}

const doubles = [...single, ...single5, ...double]

interface Suite {
  readonly name: string
  readonly on?: typeof m4
  cases(): Case[]
}

const suites: readonly Suite[] = [
  { name: '16-bit instructions', cases: () => patternCases(LAYOUT, narrow, 3, seed) },
  { name: '32-bit instructions', cases: () => patternCases(LAYOUT, integer, 3, seed) },
  { name: 'the DSP extension', cases: () => patternCases(LAYOUT, dsp, 4, seed) },
  { name: 'loads and stores', cases: () => memoryCases(LAYOUT, 2, seed) },
  { name: 'branches', cases: () => branchCases(LAYOUT, 4, seed) },
  { name: 'IT blocks', cases: () => blockCases(LAYOUT, 10, seed) },
  { name: 'random sequences', cases: () => sequences(LAYOUT) },
  {
    name: 'floating point of single precision',
    cases: () => alsoInexact(patternCases(WITH_FLOATS, single, 40, seed)),
  },
  {
    name: 'floating point of double precision',
    on: m7,
    cases: () => alsoInexact(patternCases(WITH_FLOATS, [...single5, ...double], 40, seed)),
  },
  {
    name: 'loads and stores of floating point',
    cases: () => memoryCases(WITH_FLOATS, 2, seed),
  },
  {
    name: 'random sequences with floating point',
    cases: () => alsoInexact(sequences(WITH_FLOATS, single)),
  },
  {
    name: 'random sequences with double precision',
    on: m7,
    cases: () => alsoInexact(sequences(WITH_FLOATS, doubles)),
  },
]

describe(`compiled Thumb code does what interpreted code does, to the cycle, seed ${seed}`, () => {
  for (const { name, on: { compiling, interpreting } = m4, cases } of suites) {
    it(`for ${name}`, () => {
      for (const each of cases()) {
        expect(compiling.run(each), each.name).toEqual(interpreting.run(each))
      }
    })
  }
})
