import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program, reg } from '../../../test/cores/assembler.js'
import { Region } from '../../memory/region.js'
import { Rv32 } from './rv32.js'

const { a0, a1, s0, t0, zero } = reg
const BASE = 0x8000_0000
const DATA = BASE + 0x8000
const PC = 32

function coreWith(program: Program): Rv32 {
  const size = 0x1_0000
  const ram = new Region({ name: 'ram', da: BASE, size, buffer: new ArrayBuffer(size) })
  ram.bytes.set(program.bytes())
  const bus = { load: () => -1, store: () => false }
  const core = new Rv32({ regions: [ram], bus, time: () => 0 })
  core.reset(BASE)
  return core
}

/** Counts a0 up for ever, and stores it each time: addi at BASE + 4, sw at + 8, j at + 12. */
const counting = new Program()
  .emit(asm.typeI(0x13, 0, a0, zero, 0))
  .label('loop')
  .emit(asm.typeI(0x13, 0, a0, a0, 1), asm.typeS(0x23, 2, s0, a0, 4))
  .jump('loop')

function counter(): Rv32 {
  const core = coreWith(counting)
  core.debug.writeRegister(s0, BigInt(DATA))
  return core
}

describe('a breakpoint', () => {
  it('stops before its instruction, each time that it is come to', () => {
    const core = counter()
    core.debug.control.addBreakpoint(BASE + 8)
    expect(core.run(1000)).toEqual({ kind: 'debug', stop: { kind: 'breakpoint' } })
    expect([core.pc, core.cycle, core.registers[a0]]).toEqual([BASE + 8, 2, 1])
    // It is still there.
    expect(core.run(1000)).toMatchObject({ kind: 'debug' })
    expect(core.cycle).toBe(2)
    core.debug.control.passing = core.pc
    expect(core.run(1000)).toMatchObject({ kind: 'debug' })
    expect([core.pc, core.cycle, core.registers[a0]]).toEqual([BASE + 8, 5, 2])
  })

  it('may be taken away, and does not change the run', () => {
    const [plain, stopped] = [counter(), counter()]
    stopped.debug.control.addBreakpoint(BASE + 12)
    stopped.run(1000)
    stopped.debug.control.clear()
    for (const core of [plain, stopped]) expect(core.run(1000)).toEqual({ kind: 'budget' })
    expect(stopped.state).toEqual(plain.state)
    expect(stopped.debug.load(DATA + 4, 4)).toBe(plain.debug.load(DATA + 4, 4))
    expect(plain.debug.load(DATA + 4, 4)).toBeGreaterThan(300)
  })

  it('is passed by a step of one cycle', () => {
    const core = counter()
    core.debug.control.addBreakpoint(BASE)
    core.debug.control.addBreakpoint(BASE + 4)
    core.debug.control.passing = BASE
    expect(core.run(1)).toEqual({ kind: 'budget' })
    expect(core.pc).toBe(BASE + 4)
  })
})

describe('a watchpoint', () => {
  const stopOf = (kind: 'read' | 'write' | 'access', address: number, size: number) => {
    const core = counter()
    core.debug.control.addWatchpoint({ kind, address, size })
    return { core, stop: core.run(1000) }
  }

  it('stops before a store into its range', () => {
    const { core, stop } = stopOf('write', DATA + 6, 1)
    const watch = { kind: 'watchpoint', watch: 'write', address: DATA + 6 }
    expect(stop).toEqual({ kind: 'debug', stop: watch })
    expect([core.pc, core.cycle, core.debug.load(DATA + 4, 4)]).toEqual([BASE + 8, 2, 0])
    core.debug.control.passing = core.pc
    expect(core.run(1000)).toEqual(stop)
    expect([core.cycle, core.debug.load(DATA + 4, 4)]).toEqual([5, 1])
  })

  it('lets other accesses go by', () => {
    expect(stopOf('write', DATA + 8, 4).stop).toEqual({ kind: 'budget' })
    expect(stopOf('write', DATA, 4).stop).toEqual({ kind: 'budget' })
    expect(stopOf('read', DATA + 4, 4).stop).toEqual({ kind: 'budget' })
    expect(stopOf('access', DATA, 16).stop).toMatchObject({ kind: 'debug' })
  })

  it('sees loads and atomic accesses', () => {
    const load = coreWith(new Program().emit(asm.typeI(0x03, 0, a0, s0, 0), asm.wfi))
    const amo = coreWith(new Program().emit(asm.typeR(0x2f, 2, 0, a0, s0, a1), asm.wfi))
    for (const core of [load, amo]) {
      core.debug.writeRegister(s0, BigInt(DATA))
      core.debug.control.addWatchpoint({ kind: 'read', address: DATA, size: 4 })
      expect(core.run(10)).toMatchObject({ kind: 'debug', stop: { watch: 'read' } })
      expect(core.cycle).toBe(0)
    }
  })
})

