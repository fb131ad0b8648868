import { expect, test } from 'vitest'
import { Random } from '../../../test/cores/random.js'
import { roundsWhile } from './progress.js'
import type { Test } from './step.js'

const tests: Readonly<Record<Test, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ltu: (a, b) => a >>> 0 < b >>> 0,
  geu: (a, b) => a >>> 0 >= b >>> 0,
  gtu: (a, b) => a >>> 0 > b >>> 0,
  leu: (a, b) => a >>> 0 <= b >>> 0,
}
const names = Object.keys(tests).filter((name): name is Test => name in tests)
const ROUNDS = 50

/** Rounds from the first one on in which the test holds, as far as `ROUNDS`. */
function counted(name: Test, base: number, step: number, limit: number, turned: boolean): number {
  for (let n = 0; n < ROUNDS; n++) {
    const value = (base + Math.imul(step, n)) | 0
    if (!(turned ? tests[name](limit, value) : tests[name](value, limit))) return n
  }
  return ROUNDS
}

test.each(names)('"%s": a test holds for as many rounds as are said, wherever it ends', (name) => {
  const random = new Random(20_240_229)
  const edges = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]
  for (let i = 0; i < 500; i++) {
    const limit = i % 3 === 0 ? (edges[random.below(edges.length)] ?? 0) : random.word() | 0
    const step = random.below(9) - 4
    const base = (limit + random.below(61) - 30) | 0
    for (const turned of [false, true]) {
      const [a, b] = [
        { base, step },
        { base: limit, step: 0 },
      ]
      const said = roundsWhile(name, turned ? b : a, turned ? a : b) ?? -1
      const real = counted(name, base, step, limit, turned)
      const within = Math.min(said, ROUNDS)
      expect(within > 0).toBe(real > 0)
      // A step may lead over the values that end the loop: then it goes on for longer than is said.
      if (Math.abs(step) > 1) expect(within).toBeLessThanOrEqual(real)
      else expect([step, base, limit, within]).toEqual([step, base, limit, real])
    }
  }
})

test('nothing is said where both sides change', () => {
  expect(roundsWhile('ltu', { base: 0, step: 1 }, { base: 9, step: 2 })).toBeUndefined()
})
