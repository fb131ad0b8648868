import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/assembler.js'
import { csr, Program, reg } from '../../../test/cores/assembler.js'
import { randomCase } from '../../../test/cores/cases-random.js'
import { Random } from '../../../test/cores/random.js'
import { Region } from '../../memory/region.js'
import type { Bus, CoreStop } from '../core.js'
import { Rv32 } from './rv32.js'
import { MEI, MSI, MTI } from './trap.js'

const { a0, a1, a2, a3, a4, a5, s0, s1, t0, t1, t2, zero } = reg
const BASE = 0x8000_0000
const SIZE = 0x1_0000
const DATA = BASE + 0x8000
const DEVICE = 0x1000_0000

interface Machine {
  readonly core: Rv32
  readonly ram: Region
  readonly accesses: { readonly address: number; readonly cycle: number }[]
}

/** A core with 64 KiB of RAM and one device register, which stops the core at each access. */
function machineWith(program: Program, buffer?: SharedArrayBuffer): Machine {
  const ram = new Region({
    name: 'ram',
    da: BASE,
    size: SIZE,
    buffer: buffer ?? new ArrayBuffer(SIZE),
  })
  const accesses: { address: number; cycle: number }[] = []
  const touch = (address: number): boolean => {
    if (address !== DEVICE) return false
    accesses.push({ address, cycle: core.cycle })
    core.requestStop()
    return true
  }
  const bus: Bus = {
    load: (address) => (touch(address) ? 0x1234_5678 : -1),
    store: (address) => touch(address),
  }
  const core: Rv32 = new Rv32({ regions: [ram], bus, time: () => Math.floor(core.cycle / 10) })
  ram.bytes.set(program.bytes())
  core.reset(BASE)
  return { core, ram, accesses }
}

/** Notes mcause, mepc, mtval in a1 to a3 and stops there. */
function withHandler(program: Program): Program {
  const body = new Program().la(t0, 'handler').emit(asm.csrrw(zero, csr.mtvec, t0))
  body.jump('body').align(4).label('handler')
  body.emit(asm.csrrs(a1, csr.mcause, 0), asm.csrrs(a2, csr.mepc, 0), asm.csrrs(a3, csr.mtval, 0))
  body.label('stop').emit(asm.wfi).jump('stop').label('body')
  const bytes = program.bytes()
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < bytes.length; i += 4) body.emit(view.getUint32(i, true))
  return body
}

const hexadecimal = (value: number | undefined): string => `0x${((value ?? 0) >>> 0).toString(16)}`

