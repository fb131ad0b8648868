import { describe, expect, it } from 'vitest'
import {
  BareCpu,
  NOWHERE,
  RAM,
  reg,
  STACK,
} from '../../../../test/cores/cortex-m-system/bare-cpu.js'
import { Cfsr } from './fault-status.js'

const LSPACT = 1
const PENDSVSET = 1 << 28
const ASPEN = 0x8000_0000
const LSPEN = 0x4000_0000

/** A core whose Thread mode has floating-point state: s0 to s31 are 100 to 131, FPSCR 0x0300_0000. */
function withState(bare = new BareCpu()): BareCpu {
  bare.write(reg.CPACR, 0xf << 20)
  bare.system.useFpu()
  for (let i = 0; i < 32; i++) bare.cpu.s[i] = 100 + i
  bare.cpu.fpscr = 0x0300_0000
  return bare
}

const saved = Array.from({ length: 16 }, (_, i) => 100 + i)

describe('floating-point state', () => {
  it('is a UsageFault, NOCP, to use while CPACR does not allow it', () => {
    const bare = new BareCpu().write(reg.SHCSR, 7 << 16)
    expect(bare.system.useFpu()).toBe(false)
    expect(bare.handler).toBe('UsageFault')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.NOCP)
    const mine = new BareCpu().write(reg.CPACR, 5 << 20).write(reg.SHCSR, 7 << 16)
    expect(mine.system.useFpu()).toBe(true)
    mine.cpu.control |= 1
    expect(mine.system.useFpu()).toBe(false)
  })

  it('begins with the defaults of FPDSCR, and marks the context', () => {
    const bare = new BareCpu().write(reg.CPACR, 0xf << 20).write(reg.FPDSCR, 0xffff_ffff)
    bare.system.useFpu()
    expect(bare.cpu.fpscr).toBe(0x07c0_0000)
    expect(bare.cpu.control).toBe(4)
    expect(bare.cpu.fpuReady).toBe(true)
  })

  it('makes the frame larger, and is saved in it when a handler uses floating point', () => {
    const bare = withState().write(reg.ICSR, PENDSVSET).step()
    expect([bare.sp, bare.lr, bare.cpu.control]).toEqual([STACK - 0x68, 0xffff_ffe9, 0])
    expect(bare.read(reg.FPCAR)).toBe(STACK - 0x48)
    expect(bare.read(reg.FPCCR) & LSPACT).toBe(LSPACT)
    expect(bare.stacked(1, STACK - 0x48)).toEqual([0])
    expect(bare.cpu.fpuReady).toBe(false)
    bare.system.useFpu()
    expect(bare.stacked(17, STACK - 0x48)).toEqual([...saved, 0x0300_0000])
    expect(bare.read(reg.FPCCR) & LSPACT).toBe(0)
    bare.cpu.s.fill(7)
    bare.leave()
    expect([...bare.cpu.s.subarray(0, 17)]).toEqual([...saved, 7])
    expect([bare.sp, bare.cpu.control, bare.cpu.fpscr]).toEqual([STACK, 4, 0x0300_0000])
  })

  it('is not moved at all where no handler uses floating point', () => {
    const bare = withState().write(reg.ICSR, PENDSVSET).step().leave()
    expect(bare.stacked(1, STACK - 0x48)).toEqual([0])
    expect(bare.cpu.control).toBe(4)
    expect(bare.read(reg.FPCCR) & LSPACT).toBe(0)
  })

  it('is saved at once without FPCCR.LSPEN', () => {
    const bare = withState().write(reg.FPCCR, ASPEN).write(reg.ICSR, PENDSVSET).step()
    expect(bare.stacked(17, STACK - 0x48)).toEqual([...saved, 0x0300_0000])
    expect(bare.read(reg.FPCCR) & LSPACT).toBe(0)
  })

  it('is not looked after without FPCCR.ASPEN', () => {
    const bare = withState(new BareCpu().write(reg.FPCCR, LSPEN)).write(reg.ICSR, PENDSVSET).step()
    expect([bare.sp, bare.lr]).toEqual([STACK - 0x20, 0xffff_fff9])
  })

  it('records in FPCCR whose it was, and which faults could have been taken then', () => {
    const bare = withState()
      .write(reg.SHCSR, 7 << 16)
      .write(reg.SHPR1, 0x20)
    bare.cpu.control |= 1
    bare.cpu.basepri = 0x20
    bare.system.setInterrupt(0, true)
    bare.cpu.control &= ~1
    bare.write(reg.ISER, 1)
    bare.cpu.control |= 1
    bare.step()
    // BusFault (priority 0) was ready, MemManage (0x20) masked, HardFault ready; USER and THREAD.
    expect(bare.read(reg.FPCCR) >>> 0).toBe(
      (ASPEN | LSPEN | 0x40 | 0x10 | 0x8 | 0x2 | LSPACT) >>> 0,
    )
  })

  it('that cannot be saved is a BusFault, LSPERR, and the instruction starts again', () => {
    const bare = withState()
      .write(reg.SHCSR, 7 << 16)
      .write(reg.SHPR3, 0x40 << 16)
    bare.write(reg.ICSR, PENDSVSET).step().write(reg.FPCAR, NOWHERE)
    bare.cpu.pc = 0x900
    expect(bare.system.useFpu()).toBe(false)
    expect(bare.handler).toBe('BusFault')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.LSPERR)
    expect(bare.stacked(8)[6]).toBe(0x900)
    expect(bare.read(reg.FPCCR) & LSPACT).toBe(LSPACT)
  })

  it('stays on the stack that it belongs to when a return finds it used', () => {
    const bare = withState()
    bare.cpu.psp = RAM + 0x800
    bare.cpu.control |= 2
    bare.cpu.selectStack(true)
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.lr).toBe(0xffff_ffed)
    bare.system.useFpu()
    expect(bare.leave().sp).toBe(RAM + 0x800)
  })

  it('of a handler is cleared on ARMv8-M with FPCCR.CLRONRET', () => {
    const bare = new BareCpu('cortex-m33').write(reg.FPCCR, ASPEN | LSPEN | (1 << 28))
    bare.write(reg.ICSR, PENDSVSET).step()
    withState(bare).leave()
    expect([...bare.cpu.s.subarray(14, 18)]).toEqual([0, 0, 116, 117])
  })
})
