import { describe, expect, it } from 'vitest'
import { Region } from '../../memory/region.js'
import { CortexM } from './core.js'
import { type PartName, parts } from './parts.js'

const RAM = 0x2000_0000
const CODE = 0x100

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
})
