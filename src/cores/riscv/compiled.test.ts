import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program, reg } from '../../../test/cores/assembler.js'
import { fmvFromX, fmvToX } from '../../../test/cores/cases-float.js'
import { Region } from '../../memory/region.js'
import { Rv32 } from './rv32.js'

const { a0, a1, a2, ra, s0, s1, t0, t1, t2, zero } = reg
const BASE = 0x8000_0000
const GRANULE = 0x1_0000
/** All code is compiled, before it is executed for the first time. */
const EVERYTHING = 0

function machineWith(
  program: Program,
  compile: boolean | typeof EVERYTHING,
): { core: Rv32; ram: Region } {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 })
  const ram = new Region({
    ...{ name: 'ram', da: BASE, size: GRANULE, buffer: memory.buffer, offset: GRANULE },
  })
  const core = new Rv32({
    regions: [ram],
    bus: { load: () => -1, store: () => false },
    time: () => 0,
    compile:
      compile === false
        ? undefined
        : { memory, state: 0, ...(compile === EVERYTHING ? { threshold: EVERYTHING } : {}) },
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

const MTIP = 7
const FS = 0x6000
const MIE = 8
/** Instructions of F and B, with registers by their numbers. */
const fadd = (rd: number, a: number, b: number): number => asm.typeR(0x53, 7, 0x00, rd, a, b)
const fmul = (rd: number, a: number, b: number): number => asm.typeR(0x53, 7, 0x08, rd, a, b)
const fmadd = (rd: number, a: number, b: number, c: number): number =>
  asm.typeR(0x43, 7, c << 2, rd, a, b)
const fcvtFromX = (rd: number, a: number): number => asm.typeR(0x53, 7, 0x68, rd, a, 0)
const flt = (rd: number, a: number, b: number): number => asm.typeR(0x53, 1, 0x50, rd, a, b)
const andn = (rd: number, a: number, b: number): number => asm.typeR(0x33, 7, 0x20, rd, a, b)
const sh1add = (rd: number, a: number, b: number): number => asm.typeR(0x33, 2, 0x10, rd, a, b)

/** Computes for ever with floats and bits; the handler of the timer's interrupt does, too. */
function computes(): Program {
  const p = new Program().la(t0, 'handler').emit(asm.csrrw(0, csr.mtvec, t0))
  p.emit(...asm.li(t0, 1 << MTIP), asm.csrrw(0, csr.mie, t0))
  p.emit(...asm.li(t0, FS | MIE), asm.csrrs(0, csr.mstatus, t0))
  p.emit(...asm.li(t0, 0x3eaa_aaab), fmvFromX(1, t0))
  p.label('again').emit(asm.addi(a0, a0, 1), fcvtFromX(2, a0), fmul(3, 1, 2), fadd(4, 4, 3))
  p.emit(fmadd(4, 1, 3, 4), flt(t1, 4, 2), andn(a1, a0, t1), sh1add(s1, a1, s1), fmvToX(t2, 4))
  p.branch(1, t1, zero, 'less').emit(fmvFromX(4, a0))
  p.label('less').jump('again')
  p.align(4)
    .label('handler')
    .emit(asm.addi(s0, s0, 1), fcvtFromX(5, s0), fadd(6, 6, 5))
  return p.emit(fmvToX(a2, 6), asm.mret)
}

describe('hot code', () => {
  it.each([
    ['hot code', true],
    ['all code', EVERYTHING],
  ] as const)(
    'that computes with floats and bits is interrupted where interpreted code is: %s',
    (_, what) => {
      const interpreted = machineWith(computes(), false).core
      const compiled = machineWith(computes(), what).core
      for (let cycle = 10_000; cycle < 300_000; cycle += 997) {
        for (const core of [interpreted, compiled]) {
          core.run(cycle)
          core.pending = cycle % 3 === 0 ? 0 : 1 << MTIP
          // Somewhere in the handler, or where it has returned to, the interrupt is gone.
          core.run(cycle + (cycle % 29))
          core.pending = 0
        }
        expect(compiled.cycle).toBe(interpreted.cycle)
        expect(compiled.state).toEqual(interpreted.state)
      }
      expect(compiled.compiled.modules).toBeGreaterThan(0)
      expect(compiled.registers[s0]).toBeGreaterThan(100)
    },
  )

  it('is compiled', () => {
    const { core } = machineWith(calls(), true)
    core.run(100_000)
    expect(core.compiled.modules).toBeGreaterThan(0)
  })

  it('is compiled only later where the core waits nearly all the time', () => {
    const { core } = machineWith(calls(), true)
    const turns = (count: number): void => {
      for (let i = 0; i < count; i++) {
        core.run(core.cycle + 600)
        core.skipTo(core.cycle + 100_000)
      }
    }
    turns(50)
    expect(core.compiled.modules).toBe(0)
    turns(450)
    expect(core.compiled.modules).toBeGreaterThan(0)
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
