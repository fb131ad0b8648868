import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { Program, reg } from '../../../test/cores/assembler.js'
import { Region } from '../../memory/region.js'
import { Rv32 } from '../riscv/rv32.js'
import type { CompileLimits, CompileOptions } from './options.js'

const { a0, a1, ra, s0, s1, t0, t1, t2, zero } = reg
const BASE = 0x8000_0000
const GRANULE = 0x1_0000
const BNE = 1
const xor = (rd: number, rs1: number, rs2: number): number => asm.typeR(0x33, 4, 0, rd, rs1, rs2)

function machineWith(
  program: Program,
  options?: Omit<CompileOptions, 'memory' | 'state'>,
): { core: Rv32; ram: Region } {
  const memory = new WebAssembly.Memory({ initial: 3, maximum: 3 })
  const ram = new Region({
    ...{ name: 'ram', da: BASE, size: 2 * GRANULE, buffer: memory.buffer, offset: GRANULE },
  })
  const core = new Rv32({
    regions: [ram],
    bus: { load: () => -1, store: () => false },
    time: () => 0,
    compile: options === undefined ? undefined : { memory, state: 0, ...options },
  })
  ram.bytes.set(program.bytes())
  core.reset(BASE)
  return { core, ram }
}

/** Calls `count` functions by their addresses, each hot in its turn, again and again; a0 is of them all. */
function loops(count: number, rounds: number): Program {
  const p = new Program().label('begin')
  for (let i = 0; i < count; i++) {
    p.emit(...asm.li(s0, rounds), asm.addi(a1, zero, i))
      .la(t0, `function ${i}`)
      .emit(asm.jalr(ra, t0, 0))
  }
  p.la(t0, 'begin').emit(asm.jalr(zero, t0, 0))
  for (let i = 0; i < count; i++) {
    p.label(`function ${i}`)
      .emit(asm.addi(a0, a0, 1), xor(a0, a0, a1), asm.addi(s0, s0, -1))
      .branch(BNE, s0, zero, `function ${i}`)
      .emit(asm.jalr(zero, ra, 0))
  }
  return p
}

/** Runs both to the same cycles. @returns what was compiled at a time at most */
function compare(
  compiled: Rv32,
  interpreted: Rv32,
  cycles: number,
  steps: number,
): Rv32['compiled'] {
  const most = { modules: 0, entries: 0, bytes: 0 }
  for (let step = 1; step <= steps; step++) {
    const until = Math.floor((cycles * step) / steps)
    for (const core of [compiled, interpreted]) core.run(until)
    expect([compiled.cycle, compiled.state]).toEqual([interpreted.cycle, interpreted.state])
    const { modules, entries, bytes } = compiled.compiled
    most.modules = Math.max(most.modules, modules)
    most.entries = Math.max(most.entries, entries)
    most.bytes = Math.max(most.bytes, bytes)
  }
  return most
}

describe('a program with more hot regions than there may be modules', () => {
  const rounds = 1500
  const cyclesOf = (count: number): number => count * (7 + 4 * rounds)

  it('has as many as there may be, and ends where it would be if it were interpreted', () => {
    const program = loops(400, rounds)
    const compiled = machineWith(program, { threshold: 1 }).core
    const most = compare(compiled, machineWith(program).core, 1.2 * cyclesOf(400), 40)
    expect(most.modules).toBe(256)
    expect(most.bytes).toBeLessThanOrEqual(8 * 0x10_0000)
  })

  it.each<[string, CompileLimits]>([
    ['of three modules', { modules: 3, bytes: 0x10_0000 }],
    ['of a few bytes', { modules: 256, bytes: 8000 }],
    ['of one module', { modules: 1, bytes: 0x10_0000 }],
  ])('keeps to a bound %s', (_, limits) => {
    const program = loops(40, rounds)
    const compiled = machineWith(program, { threshold: 1, limits }).core
    const most = compare(compiled, machineWith(program).core, 3 * cyclesOf(40), 97)
    expect(most.modules).toBeGreaterThan(0)
    expect(most.modules).toBeLessThanOrEqual(limits.modules)
    expect(most.bytes).toBeLessThanOrEqual(limits.bytes)
    expect(most.entries).toBeLessThanOrEqual(2 * limits.modules)
  })
})

describe('where modules come and go', () => {
  const limits: CompileLimits = { modules: 2, bytes: 0x10_0000 }
  const CALLS = 500
  const PASSES = 60

  it('code that is written anew is what is executed after each FENCE.I', () => {
    // As often as it is called a function adds 1 to a0, then 2, then 1; around it are loops of their own.
    const p = new Program().la(s0, 'function').la(s1, 'other')
    p.emit(asm.lw(t1, s1, 0), asm.lw(t2, s0, 0))
    p.label('again').emit(...asm.li(s1, CALLS))
    p.label('call').to('function', (offset) => asm.jal(ra, offset))
    p.emit(asm.addi(s1, s1, -1)).branch(BNE, s1, zero, 'call')
    for (const name of ['x', 'y', 'z']) {
      p.emit(...asm.li(s1, CALLS))
        .label(name)
        .emit(xor(a1, a1, s1), asm.addi(s1, s1, -1))
        .branch(BNE, s1, zero, name)
    }
    p.emit(asm.sw(t1, s0, 0), asm.fenceI)
      .emit(asm.addi(t0, t1, 0), asm.addi(t1, t2, 0), asm.addi(t2, t0, 0))
      .jump('again')
    p.label('function').emit(asm.addi(a0, a0, 1), asm.jalr(zero, ra, 0))
    p.label('other').emit(asm.addi(a0, a0, 2))
    const compiled = machineWith(p, { threshold: 1, limits }).core
    const pass = 5 * CALLS + 3 * (3 * CALLS + 2) + 8
    const most = compare(compiled, machineWith(p).core, 6 + PASSES * pass, 2 * PASSES)
    expect(compiled.registers[a0]).toBe((CALLS * PASSES * 3) / 2)
    expect(most.modules).toBe(limits.modules)
  })

  it('an image that is loaded over another is executed from its reset on, with nothing left of that', () => {
    const { core, ram } = machineWith(new Program(), { threshold: 1, limits })
    for (let life = 1; life <= PASSES; life++) {
      const p = new Program()
        .label('loop')
        .emit(xor(a1, a1, a0), asm.addi(a0, a0, life))
        .jump('loop')
      ram.bytes.set(p.bytes())
      core.reset(BASE)
      expect(core.compiled).toEqual({ modules: 0, entries: 0, bytes: 0 })
      core.run(3 * 4000)
      expect(core.registers[a0]).toBe(4000 * life)
      expect(core.compiled.modules).toBe(1)
    }
  })
})
