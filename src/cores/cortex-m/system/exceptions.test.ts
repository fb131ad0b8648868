import { describe, expect, it } from 'vitest'
import {
  BareCpu,
  handlerOf,
  NOWHERE,
  RAM,
  reg,
  STACK,
} from '../../../../test/cores/cortex-m-system/bare-cpu.js'
import { Fault } from '../system-interface.js'
import { Exception } from './exception.js'
import { Cfsr, Hfsr } from './fault-status.js'

const PENDSVSET = 1 << 28
const PENDSTSET = 1 << 26
const FAULTS_ENABLED = 7 << 16

/** A core with external interrupts 0 to 3 enabled, at priorities 0x20, 0x40, 0x60, 0x80. */
function withInterrupts(bare = new BareCpu()): BareCpu {
  return bare.write(reg.ISER, 0xf).write(reg.IPR, 0x8060_4020)
}

describe('an exception of a Cortex-M', () => {
  it('stacks r0 to r3, r12, LR, the return address and xPSR, and enters its handler', () => {
    const bare = new BareCpu()
    const { cpu } = bare
    cpu.r.set([10, 11, 12, 13])
    cpu.r[12] = 22
    cpu.r[14] = 0x701
    cpu.setApsr(0xf000_0000)
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.handler).toBe('PendSV')
    expect(bare.sp).toBe(STACK - 32)
    expect(bare.stacked(8)).toEqual([10, 11, 12, 13, 22, 0x701, 0x800, 0xf100_0000])
    expect(bare.lr).toBe(0xffff_fff9)
    expect(cpu.pc).toBe(handlerOf(Exception.PENDSV))
    cpu.r.fill(0, 0, 4)
    bare.leave()
    expect(bare.handler).toBe('Thread')
    expect([...cpu.r.subarray(0, 4)]).toEqual([10, 11, 12, 13])
    expect([bare.sp, bare.lr, cpu.pc, cpu.xpsr >>> 0]).toEqual([STACK, 0x701, 0x800, 0xf100_0000])
  })

  it('aligns its frame to 8 bytes, and remembers that it did', () => {
    const bare = new BareCpu()
    bare.cpu.r[13] = STACK - 4
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.sp).toBe(STACK - 40)
    expect(bare.stacked(8)[7]).toBe(0x0100_0200)
    expect(bare.leave().sp).toBe(STACK - 4)
  })

  it('leaves SP at a multiple of 4 where CCR.STKALIGN is off', () => {
    const bare = new BareCpu().write(reg.CCR, 0)
    bare.cpu.r[13] = STACK - 4
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.sp).toBe(STACK - 36)
    expect(bare.leave().sp).toBe(STACK - 4)
  })

  it('goes from PSP to MSP and back', () => {
    const bare = new BareCpu()
    const { cpu } = bare
    cpu.psp = RAM + 0x400
    cpu.control = 2
    cpu.selectStack(true)
    bare.write(reg.ICSR, PENDSVSET).step()
    expect([bare.sp, cpu.psp, bare.lr]).toEqual([STACK, RAM + 0x3e0, 0xffff_fffd])
    expect(cpu.control).toBe(0)
    bare.leave()
    expect([bare.sp, cpu.control]).toEqual([RAM + 0x400, 2])
  })

  it('keeps the place in an IT block', () => {
    const bare = new BareCpu()
    bare.cpu.itstate = 0xa5
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.cpu.itstate).toBe(0)
    expect(bare.leave().cpu.itstate).toBe(0xa5)
  })

  it('ends the monitor of exclusive accesses, and is an event', () => {
    const bare = new BareCpu()
    bare.cpu.exclusive = RAM
    bare.write(reg.ICSR, PENDSVSET).step()
    expect(bare.cpu.exclusive).toBeUndefined()
    expect(bare.cpu.event).toBe(true)
  })

  it('wears the EXC_RETURN of its world on ARMv8-M', () => {
    for (const [secure, lr] of [
      [false, 0xffff_ffb8],
      [true, 0xffff_fff9],
    ] as const) {
      const bare = new BareCpu('cortex-m33', { secure }).write(reg.ICSR, PENDSVSET).step()
      expect(bare.lr).toBe(lr)
      expect(bare.leave().handler).toBe('Thread')
    }
  })
})

