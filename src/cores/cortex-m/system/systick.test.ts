import { describe, expect, it } from 'vitest'
import { BareCpu, reg } from '../../../../test/cores/cortex-m-system/bare-cpu.js'

const ENABLE = 1
const TICKINT = 2
const CLKSOURCE = 4
const COUNTFLAG = 0x1_0000
const RUN = ENABLE | TICKINT | CLKSOURCE

/** A core with SysTick counting from `reload` since cycle 0. */
function running(reload: number, control = RUN): BareCpu {
  return new BareCpu()
    .write(reg.SYST_RVR, reload)
    .write(reg.SYST_CVR, 0)
    .write(reg.SYST_CSR, control)
}

describe('SysTick', () => {
  it('reloads at the cycle after the start, and counts down from there', () => {
    const bare = running(9)
    const counts: number[] = []
    for (let i = 0; i < 13; i++) {
      counts.push(bare.read(reg.SYST_CVR))
      bare.pass(1)
    }
    expect(counts).toEqual([0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8])
  })

  it('pends its exception when it comes to 0, each reload value + 1 cycles', () => {
    const bare = running(9)
    expect(bare.system.dueCycle).toBe(10)
    expect(bare.pass(9).step().handler).toBe('Thread')
    expect(bare.pass(1).step().handler).toBe('SysTick')
    expect(bare.system.dueCycle).toBe(20)
    expect(bare.leave().pass(10).step().handler).toBe('SysTick')
  })

  it('comes to where it would be over any length of time', () => {
    const bare = running(99).pass(1_000_000_050)
    expect(bare.read(reg.SYST_CVR)).toBe(50)
    expect(bare.system.dueCycle).toBe(1_000_000_100)
  })

  it('shows in COUNTFLAG that it came to 0, until that is read', () => {
    const bare = running(9, ENABLE | CLKSOURCE).pass(10)
    expect(bare.read(reg.SYST_CSR)).toBe(COUNTFLAG | ENABLE | CLKSOURCE)
    expect(bare.read(reg.SYST_CSR)).toBe(ENABLE | CLKSOURCE)
    expect(bare.step().handler).toBe('Thread')
    expect(bare.system.dueCycle).toBe(Number.POSITIVE_INFINITY)
  })

  it('is cleared by a write to SYST_CVR, which raises nothing', () => {
    const bare = running(9).pass(5).write(reg.SYST_CVR, 1234)
    expect(bare.read(reg.SYST_CVR)).toBe(0)
    expect(bare.step().handler).toBe('Thread')
    expect(bare.read(reg.SYST_CSR) & COUNTFLAG).toBe(0)
    expect(bare.system.dueCycle).toBe(15)
  })

  it('takes a new reload value when it has come to 0', () => {
    const bare = running(9).pass(5).write(reg.SYST_RVR, 99)
    expect(bare.system.dueCycle).toBe(10)
    expect(bare.pass(5).system.dueCycle).toBe(110)
  })

  it('stands still while it is disabled, and goes on where it was', () => {
    const bare = running(99).pass(10).write(reg.SYST_CSR, 0).pass(1000)
    expect(bare.read(reg.SYST_CVR)).toBe(90)
    expect(bare.write(reg.SYST_CSR, RUN).pass(1).read(reg.SYST_CVR)).toBe(89)
  })

  it('stops at 0 when there is nothing to reload', () => {
    const bare = running(9).pass(5).write(reg.SYST_RVR, 0).pass(5)
    expect(bare.step().handler).toBe('SysTick')
    expect(bare.system.dueCycle).toBe(Number.POSITIVE_INFINITY)
    expect(bare.pass(100).read(reg.SYST_CVR)).toBe(0)
  })

  it('counts the reference clock where a chip has one and CLKSOURCE is 0', () => {
    const systick = { referenceCycles: 25, tenMilliseconds: 9999 }
    const bare = new BareCpu('cortex-m4', { systick }).pass(10)
    bare.write(reg.SYST_RVR, 9).write(reg.SYST_CSR, ENABLE | TICKINT)
    expect(bare.read(reg.SYST_CALIB)).toBe(9999)
    expect(bare.pass(14).read(reg.SYST_CVR)).toBe(0)
    expect(bare.pass(1).read(reg.SYST_CVR)).toBe(9)
    expect(bare.system.dueCycle).toBe(250)
  })

  it('counts the clock of the core, and says so, where there is no other', () => {
    const bare = new BareCpu().write(reg.SYST_CSR, ENABLE)
    expect(bare.read(reg.SYST_CSR)).toBe(ENABLE | CLKSOURCE)
    expect(bare.read(reg.SYST_CALIB)).toBe(0x8000_0000)
  })
})
