import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program, reg } from '../../../test/cores/assembler.js'
import { Random } from '../../../test/cores/random.js'
import { Region } from '../../memory/region.js'
import type { DelayNote } from '../delay/delay-loops.js'
import { Rv32 } from './rv32.js'
import { MTI } from './trap.js'

const { a0, a1, a2, a3, ra, s0, t0, zero } = reg
const BASE = 0x8000_0000
const GRANULE = 0x1_0000
const SLOT = BASE + 0x8000
/** `mtime`, a while before its upper half changes from 0 to 1 and 2. */
const TIMER = 0x0200_bff8
const MTIME_AT_RESET = 2 * 2 ** 32 - 4000
const CYCLES_PER_TICK = 7
const sltu = (rd: number, rs1: number, rs2: number): number => asm.typeR(0x33, 3, 0, rd, rs1, rs2)
const sub = (rd: number, rs1: number, rs2: number): number => asm.typeR(0x33, 0, 0x20, rd, rs1, rs2)
const BNE = 1
const BLTU = 6
const BGEU = 7

type Way = 'interpreted' | 'compiled' | 'observed'

interface Machine {
  readonly core: Rv32
  readonly ram: Region
  readonly notes: DelayNote[]
}

/** @param way an observer is told of every instruction: nothing is skipped */
function machineWith(program: Program, way: Way): Machine {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 })
  const { buffer } = memory
  const ram = new Region({ name: 'ram', da: BASE, size: GRANULE, buffer, offset: GRANULE })
  const again = new Region({ ...{ name: 'again', da: 0, size: GRANULE, buffer }, offset: GRANULE })
  const notes: DelayNote[] = []
  let reads = 0
  const mtime = (): number => MTIME_AT_RESET + Math.floor(core.cycle / CYCLES_PER_TICK)
  const low = (): number => mtime() % 2 ** 32
  const high = (): number => Math.floor(mtime() / 2 ** 32)
  const core: Rv32 = new Rv32({
    regions: [ram, again],
    bus: {
      load: (address) => (address === TIMER ? low() : address === TIMER + 4 ? high() : ++reads),
      store: () => false,
      counting: (address) => {
        if (address === TIMER) {
          return { value: low(), perCycle: 1 / CYCLES_PER_TICK, until: Number.POSITIVE_INFINITY }
        }
        if (address !== TIMER + 4) return undefined
        const until = core.cycle + (2 ** 32 - 1 - low()) * CYCLES_PER_TICK
        return { value: high(), perCycle: 0, until }
      },
    },
    time: () => 0,
    compile: way === 'compiled' ? { memory, state: 0 } : undefined,
    onDelay: (note) => notes.push(note),
  })
  ram.bytes.set(program.bytes())
  core.reset(BASE)
  if (way === 'observed') core.debug.control.observe({ instruction: () => {} })
  return { core, ram, notes }
}

/** Reads a timer of 64 bits into a2 and a3. */
function readTimer(p: Program): Program {
  return p
    .label('again')
    .emit(asm.lw(a3, s0, 4), asm.lw(a2, s0, 0), asm.lw(t0, s0, 4))
    .branch(BNE, a3, t0, 'again')
}

/** Waits until a timer of 64 bits has come to a0 and a1. */
function waitForTimer(rounds: number, read: (p: Program) => Program, more = ''): Program {
  // Beyond the next value of the upper half, and a little before.
  const p = new Program().emit(...asm.li(s0, TIMER), ...asm.li(a0, rounds), asm.addi(a1, zero, 2))
  if (more !== '') p.jump('loop').label(more)
  if (more !== '') readTimer(p).emit(asm.jalr(zero, ra, 0))
  read(p.label('loop'))
  return p
    .branch(BLTU, a3, a1, 'loop')
    .branch(BNE, a3, a1, 'out')
    .branch(BLTU, a2, a0, 'loop')
    .label('out')
    .emit(asm.wfi)
}