describe('priorities of a Cortex-M', () => {
  it('let a more urgent exception preempt a handler, and not an equal or less urgent one', () => {
    const bare = withInterrupts()
    bare.system.setInterrupt(1, true)
    expect(bare.step().handler).toBe('interrupt 1')
    bare.system.setInterrupt(2, true)
    expect(bare.step().handler).toBe('interrupt 1')
    bare.system.setInterrupt(0, true)
    expect(bare.step().handler).toBe('interrupt 0')
    expect(bare.lr).toBe(0xffff_fff1)
    bare.system.setInterrupt(0, false)
    expect(bare.leave().handler).toBe('interrupt 1')
  })

  it('choose by priority, then by number', () => {
    const bare = new BareCpu().write(reg.ISER, 0xf).write(reg.IPR, 0x4040_4080)
    bare.write(reg.ISPR, 0xf)
    const order = [bare.step().handler]
    for (let i = 0; i < 3; i++) order.push(bare.leave().handler)
    expect(order).toEqual(['interrupt 1', 'interrupt 2', 'interrupt 3', 'interrupt 0'])
  })

  it('do not preempt within a group, but choose by subpriority', () => {
    const bare = withInterrupts().write(reg.AIRCR, 0x05fa_0700).write(reg.ISPR, 0xc)
    expect(bare.step().handler).toBe('interrupt 2')
    bare.write(reg.ISPR, 0x1)
    expect(bare.step().handler).toBe('interrupt 2')
    expect(bare.leave().handler).toBe('interrupt 0')
    expect(bare.leave().handler).toBe('interrupt 3')
  })

  it('are masked by BASEPRI from its own value on', () => {
    const bare = withInterrupts().write(reg.ISPR, 0x6)
    bare.cpu.basepri = 0x40
    expect(bare.step().handler).toBe('Thread')
    bare.cpu.basepri = 0x41
    expect(bare.step().handler).toBe('interrupt 1')
  })

  it('are masked by PRIMASK but for NMI and HardFault, and by FAULTMASK but for NMI', () => {
    const bare = withInterrupts().write(reg.ISPR, 1)
    bare.cpu.primask = 1
    expect(bare.step().handler).toBe('Thread')
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.handler).toBe('HardFault')
    bare.leave()
    bare.cpu.faultmask = 1
    bare.write(reg.ICSR, 0x8000_0000)
    expect(bare.step().handler).toBe('NMI')
    bare.leave()
    expect(bare.cpu.faultmask).toBe(1)
  })

  it('of HardFault and others let FAULTMASK go when their handler returns', () => {
    const bare = withInterrupts().write(reg.ISPR, 1).step()
    bare.cpu.faultmask = 1
    expect(bare.leave().cpu.faultmask).toBe(0)
  })

  it('have as many bits as the part says', () => {
    const bare = new BareCpu('cortex-m4', { part: { priorityBits: 3 } })
    expect(bare.write(reg.IPR, 0xffff_ffff).read(reg.IPR)).toBe(0xe0e0_e0e0)
  })
})

