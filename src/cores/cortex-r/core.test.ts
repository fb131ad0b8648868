import { describe, expect, it } from 'vitest'
import * as asm from '../../../test/cores/cortex-r/assembler.js'
import { A32Program } from '../../../test/cores/cortex-r/assembler.js'
import { Region } from '../../memory/region.js'
import { CortexR } from './core.js'
import { Mode } from './mode.js'
import { cortexR5 } from './parts.js'

const CODE = 0x100
const HANDLERS = 0x1000
const IRQ = 0x18
const PREFETCH_ABORT = 0x0c
const DATA_ABORT = 0x10
const NOWHERE = 0x7000_0000
/** Memory beside that at 0. */
const MORE = 0x20_0000
/** B to itself. */
const FOR_EVER = [0xeaff_fffe]
const NOP = [0xe320_f000]
const CPSIE_I = [0xf108_0080]
/** SUBS pc, LR, #4: the return from IRQ. */
const RETURN_FROM_IRQ = [0xe25e_f004]

/** A core with a megabyte at 0: a program, and a handler for each vector, which waits for ever unless given. */
function coreWith(
  program: (p: A32Program) => A32Program,
  handlers: Readonly<Record<number, readonly (readonly number[])[]>> = {},
  vectors = 0,
): { core: CortexR; words: Int32Array } {
  const size = 0x10_0000
  const ram = new Region({ name: 'ram', da: 0, size, buffer: new ArrayBuffer(size) })
  const words = new Int32Array(ram.bytes.buffer)
  const bus = { load: () => -1, store: () => false }
  const more = new Region({ name: 'more', da: MORE, size: 0x1000, buffer: new ArrayBuffer(0x1000) })
  const high = new Region({
    ...{ name: 'high', da: 0xffff_0000, size: 0x1000, buffer: new ArrayBuffer(0x1000) },
  })
  const core = new CortexR({ part: cortexR5, regions: [ram, more, high], bus })
  const at = (to: number, from: number): number =>
    0xea00_0000 | (((to - from - 8) >> 2) & 0xff_ffff)
  const table = vectors === 0 ? words : new Int32Array(high.bytes.buffer)
  table[0] = at(CODE, vectors)
  for (let vector = 4; vector < 0x20; vector += 4) {
    const handler = HANDLERS + 0x40 * vector
    table[vector / 4] = at(handler, vectors + vector)
    words.set([...(handlers[vector]?.flat() ?? []), ...FOR_EVER], handler / 4)
  }
  words.set(program(new A32Program()).words(), CODE / 4)
  core.reset(vectors)
  return { core, words }
}

describe('a Cortex-R core', () => {
  it('begins with the reset vector, in supervisor mode with everything masked', () => {
    const { core } = coreWith((p) => p.emit(NOP, FOR_EVER))
    core.run(2)
    expect(core.pc).toBe(CODE + 4)
    expect(core.state.registers[16]).toBe(0x1c0 | Mode.SVC)
  })

  it('has its vectors at the upper end of memory, if it began there', () => {
    const { core } = coreWith(
      (p) => p.emit(asm.constant(0, NOWHERE), asm.ldr(1, 0), FOR_EVER),
      { [DATA_ABORT]: [asm.movImm(5, 7)] },
      0xffff_0000,
    )
    core.run(8)
    expect(core.state.registers[5]).toBe(7)
  })

  it('takes an interrupt when it is no longer masked, and goes on where it was', () => {
    const { core } = coreWith(
      (p) => p.emit(asm.movImm(13, 0), CPSIE_I, asm.movImm(1, 1), asm.movImm(2, 2), FOR_EVER),
      { [IRQ]: [asm.addImm(4, 4, 1), RETURN_FROM_IRQ] },
    )
    core.setInterrupts(true, false)
    core.run(4)
    expect(core.cpu.mode).toBe(Mode.IRQ)
    core.setInterrupts(false, false)
    core.run(10)
    expect(core.state.registers.slice(1, 5)).toEqual([1, 2, 0, 1])
    expect(core.cpu.mode).toBe(Mode.SVC)
  })

  it('sleeps until an interrupt is there, masked or not', () => {
    const { core } = coreWith((p) => p.emit(asm.wfi, asm.movImm(1, 1), FOR_EVER))
    expect(core.run(10)).toEqual({ kind: 'waiting' })
    core.setInterrupts(true, false)
    core.run(10)
    expect(core.state.registers[1]).toBe(1)
  })

  it('says what a fault was, where, and of which address, until its handler has returned', () => {
    const { core } = coreWith(
      (p) => p.emit(asm.constant(0, NOWHERE), asm.ldr(1, 0), asm.movImm(2, 2), asm.wfi),
      // SUBS pc, LR, #4: behind the instruction.
      { [DATA_ABORT]: [NOP, RETURN_FROM_IRQ] },
    )
    core.run(6)
    expect(core.fault).toMatchObject({
      ...{ cause: 'data abort: nothing is there', pc: CODE + 8, address: NOWHERE },
    })
    core.run(12)
    expect([core.fault, core.state.registers[2]]).toEqual([undefined, 2])
  })

  it('cannot go on where the vector of a fault faults itself', () => {
    const { core, words } = coreWith((p) => p.emit(asm.constant(0, NOWHERE), asm.ldr(1, 0)))
    words[DATA_ABORT / 4] = 0xe590_1000 // ldr r1, [r0]
    const stop = core.run(100)
    expect(stop).toMatchObject({ kind: 'lockup' })
    expect(stop.kind === 'lockup' && stop.reason).toContain(
      'the vector of data abort faults itself',
    )
  })

  it('cannot go on where the handler of a fault waits for ever', () => {
    const { core } = coreWith((p) => p.emit(asm.constant(0, NOWHERE), asm.ldr(1, 0)))
    // Loops that wait are looked for where stretches begin, the second time over.
    let stop = core.run(1000)
    for (let cycle = 2000; stop.kind === 'budget' && cycle < 100_000; cycle += 1000) {
      stop = core.run(cycle)
    }
    expect(stop.kind === 'lockup' && stop.reason).toMatch(
      /^data abort: nothing is there at pc 0x00000108, address 0x70000000; its handler stays/,
    )
  })

  // mov r1, #1 becomes mov r1, #2; then bx lr.
  it.each([
    ['A32', 0, 0xe3a0_1001, 0xe3a0_1002, 0xe12f_ff1e],
    ['T32', 1, 0x4770_2101, 0x4770_2102, 0],
  ] as const)(
    'executes what has been written since, once it synchronizes: %s',
    (_, state, before, after, then) => {
      const write = (word: number): number[][] => [
        ...[asm.constant(0, MORE), asm.constant(2, word), asm.str(2, 0)],
        ...[asm.constant(2, then), asm.str(2, 0, 4), asm.mcr(2, 7, 5, 0), asm.isb],
      ]
      const call = [asm.constant(3, MORE | state), [0xe12f_ff33]] // BLX r3
      const { core } = coreWith((p) =>
        p.emit(...write(before), ...call, asm.mov(4, 1), ...write(after), ...call, asm.wfi),
      )
      core.run(100)
      expect([core.state.registers[4], core.state.registers[1]]).toEqual([1, 2])
    },
  )
})

