import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { Program, reg } from '../../../test/cores/assembler.js'
import { Region } from '../../memory/region.js'
import { Rv32 } from './rv32.js'

const { a0, a1, ra, s0, s1, t0, t1, t2, zero } = reg
const BASE = 0x8000_0000
const GRANULE = 0x1_0000

function machineWith(program: Program, compile: boolean): { core: Rv32; ram: Region } {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 })
  const ram = new Region({
    ...{ name: 'ram', da: BASE, size: GRANULE, buffer: memory.buffer, offset: GRANULE },
  })
  const core = new Rv32({
    regions: [ram],
    bus: { load: () => -1, store: () => false },
    time: () => 0,
    compile: compile ? { memory, state: 0 } : undefined,
  })
  ram.bytes.set(program.bytes())
  core.reset(BASE)
  return { core, ram }
}

/** Calls a function with a loop in it, for ever; a0 counts the calls, a1 the rounds of the loop. */
function calls(): Program {
  const p = new Program().label('call').to('function', (offset) => asm.jal(ra, offset))
  p.emit(asm.addi(a0, a0, 1)).jump('call')
  p.label('function').emit(asm.addi(s0, zero, 5), asm.addi(t0, zero, 0))
  p.label('loop')
    .emit(asm.addi(a1, a1, 1), asm.addi(s0, s0, -1))
    .branch(1, s0, 0, 'loop')
  return p.emit(asm.jalr(zero, ra, 0))
}

const CALLS = 2000

/** Calls a function 2000 times, which adds 1 to a0; then it makes 2 of the 1, then 1 of the 2, for ever. */
function rewrites(): Program {
  const p = new Program().la(s0, 'function').la(s1, 'other')
  p.emit(asm.lw(t1, s1, 0), asm.lw(t2, s0, 0))
  p.label('again').emit(...asm.li(s1, CALLS))
  p.label('call').to('function', (offset) => asm.jal(ra, offset))
  p.emit(asm.addi(s1, s1, -1))
    .branch(1, s1, 0, 'call')
    .emit(asm.sw(t1, s0, 0), asm.fenceI)
    .emit(asm.addi(t0, t1, 0), asm.addi(t1, t2, 0), asm.addi(t2, t0, 0))
    .jump('again')
  p.label('function').emit(asm.addi(a0, a0, 1), asm.jalr(zero, ra, 0))
  return p.label('other').emit(asm.addi(a0, a0, 2))
}

describe('hot code', () => {
  it('is compiled', () => {
    const { core } = machineWith(calls(), true)
    core.run(100_000)
    expect(core.compiled.modules).toBeGreaterThan(0)
  })

  it('is not compiled where the core waits nearly all the time', () => {
    const { core } = machineWith(calls(), true)
    for (let i = 0; i < 500; i++) {
      core.run(core.cycle + 600)
      core.skipTo(core.cycle + 100_000)
    }
    expect(core.compiled.modules).toBe(0)
  })

  it('stops at the same instruction as interpreted code does, wherever it is stopped', () => {
    const interpreted = machineWith(calls(), false).core
    const compiled = machineWith(calls(), true).core
    for (let cycle = 10_000; cycle < 400_000; cycle += 997) {
      expect(compiled.run(cycle)).toEqual(interpreted.run(cycle))
      expect(compiled.cycle).toBe(interpreted.cycle)
      expect(compiled.state).toEqual(interpreted.state)
    }
  })

  it('that has been written anew is executed after FENCE.I', () => {
    const interpreted = machineWith(rewrites(), false).core
    const compiled = machineWith(rewrites(), true).core
    // Each 5 instructions, and 8 around them.
    const pass = 5 * CALLS + 8
    let before = 0
    for (let i = 1; i <= 8; i++) {
      compiled.run(6 + i * pass - CALLS)
      expect(compiled.compiled.modules).toBeGreaterThan(0)
      for (const core of [interpreted, compiled]) core.run(6 + i * pass)
      expect(compiled.state).toEqual(interpreted.state)
      const sum = compiled.registers[a0] ?? 0
      expect(sum - before).toBe(CALLS * (i % 2 === 0 ? 2 : 1))
      before = sum
    }
  })

  it('stays as it was decoded when memory is changed, until the core is reset', () => {
    const p = new Program()
      .la(s0, 'changed')
      .emit(asm.lw(t0, s0, 4))
      .label('again')
    p.label('changed')
      .emit(asm.addi(a0, a0, 1), asm.addi(a0, a0, 16))
      .jump('again')
    const { core, ram } = machineWith(p, true)
    core.run(100_000)
    const at = p.address('changed') - BASE
    ram.setU32(at, asm.addi(a0, a0, 2) >>> 0)
    const before = core.registers[a0] ?? 0
    const { cycle } = core
    core.run(cycle + 3000)
    expect((core.registers[a0] ?? 0) - before).toBe(17 * 1000)
    core.reset(BASE)
    core.run(3 + 100_000 * 3)
    expect(core.registers[a0]).toBe(18 * 100_000)
    expect(core.compiled.modules).toBeGreaterThan(0)
  })
})