describe('the return from an exception', () => {
  it('goes straight into the next handler, with the frame where it is', () => {
    const bare = withInterrupts().write(reg.ISPR, 0x3).step()
    const { sp, lr } = bare
    expect(bare.leave().handler).toBe('interrupt 1')
    expect([bare.sp, bare.lr]).toEqual([sp, lr])
    expect(bare.leave().sp).toBe(STACK)
  })

  it('pends an interrupt again whose line is still high', () => {
    const bare = withInterrupts()
    bare.system.setInterrupt(0, true)
    bare.step().leave()
    expect(bare.handler).toBe('interrupt 0')
    bare.system.setInterrupt(0, false)
    expect(bare.leave().handler).toBe('Thread')
  })

  it('to Thread mode is refused while another exception is active: UsageFault, INVPC', () => {
    const bare = withInterrupts().write(reg.SHCSR, FAULTS_ENABLED).write(reg.ISPR, 2).step()
    bare.write(reg.ISPR, 1).step()
    bare.cpu.r[14] = 0xffff_fff9 | 0
    expect(bare.leave().handler).toBe('UsageFault')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.INVPC)
    expect(bare.lr).toBe(0xffff_fff9)
    expect(bare.cpu.fault?.cause).toBe('UsageFault: invalid exception return')
  })

  it('to Thread mode is allowed then if CCR.NONBASETHRDENA says so', () => {
    const bare = withInterrupts().write(reg.CCR, 0x201).write(reg.ISPR, 2).step()
    bare.cpu.r[14] = 0xffff_fff9 | 0
    bare.write(reg.ISPR, 1).step()
    bare.write(bare.sp + 28, 0x0100_0000)
    bare.cpu.r[14] = 0xffff_fff9 | 0
    expect(bare.leave().handler).toBe('Thread')
  })

  it('is refused with a value that no handler is given', () => {
    for (const value of [0xffff_fff3, 0xffff_fff5, 0xffff_ff09, 0xfffe_fff9]) {
      const bare = withInterrupts().write(reg.SHCSR, FAULTS_ENABLED).write(reg.ISPR, 1).step()
      bare.cpu.r[14] = value | 0
      expect([value, bare.leave().handler]).toEqual([value, 'UsageFault'])
    }
  })

  it('is refused where the frame is that of another mode', () => {
    for (const part of ['cortex-m4', 'cortex-m33'] as const) {
      const bare = withInterrupts(new BareCpu(part)).write(reg.SHCSR, FAULTS_ENABLED)
      bare.write(reg.ISPR, 1).step()
      const { sp } = bare
      bare.write(bare.sp + 28, 0x0100_0011)
      expect(bare.leave().handler).toBe('UsageFault')
      expect(bare.read(reg.CFSR)).toBe(Cfsr.INVPC)
      expect(bare.sp).toBe(sp)
    }
  })

  it('waits for the next interrupt where SCR.SLEEPONEXIT is set', () => {
    const bare = withInterrupts().write(reg.SCR, 2).write(reg.ISPR, 2).step()
    bare.write(reg.ISPR, 1).step()
    expect(bare.leave().cpu.waiting).toBe(false)
    expect(bare.leave().cpu.waiting).toBe(true)
    expect(bare.system.wakes(false)).toBe(false)
    bare.write(reg.ISPR, 1)
    expect(bare.system.wakes(false)).toBe(true)
  })
})