/** Counts a0 in rounds of `length` instructions, then sleeps. */
const loops: Readonly<Record<string, (rounds: number) => Program>> = {
  'a register counted down': (rounds) =>
    new Program()
      .emit(...asm.li(a0, rounds))
      .label('loop')
      .emit(asm.nop, asm.addi(a0, a0, -1))
      .branch(BNE, a0, zero, 'loop')
      .emit(asm.wfi),
  'a register counted up to a limit, tested at the top': (rounds) =>
    new Program()
      .emit(...asm.li(a1, rounds))
      .label('loop')
      .branch(BGEU, a0, a1, 'out')
      .emit(asm.addi(a0, a0, 1))
      .jump('loop')
      .label('out')
      .emit(asm.wfi),
  'a volatile counter on the stack, and a limit beside it': (rounds) =>
    new Program()
      .emit(...asm.li(s0, SLOT), ...asm.li(a1, rounds), asm.sw(a1, s0, 4))
      .jump('test')
      .label('loop')
      .emit(asm.nop, asm.lw(a0, s0, 0), asm.addi(a0, a0, 1), asm.sw(a0, s0, 0))
      .label('test')
      .emit(asm.lw(a0, s0, 0), asm.lw(a2, s0, 4))
      .branch(BLTU, a0, a2, 'loop')
      .emit(asm.wfi),
  'a counter of the stack that is read again behind its test': (rounds) =>
    new Program()
      .emit(...asm.li(s0, SLOT), ...asm.li(a1, rounds), asm.sw(a1, s0, 0))
      .label('loop')
      .emit(asm.lw(a0, s0, 0), asm.addi(a2, a0, -1), asm.sw(a2, s0, 0))
      .branch(BNE, a0, zero, 'loop')
      .emit(asm.wfi),
  'two counters, with a constant that is made anew in every round': (rounds) =>
    new Program()
      .label('loop')
      .emit(asm.addi(a0, a0, 3), ...asm.li(a1, rounds * 3), asm.addi(a3, a3, -7))
      .branch(BLTU, a0, a1, 'loop')
      .emit(asm.wfi),
  'a step that leads over the end': (rounds) =>
    new Program()
      .emit(...asm.li(a1, rounds * 4 + 2), asm.addi(a0, zero, 2))
      .label('loop')
      .emit(asm.addi(a0, a0, 4))
      .branch(BNE, a0, a1, 'loop')
      .emit(asm.wfi),
  'a timer of 64 bits that is read until it is late enough': (rounds) =>
    waitForTimer(Math.floor(rounds / 10) + (rounds % 7), readTimer),
  'the same, read by a function': (rounds) =>
    waitForTimer(
      Math.floor(rounds / 10) + (rounds % 7),
      (p) => p.to('timer', (offset) => asm.jal(ra, offset)),
      'timer',
    ),
  'a timer of which the time since then is computed, 64 bits wide': (rounds) =>
    new Program()
      .emit(...asm.li(s0, TIMER), asm.lw(a0, s0, 0), ...asm.li(a1, rounds))
      .label('loop')
      .emit(asm.lw(a2, s0, 0), sltu(a3, a2, a0), sub(a2, a2, a0))
      .branch(BLTU, a2, a1, 'loop')
      .emit(asm.wfi),
  'the cycle counter': (rounds) =>
    new Program()
      .emit(asm.csrrs(a0, csr.mcycle, zero), ...asm.li(a1, 3 * rounds + (rounds % 3)))
      .label('loop')
      .emit(asm.csrrs(a2, csr.mcycle, zero), sub(a2, a2, a0))
      .branch(BGEU, a1, a2, 'loop')
      .emit(asm.wfi),
  // Not skipped: what a round does, or what it finds, is not known.
  'a register that changes by being read': (rounds) =>
    new Program()
      .emit(...asm.li(s0, TIMER), ...asm.li(a1, rounds))
      .label('loop')
      .emit(asm.lw(a2, s0, 8))
      .branch(BLTU, a2, a1, 'loop')
      .emit(asm.wfi),
  // Nor is this: what a round does depends on what the last one has left.
  'a word that is seen at two addresses': (rounds) =>
    new Program()
      .emit(...asm.li(s0, SLOT), ...asm.li(a1, rounds), ...asm.li(a3, SLOT - BASE))
      .label('loop')
      .emit(asm.lw(a0, s0, 0), asm.addi(a0, a0, 1), asm.sw(a0, a3, 0), asm.lw(a2, a3, 0))
      .branch(BLTU, a2, a1, 'loop')
      .emit(asm.wfi),
  'a register that is a round behind': (rounds) =>
    new Program()
      .emit(...asm.li(a1, rounds))
      .label('loop')
      .emit(asm.addi(a3, a2, 0), asm.addi(a2, a0, 0), asm.addi(a0, a0, 1))
      .branch(BLTU, a0, a1, 'loop')
      .emit(asm.wfi),
  'a sum that doubles': (rounds) =>
    new Program()
      .emit(...asm.li(a1, rounds))
      .label('loop')
      .emit(asm.add(a2, a2, a2), asm.addi(a2, a2, 1), asm.addi(a0, a0, 1))
      .branch(BLTU, a0, a1, 'loop')
      .emit(asm.wfi),
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
          return [stop, core.cycle, core.state, ram.words16.slice(0x4000, 0x4004)]
        })
        for (const other of others) expect(other).toEqual(observed)
      }
      expect(machines[0]?.core.run(300_000)).toEqual({ kind: 'waiting' })
    },
  )
})

