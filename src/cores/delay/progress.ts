import type { Test } from './step.js'

const WORDS = 2 ** 32
const SIGN = 0x8000_0000

/** A value in round n of a loop: `base` + n × `step`, of 32 bits, as signed numbers. */
export interface Progress {
  readonly base: number
  /** Where it is of a clock, any number: the value is then no further on than that, rounded up. */
  readonly step: number
  /** It is what a clock shows: the step is not one modulo 2^32. */
  readonly clock?: boolean
}

/** a + b, or a - b; undefined where nothing can be said. */
export function combine(a: Progress, b: Progress, minus: boolean): Progress | undefined {
  const base = (minus ? a.base - b.base : a.base + b.base) | 0
  const step = minus ? a.step - b.step : a.step + b.step
  if (!a.clock && !b.clock) return { base, step: step | 0 }
  return a.step === 0 || b.step === 0 ? { base, step, clock: true } : undefined
}

/** The test with its operands in the other order. */
const turned: Readonly<Record<Test, Test>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  ge: 'le',
  ltu: 'gtu',
  geu: 'leu',
  gt: 'lt',
  le: 'ge',
  gtu: 'ltu',
  leu: 'geu',
}

/**
 * In how many rounds, from the first one on, the test certainly holds; Infinity where it always does.
 * Undefined where nothing can be said: both sides change.
 */
export function roundsWhile(test: Test, a: Progress, b: Progress): number | undefined {
  if (a.step === 0) return b.step === 0 ? rounds(test, a, b.base) : rounds(turned[test], b, a.base)
  return b.step === 0 ? rounds(test, a, b.base) : undefined
}

/**
 * The values for which a test against `limit` holds are an interval of the circle of 2^32 values. The
 * rounds are those until its end is crossed in the direction of the step.
 */
function rounds(test: Test, { base, step }: Progress, limit: number): number {
  const { from, length } = interval(test, limit)
  const distance = (base - from) >>> 0
  if (distance >= length) return 0
  if (step === 0 || length === WORDS) return Number.POSITIVE_INFINITY
  const most = step > 0 ? (length - distance - 1) / step : distance / -step
  return Math.floor(most) + 1
}

interface Interval {
  readonly from: number
  /** From 0 to 2^32. */
  readonly length: number
}

function interval(test: Test, limit: number): Interval {
  const unsigned = limit >>> 0
  // From the smallest of the signed numbers.
  const signed = (limit - SIGN) >>> 0
  switch (test) {
    case 'eq':
      return { from: limit, length: 1 }
    case 'ne':
      return { from: limit + 1, length: WORDS - 1 }
    case 'ltu':
      return { from: 0, length: unsigned }
    case 'leu':
      return { from: 0, length: unsigned + 1 }
    case 'geu':
      return { from: limit, length: WORDS - unsigned }
    case 'gtu':
      return { from: limit + 1, length: WORDS - unsigned - 1 }
    case 'lt':
      return { from: SIGN, length: signed }
    case 'le':
      return { from: SIGN, length: signed + 1 }
    case 'ge':
      return { from: limit, length: WORDS - signed }
    case 'gt':
      return { from: limit + 1, length: WORDS - signed - 1 }
  }
}
