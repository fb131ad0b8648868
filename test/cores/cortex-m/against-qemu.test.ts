import { describe, expect, it } from 'vitest'
import { needsTool } from '../../tools.js'
import { differences } from '../differences.js'
import { Random } from '../random.js'
import {
  BASELINE_SCRATCH_WORDS,
  baselineBranchCases,
  baselineEncodingCases,
  baselineMemoryCases,
  baselineRegisterCases,
  baselineSequence,
  baselineSystemCases,
  baselineUndefinedCases,
} from './cases-baseline.js'
import { encodingCases } from './cases-encodings.js'
import { blockCases, branchCases } from './cases-flow.js'
import { exclusiveCases, memoryCases, SCRATCH_WORDS } from './cases-memory.js'
import { RANDOM_SCRATCH_WORDS, randomCase, type Vocabulary } from './cases-random.js'
import { patternCases } from './cases-single.js'
import { systemCases } from './cases-system.js'
import { v8Cases } from './cases-v8.js'
import { runOnCore, runOnQemu, type Target, targets } from './compare.js'
import { addresses, type Case, Image } from './harness.js'
import { double, dsp, integer, narrow, type Pattern, single, single5 } from './patterns.js'

/** Another seed can be tried with OPENAMP_TEST_SEED. */
const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
/** Instructions that the random sequences of each core execute, at least. */
const RANDOM_INSTRUCTIONS = 100_000
const TIMES = 20
const INEXACT = 0x10

interface Core extends Vocabulary {
  readonly name: string
  readonly target: Target
  readonly v8: boolean
}

const cores: readonly Core[] = [
  { name: 'Cortex-M3', target: targets.m3, wide: integer, floats: [], v8: false },
  {
    name: 'Cortex-M4',
    target: targets.m4,
    wide: [...integer, ...dsp],
    floats: single,
    v8: false,
  },
  {
    name: 'Cortex-M7',
    target: targets.m7,
    wide: [...integer, ...dsp],
    floats: [...single, ...single5, ...double],
    v8: false,
  },
  {
    name: 'Cortex-M33',
    target: targets.m33,
    wide: [...integer, ...dsp],
    floats: [...single, ...single5],
    v8: true,
  },
]

function sequences({ target, wide, floats }: Core): Case[] {
  const random = new Random(seed)
  const cases: Case[] = []
  for (let count = 0; count < RANDOM_INSTRUCTIONS; ) {
    const name = `sequence ${cases.length}`
    const { test, instructions } = randomCase(target.layout, { wide, floats }, random, name)
    cases.push(test)
    count += instructions
  }
  return cases
}

const VMOV_S0_S0 = [0xeeb0, 0x0a40]

/**
 * The case behind an instruction of floating point that does nothing, and after something inexact: the first
 * one after an exception is never compiled code's, and the rest is quickest then.
 */
function afterFirstFloat(each: Case, i: number): Case {
  const fpscr = i % 2 === 0 ? each.fpscr : (each.fpscr ?? 0) | INEXACT
  return { ...each, code: [...VMOV_S0_S0, ...each.code], ...(fpscr === undefined ? {} : { fpscr }) }
}

interface Suite {
  readonly name: string
  readonly scratch: number
  /** Compared with compiled code as well. */
  readonly compiled?: boolean
  /** Only of cores with floating point. */
  readonly floats?: boolean
  cases(core: Core): Case[]
}

interface BaselineSuite {
  readonly name: string
  readonly scratch: number
  cases(): Case[]
}

const all = (core: Core): Pattern[] => [...narrow, ...core.wide, ...core.floats]

/**
 * Where the two differ and rightly so, the cases say it: see `ignore`. Not compared at all is what
 * the architecture calls unpredictable.
 */
