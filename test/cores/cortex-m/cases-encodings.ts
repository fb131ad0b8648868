import { Random } from '../random.js'
import { addresses, type Case, type Layout, NOWHERE } from './harness.js'
import { flags } from './values.js'

/** True for 16-bit encodings that the architecture leaves unpredictable, or that end the run. */
function untamed(half: number): boolean {
  return (
    // Addresses of two registers could be anywhere.
    half >>> 12 === 5 ||
    // BKPT is a semihosting call; WFI and WFE wait.
    half >>> 8 === 0xbe ||
    half === 0xbf20 ||
    half === 0xbf30 ||
    // ADD, CMP, MOV, BX of SP or pc, or with bits that should be zero.
    half >>> 10 === 0x11 ||
    // CPS of nothing, and of A.
    half >>> 5 === 0x5b3 ||
    // IT blocks are cases of their own; POP of a pc that nobody has put there.
    half >>> 8 === 0xbf ||
    half >>> 8 === 0xbd
  )
}

/** Encodings of 16 bits by chance: those that do not exist among them. */
export function encodingCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const { scratch } = addresses(layout.ram)
  const set = Array.from({ length: 14 }, (_, i) =>
    i % 2 === 0 ? scratch + 0x40 + 8 * i : NOWHERE + 4 * i,
  )
  const cases: Case[] = []
  while (cases.length < times) {
    const half = random.below(0xe800)
    if (untamed(half)) continue
    const name = `encoding ${half.toString(16).padStart(4, '0')}`
    cases.push({ name, code: [half], registers: set, flags: flags(random) })
  }
  return cases
}
