import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program, reg } from '../../../test/cores/assembler.js'
import { Region } from '../../memory/region.js'
import { Rv32 } from './rv32.js'

const { a0, a1, a2, a3, s0, t0, t1, zero } = reg
const BASE = 0x8000_0000
const GRANULE = 0x1_0000
const DEVICE = 0x1000
const MTI = 1 << 7
const MIE = 8

/** Registers of the device, from its start. */
const CLOCK = 0
const ORDER = 8
const QUIET = 12

/** Of what is stored into ORDER, up to 7: the interrupt rises, the run is to end, the run is to be shorter. */
const RAISE = 1
const STOP = 2
const SHORTEN = 4
const NAP = 100

/** A hart beside a device: its clock can be read, and what is ordered of it happens at once. */
class Machine {
  readonly core: Rv32
  /** Each access to the device and each wait, with its cycle. */
  readonly log: string[] = []
  #until = 0

  /** @param compile hot code; 0 is for all code */
  constructor(program: Program, compile: boolean | 0) {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 })
    const { buffer } = memory
    const ram = new Region({ name: 'ram', da: BASE, size: GRANULE, buffer, offset: GRANULE })
    const threshold = compile === 0 ? { threshold: 0 } : {}
    this.core = new Rv32({
      regions: [ram],
      bus: {
        load: (address, size) => this.#load(address, size),
        store: (address, _size, value) => this.#store(address, value),
      },
      time: () => 0,
      wait: () => this.#wait(),
      compile: compile === false ? undefined : { memory, state: 0, ...threshold },
    })
    ram.bytes.set(program.bytes())
    this.core.reset(BASE)
  }

  run(until: number): void {
    this.#until = until
    while (this.core.cycle < until) {
      const { kind } = this.core.run(until)
      if (kind === 'lockup') return
      if (kind === 'waiting' && this.#wait() === 0) this.core.skipTo(until)
    }
  }

  #load(address: number, size: number): number {
    if (address >= DEVICE + 0x100) return -1
    const { cycle, pc } = this.core
    this.log.push(`load ${address} at ${cycle}, pc ${pc}`)
    return address === DEVICE + CLOCK && size === 4 ? cycle : cycle & (size === 1 ? 0xff : 0xffff)
  }

  #store(address: number, value: number): boolean {
    if (address >= DEVICE + 0x100) return false
    const { cycle, pc } = this.core
    this.log.push(`store ${value} to ${address} at ${cycle}, pc ${pc}`)
    if (address === DEVICE + QUIET) this.core.pending = 0
    if (address !== DEVICE + ORDER || value > 7) return true
    if (value & RAISE) this.core.pending = MTI
    if (value & STOP) this.core.requestStop()
    if (value & SHORTEN) this.core.shorten(cycle + 7)
    return true
  }

  #wait(): number {
    const { cycle } = this.core
    if (cycle + NAP >= this.#until) return 0
    this.log.push(`waits at ${cycle}`)
    this.core.skipTo(cycle + NAP)
    this.core.pending = MTI
    return this.#until
  }
}

const lb = (rd: number, rs1: number, imm: number): number => asm.typeI(0x03, 0, rd, rs1, imm)
const lh = (rd: number, rs1: number, imm: number): number => asm.typeI(0x03, 1, rd, rs1, imm)

/** Accesses the device in all ways, orders of it one thing after the other, and waits now and then. */
function program(interrupts: boolean): Program {
  const p = new Program().emit(...asm.li(s0, DEVICE)).la(t0, 'handler')
  p.emit(asm.csrrw(0, csr.mtvec, t0), ...asm.li(t0, MTI), asm.csrrw(0, csr.mie, t0))
  if (interrupts) p.emit(asm.csrrsi(0, csr.mstatus, MIE))
  p.label('again').emit(asm.addi(a3, a3, 1), asm.lw(a1, s0, CLOCK), asm.add(a0, a0, a1))
  p.emit(lb(a1, s0, CLOCK + 1), asm.add(a0, a0, a1), lh(a1, s0, CLOCK + 2), asm.add(a0, a0, a1))
  p.emit(asm.lbu(a1, s0, CLOCK + 3), asm.add(a2, a2, a1), asm.fence)
  p.emit(asm.typeI(0x13, 7, t1, a3, 63), asm.sw(t1, s0, ORDER), asm.lw(zero, s0, CLOCK))
  if (!interrupts) p.emit(asm.sw(zero, s0, QUIET))
  p.branch(1, t1, zero, 'again')
    .emit(asm.wfi, asm.addi(a2, a2, 16))
    .jump('again')
  p.align(4)
    .label('handler')
    .emit(asm.addi(s0 + 1, s0 + 1, 1), asm.sw(zero, s0, QUIET))
  return p.emit(asm.lw(t0, s0, CLOCK), asm.add(a0, a0, t0), asm.mret)
}

describe.each([
  ['interrupts are taken', true],
  ['interrupts only end waits', false],
] as const)('compiled code that accesses devices and waits, where %s', (_, interrupts) => {
  it.each([
    ['hot code', true],
    ['all code', 0],
  ] as const)('is seen by them at the cycles at which interpreted code is: %s', (_, compile) => {
    const interpreted = new Machine(program(interrupts), false)
    const compiled = new Machine(program(interrupts), compile)
    for (let cycle = 5000; cycle < 200_000; cycle += 1999) {
      for (const machine of [interpreted, compiled]) machine.run(cycle)
      expect(compiled.core.cycle).toBe(interpreted.core.cycle)
      expect(compiled.core.state).toEqual(interpreted.core.state)
    }
    expect(compiled.log).toEqual(interpreted.log)
    expect(compiled.log.some((line) => line.startsWith('waits'))).toBe(true)
    expect(compiled.core.compiled.modules).toBeGreaterThan(0)
  })
})

describe('compiled code', () => {
  it('goes on behind the accesses to a device that it was seen to make', () => {
    const p = new Program().emit(...asm.li(s0, DEVICE)).label('again')
    p.emit(asm.lw(a1, s0, CLOCK), asm.add(a0, a0, a1), asm.sw(a0, s0, QUIET))
    p.emit(asm.add(a2, a2, a0)).jump('again')
    const { core } = new Machine(p, true)
    core.run(100_000)
    const { entries, modules } = core.compiled
    expect({ entries, modules }).toEqual({ entries: 1, modules: 1 })
  })

  it('leaves an access that nobody answers to the fault that it is', () => {
    const p = new Program().la(t0, 'handler').emit(asm.csrrw(0, csr.mtvec, t0))
    p.emit(...asm.li(s0, DEVICE)).label('again')
    p.emit(asm.addi(a0, a0, 1), asm.lw(a1, s0, CLOCK), asm.typeI(0x13, 1, t1, a0, 22))
    p.branch(1, t1, zero, 'again')
      .emit(asm.addi(s0, s0, 0x100))
      .jump('again')
    p.align(4).label('handler').emit(asm.wfi)
    for (const compile of [true, 0] as const) {
      const machine = new Machine(p, compile)
      machine.run(100_000)
      const { fault } = machine.core
      expect(fault?.cause).toBe('load access fault')
      expect(fault?.address).toBe(DEVICE + 0x100)
      expect(fault?.registers[a0]).toBe(1025)
    }
  })
})
