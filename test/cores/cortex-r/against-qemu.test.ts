import { describe, expect, it } from 'vitest'
import { needsTool } from '../../tools.js'
import { double, dsp, integer, narrow, single } from '../cortex-m/patterns.js'
import { differences } from '../differences.js'
import { Random } from '../random.js'
import { directedCases } from './cases-directed.js'
import { randomA32, randomT32 } from './cases-random.js'
import { patternCases } from './cases-single.js'
import { runOnCore, runOnQemu } from './compare.js'
import { faults, flow, system, thumb } from './directed-flow.js'
import { memory } from './directed-memory.js'
import { type Case, Image, MODE } from './harness.js'
import { a32, inA32, vfpv3 } from './patterns.js'

/** Another seed can be tried with OPENAMP_TEST_SEED. */
const seed = Number(process.env['OPENAMP_TEST_SEED'] ?? 20_240_229)
/** Instructions that the random sequences of each instruction set execute, at least. */
const RANDOM_INSTRUCTIONS = 100_000
const TIMES = 20
/** Words of scratch memory, where cases have to do with memory. */
const SCRATCH_WORDS = 64

const floats = vfpv3([...single, ...double])

type Sequence = (random: Random, name: string) => { test: Case; instructions: number }

function sequences(make: Sequence): Case[] {
  const random = new Random(seed)
  const cases: Case[] = []
  for (let count = 0; count < RANDOM_INSTRUCTIONS; ) {
    const { test, instructions } = make(random, `sequence ${cases.length}`)
    cases.push(test)
    count += instructions
  }
  return cases
}

/** What QEMU does not know of a Cortex-R5: SCTLR and FPSID read 0 there. */
const unknown: readonly [RegExp, readonly string[]][] = [
  [/fmrx r0, fpsid/, ['r0']],
  [/c1, c0, 0; orr/, ['r4']],
]

function systemCases(more: Partial<Case> = {}): Case[] {
  return directedCases('A32', system, more).map((each) => {
    const ignore = unknown.find(([name]) => name.test(each.name))?.[1]
    return ignore === undefined ? each : { ...each, ignore }
  })
}

const user = { mode: MODE.USR }

const suites: readonly (readonly [string, number, () => Case[]])[] = [
  ['every A32 instruction that works on registers', 1, () => patternCases('A32', a32, TIMES, seed)],
  [
    'every T32 instruction that works on registers',
    1,
    () => patternCases('T32', [...narrow, ...integer, ...dsp], TIMES, seed),
  ],
  [
    'floating point in both instruction sets',
    1,
    () => [
      ...patternCases('A32', inA32(floats), TIMES, seed),
      ...patternCases('T32', floats, TIMES, seed),
    ],
  ],
  [
    'A32 loads and stores, aligned, misaligned, exclusive, of one register and of many',
    SCRATCH_WORDS,
    () => [...directedCases('A32', memory), ...directedCases('A32', memory, user)],
  ],
  ['exceptions, and what they leave in CP15', 1, () => directedCases('A32', faults)],
  ['jumps, from one instruction set to the other as well', 1, () => directedCases('A32', flow)],
  [
    'modes, status registers, return states, CP15',
    SCRATCH_WORDS,
    () => [...systemCases(), ...systemCases(user)],
  ],
  ['what T32 has beyond the M profile', SCRATCH_WORDS, () => directedCases('T32', thumb)],
  [
    `random sequences of A32, seed ${seed}`,
    SCRATCH_WORDS,
    () => sequences((random, name) => randomA32(inA32(floats), random, name)),
  ],
  [
    `random sequences of T32, seed ${seed}`,
    SCRATCH_WORDS,
    () =>
      sequences((random, name) => randomT32({ wide: [...integer, ...dsp], floats }, random, name)),
  ],
]

const qemu = needsTool('qemu-system-arm', 'qemu-system-arm', suites.length)

describe.skipIf(qemu === undefined)('an emulated Cortex-R5 does what QEMU does', () => {
  for (const [name, scratch, cases] of suites) {
    it(name, () => {
      const image = new Image(cases(), scratch)
      const expected = runOnQemu(qemu ?? '', image)
      const wrong = differences(image, expected, runOnCore(image))
      console.log(`Cortex-R5, ${name}: ${image.cases.length} programs compared`)
      expect(wrong.slice(0, 20).join('\n')).toBe('')
    })
  }
})
