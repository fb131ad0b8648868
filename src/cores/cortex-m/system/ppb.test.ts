import { describe, expect, it } from 'vitest'
import { BareCpu, reg } from '../../../../test/cores/cortex-m-system/bare-cpu.js'
import type { PartName } from '../parts.js'
import { Fault } from '../system-interface.js'

describe('the system control block', () => {
  it('says which core it is', () => {
    const ids: Partial<Record<PartName, number>> = {}
    const expected = {
      'cortex-m0plus': 0x410c_c601,
      'cortex-m3': 0x410f_c231,
      'cortex-m4': 0x410f_c240,
      'cortex-m7': 0x411f_c272,
      'cortex-m33': 0x410f_d213,
    } as const
    for (const name of Object.keys(expected) as PartName[]) {
      ids[name] = new BareCpu(name).read(reg.CPUID)
    }
    expect(ids).toEqual(expected)
  })

  it('moves the vector table', () => {
    const bare = new BareCpu().write(0x2000_1000 + 4 * 14, 0x2001).write(reg.VTOR, 0x2000_107f)
    expect(bare.read(reg.VTOR)).toBe(0x2000_1000)
    bare.write(reg.ICSR, 1 << 28).step()
    expect(bare.cpu.pc).toBe(0x2000)
  })

  it('asks for a reset of the chip only with the key', () => {
    const bare = new BareCpu().write(reg.AIRCR, 0x0000_0004)
    expect(bare.cpu.resetRequested).toBe(false)
    expect(bare.write(reg.AIRCR, 0x05fa_0004).cpu.resetRequested).toBe(true)
    expect(bare.read(reg.AIRCR)).toBe(0xfa05_0000)
  })

  it('shows in ICSR what is pending and what is active', () => {
    const bare = new BareCpu().write(reg.ISER, 2).write(reg.ISPR, 2)
    expect(bare.read(reg.ICSR)).toBe((1 << 22) | (17 << 12) | (1 << 11))
    bare.step().write(reg.ICSR, (1 << 28) | (1 << 26))
    expect(bare.read(reg.ICSR)).toBe((1 << 28) | (1 << 26) | (14 << 12) | (1 << 11) | 17)
    bare.write(reg.ICSR, (1 << 27) | (1 << 25))
    expect(bare.read(reg.ICSR)).toBe((1 << 11) | 17)
    expect(bare.write(reg.ICSR, 0x8000_0000).step().handler).toBe('NMI')
    expect(bare.read(reg.ICSR) & (1 << 11)).toBe(0)
  })

  it('shows and sets in SHCSR which system exceptions are enabled, pending, active', () => {
    const bare = new BareCpu().write(reg.SHCSR, (1 << 18) | (1 << 12))
    expect(bare.step().handler).toBe('UsageFault')
    expect(bare.read(reg.SHCSR)).toBe((1 << 18) | (1 << 3))
    bare.write(reg.SHCSR, 1 << 18)
    expect(bare.read(reg.ICSR) & (1 << 11)).toBe(1 << 11)
    expect(bare.write(reg.SHCSR, (1 << 18) | (1 << 12)).step().handler).toBe('UsageFault')
  })

  it('clears fault status by writing ones, by words, halfwords and bytes', () => {
    const bare = new BareCpu().write(reg.SHCSR, 7 << 16)
    bare.system.fault(Fault.ACCESS_FAILED, 0x1234)
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.read(reg.CFSR)).toBe(0x1_8200)
    bare.cpu.memory.store((reg.CFSR + 1) | 0, 1, 0x02)
    expect(bare.read(reg.CFSR)).toBe(0x1_8000)
    bare.cpu.memory.store((reg.CFSR + 2) | 0, 2, 1)
    expect(bare.write(reg.CFSR, 0x8000).read(reg.CFSR)).toBe(0)
    expect(bare.write(reg.HFSR, 1 << 30).read(reg.HFSR)).toBe(0)
  })

  it('has ten registers on ARMv6-M', () => {
    const bare = new BareCpu('cortex-m0plus')
    const absent = [reg.CFSR, reg.HFSR, reg.CPACR, reg.SHPR1, reg.FPCCR, reg.IABR]
    for (const address of absent) bare.write(address, 0xffff_ffff)
    expect(absent.map((address) => bare.read(address))).toEqual(absent.map(() => 0))
    expect(bare.write(reg.SHPR2, 0xffff_ffff).read(reg.SHPR2)).toBe(0xc000_0000)
    expect(bare.read(reg.CCR)).toBe(0x208)
  })

  it('keeps what is fixed in CCR', () => {
    const values = (['cortex-m4', 'cortex-m7', 'cortex-m33'] as const).map((name) => {
      const bare = new BareCpu(name)
      return [bare.read(reg.CCR), bare.write(reg.CCR, 0).read(reg.CCR)]
    })
    expect(values).toEqual([
      [0x200, 0],
      [0x4_0200, 0x4_0200],
      [0x201, 0x201],
    ])
  })
})

describe('the private peripheral bus', () => {
  it('gives unprivileged code no answer', () => {
    const bare = new BareCpu()
    bare.cpu.control = 1
    expect(bare.cpu.memory.load(reg.CPUID | 0, 4)).toBe(-1)
    expect(bare.cpu.memory.store(reg.VTOR | 0, 4, 0)).toBe(false)
  })

  it('reads as zero where nothing is', () => {
    const bare = new BareCpu()
    for (const address of [0xe000_0000, 0xe000_2000, 0xe004_0000, 0xe00f_f000]) {
      expect(bare.write(address, 0xffff_ffff).read(address)).toBe(0)
    }
  })

  it('ignores narrow stores to registers that are words', () => {
    const bare = new BareCpu()
    bare.cpu.memory.store(reg.VTOR | 0, 2, 0x80)
    bare.cpu.memory.store(reg.SYST_RVR | 0, 1, 0x80)
    expect([bare.read(reg.VTOR), bare.read(reg.SYST_RVR)]).toEqual([0, 0])
  })
})

describe('the cycle counter', () => {
  it('counts the cycles of the core while DEMCR.TRCENA and its own switch are on', () => {
    const bare = new BareCpu().pass(100)
    expect(bare.read(reg.DWT_CYCCNT)).toBe(0)
    bare.write(reg.DEMCR, 1 << 24).write(reg.DWT_CTRL, 1)
    expect(bare.pass(50).read(reg.DWT_CYCCNT)).toBe(50)
    expect(bare.write(reg.DWT_CTRL, 0).pass(50).read(reg.DWT_CYCCNT)).toBe(50)
    bare.write(reg.DWT_CTRL, 1).write(reg.DWT_CYCCNT, 0xffff_fff0)
    expect(bare.pass(32).read(reg.DWT_CYCCNT)).toBe(16)
  })

  it('is said not to be there on ARMv6-M', () => {
    expect(new BareCpu('cortex-m0plus').read(reg.DWT_CTRL) & 0x0200_0000).not.toBe(0)
    expect(new BareCpu('cortex-m4').read(reg.DWT_CTRL) & 0x0200_0000).toBe(0)
  })
})
