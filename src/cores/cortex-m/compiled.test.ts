import { describe, expect, it } from 'vitest'
import { Region } from '../../memory/region.js'
import { CortexM } from './core.js'
import { parts } from './parts.js'

const GRANULE = 0x1_0000
const RAM = 0x2000_0000
const CODE = 0x100
const CALLS = 2000

/**
 * A Cortex-M4 with 64 KiB of code memory at 0 and of RAM, and `halves` as its program.
 * `codeFirst`: whether code memory is the region that is fastest to reach.
 */
function coreWith(
  halves: readonly number[],
  compile: boolean,
  { codeFirst = false, threshold = 2, modules = 256 } = {},
): CortexM {
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 })
  const { buffer } = memory
  const ram = new Region({ name: 'ram', da: RAM, size: GRANULE, buffer, offset: GRANULE })
  const code = new Region({ name: 'code', da: 0, size: GRANULE, buffer, offset: 2 * GRANULE })
  code.setU32(0, RAM + 0x8000)
  code.setU32(4, CODE | 1)
  code.words16.set(halves, CODE / 2)
  const core = new CortexM({
    ...{ part: parts['cortex-m4'], regions: codeFirst ? [code, ram] : [ram, code] },
    bus: { load: () => -1, store: () => false },
    compile: compile
      ? { memory, state: 0, threshold, limits: { modules, bytes: 0x10_0000 } }
      : undefined,
  })
  core.reset(0)
  return core
}

/** Calls a function 2000 times, which adds 1 to r0; then it makes 2 of the 1, then 1 of the 2, for ever. */
const rewrites = [
  // ldr r4, [pc, #28]; ldrh r2, [r4]; adds r1, r2, #1; movs r5, #125
  ...[0x4c07, 0x8822, 0x1c51, 0x257d],
  // again: lsls r3, r5, #4
  0x012b,
  // call: bl function; subs r3, #1; bne call
  ...[0xf000, 0xf80b, 0x3b01, 0xd1fb],
  // strh r1, [r4]; isb; eor r1, r1, #3: of "adds r0, #1" it makes "adds r0, #2" and back
  ...[0x8021, 0xf3bf, 0x8f6f, 0xf081, 0x0103],
  // b again; nop
  ...[0xe7f4, 0xbf00],
  // the address of the function
  ...[CODE + 0x24, 0],
  // function: adds r0, #1; bx lr
  ...[0x3001, 0x4770],
]

describe('hot code', () => {
  it.each([256, 1])(
    'that has been written anew is executed after ISB, of %d modules',
    (modules) => {
      const interpreted = coreWith(rewrites, false)
      const compiled = coreWith(rewrites, true, { modules })
      // Each 5 instructions, and 5 around them.
      const pass = 5 * CALLS + 5
      let before = 0
      for (let i = 1; i <= 40; i++) {
        compiled.run(4 + i * pass - CALLS)
        expect(compiled.compiled.modules).toBeGreaterThan(0)
        expect(compiled.compiled.modules).toBeLessThanOrEqual(modules)
        for (const core of [interpreted, compiled]) core.run(4 + i * pass)
        expect(compiled.state).toEqual(interpreted.state)
        const sum = compiled.state.registers[0] ?? 0
        expect(sum - before).toBe(CALLS * (i % 2 === 0 ? 2 : 1))
        before = sum
      }
    },
  )

  it.each([
    { tier: 'interpreted', compile: false, place: 'the first region', codeFirst: true },
    { tier: 'interpreted', compile: false, place: 'another region', codeFirst: false },
    { tier: 'compiled', compile: true, place: 'the first region', codeFirst: true },
    { tier: 'compiled', compile: true, place: 'another region', codeFirst: false },
  ])('that writes itself anew is seen without a pause: $tier, in $place', (options) => {
    const { compile, codeFirst } = options
    // With a threshold of 0 the store is compiled as well.
    const core = coreWith(rewrites, compile, { codeFirst, threshold: 0 })
    const end = 4 + 8 * (5 * CALLS + 5)
    core.run(end)
    expect(core.state.registers[0]).toBe(4 * (1 + 2) * CALLS)
    core.run(end + 100)
    expect(core.compiled.modules > 0).toBe(compile)
  })
})
