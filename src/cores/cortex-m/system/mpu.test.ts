import { describe, expect, it } from 'vitest'
import {
  BareCpu,
  RAM,
  RAM_SIZE,
  reg,
  STACK,
} from '../../../../test/cores/cortex-m-system/bare-cpu.js'
import { Access } from '../system-interface.js'
import { Cfsr } from './fault-status.js'

const ENABLE = 1
const HFNMIENA = 2
const PRIVDEFENA = 4
const XN = 1 << 28
const RW = 3 << 24
const PRIVILEGED_RW = 1 << 24
const READ_ONLY = 6 << 24
const KB64 = 15 << 1
const B32 = 4 << 1
const RLAR_END = 0xffff_ffe0

/** Which of read, write, execute are allowed, for privileged and for unprivileged code: "rwx r--". */
function allowed({ system }: BareCpu, address: number): string {
  const letters = (privileged: boolean): string =>
    [Access.READ, Access.WRITE, Access.EXECUTE]
      .map((access, i) => (system.permits(address, 1, access, privileged) ? 'rwx'.charAt(i) : '-'))
      .join('')
  return `${letters(true)} ${letters(false)}`
}

/** Sets region `number` of ARMv7-M. */
function region(bare: BareCpu, number: number, base: number, rasr: number): BareCpu {
  return bare.write(reg.MPU_RBAR, base | 16 | number).write(reg.MPU_RASR, rasr | 1)
}

/** Sets region `number` of ARMv8-M. */
function region8(bare: BareCpu, number: number, rbar: number, last: number): BareCpu {
  return bare
    .write(reg.MPU_RNR, number)
    .write(reg.MPU_RBAR, rbar)
    .write(reg.MPU_RASR, (last & RLAR_END) | 1)
}

describe('the MPU', () => {
  it('is not asked while it is off', () => {
    const { cpu } = region(new BareCpu(), 0, 0, 0)
    expect(cpu.protected).toBe(false)
    expect([cpu.dataBase, cpu.dataSize]).toEqual([RAM, RAM_SIZE])
  })

  it('forbids what no region allows, but to privileged code with PRIVDEFENA', () => {
    const bare = region(new BareCpu(), 0, RAM, KB64 | RW).write(reg.MPU_CTRL, ENABLE)
    expect(bare.cpu.protected).toBe(true)
    expect([allowed(bare, 0x100), allowed(bare, RAM)]).toEqual(['--- ---', 'rwx rwx'])
    bare.write(reg.MPU_CTRL, ENABLE | PRIVDEFENA)
    expect(allowed(bare, 0x100)).toBe('rwx ---')
    expect(allowed(bare, 0x4000_0000)).toBe('rw- ---')
  })

  it('knows the access permissions of a region', () => {
    const found = [0, 1, 2, 3, 4, 5, 6, 7].map((ap) =>
      allowed(region(new BareCpu(), 0, RAM, KB64 | (ap << 24)).write(reg.MPU_CTRL, 1), RAM),
    )
    expect(found).toEqual([
      '--- ---',
      'rwx ---',
      'rwx r-x',
      'rwx rwx',
      '--- ---',
      'r-x ---',
      'r-x r-x',
      'r-x r-x',
    ])
    const never = region(new BareCpu(), 0, RAM, KB64 | RW | XN).write(reg.MPU_CTRL, 1)
    expect(allowed(never, RAM)).toBe('rw- rw-')
  })

  it('lets the region with the highest number decide', () => {
    const bare = region(new BareCpu(), 2, RAM, KB64 | RW)
    region(bare, 5, RAM + 0x40, B32).write(reg.MPU_CTRL, ENABLE)
    expect(allowed(bare, RAM + 0x3f)).toBe('rwx rwx')
    expect(allowed(bare, RAM + 0x40)).toBe('--- ---')
    expect(allowed(bare, RAM + 0x5f)).toBe('--- ---')
    expect(allowed(bare, RAM + 0x60)).toBe('rwx rwx')
  })

  it('leaves out disabled subregions', () => {
    const bare = region(new BareCpu(), 0, RAM, KB64 | READ_ONLY)
    region(bare, 1, RAM, KB64 | RW | (0x81 << 8)).write(reg.MPU_CTRL, ENABLE)
    const eighths = [0, 1, 6, 7].map((i) => allowed(bare, RAM + i * 0x2000))
    expect(eighths).toEqual(['r-x r-x', 'rwx rwx', 'rwx rwx', 'r-x r-x'])
  })

  it('looks at all bytes of an access', () => {
    const bare = region(new BareCpu(), 0, RAM, B32 | RW).write(reg.MPU_CTRL, ENABLE)
    expect(bare.system.permits(RAM + 28, 4, Access.READ, true)).toBe(true)
    expect(bare.system.permits(RAM + 30, 4, Access.READ, true)).toBe(false)
  })

  it('gives code and data windows in which it need not be asked', () => {
    const bare = region(new BareCpu(), 0, RAM, KB64 | RW | XN)
    region(bare, 1, RAM + 0x1000, B32).write(reg.MPU_CTRL, ENABLE | PRIVDEFENA)
    const { cpu, system } = bare
    expect(cpu.dataSize).toBe(0)
    for (let i = 0; i < 20; i++) system.permits(RAM, 4, Access.READ, true)
    expect([cpu.dataBase, cpu.dataSize]).toEqual([RAM + 0x1020, RAM_SIZE - 0x1020])
    system.fetchWindow(0x100)
    expect([cpu.fetchBase, cpu.fetchSize]).toEqual([0, 0x1000_0000])
    system.fetchWindow(RAM)
    expect(cpu.fetchSize).toBe(0)
  })

  it('gives unprivileged code other windows', () => {
    const bare = region(new BareCpu(), 0, RAM, KB64 | PRIVILEGED_RW)
    region(bare, 1, RAM + 0x1000, B32 | RW).write(reg.MPU_CTRL, ENABLE)
    for (let i = 0; i < 20; i++) bare.system.permits(RAM, 4, Access.READ, true)
    expect(bare.cpu.dataSize).toBe(RAM_SIZE)
    bare.cpu.control = 1
    bare.step()
    expect([bare.cpu.dataBase, bare.cpu.dataSize]).toEqual([RAM + 0x1000, 32])
  })

  it('lets handlers as urgent as HardFault through, unless HFNMIENA is set', () => {
    const bare = new BareCpu().write(reg.MPU_CTRL, ENABLE)
    expect(bare.cpu.protected).toBe(true)
    bare.cpu.faultmask = 1
    expect(bare.step().cpu.protected).toBe(false)
    expect(bare.write(reg.MPU_CTRL, ENABLE | HFNMIENA).cpu.protected).toBe(true)
  })

  it('knows nothing of the private peripheral bus, and no code in the system space', () => {
    const bare = region(new BareCpu(), 0, 0, (31 << 1) | RW).write(reg.MPU_CTRL, ENABLE)
    region(bare, 1, 0xe000_0000, (19 << 1) | 0)
    expect(allowed(bare, reg.CPUID)).toBe('rw- rw-')
    expect(allowed(bare, 0xf000_0000)).toBe('rw- rw-')
  })

  it('forbids stacking an exception frame: MemManage, MSTKERR', () => {
    const bare = region(new BareCpu(), 0, STACK - 32, B32)
    bare.write(reg.MPU_CTRL, ENABLE | PRIVDEFENA).write(reg.SHCSR, 7 << 16)
    bare
      .write(reg.SHPR3, 0x40 << 16)
      .write(reg.ICSR, 1 << 28)
      .step()
    expect(bare.handler).toBe('MemManage')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.MSTKERR)
    expect(bare.leave().handler).toBe('PendSV')
  })

  it('stacks with the rights of what is interrupted', () => {
    const bare = region(new BareCpu(), 0, RAM, KB64 | PRIVILEGED_RW)
    bare.write(reg.MPU_CTRL, ENABLE | PRIVDEFENA).write(reg.SHCSR, 7 << 16)
    bare.write(reg.ICSR, 1 << 28)
    bare.cpu.control = 1
    expect(bare.step().handler).toBe('MemManage')
  })

  it('names a region in RBAR, or by RNR', () => {
    const bare = region(new BareCpu(), 3, RAM, KB64)
    expect(bare.read(reg.MPU_RNR)).toBe(3)
    expect(bare.read(reg.MPU_RBAR)).toBe((RAM | 3) >>> 0)
    bare.write(reg.MPU_RNR, 1).write(reg.MPU_RBAR, 0x1000)
    expect(bare.read(reg.MPU_RBAR)).toBe(0x1001)
    expect(bare.read(reg.MPU_TYPE)).toBe(0x800)
  })
})

