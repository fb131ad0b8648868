import { describe, expect, it } from 'vitest'
import { Region } from '../../memory/region.js'
import { CortexM } from './core.js'
import { parts } from './parts.js'

const GRANULE = 0x1_0000
const RAM = 0x2000_0000
const CODE = 0x100
const CALLS = 2000
/** All code is compiled, before it is executed for the first time. */
const EVERYTHING = 0
/** The number of the exception of interrupt 0, and where a program has its handler, if it has one. */
const EXTERNAL = 16
const HANDLER = CODE + 0x58

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
  code.setU32(4 * EXTERNAL, HANDLER | 1)
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

/** All of a core that its program and its interrupts may have changed. */
function seenOf({ cycle, state, cpu }: CortexM): unknown {
  const { s, fpscr, control, traps, fpuReady } = cpu
  return { cycle, state, s: [...s], fpscr, control, traps, fpuReady }
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

/** The same, but the function is stored by way of a register of the floating-point unit. */
const rewritesByFloat = [
  // CPACR: floating point on
  ...[0x480a, 0xf44f, 0x0170, 0x6001],
  // movs r0, #0; ldr r4, the address of the function; ldr r1, its other text
  ...[0x2000, 0x4c09, 0x4909],
  // again: movw r3, #CALLS; call: bl function; subs r3, #1; bne call
  ...[0xf240, 0x73d0, 0xf000, 0xf811, 0x3b01, 0xd1fb],
  // vmov s0, r1; vstr s0, [r4]; isb; eor r1, r1, #3; b again
  ...[0xee00, 0x1a10, 0xed84, 0x0a00, 0xf3bf, 0x8f6f, 0xf081, 0x0103, 0xe7f0],
  // the address of CPACR; of the function; "adds r0, #2; bx lr"
  ...[0xed88, 0xe000, CODE + 0x38, 0, 0x3002, 0x4770],
  // function: adds r0, #1; bx lr
  ...[0x3001, 0x4770],
]

/**
 * Computes for ever, with additions, products, comparisons and conversions in single precision, and what
 * handlers of interrupts do to it: the handler adds, too.
 */
const computes = [
  // CPACR: floating point on; the external interrupt 0 on
  ...[0x4813, 0xf45f, 0x0170, 0x6001, 0x4812, 0x2101, 0x6001],
  // vmov.f32 s1, #1; vmov.f32 s2, #3; vdiv.f32 s3, s1, s2; vmov.f32 s0, #0.5
  ...[0xeef7, 0x0a00, 0xeeb0, 0x1a08, 0xeec0, 0x1a81, 0xeeb6, 0x0a00],
  // again: adds r2, #1; vmov s4, r2; vcvt.f32.u32 s4, s4
  ...[0x3201, 0xee02, 0x2a10, 0xeeb8, 0x2a42],
  // vmla.f32 s0, s3, s4; vfma.f32 s0, s3, s1
  ...[0xee01, 0x0a82, 0xeea1, 0x0aa0],
  // vcmp.f32 s0, s4; vmrs APSR_nzcv, fpscr; it gt; vsubgt.f32 s0, s0, s4
  ...[0xeeb4, 0x0a42, 0xeef1, 0xfa10, 0xbfc8, 0xee30, 0x0a42],
  // vpush {s3-s4}; vpop {s5-s6}; vmov r3, s5; eors r4, r3; b again
  ...[0xed6d, 0x1a02, 0xecfd, 0x2a02, 0xee12, 0x3a90, 0x405c, 0xe7e7],
  // the addresses of CPACR and of NVIC_ISER0
  ...[0, 0xed88, 0xe000, 0xe100, 0xe000],
  // handler: adds r6, #1; vmov s0, r6; vadd.f32 s0, s0, s0; vmov r5, s0; bx lr
  ...[0x3601, 0xee00, 0x6a10, 0xee30, 0x0a00, 0xee10, 0x5a10, 0x4770],
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

  it.each([
    { tier: 'interpreted', compile: false },
    { tier: 'compiled', compile: true },
  ])('that a store of floats writes anew is seen without a pause: $tier', ({ compile }) => {
    const core = coreWith(rewritesByFloat, compile, { threshold: EVERYTHING })
    core.run(6 + 8 * (5 * CALLS + 6))
    expect(core.state.registers[0]).toBe(4 * (1 + 2) * CALLS)
  })

  it.each([
    ['hot code', 2],
    ['all code', EVERYTHING],
  ] as const)(
    'that computes in floating point is interrupted where interpreted code is: %s',
    (_, threshold) => {
      const interpreted = coreWith(computes, false)
      const compiled = coreWith(computes, true, { threshold })
      for (let cycle = 10_000; cycle < 300_000; cycle += 997) {
        for (const core of [interpreted, compiled]) {
          core.run(cycle)
          core.setInterrupt(0, cycle % 3 !== 0)
          // Somewhere in the handler, or where it has returned to, the line falls.
          core.run(cycle + (cycle % 29))
          core.setInterrupt(0, false)
        }
        expect(seenOf(compiled)).toEqual(seenOf(interpreted))
      }
      expect(compiled.compiled.modules).toBeGreaterThan(0)
      expect(compiled.cpu.traps).toBeGreaterThan(100)
    },
  )
})