const suites: readonly Suite[] = [
  {
    name: 'every instruction that works on registers',
    scratch: 1,
    cases: (core) => patternCases(core.target.layout, all(core), TIMES, seed),
  },
  {
    name: 'loads and stores, aligned, misaligned, and where nothing answers',
    scratch: SCRATCH_WORDS,
    cases: ({ target }) => [
      ...memoryCases(target.layout, TIMES, seed),
      ...exclusiveCases(target.layout),
    ],
  },
  {
    name: 'branches, IT blocks, special registers, faults, random 16-bit encodings',
    scratch: SCRATCH_WORDS,
    cases: ({ target: { layout }, v8 }) => [
      ...branchCases(layout, TIMES, seed),
      ...blockCases(layout, 2, seed),
      ...systemCases(layout, v8),
      ...encodingCases(layout, 1000, seed),
      ...(v8 ? v8Cases(layout) : []),
    ],
  },
  {
    name: 'floating point, compiled',
    scratch: 1,
    floats: true,
    compiled: true,
    cases: (core) =>
      patternCases(core.target.layout, core.floats, TIMES, seed).map(afterFirstFloat),
  },
  {
    name: `random sequences, seed ${seed}`,
    scratch: RANDOM_SCRATCH_WORDS,
    compiled: true,
    cases: sequences,
  },
]

const { m0 } = targets

/** The same for ARMv6-M, which has so little of the rest that its programs are its own. */
const baselineSuites: readonly BaselineSuite[] = [
  {
    name: 'every instruction that works on registers',
    scratch: 1,
    cases: () => baselineRegisterCases(m0.layout, TIMES * 4, seed),
  },
  {
    name: 'loads and stores, aligned, misaligned, and where nothing answers',
    scratch: SCRATCH_WORDS,
    cases: () => baselineMemoryCases(m0.layout, TIMES * 4, seed),
  },
  {
    name: 'branches, special registers, faults, and what only larger profiles have',
    scratch: SCRATCH_WORDS,
    cases: () => [
      ...baselineBranchCases(m0.layout, TIMES, seed),
      ...baselineSystemCases(m0.layout),
      ...baselineEncodingCases(m0.layout, 1000, seed),
    ],
  },
  {
    name: `random sequences, seed ${seed}`,
    scratch: BASELINE_SCRATCH_WORDS,
    cases: () => {
      const random = new Random(seed)
      const cases: Case[] = []
      for (let count = 0; count < RANDOM_INSTRUCTIONS; ) {
        const { test, instructions } = baselineSequence(m0.layout, random, `${cases.length}`)
        cases.push(test)
        count += instructions
      }
      return cases
    },
  },
]

const tests = cores.length * suites.length + baselineSuites.length
const qemu = needsTool('qemu-system-arm', 'qemu-system-arm', tests)

function compare(
  name: string,
  target: Target,
  cases: readonly Case[],
  scratch: number,
  compiled = false,
): void {
  const image = new Image(target.layout, cases, scratch)
  const expected = runOnQemu(qemu ?? '', target, image)
  const wrong = differences(image, expected, runOnCore(target, image))
  console.log(`${name}: ${image.cases.length} programs compared`)
  expect(wrong.slice(0, 20).join('\n')).toBe('')
  if (!compiled) return
  const each = differences(image, expected, runOnCore(target, image, true))
  expect(each.slice(0, 20).join('\n'), 'compiled').toBe('')
}

describe.skipIf(qemu === undefined)('an emulated Cortex-M does what QEMU does', () => {
  for (const core of cores) {
    for (const { name, scratch, cases, compiled = false, floats = false } of suites) {
      if (floats && core.floats.length === 0) continue
      it(`${core.name}: ${name}`, () => {
        compare(`${core.name}, ${name}`, core.target, cases(core), scratch, compiled)
      })
    }
  }
  for (const { name, scratch, cases } of baselineSuites) {
    it(`Cortex-M0: ${name}`, () => compare(`Cortex-M0, ${name}`, m0, cases(), scratch))
  }
})

it('an ARMv6-M core has no CBZ, no IT and no FAULTMASK', () => {
  const { slot } = addresses(m0.layout.ram)
  const image = new Image(m0.layout, baselineUndefinedCases(m0.layout), 1)
  const ram = runOnCore(m0, image)
  const view = new DataView(ram.buffer, ram.byteOffset)
  image.cases.forEach(({ name }, i) => {
    const pc = view.getUint32(image.recordOffset(i) + 4 * image.fields.indexOf('pc'), true)
    expect([name, pc]).toEqual([name, slot])
  })
})