describe('the MPU of a Cortex-R', () => {
  /** Region 0: `access` (RACR) to the page at 0x8000; all else is the background's. */
  const protect = (access: number): number[][] => [
    ...[asm.constant(0, 0x8000), asm.mcr(0, 6, 1, 0)],
    ...[asm.movImm(0, (11 << 1) | 1), asm.mcr(0, 6, 1, 2)],
    ...[asm.constant(0, access), asm.mcr(0, 6, 1, 4)],
    ...[asm.constant(0, 0x2_0001), asm.mcr(0, 1, 0, 0), asm.isb],
  ]
  const READ_ONLY = 6 << 8
  const FULL = 3 << 8
  const NEVER_EXECUTE = 1 << 12

  it('forbids a store into a region that is for reading, and allows the load', () => {
    const { core } = coreWith((p) =>
      p.emit(
        ...protect(READ_ONLY),
        asm.constant(3, 0x8000),
        asm.ldr(4, 3),
        asm.str(4, 3),
        FOR_EVER,
      ),
    )
    core.run(40)
    expect(core.fault).toMatchObject({ cause: 'data abort: the MPU forbids it', address: 0x8000 })
    // DFSR: permission, by a write.
    expect(core.cpu.system.control.dfsr).toBe(0x80d)
  })

  it('forbids code in a region of data', () => {
    const { core } = coreWith(
      (p) => p.emit(...protect(FULL | NEVER_EXECUTE), asm.constant(3, 0x8000), [0xe12f_ff13]),
      { [PREFETCH_ABORT]: [asm.movImm(5, 5)] },
    )
    core.run(40)
    expect(core.fault).toMatchObject({ cause: 'prefetch abort: the MPU forbids it', pc: 0x8000 })
    expect([core.cpu.system.control.ifsr, core.state.registers[5]]).toEqual([0xd, 5])
  })

  it('leaves alone what is in no region, where there is a background', () => {
    const { core, words } = coreWith((p) =>
      p.emit(...protect(READ_ONLY), asm.constant(3, 0x4000), asm.str(3, 3), FOR_EVER),
    )
    core.run(40)
    expect([core.fault, words[0x1000]]).toEqual([undefined, 0x4000])
  })
})

describe('the cycle counter of a Cortex-R', () => {
  it('counts cycles once it is enabled, from 0 after a reset of it', () => {
    const { core } = coreWith((p) =>
      p
        .emit(asm.constant(0, 0x8000_0000), asm.mcr(0, 9, 12, 1))
        .emit(asm.movImm(0, 5), asm.mcr(0, 9, 12, 0), asm.mrc(1, 9, 13, 0))
        .emit(NOP, NOP, NOP, asm.mrc(2, 9, 13, 0), asm.wfi),
    )
    core.run(100)
    const [, first = 0, second = 0] = core.state.registers
    expect(second - first).toBe(4)
  })
})
