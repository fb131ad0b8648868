import { expect, test } from 'vitest'
import { boards } from './catalogue/index.js'
import { EmulatedBoard } from './emulated-board.js'

const UART0 = 0x4000_4000
/** Of the registers around it, which nobody modelled. */
const BESIDE = 0x4000_e000

test('a block is found behind an access to the registers around it', () => {
  const description = boards.find(({ name }) => name === 'mps2-an386')
  if (description === undefined) throw new Error('there is no such board')
  const board = new EmulatedBoard(description)
  const sent: number[] = []
  board.onConsole = (byte) => sent.push(byte)
  board.store(UART0 + 8, 4, 1)
  board.store(BESIDE, 4, 0x1234)
  board.store(UART0, 4, 0x41)
  expect([board.load(BESIDE, 4), sent]).toEqual([0x1234, [0x41]])
})