describe('a fault of a Cortex-M', () => {
  it('is taken by its own exception where that is enabled, at the instruction itself', () => {
    const bare = new BareCpu().write(reg.SHCSR, FAULTS_ENABLED)
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.handler).toBe('UsageFault')
    expect(bare.stacked(8)[6]).toBe(0x800)
    expect(bare.read(reg.CFSR)).toBe(Cfsr.UNDEFINSTR)
    expect(bare.read(reg.HFSR)).toBe(0)
  })

  it('is a HardFault, FORCED, where it is not enabled or not urgent enough', () => {
    const disabled = new BareCpu()
    disabled.system.fault(Fault.DIVIDE_BY_ZERO, 0)
    expect(disabled.handler).toBe('HardFault')
    const masked = withInterrupts().write(reg.SHCSR, FAULTS_ENABLED).write(reg.SHPR1, 0x20_0000)
    masked.write(reg.ISPR, 1).step()
    masked.system.fault(Fault.DIVIDE_BY_ZERO, 0)
    expect(masked.handler).toBe('HardFault')
    for (const bare of [disabled, masked]) {
      expect(bare.read(reg.CFSR)).toBe(Cfsr.DIVBYZERO)
      expect(bare.read(reg.HFSR)).toBe(Hfsr.FORCED)
    }
  })

  it('says what it was, where, and the address', () => {
    const bare = new BareCpu().write(reg.SHCSR, FAULTS_ENABLED)
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    expect(bare.cpu.fault).toMatchObject({
      cause: 'BusFault: precise data access',
      pc: 0x800,
      address: NOWHERE,
    })
    expect(bare.read(reg.BFAR)).toBe(NOWHERE)
    expect(bare.read(reg.CFSR)).toBe(Cfsr.PRECISERR | Cfsr.BFARVALID)
    bare.leave()
    expect(bare.cpu.fault).toBeUndefined()
  })

  it('of the first of several in each other is what is remembered', () => {
    const bare = new BareCpu().write(reg.SHCSR, FAULTS_ENABLED)
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.handler).toBe('HardFault')
    bare.leave()
    expect(bare.cpu.fault?.cause).toBe('BusFault: precise data access')
  })

  it('of an access is passed over at the priority of HardFault where CCR.BFHFNMIGN is set', () => {
    const bare = new BareCpu()
    bare.cpu.faultmask = 1
    expect(bare.cpu.memory.load(NOWHERE | 0, 4)).toBe(-1)
    bare.write(reg.CCR, 0x300)
    expect(bare.cpu.memory.load(NOWHERE | 0, 4)).toBe(0)
    expect(bare.cpu.memory.store(NOWHERE | 0, 4, 1)).toBe(true)
    expect(bare.read(reg.CFSR)).toBe(Cfsr.PRECISERR | Cfsr.BFARVALID)
    expect(bare.read(reg.BFAR)).toBe(NOWHERE)
    bare.cpu.faultmask = 0
    expect(bare.cpu.memory.load(NOWHERE | 0, 4)).toBe(-1)
  })

  it('in HardFault ends in lockup, which tells the story', () => {
    const bare = new BareCpu()
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.cpu.lockup).toBe(
      'lockup: UsageFault: undefined instruction at pc 0x00001030 in the handler of HardFault, ' +
        'after BusFault: precise data access at pc 0x00000800, address 0x90000000',
    )
  })

  it('in HardFault tells the first one, also where that was of the same kind', () => {
    const bare = new BareCpu()
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE + 4)
    expect(bare.cpu.lockup).toBe(
      'lockup: BusFault: precise data access at pc 0x00001030 in the handler of HardFault, ' +
        'after BusFault: precise data access at pc 0x00000800, address 0x90000000',
    )
    expect(bare.cpu.fault?.pc).toBe(0x800)
  })

  it('tells the first one where its handler could not return', () => {
    const bare = new BareCpu()
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    bare.cpu.r[13] = NOWHERE
    bare.leave()
    expect(bare.handler).toBe('HardFault')
    expect(bare.cpu.fault).toMatchObject({ pc: 0x800, cause: 'UsageFault: undefined instruction' })
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    expect(bare.cpu.lockup).toMatch(/after UsageFault: undefined instruction at pc 0x00000800$/)
  })

  it('is over once its handler has returned, and another one is a story of its own', () => {
    const bare = new BareCpu()
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    bare.leave()
    expect(bare.cpu.fault).toBeUndefined()
    bare.cpu.pc = 0x804
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    expect(bare.cpu.fault?.pc).toBe(0x804)
  })

  it('with FAULTMASK set is told alone: nothing has led to it', () => {
    const bare = new BareCpu()
    bare.cpu.faultmask = 1
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    expect(bare.cpu.lockup).toBe('lockup: UsageFault: undefined instruction at pc 0x00000800')
  })

  it('of a breakpoint is a HardFault of debugging, or DebugMonitor where that is enabled', () => {
    const bare = new BareCpu()
    bare.system.fault(Fault.BREAKPOINT, 0)
    expect(bare.handler).toBe('HardFault')
    expect(bare.read(reg.HFSR)).toBe(0x8000_0000)
    const monitored = new BareCpu().write(reg.DEMCR, 1 << 16)
    monitored.system.fault(Fault.BREAKPOINT, 0)
    expect(monitored.handler).toBe('DebugMonitor')
    expect(monitored.read(reg.DFSR)).toBe(2)
  })

  it('is always a HardFault on ARMv6-M, without status registers', () => {
    const bare = new BareCpu('cortex-m0plus')
    bare.system.fault(Fault.ACCESS_FAILED, NOWHERE)
    expect(bare.handler).toBe('HardFault')
    expect([bare.read(reg.CFSR), bare.read(reg.HFSR), bare.read(reg.BFAR)]).toEqual([0, 0, 0])
    expect(bare.cpu.fault?.cause).toBe('HardFault: precise data access')
  })

  it('of stacking is taken in place of the exception, or after it, by priority', () => {
    for (const [priority, first, then] of [
      [0x10, 'BusFault', 'interrupt 0'],
      [0x30, 'interrupt 0', 'BusFault'],
    ] as const) {
      const bare = withInterrupts().write(reg.SHCSR, FAULTS_ENABLED)
      bare.write(reg.SHPR1, priority << 8)
      bare.cpu.r[13] = NOWHERE
      bare.write(reg.ISPR, 1).step()
      expect(bare.handler).toBe(first)
      expect(bare.read(reg.CFSR)).toBe(Cfsr.STKERR)
      expect(bare.sp).toBe(NOWHERE - 32)
      expect(bare.leave().handler).toBe(then)
    }
  })

  it('of unstacking is taken with the frame left where it is', () => {
    const bare = withInterrupts().write(reg.SHCSR, FAULTS_ENABLED).write(reg.ISPR, 1).step()
    bare.cpu.r[13] = NOWHERE
    expect(bare.leave().handler).toBe('BusFault')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.UNSTKERR)
    expect([bare.sp, bare.lr]).toEqual([NOWHERE, 0xffff_fff9])
  })

  it('of reading a vector is a HardFault, VECTTBL, and lockup where it is that of HardFault', () => {
    // The table's first 32 entries are memory's last.
    const bare = new BareCpu().write(0xff80 + 4 * Exception.HARD_FAULT, handlerOf(3) | 1)
    bare
      .write(reg.VTOR, 0xff80)
      .write(reg.ISER, 1 << 20)
      .write(reg.ISPR, 1 << 20)
      .step()
    expect(bare.handler).toBe('HardFault')
    expect(bare.read(reg.HFSR)).toBe(Hfsr.VECTTBL)
    const lost = withInterrupts().write(reg.VTOR, NOWHERE).write(reg.ISPR, 1).step()
    expect(lost.cpu.lockup).toMatch(
      /^lockup: no vector for HardFault at .*, after HardFault: no vector/,
    )
  })
})

