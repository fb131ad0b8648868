import { describe, expect, it } from 'vitest'
import { constant, nop, ThumbProgram, wfi } from '../../../test/cores/cortex-m/assembler.js'
import { Random } from '../../../test/cores/random.js'
import { Region } from '../../memory/region.js'
import type { DelayNote } from '../delay/delay-loops.js'
import { CortexM } from './core.js'
import { parts } from './parts.js'

const GRANULE = 0x1_0000
const RAM = 0x2000_0000
const CODE = 0x100
const SYSTICK_HANDLER = 0x80
const [NE, CC, PL, HI, LT] = [1, 3, 5, 8, 11] as const

type Way = 'interpreted' | 'compiled' | 'observed'

interface Machine {
  readonly core: CortexM
  readonly ram: Region
  readonly notes: DelayNote[]
}

/** @param way an observer is told of every instruction: nothing is skipped */
function machineWith(program: ThumbProgram, way: Way): Machine {
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 })
  const { buffer } = memory
  const ram = new Region({ name: 'ram', da: RAM, size: GRANULE, buffer, offset: GRANULE })
  const code = new Region({ name: 'code', da: 0, size: GRANULE, buffer, offset: 2 * GRANULE })
  code.setU32(0, RAM + 0x8000)
  code.setU32(4, CODE | 1)
  code.setU32(15 * 4, SYSTICK_HANDLER | 1)
  // SysTick: adds r4, #1; bx lr
  code.words16.set([0x3401, 0x4770], SYSTICK_HANDLER / 2)
  code.words16.set(program.halves(), CODE / 2)
  const notes: DelayNote[] = []
  const core = new CortexM({
    part: parts['cortex-m4'],
    regions: [ram, code],
    bus: { load: () => -1, store: () => false },
    compile: way === 'compiled' ? { memory, state: 0 } : undefined,
    onDelay: (note) => notes.push(note),
  })
  core.reset(0)
  if (way === 'observed') core.debug.control.observe({ instruction: () => {} })
  return { core, ram, notes }
}

const subs = (register: number, imm: number): number => 0x3800 | (register << 8) | imm
const adds = (register: number, imm: number): number => 0x3000 | (register << 8) | imm
const cmp = (register: number, imm: number): number => 0x2800 | (register << 8) | imm
const cmpRegisters = (rn: number, rm: number): number => 0x4280 | (rm << 3) | rn
const ldr = (rt: number, rn: number, offset: number): number =>
  0x6800 | ((offset / 4) << 6) | (rn << 3) | rt
const str = (rt: number, rn: number, offset: number): number =>
  0x6000 | ((offset / 4) << 6) | (rn << 3) | rt

/** The rounds in r0, the place of a variable in r7. */
function begin(rounds: number): ThumbProgram {
  return new ThumbProgram().emit(constant(0, rounds), constant(7, RAM))
}

const loops: Readonly<Record<string, (rounds: number) => ThumbProgram>> = {
  'SUBS, CMP, BNE': (rounds) =>
    begin(rounds).label('loop').emit(nop, subs(0, 1), cmp(0, 0)).branch('loop', NE).emit(wfi),
  'SUBS, BPL': (rounds) =>
    begin(rounds).label('loop').emit(subs(0, 1)).branch('loop', PL).emit(wfi),
  'ADDS and a signed limit': (rounds) =>
    begin(rounds).label('loop').emit(adds(1, 1), cmpRegisters(1, 0)).branch('loop', LT).emit(wfi),
  'a volatile counter on the stack': (rounds) =>
    begin(rounds)
      .label('loop')
      .emit(nop, ldr(3, 7, 4), adds(3, 1), str(3, 7, 4), ldr(3, 7, 4), cmpRegisters(0, 3))
      .branch('loop', HI)
      .emit(wfi),
  'a counter of the stack that is counted down': (rounds) =>
    begin(rounds)
      .emit(str(0, 7, 0))
      .label('loop')
      // subs r2, r3, #1
      .emit(ldr(3, 7, 0), 0x1e5a, str(2, 7, 0), cmp(3, 0))
      .branch('loop', NE)
      .emit(wfi),
  'CBZ out of it, and a limit that is made in every round': (rounds) =>
    begin(rounds)
      .label('loop')
      // cbz r0, over the branch and what makes the limit
      .emit(0xb138, subs(0, 1), constant(2, 0x1234_5678), adds(5, 3))
      .branch('loop')
      .emit(wfi),
  'the cycle counter, read by a function': (rounds) =>
    new ThumbProgram()
      .emit(constant(1, 0xe000_edfc), constant(0, 1 << 24), str(0, 1, 0))
      .emit(constant(7, 0xe000_1000), constant(0, 1), str(0, 7, 0))
      .emit(constant(0, 6 * rounds + (rounds % 6)), ldr(4, 7, 4))
      .label('loop')
      // bl, two instructions on; subs r3, r3, r4
      .emit([0xf000, 0xf805], 0x1b1b, cmpRegisters(3, 0))
      .branch('loop', CC)
      .emit(wfi)
      .emit(ldr(3, 7, 4), 0x4770),
  'a step of 5 that leads over the end': (rounds) =>
    begin(5 * rounds)
      .label('loop')
      .emit(adds(1, 5), cmpRegisters(1, 0))
      .branch('loop', CC)
      .emit(wfi),
}