describe('a fault', () => {
  const faulty = new Program()
    .la(t0, 'handler')
    .emit(asm.csrrw(zero, csr.mtvec, t0))
    .label('fault')
    .emit(asm.typeI(0x03, 2, a0, zero, 16))
    .label('handler')
    .emit(asm.wfi)
  // Its handler waits for what cannot come.
  const crashed = { kind: 'lockup', reason: expect.stringContaining('load access fault at') }

  it('is shown before the firmware has it, and then goes its way', () => {
    const core = coreWith(faulty)
    core.debug.control.catchFaults = true
    const stop = { kind: 'fault', signal: 'SIGSEGV', cause: 'load access fault' }
    expect(core.run(1000)).toEqual({ kind: 'debug', stop })
    expect([core.pc, core.fault]).toEqual([faulty.address('fault'), undefined])
    core.debug.control.passing = core.pc
    expect(core.run(1000)).toEqual(crashed)
    expect(core.fault).toMatchObject({ pc: faulty.address('fault'), address: 16 })
  })

  it('is nobody else’s business where the debugger has not asked for it', () => {
    expect(coreWith(faulty).run(1000)).toEqual(crashed)
  })
})

describe('an observer', () => {
  it('is told of each instruction in its cycle, once, also of those at which the core stops', () => {
    const core = counter()
    const seen: [number, number][] = []
    const stop = core.debug.control.observe({
      instruction: (pc, cycle) => seen.push([pc - BASE, cycle]),
    })
    core.debug.control.addBreakpoint(BASE + 8)
    core.run(1000)
    core.debug.control.passing = core.pc
    core.run(4)
    stop()
    core.run(100)
    expect(seen).toEqual([[0, 0], [4, 1], [8, 2], [12, 3]]) // biome-ignore format: one line
  })

  it('is told where a trap begins, and the run is the same', () => {
    const program = new Program()
      .la(t0, 'handler')
      .emit(asm.csrrw(zero, csr.mtvec, t0), asm.ecall)
      .label('handler')
      .emit(asm.wfi)
    const [plain, observed] = [coreWith(program), coreWith(program)]
    const trapped: number[] = []
    observed.debug.control.observe({
      instruction: (pc, _, trap) => trap && trapped.push(pc),
    })
    for (const core of [plain, observed]) core.run(1000)
    expect(trapped).toEqual([program.address('handler')])
    expect([observed.state, observed.cycle]).toEqual([plain.state, plain.cycle])
  })
})

describe('the registers', () => {
  it('are described, read and written', () => {
    const { debug } = counter()
    const [cpu, , csrs] = debug.features
    expect(cpu?.registers.map(({ name }) => name).slice(0, 4)).toEqual(['zero', 'ra', 'sp', 'gp'])
    const mstatus = csrs?.registers.find(({ name }) => name === 'mstatus')
    expect(debug.readRegister(mstatus?.number ?? 0)).toBe(0x1800n)
    expect(debug.writeRegister(a0, 0xffff_ffffn)).toBe(true)
    expect(debug.readRegister(a0)).toBe(0xffff_ffffn)
    expect(debug.writeRegister(PC, BigInt(BASE + 4))).toBe(true)
    expect(debug.readRegister(PC)).toBe(BigInt(BASE + 4))
  })

  it('that there are not are neither read nor written, and x0 stays zero', () => {
    const { debug } = counter()
    for (const number of [-1, 65 + 0x7c0, 5000, Number.NaN]) {
      expect(debug.readRegister(number)).toBeUndefined()
      expect(debug.writeRegister(number, 1n)).toBe(false)
    }
    debug.writeRegister(0, 1n)
    expect(debug.readRegister(0)).toBe(0n)
  })
})

it('code that the debugger writes is decoded anew', () => {
  const core = counter()
  core.run(100)
  core.debug.store(BASE + 4, 4, asm.wfi)
  expect(core.run(1000)).toEqual({ kind: 'waiting' })
})