describe('the MPU of ARMv8-M', () => {
  it('has regions from a base to a limit, in steps of 32 bytes', () => {
    const bare = region8(new BareCpu('cortex-m33'), 0, RAM | 2, RAM + 0x5f)
    bare.write(reg.MPU_CTRL, ENABLE)
    expect(allowed(bare, RAM)).toBe('rwx rwx')
    expect(allowed(bare, RAM + 0x5f)).toBe('rwx rwx')
    expect(allowed(bare, RAM + 0x60)).toBe('--- ---')
  })

  it('knows the access permissions of a region', () => {
    const found = [0, 2, 4, 6, 7].map((bits) =>
      allowed(
        region8(new BareCpu('cortex-m33'), 0, RAM | bits, RAM + 0xff).write(reg.MPU_CTRL, 1),
        RAM,
      ),
    )
    expect(found).toEqual(['rwx ---', 'rwx rwx', 'r-x ---', 'r-x r-x', 'r-- r--'])
  })

  it('forbids everything where two regions overlap', () => {
    const bare = region8(new BareCpu('cortex-m33'), 0, RAM | 2, RAM + 0xff)
    region8(bare, 1, (RAM + 0x80) | 2, RAM + 0x17f).write(reg.MPU_CTRL, ENABLE | PRIVDEFENA)
    const found = [0x7f, 0x80, 0xff, 0x100].map((offset) => allowed(bare, RAM + offset))
    expect(found).toEqual(['rwx rwx', '--- ---', '--- ---', 'rwx rwx'])
  })

  it('reaches the neighbours of a region through its aliases', () => {
    const bare = new BareCpu('cortex-m33').write(reg.MPU_RNR, 5)
    bare.write(reg.MPU_RBAR + 16, RAM | 2).write(reg.MPU_RASR + 16, RAM | 1)
    expect(bare.write(reg.MPU_RNR, 6).read(reg.MPU_RBAR)).toBe((RAM | 2) >>> 0)
  })
})
