import { describe, expect, it } from 'vitest'
import { needsTool } from '../../tools.js'
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
import { differences, runOnCore, runOnQemu, type Target, targets } from './compare.js'
import { addresses, type Case, Image } from './harness.js'
import { double, dsp, integer, narrow, type Pattern, single, single5 } from './patterns.js'

/** Another seed can be tried with OPENAMP_TEST_SEED. */
const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
/** Instructions that the random sequences of each core execute, at least. */
const RANDOM_INSTRUCTIONS = 100_000
const TIMES = 20

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

interface Suite {
  readonly name: string
  readonly scratch: number
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
    name: `random sequences, seed ${seed}`,
    scratch: RANDOM_SCRATCH_WORDS,
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

function compare(name: string, target: Target, cases: readonly Case[], scratch: number): void {
  const image = new Image(target.layout, cases, scratch)
  const wrong = differences(image, runOnQemu(qemu ?? '', target, image), runOnCore(target, image))
  console.log(`${name}: ${image.cases.length} programs compared`)
  expect(wrong.slice(0, 20).join('\n')).toBe('')
}

describe.skipIf(qemu === undefined)('an emulated Cortex-M does what QEMU does', () => {
  for (const core of cores) {
    for (const { name, scratch, cases } of suites) {
      it(`${core.name}: ${name}`, () => {
        compare(`${core.name}, ${name}`, core.target, cases(core), scratch)
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