describe('an RV32 core', () => {
  it('does the same however its run is cut', () => {
    const random = new Random(7)
    for (let i = 0; i < 20; i++) {
      const { code } = randomCase(random, 'sequence')
      const program = new Program()
        .emit(...asm.li(s0, DATA + 64), ...asm.li(s1, DATA))
        .half(...code)
      const results = [1, 2, 13, 1e6].map((slice) => {
        const { core, ram } = machineWith(program)
        let stop: CoreStop = { kind: 'budget' }
        while (stop.kind === 'budget') stop = core.run(core.cycle + slice)
        return [stop, core.cycle, core.pc, core.registers, ram.bytes.slice(0x8000, 0x8100)]
      })
      for (const result of results) expect(result).toEqual(results[0])
    }
  })

  it('shows a device exactly the cycle of each access, and stops after it when asked to', () => {
    const program = new Program().emit(asm.nop, ...asm.li(t0, DEVICE), asm.lw(a0, t0, 0))
    const { core, accesses } = machineWith(program.emit(asm.nop, asm.sw(a0, t0, 0), asm.nop))
    expect(core.run(1000).kind).toBe('requested')
    expect(accesses).toEqual([{ address: DEVICE, cycle: 3 }])
    expect(core.cycle).toBe(4)
    expect(core.registers[a0]).toBe(0x1234_5678)
    core.run(1000)
    expect(accesses[1]).toEqual({ address: DEVICE, cycle: 5 })
  })

  it('takes a cycle for a trap, and lets its clock be moved on while it waits', () => {
    // With an interrupt that would wake it.
    const program = withHandler(new Program().emit(asm.csrrsi(zero, csr.mie, 8), asm.ecall))
    program.emit(asm.nop)
    const { core } = machineWith(program)
    expect(core.run(1000).kind).toBe('waiting')
    expect(core.cycle).toBe(10)
    core.skipTo(5000)
    expect(core.cycle).toBe(5000)
    expect(core.run(6000).kind).toBe('waiting')
  })

  it('reads mcycle, minstret and time as of the reading instruction', () => {
    const program = new Program().emit(asm.nop, asm.csrrs(a0, csr.mcycle, 0))
    for (let i = 0; i < 20; i++) program.emit(asm.nop)
    program.emit(asm.csrrs(a1, csr.minstret, 0), asm.csrrs(a2, csr.time, 0))
    program.emit(...asm.li(t0, 100), asm.csrrw(0, csr.mcycle, t0), asm.csrrs(a3, csr.mcycle, 0))
    const { core } = machineWith(program)
    core.run(28)
    expect([a0, a1, a2, a3].map((register) => core.registers[register])).toEqual([1, 22, 2, 100])
  })

  it('lets mcountinhibit stop the counters', () => {
    const program = new Program().emit(asm.addi(t0, 0, 1), asm.csrrw(0, 0x320, t0), asm.nop)
    program.emit(asm.csrrs(a0, csr.mcycle, 0), asm.csrrs(a1, csr.minstret, 0))
    program.emit(asm.csrrw(0, 0x320, 0), asm.csrrs(a2, csr.mcycle, 0), asm.csrrs(a3, csr.mcycle, 0))
    const { core } = machineWith(program)
    core.run(8)
    expect([a0, a1, a2, a3].map((register) => core.registers[register])).toEqual([2, 4, 2, 3])
  })

  it('wakes from wfi for an interrupt that mie enables though mstatus does not', () => {
    const program = new Program().emit(...asm.li(t0, 0x80), asm.csrrw(0, csr.mie, t0), asm.wfi)
    const { core } = machineWith(program.emit(asm.addi(a0, 0, 5), asm.wfi))
    expect(core.run(1000).kind).toBe('waiting')
    core.pending = MSI
    expect(core.run(1000).kind).toBe('waiting')
    expect(core.registers[a0]).toBe(0)
    core.pending = MTI
    core.run(5)
    expect(core.registers[a0]).toBe(5)
  })

  it('takes the external interrupt before the software one and that before the timer', () => {
    const program = withHandler(
      new Program().emit(
        ...asm.li(t0, 0x888),
        asm.csrrw(0, csr.mie, t0),
        asm.csrrsi(0, csr.mstatus, 8),
      ),
    )
    const causes = [MTI | MSI | MEI, MTI | MSI, MTI].map((pending) => {
      const { core } = machineWith(program)
      core.pending = pending
      core.run(1000)
      return hexadecimal(core.registers[a1])
    })
    expect(causes).toEqual(['0x8000000b', '0x80000003', '0x80000007'])
  })

  it('executes changed code after fence.i', () => {
    const program = new Program().la(t0, 'patched').emit(...asm.li(t1, asm.addi(a0, 0, 2)))
    program
      .emit(asm.addi(t2, 0, 2))
      .label('patched')
      .emit(asm.addi(a0, 0, 1))
    program.emit(asm.sw(t1, t0, 0), asm.fenceI, asm.addi(t2, t2, -1))
    const { core } = machineWith(program.branch(1, t2, 0, 'patched'))
    core.run(14)
    expect(core.registers[a0]).toBe(2)
  })

  it('stores conditionally only what nobody has changed since', () => {
    const program = new Program().emit(...asm.li(t0, DATA), asm.addi(t1, 0, 9), asm.lr(a0, t0))
    program.emit(asm.sc(a1, t0, t1), asm.lr(a2, t0), asm.sc(a3, t0, t1))
    for (const buffer of [undefined, new SharedArrayBuffer(SIZE)]) {
      const { core, ram } = machineWith(program, buffer)
      core.run(4)
      ram.setU32(0x8000, 77) // as another thread would
      core.run(8)
      expect([a0, a1, a2, a3].map((register) => core.registers[register])).toEqual([0, 1, 77, 0])
      expect(ram.getU32(0x8000)).toBe(9)
    }
  })

  it('loads and stores in a second region as in the first, aligned or not', () => {
    const window = 0x1800_0000
    const results = [DATA, window].map((base) => {
      const regions = [
        new Region({ name: 'ram', da: BASE, size: SIZE }),
        new Region({ name: 'window', da: window, size: SIZE }),
      ] as const
      const core = new Rv32({ regions, bus: { load: () => -1, store: () => false }, time: () => 0 })
      const program = new Program().emit(...asm.li(s0, base), ...asm.li(s1, 0x89ab_cdef))
      for (const offset of [0, 1, 2, 3]) {
        for (const size of [0, 1, 2]) {
          program.emit(
            asm.typeS(0x23, size, s0, s1, 16 * size + 5 * offset),
            asm.addi(s1, s1, 0x77),
          )
        }
        for (const [i, kind] of [0, 1, 2, 4, 5].entries()) {
          program.emit(asm.typeI(0x03, kind, a0 + i, s0, offset + 16))
          program.emit(asm.typeR(0x33, 4, 0, t1, t1, a0 + i), asm.add(t2, t2, t1))
        }
      }
      const bytes = program.bytes()
      regions[0].bytes.set(bytes)
      core.reset(BASE)
      core.run(bytes.length / 4)
      const data = base === window ? regions[1].bytes : regions[0].bytes.subarray(0x8000)
      return [
        core.pc,
        [a0, a1, a2, a3, a4, t1, t2].map((i) => core.registers[i]),
        data.slice(0, 64),
      ]
    })
    expect(results[0]?.[0]).toBe(BASE + 4 * (4 + 4 * (6 + 15)))
    expect(results[1]).toEqual(results[0])
  })

  it('adds to memory that is shared with other threads', () => {
    const program = new Program().emit(...asm.li(t0, DATA), asm.addi(t1, 0, 3), asm.fence)
    program.emit(asm.amo(0, a0, t0, t1), asm.amo(0, a1, t0, t1), asm.fence)
    const { core, ram } = machineWith(program, new SharedArrayBuffer(SIZE))
    core.run(7)
    expect([core.registers[a1], ram.getU32(0x8000)]).toEqual([3, 6])
  })
})

