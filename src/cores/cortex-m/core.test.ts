import { describe, expect, it } from 'vitest'
import { Region } from '../../memory/region.js'
import { CortexM } from './core.js'
import { type PartName, parts } from './parts.js'

const RAM = 0x2000_0000
const CODE = 0x100
/** Where SVCall goes. */
const HANDLER = 0x900
/** movs r0, #1; lsls r0, r0, #29 */
const R0_IS_RAM = [0x2001, 0x0740] as const

/** A core with 64 KiB of code memory at 0 and of RAM, and `halves` as its program. */
function coreWith(
  halves: readonly number[],
  part: PartName = 'cortex-m4',
): { core: CortexM; ram: Int32Array; code: Uint16Array } {
  const size = 0x1_0000
  const ram = new Region({ name: 'ram', da: RAM, size, buffer: new ArrayBuffer(size) })
  const code = new Region({ name: 'code', da: 0, size, buffer: new ArrayBuffer(size) })
  const vectors = new Uint32Array(code.bytes.buffer)
  vectors.fill(CODE | 1, 1, 16)
  vectors[0] = RAM + 0x8000
  vectors[3] = 0x801
  vectors[11] = HANDLER | 1
  code.words16.set(halves, CODE / 2)
  // Where HardFault goes: b .
  code.words16[0x400] = 0xe7fe
  const bus = { load: () => -1, store: () => false }
  const core = new CortexM({ part: parts[part], regions: [ram, code], bus })
  core.reset(0)
  return { core, ram: new Int32Array(ram.bytes.buffer), code: code.words16 }
}

describe('a Cortex-M core', () => {
  it('begins where the vector table says, with the stack pointer from there', () => {
    const { core } = coreWith([0xbf00])
    expect(core.pc).toBe(CODE)
    expect(core.state.registers[13]).toBe(RAM + 0x8000)
  })

  it('executes the instructions of an IT block as their conditions say', () => {
    // cmp r0, #0; itte eq; moveq r1, #1; moveq r2, #2; movne r3, #3
    const { core } = coreWith([0x2800, 0xbf06, 0x2101, 0x2202, 0x2303])
    core.run(5)
    expect(core.state.registers.slice(1, 4)).toEqual([1, 2, 0])
  })

  it('goes on in the middle of an IT block when a run ends there', () => {
    const { core } = coreWith([0x2800, 0xbf06, 0x2101, 0x2202, 0x2303])
    for (let cycle = 1; cycle <= 5; cycle++) core.run(cycle)
    expect(core.state.registers.slice(1, 4)).toEqual([1, 2, 0])
    expect(core.pc).toBe(CODE + 10)
  })

  it('executes new code only after an instruction barrier', () => {
    // movs r0, #1; isb; b .-6
    const { core, code } = coreWith([0x2001, 0xf3bf, 0x8f6f, 0xe7fb])
    core.run(3)
    expect(core.state.registers[0]).toBe(1)
    code[CODE / 2] = 0x2002
    core.run(4)
    expect(core.state.registers[0]).toBe(1)
    core.run(7)
    expect(core.state.registers[0]).toBe(2)
  })

  it('tells of a load from nowhere in words', () => {
    // movs r0, #1; lsls r0, #30; ldr r1, [r0]
    const { core } = coreWith([0x2001, 0x0780, 0x6801])
    core.run(10)
    expect(core.fault?.cause).toMatch(/precise data access/)
    expect(core.fault?.address).toBe(0x4000_0000)
    expect(core.fault?.pc).toBe(CODE + 4)
  })

  it('waits in WFI until there is something to wake it', () => {
    const { core } = coreWith([0xbf30])
    expect(core.run(100)).toEqual({ kind: 'waiting' })
    expect(core.cycle).toBe(1)
  })

  it('goes on in an IT block when an exception returns into it, though its code was changed', () => {
    // cmp r0, #0; ite eq; svceq #0; movne r1, #1; movs r2, #1, which becomes movs r2, #2.
    const { core, code } = coreWith([0x2800, 0xbf0c, 0xdf00, 0x2101, 0x2201])
    // SVCall: isb; bx lr
    code.set([0xf3bf, 0x8f6f, 0x4770], HANDLER / 2)
    core.run(3)
    expect(core.pc).toBe(HANDLER)
    code[CODE / 2 + 4] = 0x2202
    core.run(7)
    expect(core.state.registers.slice(0, 3)).toEqual([0, 0, 2])
  })

  it('executes instructions and IT blocks that lie across the edge of a page', () => {
    const { core, code } = coreWith([0xf001, 0xbf7b])
    // b.w to 0x1ffa, and there: cmp r0, #1; ite ne; addne.w r0, r0, #1; addeq r0, #2.
    code.set([0x2801, 0xbf14, 0xf100, 0x0001, 0x3002], 0x1ffa / 2)
    core.run(5)
    expect(core.state.registers[0]).toBe(1)
    expect(core.pc).toBe(0x2004)
  })

  it('fails an exclusive store where somebody else has written since', () => {
    // ldrex r1, [r0]; nop; strex r2, r1, [r0]
    const { core, ram } = coreWith([...R0_IS_RAM, 0xe850, 0x1f00, 0xbf00, 0xe840, 0x1200])
    core.run(3)
    ram[0] = 7
    core.run(5)
    expect(core.state.registers[2]).toBe(1)
    expect(ram[0]).toBe(7)
  })

  it('has a word for each bit of the bit-band region, where the part has one', () => {
    // movs r1, #1; lsls r0, r1, #25; orr r0, r0, 0x20000000: 0x22000000; str r1, [r0, #12]
    const program = [0x2101, 0x0648, 0xf040, 0x5000, 0x60c1]
    const banded = coreWith(program, 'cortex-m4')
    banded.core.run(4)
    expect(banded.ram[0]).toBe(8)
    const plain = coreWith(program, 'cortex-m7')
    plain.core.run(4)
    expect(plain.core.fault?.address).toBe(0x2200_000c)
  })

  it('faults at misaligned loads, and knows no wide arithmetic, as ARMv6-M', () => {
    const misaligned = coreWith([...R0_IS_RAM, 0x3001, 0x6801], 'cortex-m0plus')
    misaligned.core.run(4)
    expect(misaligned.core.fault?.cause).toMatch(/unaligned access/)
    const wide = coreWith([0xeb00, 0x0001], 'cortex-m0plus')
    wide.core.run(1)
    expect(wide.core.fault?.cause).toMatch(/undefined instruction/)
  })

  it('has floating point once software has enabled it', () => {
    // vmov.f32 s0, #1.0, before CPACR says so
    const { core } = coreWith([0xeeb7, 0x0a00])
    core.run(1)
    expect(core.fault?.cause).toMatch(/coprocessor absent or disabled/)
  })

  it('tells with TT what may be done with an address, as ARMv8-M', () => {
    // tt r1, r0
    const { core } = coreWith([0xe840, 0xf100], 'cortex-m33')
    core.run(1)
    expect(core.state.registers[1]).toBe((1 << 18) | (1 << 19))
  })

  it('ends a run at the cycle that was asked for', () => {
    // b .
    const { core } = coreWith([0xe7fe])
    expect(core.run(1001)).toEqual({ kind: 'budget' })
    expect(core.cycle).toBe(1001)
  })
})
