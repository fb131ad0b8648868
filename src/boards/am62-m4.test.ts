import { describe, expect, test } from 'vitest'
import { am62M4 } from './catalogue/am62-m4.js'
import { EmulatedBoard } from './emulated-board.js'

const RAT = 0x4420_0000
const ENABLE = 0x8000_0000
const MSG_STATUS_1 = 0xc4
const DDR = 0x9cc0_0000

function makeBoard() {
  const board = new EmulatedBoard(am62M4)
  const notes: string[] = []
  board.onNote = (text) => notes.push(text)
  const map = (region: number, local: number, system: number, bits: number): void => {
    const words = [0, local, system % 2 ** 32, Math.floor(system / 2 ** 32)]
    for (const [i, word] of words.entries()) board.store(RAT + 0x20 + 16 * region + 4 * i, 4, word)
    board.store(RAT + 0x20 + 16 * region, 4, ENABLE | bits)
  }
  return { board, map, notes }
}

describe('the mailbox of the AM62x', () => {
  test('is nowhere until the core has translated an address to it', () => {
    const { board, map } = makeBoard()
    expect(board.load(0x2900_0000 + MSG_STATUS_1, 4)).toBe(-1)
    expect(board.load(0xa900_0000 + MSG_STATUS_1, 4)).toBe(-1)
    map(0, 0xa000_0000, 0x2000_0000, 28)
    board.mailbox.set(0b11)
    expect(board.load(0xa900_0000 + MSG_STATUS_1, 4)).toBe(2)
    expect(board.store(0xa900_0000 + 0x40, 4, 1)).toBe(true)
    expect(board.mailbox.received()).toBe(2)
  })

  test('is nowhere again after a reset', () => {
    const { board, map } = makeBoard()
    map(0, 0xa000_0000, 0x2000_0000, 28)
    board.reset(0)
    expect(board.load(0xa900_0000 + MSG_STATUS_1, 4)).toBe(-1)
  })
})

describe('memory of the system', () => {
  test('answers in each size at the addresses that it is translated to, as at its own', () => {
    const { board, map } = makeBoard()
    const ddr = board.regions.find(({ name }) => name === 'ddr')
    map(0, 0x6000_0000, DDR, 20)
    for (const [at, size, value] of [
      [0x10, 4, 0x8899_aabb],
      [0x14, 2, 0x1122],
      [0x17, 1, 0x33],
    ] as const) {
      expect(board.store(0x6000_0000 + at, size, value)).toBe(true)
      expect(board.load(0x6000_0000 + at, size)).toBe(value)
    }
    expect([ddr?.getU32(0x10), ddr?.getU32(0x14)]).toEqual([0x8899_aabb, 0x3300_1122])
  })

  test('ends where it ends, and beyond 32 bits there is none', () => {
    const { board, map } = makeBoard()
    map(0, 0x6000_0000, 0x9c00_0000, 26)
    map(1, 0x7000_0000, 0x1_9cc0_0000, 20)
    const end = 0x60c0_0000 + 14 * 2 ** 20
    expect([board.load(end - 4, 4), board.load(end, 4)]).toEqual([0, -1])
    expect(board.store(end, 1, 1)).toBe(false)
    expect([board.load(0x7000_0000, 4), board.store(0x7000_0000, 4, 1)]).toEqual([-1, false])
  })

  test("is not the core's own: address 0 of the system is none of its RAM", () => {
    const { board, map } = makeBoard()
    map(0, 0x8000_0000, 0, 28)
    expect(board.load(0x8000_0000, 4)).toBe(-1)
    expect(board.store(0x8003_0000, 4, 1)).toBe(false)
  })

  test('that is translated to elsewhere answers at its own address still, and that is told once', () => {
    const { map, notes } = makeBoard()
    map(0, 0x9000_0000, 0x9000_0000, 28)
    expect(notes).toEqual([])
    map(0, 0x8000_0000, 0, 29)
    map(0, 0x8000_0000, 0, 29)
    expect(notes).toEqual([
      'RAT: memory shared at 0x9cb00000 is translated to 0x1cb00000, but answers there still',
      'RAT: memory ddr at 0x9cc00000 is translated to 0x1cc00000, but answers there still',
    ])
  })
})

test('the registers of the UART are words, and those of TI behind them are ready', () => {
  const { board, map } = makeBoard()
  const sent: number[] = []
  board.onConsole = (byte) => sent.push(byte)
  map(0, 0x8000_0000, 0, 28)
  board.store(0x04a0_0000, 4, 65)
  board.store(0x84a0_0000, 4, 66)
  board.store(0x84a0_0001, 1, 67)
  expect(sent).toEqual([65, 66])
  expect(board.load(0x84a0_0014, 4) & 0x60).toBe(0x60)
  expect(board.load(0x84a0_0058, 4) & 1).toBe(1)
})