describe('a trap', () => {
  const outside = BASE + SIZE
  const trapped = (...words: readonly number[]): (string | undefined)[] => {
    const { core } = machineWith(withHandler(new Program().emit(...asm.li(a5, outside), ...words)))
    core.run(1000)
    return [a1, a2, a3].map((register) => hexadecimal(core.registers[register]))
  }
  const body = new Program().emit(...asm.li(a5, 0))
  const at = hexadecimal(withHandler(body).here)

  it('of a misaligned AMO is the store kind, as the specification says', () => {
    const code = [asm.addi(a4, a5, -3), asm.amo(0, a0, a4, t0)]
    const [cause, , value] = trapped(...code)
    expect([cause, value]).toEqual(['0x6', '0x8000fffd'])
  })

  it('of an AMO where nothing answers is the store kind, too', () => {
    expect(trapped(asm.amo(0, a0, a5, t0))).toEqual(['0x7', at, '0x80010000'])
  })

  it('of a load beyond the memory names its address', () => {
    expect(trapped(asm.lw(a0, a5, 8))).toEqual(['0x5', at, '0x80010008'])
  })

  it('of a jump to nothing names the target', () => {
    expect(trapped(asm.jalr(0, a5, 4))).toEqual(['0x1', '0x80010004', '0x80010004'])
  })

  it('of an instruction that reaches beyond the memory names the part that is not there', () => {
    const program = withHandler(new Program().emit(...asm.li(a5, outside - 2), asm.jalr(0, a5, 0)))
    const { core, ram } = machineWith(program)
    ram.setU16(SIZE - 2, 3)
    core.run(1000)
    const found = [a1, a2, a3].map((register) => hexadecimal(core.registers[register]))
    expect(found).toEqual(['0x1', '0x8000fffe', '0x80010000'])
  })
})

describe('a core that cannot go on', () => {
  const reasonOf = (program: Program, pending = 0): CoreStop => {
    const { core } = machineWith(program)
    core.pending = pending
    const stop = core.run(1000)
    expect(core.run(2000)).toEqual(stop)
    return stop
  }

  it('names the first trap, not what came of it', () => {
    expect(reasonOf(new Program().emit(asm.nop, asm.ecall))).toEqual({
      kind: 'lockup',
      reason: 'environment call at pc 0x80000004',
    })
    expect(reasonOf(new Program().emit(asm.nop, asm.sw(0, 0, 0x10)))).toEqual({
      kind: 'lockup',
      reason: 'store access fault at pc 0x80000004, address 0x00000010',
    })
    expect(reasonOf(new Program().emit(asm.jalr(0, 0, 0x40)))).toEqual({
      kind: 'lockup',
      reason: 'instruction access fault at pc 0x00000040',
    })
  })

  it('names the interrupt for which there was no handler', () => {
    const program = new Program().emit(asm.addi(t0, 0, 8), asm.csrrw(0, csr.mie, t0))
    expect(reasonOf(program.emit(asm.csrrsi(0, csr.mstatus, 8), asm.nop), MSI)).toEqual({
      kind: 'lockup',
      reason: 'software interrupt at pc 0x8000000c',
    })
  })

  it('does not name a trap that was handled before', () => {
    const program = new Program().la(t0, 'handler').emit(asm.csrrw(0, csr.mtvec, t0), asm.ecall)
    program
      .align(4)
      .label('handler')
      .emit(asm.csrrw(0, csr.mtvec, 0), asm.ebreak)
    expect(reasonOf(program)).toEqual({ kind: 'lockup', reason: 'breakpoint at pc 0x80000014' })
  })

  it('says so when a handler traps at its first instruction', () => {
    const program = new Program().la(t0, 'handler').emit(asm.csrrw(0, csr.mtvec, t0), 0xffff_ffff)
    expect(reasonOf(program.align(4).label('handler').emit(asm.ebreak))).toEqual({
      kind: 'lockup',
      reason: 'illegal instruction 0xffffffff at pc 0x8000000c',
    })
  })
})
