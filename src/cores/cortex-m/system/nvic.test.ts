import { describe, expect, it } from 'vitest'
import { BareCpu, reg } from '../../../../test/cores/cortex-m-system/bare-cpu.js'

describe('the NVIC', () => {
  it('sets and clears enable and pending bits by writing ones', () => {
    const bare = new BareCpu().write(reg.ISER, 0xf0).write(reg.ISER, 0x0f).write(reg.ICER, 0x18)
    expect([bare.read(reg.ISER), bare.read(reg.ICER)]).toEqual([0xe7, 0xe7])
    bare.write(reg.ISPR, 0xf000).write(reg.ICPR, 0x3000)
    expect([bare.read(reg.ISPR), bare.read(reg.ICPR)]).toEqual([0xc000, 0xc000])
  })

  it('has the interrupts of the part, and nothing beyond', () => {
    const bare = new BareCpu('cortex-m4', { part: { interrupts: 40 } })
    bare.write(reg.ISER + 4, 0xffff_ffff).write(reg.IPR + 36, 0xffff_ffff)
    expect(bare.read(reg.ISER + 4)).toBe(0xff)
    expect(bare.write(reg.IPR + 40, 0xffff_ffff).read(reg.IPR + 40)).toBe(0)
    bare.system.setInterrupt(40, true)
    bare.write(reg.STIR, 41)
    expect(bare.read(reg.ISPR + 4)).toBe(0)
    expect(bare.read(0xe000_e004)).toBe(1)
  })

  it('reaches the last of 496 interrupts', () => {
    const bare = new BareCpu('cortex-m33', { part: { interrupts: 496 } })
    bare.write(reg.ISER + 60, 0x8000).write(reg.IPR + 492, 0x4000_0000)
    bare.system.setInterrupt(495, true)
    expect(bare.step().handler).toBe('interrupt 495')
    expect(bare.read(reg.IABR + 60)).toBe(0x8000)
    expect(bare.read(reg.ICSR) & 0x1ff).toBe(511)
  })

  it('takes priorities by bytes', () => {
    const bare = new BareCpu()
    bare.cpu.memory.store((reg.IPR + 6) | 0, 1, 0x50)
    bare.cpu.memory.store((reg.IPR + 4) | 0, 2, 0x7060)
    expect(bare.read(reg.IPR + 4)).toBe(0x50_7060)
    expect(bare.cpu.memory.load((reg.IPR + 6) | 0, 1)).toBe(0x50)
  })

  it('keeps an interrupt pending whose line has dropped again', () => {
    const bare = new BareCpu().write(reg.ISER, 1)
    bare.system.setInterrupt(0, true)
    bare.system.setInterrupt(0, false)
    expect(bare.step().handler).toBe('interrupt 0')
    expect(bare.leave().handler).toBe('Thread')
  })

  it('does not let ICPR clear what a high line holds up', () => {
    const bare = new BareCpu()
    bare.system.setInterrupt(3, true)
    expect(bare.write(reg.ICPR, 8).read(reg.ISPR)).toBe(8)
    bare.system.setInterrupt(3, false)
    expect(bare.write(reg.ICPR, 8).read(reg.ISPR)).toBe(0)
  })

  it('pends an active interrupt once more when its line rises, not while it stays high', () => {
    const bare = new BareCpu().write(reg.ISER, 1)
    bare.system.setInterrupt(0, true)
    bare.step()
    bare.system.setInterrupt(0, true)
    expect(bare.read(reg.ISPR)).toBe(0)
    bare.system.setInterrupt(0, false)
    bare.system.setInterrupt(0, true)
    expect(bare.read(reg.ISPR)).toBe(1)
  })

  it('lets software trigger an interrupt through STIR, unprivileged only if CCR says so', () => {
    const bare = new BareCpu().write(reg.STIR, 7)
    expect(bare.read(reg.ISPR)).toBe(0x80)
    bare.cpu.control = 1
    expect(bare.cpu.memory.store(reg.STIR | 0, 4, 8)).toBe(false)
    bare.cpu.control = 0
    bare.write(reg.CCR, 0x202)
    bare.cpu.control = 1
    expect(bare.cpu.memory.store(reg.STIR | 0, 4, 8)).toBe(true)
    bare.cpu.control = 0
    expect(bare.read(reg.ISPR)).toBe(0x180)
  })

  it('follows priorities, enables and pending bits that change in any order', () => {
    const bare = new BareCpu().write(reg.IPR, 0x1020_3040).write(reg.ISPR, 0xf)
    const first = (): number => (bare.read(reg.ICSR) >>> 12) & 0x1ff
    expect(first()).toBe(0)
    bare.write(reg.ISER, 0x3)
    expect(first()).toBe(17)
    bare.write(reg.ISER, 0xf)
    expect(first()).toBe(19)
    bare.write(reg.IPR, 0xf020_3040)
    expect(first()).toBe(18)
    bare.write(reg.ICPR, 0x4)
    expect(first()).toBe(17)
    bare.write(reg.ICER, 0x2)
    expect(first()).toBe(16)
    bare.write(reg.IPR, 0xf020_30f0)
    expect(first()).toBe(16)
  })
})
