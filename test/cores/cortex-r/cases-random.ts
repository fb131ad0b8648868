import { randomCase, type Vocabulary } from '../cortex-m/cases-random.js'
import type { Pattern } from '../cortex-m/patterns.js'
import { flags, floats, fpscr, registers } from '../cortex-m/values.js'
import type { Random } from '../random.js'
import { fillA32 } from './cases-single.js'
import type { Case } from './harness.js'
import { a32 } from './patterns.js'

/** FPSCR.AHP: there is no half precision. */
const ALTERNATIVE_HALF = 0x0400_0000

/** LR counts the turns of a sequence's loop. */
const COUNTER_BEGIN = 0xe3a0_e003 // mov lr, #3
const COUNTER_DOWN = 0xe25e_e001 // subs lr, lr, #1
const BNE = 0x1a00_0000

/** Of r8 and r9, which stay where they point to. */
const memory: readonly Pattern[] = [
  ['LDR, STR', 'cccc 0101 ub0l 1000 dddd 000000 iiiiii'],
  ['LDRH, STRH', 'cccc 0001 u10l 1000 dddd 00ii 1011 iiii'],
  ['LDRSB, LDRSH', 'cccc 0001 u101 1000 dddd 00ii 11h1 iiii'],
  ['LDM, STM', 'cccc 1000 100l 1001 0000000 kkkkkkkkk'],
  ['LDREX', 'cccc 00011001 1000 dddd 1111 1001 1111'],
  ['SWP', 'cccc 00010000 1000 dddd 0000 1001 nnnn'],
].map(([name = '', bits = '']) => ({
  name,
  bits,
  // Neither r8 nor r9 is loaded, and a list is not empty.
  valid: (field) =>
    field('c') !== 15 && (!bits.includes('k') || (field('k') & 0xff) === field('k')),
}))

const floatMemory: readonly Pattern[] = [
  { name: 'VLDR, VSTR', bits: 'cccc1101 up0l 1000 wwww 1010 0000 iiii' },
  { name: 'VLDR.64, VSTR.64', bits: 'cccc1101 u00l 1000 wwww 1011 0000 iiii' },
].map((pattern) => ({ ...pattern, valid: (field) => field('c') !== 15 }))

function choose(patterns: readonly Pattern[], random: Random): number {
  const pattern = patterns[random.below(patterns.length)]
  return pattern === undefined ? 0xe320_f000 : fillA32(pattern, random)
}

/** A list of registers must not be empty, or hold those that point. */
function isWorkable(word: number): boolean {
  return (word & 0x0e00_0000) !== 0x0800_0000 || (word & 0xff) !== 0
}

/** A sequence of some 40 A32 instructions, executed three times over. @returns how many those are */
export function randomA32(
  floatPatterns: readonly Pattern[],
  random: Random,
  name: string,
): { readonly test: Case; readonly instructions: number } {
  const length = 30 + random.below(30)
  const body: number[] = []
  while (body.length < length) {
    const kind = random.below(12)
    if (kind === 0) {
      // A branch over some of what comes next, under any condition.
      const skips = random.below(Math.min(6, length - body.length))
      body.push(((random.below(15) << 28) | 0x0a00_0000 | ((skips - 1) & 0xff_ffff)) >>> 0)
      continue
    }
    const patterns = kind < 7 ? a32 : kind < 9 ? memory : kind < 11 ? floatPatterns : floatMemory
    const word = choose(patterns, random)
    if (isWorkable(word)) body.push(word)
  }
  const back = (-(length + 1) - 2) & 0xff_ffff
  return {
    test: {
      name,
      set: 'A32',
      code: [COUNTER_BEGIN, ...body, COUNTER_DOWN, (BNE | back) >>> 0],
      registers: registers(random, 0),
      flags: flags(random),
      floats: floats(random, random.below(2) === 0),
      fpscr: fpscr(random) & ~ALTERNATIVE_HALF,
    },
    instructions: 3 * length,
  }
}

/** The same of T32, made as for Cortex-M. */
export function randomT32(
  vocabulary: Vocabulary,
  random: Random,
  name: string,
): { readonly test: Case; readonly instructions: number } {
  const layout = { vectors: 0, ram: 0, fpu: true }
  const { test, instructions } = randomCase(layout, vocabulary, random, name)
  const { code, registers: set, flags: bits = 0, floats: numbers = [], fpscr: modes = 0 } = test
  return {
    test: {
      ...{ name, set: 'T32', code, registers: set, flags: bits, floats: numbers },
      fpscr: modes & ~ALTERNATIVE_HALF,
    },
    instructions,
  }
}
