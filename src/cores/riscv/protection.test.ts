import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program } from '../../../test/cores/assembler.js'
import { Region } from '../../memory/region.js'
import { type Extensions, IMAC } from './extensions.js'
import { Rv32 } from './rv32.js'
import { Rv64 } from './rv64/rv64.js'

const BASE = 0x8000_0000
const SIZE = 0x1_0000
const [A0, A1, T0] = [10, 11, 5]
const MPRV = 0x2_0000
const bus = { load: () => -1, store: () => false }

function run(program: Program, extensions?: Extensions): Rv32 {
  const ram = new Region({ name: 'ram', da: BASE, size: SIZE, buffer: new ArrayBuffer(SIZE) })
  const time = (): number => 0
  const core = new Rv32({ regions: [ram], bus, time, ...(extensions ? { extensions } : {}) })
  ram.bytes.set(program.emit(asm.wfi).bytes())
  core.reset(BASE)
  core.run(200)
  return core
}

/** Lets user mode have all memory, and goes there, with `mstatus` and on to what comes next. */
function toUser(program: Program, mstatus: number): Program {
  const { here } = program
  program.emit(...asm.li(T0, -1), asm.csrrw(0, 0x3b0, T0), asm.addi(T0, 0, 0x1f))
  program.emit(asm.csrrw(0, 0x3a0, T0), ...asm.li(T0, mstatus), asm.csrrw(0, csr.mstatus, T0))
  return program.emit(...asm.li(T0, here + 48), asm.csrrw(0, csr.mepc, T0), asm.mret)
}

/** A program whose trap handler reads mcause and mstatus into a0 and a1, and waits. */
function withHandler(): Program {
  const program = new Program().la(T0, 'handler').emit(asm.csrrw(0, csr.mtvec, T0))
  program.jump('main').align(4).label('handler')
  program.emit(asm.csrrs(A0, csr.mcause, 0), asm.csrrs(A1, csr.mstatus, 0), asm.wfi)
  return program.label('main')
}

describe('user mode', () => {
  it('is entered by mret, which takes MPRV away', () => {
    const core = run(toUser(withHandler(), MPRV).emit(asm.ecall))
    expect(core.registers[A0]).toBe(8)
    expect((core.registers[A1] ?? 0) & MPRV).toBe(0)
  })

  it('is there only where the hart has it', () => {
    const program = withHandler().emit(asm.csrrw(0, csr.mstatus, 0))
    const readBack = program.emit(asm.csrrs(12, csr.mstatus, 0), asm.csrrs(13, csr.misa, 0))
    expect(run(readBack).registers.slice(12, 14)).toEqual([0, 0x4010_1127])
    expect(run(readBack, IMAC).registers.slice(12, 14)).toEqual([0x1800, 0x4000_1105])
    expect(run(withHandler().emit(asm.csrrs(0, 0x3a0, 0)), IMAC).registers[A0]).toBe(2)
  })

  it('comes with a satp in which paging is off for ever', () => {
    const program = withHandler().emit(asm.addi(12, 0, -1), asm.csrrw(13, 0x180, 12))
    const core = run(program.emit(asm.csrrs(14, 0x180, 0)))
    expect([...core.registers.slice(13, 15), core.registers[A0]]).toEqual([0, 0, 0])
    expect(run(withHandler().emit(asm.csrrs(0, 0x180, 0)), IMAC).registers[A0]).toBe(2)
  })

  it('does not make loads slower where it may have all memory', () => {
    const program = toUser(withHandler(), 0)
    program
      .emit(asm.auipc(6, 0), asm.lw(A0, 6, 0))
      .label('end')
      .jump('end')
    const core = run(program)
    expect(core.fault).toBeUndefined()
    expect(core.registers[A0]).toBe(asm.auipc(6, 0))
  })
})

describe('an instruction of F or B', () => {
  const fadd = asm.typeR(0x53, 7, 0, 1, 2, 3)
  const andn = asm.typeR(0x33, 7, 0x20, 12, 13, 14)

  it('is illegal where the hart has neither', () => {
    for (const word of [fadd, andn]) {
      const { fault } = run(withHandler().emit(...asm.li(T0, 0x6000), word), IMAC)
      expect(fault?.cause).toBe('illegal instruction')
    }
    expect(run(withHandler().emit(andn)).fault).toBeUndefined()
  })

  it('of F is illegal until mstatus.FS says otherwise', () => {
    expect(run(withHandler().emit(fadd)).fault?.cause).toBe('illegal instruction')
    const on = [...asm.li(T0, 0x2000), asm.csrrs(0, csr.mstatus, T0), fadd]
    const core = run(withHandler().emit(...on, asm.csrrs(12, csr.mstatus, 0)))
    expect(core.fault).toBeUndefined()
    expect((core.registers[12] ?? 0) >>> 0).toBe(0x8000_7800)
  })
})

describe('an RV64 core', () => {
  const core64 = (da: number): Rv64 => {
    const ram = new Region({ name: 'ram', da, size: SIZE, buffer: new ArrayBuffer(SIZE) })
    const program = new Program().emit(asm.addi(A0, 0, -1), asm.lw(A1, A0, 1))
    ram.bytes.set(program.emit(asm.jalr(1, A0, 0)).bytes())
    return new Rv64({ regions: [ram], bus, time: () => 0 })
  }

  it('shows registers and addresses of 64 bits', () => {
    const core = core64(BASE)
    core.reset(BASE)
    core.run(2)
    expect(core.state.registers[A0]).toBe(Number(2n ** 64n - 1n))
    expect(core.fault).toMatchObject({ cause: 'load access fault', address: 0, pc: BASE + 4 })
  })

  it('takes memory only where an immediate does not reach beyond the lower 4 GiB', () => {
    expect(() => core64(0)).toThrow('is at an end of the lower 4 GiB')
    expect(() => core64(2 ** 32 - SIZE)).toThrow(expect.objectContaining({ code: 'ERR_MEMORY' }))
  })
})
