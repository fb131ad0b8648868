import { describe, expect, it } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { Uart16550 } from './uart16550.js'

const [DATA, IER, IIR, LCR, MCR, LSR] = [0, 1, 2, 3, 4, 5]

function makeUart(): { readonly uart: Uart16550; readonly sent: number[] } {
  const sent: number[] = []
  const uart = new Uart16550(
    new UnmodelledRegisters('UART', () => {}),
    (byte) => sent.push(byte),
    () => {},
  )
  return { uart, sent }
}

describe('the UART', () => {
  it('hands received bytes over in order, any number of them', () => {
    const { uart } = makeUart()
    for (let i = 0; i < 40; i++) uart.receive(i)
    const read: number[] = []
    while (uart.load(LSR, 1) & 1) read.push(uart.load(DATA, 1))
    expect(read).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })

  it('interrupts while a received byte waits, if that is enabled', () => {
    const { uart } = makeUart()
    uart.receive(65)
    expect(uart.interrupt).toBe(false)
    uart.store(IER, 1, 1)
    expect(uart.interrupt).toBe(true)
    expect(uart.load(IIR, 1)).toBe(4)
    uart.load(DATA, 1)
    expect(uart.interrupt).toBe(false)
  })

  it('interrupts for an empty transmitter once for each byte sent', () => {
    const { uart, sent } = makeUart()
    uart.store(IER, 1, 2)
    expect(uart.load(IIR, 1)).toBe(2)
    expect(uart.interrupt).toBe(false)
    uart.store(DATA, 1, 66)
    expect(uart.interrupt).toBe(true)
    expect(sent).toEqual([66])
  })

  it('sends nothing while the divisor latch is open', () => {
    const { uart, sent } = makeUart()
    uart.store(LCR, 1, 0x83)
    uart.store(DATA, 1, 0x0c)
    expect(uart.load(DATA, 1)).toBe(0x0c)
    uart.store(LCR, 1, 3)
    expect(sent).toEqual([])
    expect(uart.load(LSR, 1)).toBe(0x60)
  })

  it('receives what it sends itself in loop mode', () => {
    const { uart, sent } = makeUart()
    uart.store(MCR, 1, 0x10)
    uart.store(DATA, 1, 67)
    expect(uart.load(DATA, 1)).toBe(67)
    expect(sent).toEqual([])
  })

  it.each([
    ['with FIFOs', 1, 16],
    ['without', 0, 1],
  ])('overruns in loop mode as the chip does, %s', (_, fifos, room) => {
    const { uart } = makeUart()
    uart.store(IIR, 1, fifos)
    uart.store(MCR, 1, 0x10)
    for (let i = 0; i < 100_000; i++) uart.store(DATA, 1, i)
    const read: number[] = []
    while (uart.load(LSR, 1) & 1) read.push(uart.load(DATA, 1))
    expect(read).toEqual(Array.from({ length: room }, (_, i) => i))
  })
})
