import { Random } from '../random.js'
import type { Case, Layout } from './harness.js'
import { fill, type Pattern } from './patterns.js'
import { flags, floats, fpscr, registers } from './values.js'

/** Each pattern `times` times, with fields and operands by chance. */
export function patternCases(
  layout: Layout,
  patterns: readonly Pattern[],
  times: number,
  seed: number,
): Case[] {
  const random = new Random(seed)
  // The registers of many cases are the same ones: an image has room for so many sets only.
  const sets = Array.from({ length: 60 }, () => registers(random, layout.ram))
  const floatSets = Array.from({ length: 60 }, (_, i) => floats(random, i % 2 === 1))
  return patterns.flatMap((pattern) =>
    Array.from({ length: times }, (): Case => {
      const code = fill(pattern, random)
      const hex = code.map((half) => half.toString(16).padStart(4, '0')).join(' ')
      return {
        name: `${pattern.name} ${hex}`,
        code,
        registers: sets[random.below(sets.length)] ?? [],
        flags: flags(random),
        ...(layout.fpu
          ? { floats: floatSets[random.below(floatSets.length)] ?? [], fpscr: fpscr(random) }
          : {}),
      }
    }),
  )
}
