import type { Case } from './harness.js'

/** Jumps by register, which the pointers that the registers hold would lead anywhere. */
function isRegisterJump(half: number): boolean {
  return (half & 0xe07f) === 0x8002 && ((half >>> 7) & 31) > 1
}

/** C.J, C.JAL, C.BEQZ and C.BNEZ to themselves: they would not come to an end. */
function isEndless(half: number): boolean {
  const jump = (half & 0x6003) === 0x2001 && (half & 0x1ffc) === 0
  return jump || ((half & 0xc003) === 0xc001 && (half & 0x1c7c) === 0)
}

/** Every 16-bit encoding there is, legal or not, with every register pointing into memory. */
export function compressedCases(quadrant: number): Case[] {
  const cases: Case[] = []
  for (let half = quadrant; half < 0x1_0000; half += 4) {
    if (isRegisterJump(half) || isEndless(half)) continue
    const name = `0x${half.toString(16).padStart(4, '0')}`
    cases.push({ name, set: 'pointers', code: [half] })
  }
  return cases
}
