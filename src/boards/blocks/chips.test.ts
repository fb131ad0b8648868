import { describe, expect, it, test } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { ImxUart } from './imx-uart.js'
import { Stm32Hsem } from './stm32-hsem.js'
import { Stm32Usart } from './stm32-usart.js'

const unmodelled = (): UnmodelledRegisters => new UnmodelledRegisters('block', () => {})

function place(sent: number[] = []) {
  const send = (byte: number): void => {
    sent.push(byte)
  }
  return { unmodelled: unmodelled(), send, linesChanged: () => {} }
}

describe("ST's USART", () => {
  const [CR1, ISR, RDR, TDR] = [0x00, 0x1c, 0x24, 0x28]

  it('acknowledges that transmitter and receiver are on, and sends at once', () => {
    const sent: number[] = []
    const usart = new Stm32Usart(place(sent))
    usart.store(TDR, 4, 1)
    usart.store(CR1, 4, 0b1101)
    usart.store(TDR, 4, 65)
    expect(sent).toEqual([65])
    expect(usart.load(ISR, 4)).toBe(0x60_00c0)
  })

  it('interrupts while a received byte waits', () => {
    const usart = new Stm32Usart(place())
    usart.store(CR1, 4, 0b10_0101)
    usart.receive(66)
    expect(usart.interrupt).toBe(true)
    expect(usart.load(RDR, 4)).toBe(66)
    expect(usart.interrupt).toBe(false)
  })
})

describe("ST's hardware semaphores", () => {
  it('are taken by reading, with the number of the core, and given back by their owner', () => {
    const hsem = new Stm32Hsem({ unmodelled: unmodelled(), option: () => 2 })
    expect(hsem.load(0x80, 4)).toBe(0x8000_0200)
    expect(hsem.load(0x00, 4)).toBe(0x8000_0200)
    hsem.store(0x00, 4, 0x100)
    expect(hsem.load(0x00, 4)).toBe(0x8000_0200)
    hsem.store(0x00, 4, 0x200)
    expect(hsem.load(0x00, 4)).toBe(0)
  })

  it('are taken by writing, with a process, unless somebody has them', () => {
    const hsem = new Stm32Hsem({ unmodelled: unmodelled(), option: () => 2 })
    hsem.store(0x04, 4, 0x8000_0203)
    hsem.store(0x04, 4, 0x8000_0204)
    expect(hsem.load(0x04, 4)).toBe(0x8000_0203)
  })
})

test("NXP's UART is out of its reset at once, sends, and says what waits", () => {
  const sent: number[] = []
  const uart = new ImxUart(place(sent))
  uart.store(0x84, 4, 0)
  expect(uart.load(0x84, 4) & 1).toBe(1)
  uart.store(0x40, 4, 67)
  expect(sent).toEqual([67])
  uart.store(0x80, 4, 1 << 9)
  expect(uart.interrupt).toBe(false)
  uart.receive(68)
  expect([uart.interrupt, uart.load(0x00, 4), uart.load(0x00, 4)]).toEqual([true, 0x8044, 0])
})
