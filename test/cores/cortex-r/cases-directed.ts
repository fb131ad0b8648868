import { SCRATCH } from '../cortex-m/places.js'
import { type Case, CODE, NOWHERE } from './harness.js'

/** r0 to r12 and LR: what the directed cases count on. */
const registers = [
  ...[0x8000_0001, 4, 8, SCRATCH + 2, 0, 0x5555_5555],
  // Where to jump, to A32 and to T32.
  ...[CODE + 0x40, CODE + 0x41],
  ...[SCRATCH + 0x40, SCRATCH, NOWHERE, 0x0bad_cafe, 0x7fff_ffff, CODE + 0x21],
] as const

/** None, Z, N and C, all of them. */
const flags = [0, 0x4000_0000, 0xa000_0000, 0xf80f_0000] as const

/** Each piece of code with flags of several kinds. */
export function directedCases(
  set: Case['set'],
  pieces: readonly (readonly [string, ...number[]])[],
  more: Partial<Case> = {},
): Case[] {
  return pieces.flatMap(([name, ...code]) =>
    flags.map((each) => ({
      name: `${set}, flags 0x${each.toString(16)}: ${name}`,
      ...{ set, code, registers, flags: each },
      ...more,
    })),
  )
}
