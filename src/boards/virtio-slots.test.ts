import { expect, test } from 'vitest'
import * as asm from '../../test/cores/assembler.js'
import { Program, reg } from '../../test/cores/assembler.js'
import type { SlotDevice, SlotLines } from './board.js'
import { virtRv32 } from './catalogue/virt-rv32.js'
import { EmulatedBoard } from './emulated-board.js'

const { t0, t1 } = reg
const SLOTS = 0x1000_1000
const PLIC_PENDING = 0x0c00_1000
const FINISHER = 0x0010_0000
const FOREVER = 1_000_000

/** A device of one register; writing it raises the interrupt, or rings the doorbell. */
class OneRegister implements SlotDevice {
  readonly accesses: string[] = []
  readonly #lines: SlotLines
  interrupt = false
  resets = 0

  constructor(lines: SlotLines) {
    this.#lines = lines
  }

  load(offset: number, size: number): number {
    this.accesses.push(`load ${offset} ${size}`)
    return 42
  }

  store(offset: number, size: number, value: number): boolean {
    this.accesses.push(`store ${offset} ${size} ${value}`)
    if (value === 1) this.raise()
    if (value === 2) this.#lines.doorbell()
    return size === 4
  }

  raise(): void {
    this.interrupt = true
    this.#lines.interruptChanged()
  }

  reset(): void {
    this.resets++
    this.interrupt = false
  }
}

function boardWith(program: Program, slot: number) {
  const board = new EmulatedBoard(virtRv32)
  const device = board.plug(slot, (lines) => new OneRegister(lines))
  board.regions[0].bytes.set(program.bytes())
  board.reset(program.base)
  return { board, device }
}

const store = (program: Program, address: number, value: number): Program =>
  program.emit(...asm.li(t0, address), ...asm.li(t1, value), asm.sw(t1, t0, 0))

test('a device answers in its slot, with offsets from its start', () => {
  const program = new Program().emit(...asm.li(t0, SLOTS + 0x3000), asm.lw(t1, t0, 0x10))
  const { board, device } = boardWith(store(program, FINISHER, 0x5555), 3)
  expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
  expect(device.accesses).toEqual(['load 16 4'])
})

test.each([0, 7])('the interrupt of slot %i is PLIC source slot + 1', (slot) => {
  const program = store(new Program(), SLOTS + slot * 0x1000, 1)
  const { board } = boardWith(store(program, FINISHER, 0x5555), slot)
  expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
  expect(board.load(PLIC_PENDING, 4)).toBe(1 << (slot + 1))
})

test('an interrupt that the host raises is pending when the board runs next', () => {
  const { board, device } = boardWith(store(new Program(), FINISHER, 0x5555), 1)
  device.raise()
  board.run(FOREVER)
  expect(board.load(PLIC_PENDING, 4)).toBe(1 << 2)
})

test('a device that asks to be served stops the board after that instruction', () => {
  const program = store(new Program(), SLOTS, 2)
  const { board, device } = boardWith(store(program, FINISHER, 0x5555), 0)
  expect(board.run(FOREVER)).toEqual({ kind: 'doorbell' })
  expect(device.accesses).toEqual(['store 0 4 2'])
  expect(board.run(FOREVER)).toEqual({ kind: 'exited' })
})

test('an access that the device does not answer is an access fault', () => {
  const program = new Program().emit(...asm.li(t0, SLOTS), asm.sb(t1, t0, 0))
  const { board } = boardWith(program, 0)
  expect(board.run(FOREVER)).toMatchObject({
    kind: 'crashed',
    reason: expect.stringMatching(/store access fault .* address 0x10001000/),
  })
})

test('a reset of the board resets its devices', () => {
  const { board, device } = boardWith(new Program(), 0)
  const before = device.resets
  board.reset(0x8000_0000)
  expect(device.resets).toBe(before + 1)
})

test.each([2, 1] as const)(
  'empty slots say that they are of version %i, with no device',
  (version) => {
    const board = new EmulatedBoard(virtRv32, { virtioVersion: version })
    board.plug(0, (lines) => new OneRegister(lines))
    const words = [0, 4, 8].map((offset) => board.load(SLOTS + 0x1000 + offset, 4))
    expect(words).toEqual([0x7472_6976, version, 0])
  },
)

test('a slot takes one device, and there are eight', () => {
  const board = new EmulatedBoard(virtRv32)
  const plug = (slot: number) => () => board.plug(slot, (lines) => new OneRegister(lines))
  plug(0)()
  for (const slot of [0, 8, -1]) {
    expect(plug(slot)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  }
})
