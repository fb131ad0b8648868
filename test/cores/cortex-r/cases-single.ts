import { fill, type Pattern } from '../cortex-m/patterns.js'
import { flags, floats, fpscr, registers } from '../cortex-m/values.js'
import { Random } from '../random.js'
import type { Case } from './harness.js'

/** An A32 instruction by a pattern: one word, of which `fill` gives the upper half first. */
export function fillA32(pattern: Pattern, random: Random): number {
  const [upper, lower] = fill(pattern, random)
  return (((upper ?? 0) << 16) | (lower ?? 0)) >>> 0
}

/** Each pattern `times` times, with fields and operands by chance. */
export function patternCases(
  set: Case['set'],
  patterns: readonly Pattern[],
  times: number,
  seed: number,
): Case[] {
  const random = new Random(seed)
  // The registers of many cases are the same ones: an image has room for so many sets only.
  const sets = Array.from({ length: 60 }, () => registers(random, 0))
  const floatSets = Array.from({ length: 60 }, (_, i) => floats(random, i % 2 === 1))
  return patterns.flatMap((pattern) =>
    Array.from({ length: times }, (): Case => {
      const code = set === 'A32' ? [fillA32(pattern, random)] : fill(pattern, random)
      const hex = code.map((each) => each.toString(16).padStart(set === 'A32' ? 8 : 4, '0'))
      return {
        name: `${pattern.name} ${hex.join(' ')}`,
        set,
        code,
        registers: sets[random.below(sets.length)] ?? [],
        flags: flags(random),
        floats: floatSets[random.below(floatSets.length)] ?? [],
        fpscr: fpscr(random) & ~0x0400_0000,
      }
    }),
  )
}