const skipped = Object.entries(loops).filter(
  ([name]) => !/changes|two addresses|doubles|behind$/.test(name),
)

it.each(skipped)('%s: of hundreds of millions of rounds hardly any are executed', (_, loop) => {
  const { core, notes } = machineWith(loop(300_000_000), 'interpreted')
  expect(core.run(Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'waiting' })
  expect(core.cycle).toBeGreaterThan(200_000_000)
  expect(notes.length).toBe(1)
})

it('a loop that fills memory is executed as it is', () => {
  const p = new Program()
    .emit(...asm.li(s0, SLOT), ...asm.li(a1, 7000))
    .label('loop')
    .emit(asm.sw(a0, s0, 0), asm.addi(s0, s0, 4), asm.addi(a0, a0, 1))
    .branch(BLTU, a0, a1, 'loop')
    .emit(asm.wfi)
  const [observed, skipping] = (['observed', 'interpreted'] as const).map((way) => {
    const { core, ram } = machineWith(p, way)
    for (let cycle = 0; cycle < 40_000; cycle += 999) core.run(cycle)
    return ram.bytes
  })
  expect(skipping).toEqual(observed)
})

describe('a delay loop of two billion rounds', () => {
  const rounds = 2_000_000_000

  it.each(['interpreted', 'compiled'] as const)('is over in no time, %s', (way) => {
    const { core, notes } = machineWith(
      loops['a register counted down']?.(rounds) ?? new Program(),
      way,
    )
    expect(core.run(Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'waiting' })
    expect(core.cycle).toBe(3 + 3 * rounds)
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatchObject({ pc: BASE + 8, length: 3, memory: false })
    expect(notes[0]?.rounds).toBeGreaterThan(0.99 * rounds)
  })

  it('is told of at the same cycle in both tiers, once a place, and again after a reset', () => {
    const told = (['interpreted', 'compiled'] as const).map((way) => {
      const { core, notes } = machineWith(
        loops['a register counted down']?.(rounds) ?? new Program(),
        way,
      )
      const log: unknown[] = []
      for (let life = 0; life < 2; life++) {
        core.reset(BASE)
        for (let slice = 1; slice <= 20; slice++) {
          core.run(slice * 25_000)
          log.push(...notes.splice(0).map((note) => [core.cycle, note]))
        }
      }
      return log
    })
    expect(told[0]).toHaveLength(2)
    expect(told[1]).toEqual(told[0])
  })
})

describe('an interrupt in a delay loop', () => {
  /** Its handler counts in t0, and acknowledges nothing: the line is driven from outside. */
  const program = new Program()
    .la(a0, 'handler')
    .emit(asm.csrrw(zero, csr.mtvec, a0), ...asm.li(a0, MTI), asm.csrrw(zero, csr.mie, a0))
    .emit(asm.csrrsi(zero, csr.mstatus, 8), ...asm.li(a0, 1_000_000))
    .label('loop')
    .emit(asm.addi(a0, a0, -1))
    .branch(BNE, a0, zero, 'loop')
    .emit(asm.wfi)
    .align(4)
    .label('handler')
    .emit(asm.addi(t0, t0, 1), asm.csrrs(a2, 0x341, zero), asm.mret)

  it('comes in at the same instruction, in both tiers', () => {
    const machines = (['observed', 'interpreted', 'compiled'] as const).map((way) =>
      machineWith(program, way),
    )
    const random = new Random(7)
    for (let cycle = 1; cycle < 500_000; cycle += 1 + random.below(20_000)) {
      const [observed, ...others] = machines.map(({ core }) => {
        core.run(cycle)
        core.pending = MTI
        core.run(cycle + 2)
        core.pending = 0
        return [core.cycle, core.state]
      })
      for (const other of others) expect(other).toEqual(observed)
    }
    expect(machines[0]?.core.registers[t0]).toBeGreaterThan(10)
  })
})

describe('a loop that waits for memory', () => {
  it('goes on when that changes', () => {
    const p = new Program()
      .emit(...asm.li(s0, SLOT))
      .label('loop')
      .emit(asm.lw(a0, s0, 0))
      .branch(0, a0, zero, 'loop')
      .emit(asm.wfi)
    const { core, ram, notes } = machineWith(p, 'interpreted')
    for (let slice = 1; slice <= 100; slice++) core.run(slice * 25_000)
    expect(notes).toEqual([
      {
        pc: BASE + 8,
        rounds: Number.POSITIVE_INFINITY,
        length: 2,
        memory: true,
        within: undefined,
      },
    ])
    expect(core.quietUntil).toBe(0)
    ram.setU32(SLOT - BASE, 1)
    expect(core.run(2_600_000)).toEqual({ kind: 'waiting' })
    expect(core.cycle).toBeLessThan(2_500_010)
  })
})