describe('SVC', () => {
  it('enters SVCall, to return behind the instruction', () => {
    const bare = new BareCpu()
    bare.cpu.pc = 0x802
    bare.system.supervisorCall()
    expect(bare.handler).toBe('SVCall')
    expect(bare.stacked(8)[6]).toBe(0x802)
  })

  it('is a HardFault at the instruction where SVCall cannot be taken', () => {
    const bare = new BareCpu().write(reg.SHPR2, 0x4000_0000)
    bare.cpu.basepri = 0x40
    bare.cpu.pc = 0x802
    bare.system.supervisorCall()
    expect(bare.handler).toBe('HardFault')
    expect(bare.stacked(8)[6]).toBe(0x800)
    expect(bare.read(reg.HFSR)).toBe(Hfsr.FORCED)
  })
})

describe('stack limits of ARMv8-M', () => {
  it('stop an exception frame before it is written: UsageFault, STKOF', () => {
    const bare = withInterrupts(new BareCpu('cortex-m33')).write(reg.SHCSR, FAULTS_ENABLED)
    const { cpu } = bare
    cpu.control = 2
    cpu.selectStack(true)
    cpu.psp = RAM + 0x110
    cpu.psplim = RAM + 0x100
    bare
      .write(RAM + 0xf0, 0x1234_5678)
      .write(reg.ISPR, 1)
      .step()
    expect(bare.handler).toBe('UsageFault')
    expect(bare.read(reg.CFSR)).toBe(Cfsr.STKOF)
    expect(cpu.psp).toBe(RAM + 0x100)
    expect(bare.read(RAM + 0xf0)).toBe(0x1234_5678)
  })

  it('are not looked at in handlers as urgent as HardFault where CCR.STKOFHFNMIGN is set', () => {
    const bare = new BareCpu('cortex-m33').write(reg.CCR, 0x400)
    bare.cpu.msplim = STACK - 0x30
    bare.system.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    bare.write(reg.ICSR, 0x8000_0000).step()
    expect(bare.handler).toBe('NMI')
    expect(bare.sp).toBe(STACK - 64)
  })
})

describe('a waiting core', () => {
  it('wakes for an interrupt that only PRIMASK holds back', () => {
    const bare = withInterrupts().write(reg.ISPR, 2)
    bare.cpu.primask = 1
    expect(bare.system.wakes(false)).toBe(true)
    bare.cpu.basepri = 0x40
    expect(bare.system.wakes(false)).toBe(false)
  })

  it('in WFE wakes for a disabled interrupt where SCR.SEVONPEND is set', () => {
    const bare = new BareCpu()
    bare.system.setInterrupt(5, true)
    expect(bare.system.wakes(true)).toBe(false)
    bare.write(reg.SCR, 1 << 4)
    bare.system.setInterrupt(6, true)
    expect(bare.system.wakes(true)).toBe(true)
  })
})

it('a tick of SysTick and a PendSV of one priority are taken in the order of their numbers', () => {
  const bare = new BareCpu().write(reg.ICSR, PENDSVSET | PENDSTSET).step()
  expect(bare.handler).toBe('PendSV')
  expect(bare.leave().handler).toBe('SysTick')
})