describe.each(Object.entries(loops))('a delay loop, %s', (_, loop) => {
  it.each([20_000, 20_001, 20_002, 20_003, 20_004, 20_005, 20_006])(
    'is at each cycle where it would be if nothing were skipped, in both tiers: %d rounds',
    (rounds) => {
      const ways = ['observed', 'interpreted', 'compiled'] as const
      const machines = ways.map((way) => machineWith(loop(rounds), way))
      const random = new Random(20_240_229)
      for (let cycle = 0; cycle < 250_000; cycle += 1 + random.below(9000)) {
        const [observed, ...others] = machines.map(({ core, ram }) => {
          const stop = core.run(cycle)
          return [stop, core.cycle, core.state, ram.words16.slice(0, 4)]
        })
        for (const other of others) expect(other).toEqual(observed)
      }
      expect(machines[0]?.core.run(300_000)).toEqual({ kind: 'waiting' })
    },
  )

  it('is skipped', () => {
    const { core, notes } = machineWith(loop(300_000_000), 'interpreted')
    expect(core.run(Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'waiting' })
    expect(core.cycle).toBeGreaterThan(600_000_000)
    expect(notes).toHaveLength(1)
  })
})

describe('SysTick in a delay loop', () => {
  const ticking = (period: number, rounds: number): ThumbProgram =>
    new ThumbProgram()
      .emit(constant(1, 0xe000_e010), constant(0, period - 1), str(0, 1, 4))
      .emit(constant(0, 7), str(0, 1, 0), constant(0, rounds))
      .label('loop')
      .emit(subs(0, 1))
      .branch('loop', NE)
      // cpsid i; what stops the timer
      .emit(0xb672, constant(0, 0), str(0, 1, 0), wfi)

  it('leaves the loop to be skipped, also where it ticks as slices end', () => {
    const { core, notes } = machineWith(ticking(25_000, 200_000_000), 'interpreted')
    let stop = core.run(0)
    for (let cycle = 25_010; stop.kind === 'budget'; cycle += 25_000) stop = core.run(cycle)
    expect(stop).toEqual({ kind: 'waiting' })
    expect(notes).toHaveLength(1)
    expect(core.state.registers[4]).toBe(16_001)
  })

  it('comes in at the same instructions, in both tiers', () => {
    const machines = (['observed', 'interpreted', 'compiled'] as const).map((way) =>
      machineWith(ticking(977, 40_000), way),
    )
    for (let cycle = 0; cycle < 80_000; cycle += 1009) {
      const [observed, ...others] = machines.map(({ core }) => [
        core.run(cycle),
        core.cycle,
        core.state,
      ])
      for (const other of others) expect(other).toEqual(observed)
    }
    expect(machines[0]?.core.state.registers[4]).toBeGreaterThan(70)
  })
})

describe('a delay loop of two billion rounds', () => {
  it.each(['interpreted', 'compiled'] as const)('is over in no time, %s', (way) => {
    const rounds = 2_000_000_000
    const { core } = machineWith(loops['SUBS, BPL']?.(rounds) ?? new ThumbProgram(), way)
    expect(core.run(Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'waiting' })
    expect(core.cycle).toBe(5 + 2 * (rounds + 1))
  })
})
