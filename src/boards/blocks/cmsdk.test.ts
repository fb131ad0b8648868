import { describe, expect, it } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { CmsdkDualTimer } from './cmsdk-dual-timer.js'
import { CmsdkTimer } from './cmsdk-timer.js'
import { CmsdkUart } from './cmsdk-uart.js'
import { Mps2Fpgaio } from './mps2-fpgaio.js'

const registers = (): UnmodelledRegisters => new UnmodelledRegisters('block', () => {})

describe('the CMSDK UART', () => {
  const [DATA, STATE, CTRL, INTSTATUS] = [0, 4, 8, 0xc]
  const [TX, RX] = [1, 2]

  function makeUart(): { readonly uart: CmsdkUart; readonly sent: number[] } {
    const sent: number[] = []
    const send = (byte: number): void => {
      sent.push(byte)
    }
    const uart = new CmsdkUart({ unmodelled: registers(), send, linesChanged: () => {} })
    return { uart, sent }
  }

  it('keeps a byte that is written before it is enabled, and sends it then', () => {
    const { uart, sent } = makeUart()
    uart.store(DATA, 4, 65)
    expect([sent, uart.load(STATE, 4)]).toEqual([[], 1])
    uart.store(CTRL, 4, 1)
    expect([sent, uart.load(STATE, 4)]).toEqual([[65], 0])
  })

  it('interrupts after each byte sent, if that is enabled, until it is told so', () => {
    const { uart } = makeUart()
    uart.store(CTRL, 4, 1)
    uart.store(DATA, 4, 65)
    expect(uart.pending(TX)).toBe(false)
    uart.store(CTRL, 4, 5)
    uart.store(DATA, 4, 66)
    expect(uart.pending(TX)).toBe(true)
    uart.store(INTSTATUS, 4, TX)
    expect(uart.pending(TX)).toBe(false)
  })

  it('hands received bytes over one by one, each with its interrupt', () => {
    const { uart } = makeUart()
    uart.store(CTRL, 4, 2 | 8)
    for (const byte of [1, 2]) uart.receive(byte)
    const read = [1, 2].map(() => {
      expect(uart.pending(RX)).toBe(true)
      uart.store(INTSTATUS, 4, RX)
      return uart.load(DATA, 4)
    })
    expect(read).toEqual([1, 2])
    uart.store(INTSTATUS, 4, RX)
    expect([uart.pending(RX), uart.load(STATE, 4)]).toEqual([false, 0])
  })

  it('says what it is', () => {
    expect(makeUart().uart.load(0xfe0, 4)).toBe(0x21)
  })
})

/** A clock that tests set. */
function makePlace() {
  const clock = { now: 0 }
  const place = {
    unmodelled: registers(),
    cycle: () => clock.now,
    cyclesPerSecond: 1000,
    dueCycleChanged: () => {},
  }
  return { clock, place }
}

describe('the CMSDK timer', () => {
  const [CTRL, VALUE, RELOAD, INTSTATUS] = [0, 4, 8, 0xc]

  it('counts down to 0 and from its reload value again, with an interrupt at each 0', () => {
    const { clock, place } = makePlace()
    const timer = new CmsdkTimer(place)
    timer.store(RELOAD, 4, 9)
    timer.store(VALUE, 4, 4)
    timer.store(CTRL, 4, 9)
    expect(timer.dueCycle()).toBe(4)
    const values = [1, 4, 5, 14, 15].map((now) => {
      clock.now = now
      return timer.load(VALUE, 4)
    })
    expect(values).toEqual([3, 0, 9, 0, 9])
    expect(timer.high()).toBe(true)
    timer.store(INTSTATUS, 4, 1)
    expect([timer.high(), timer.dueCycle()]).toEqual([false, 24])
  })

  it('has nothing due while it is stopped, or its interrupt is off', () => {
    const { clock, place } = makePlace()
    const timer = new CmsdkTimer(place)
    timer.store(VALUE, 4, 10)
    timer.store(CTRL, 4, 1)
    expect(timer.dueCycle()).toBe(Number.POSITIVE_INFINITY)
    clock.now = 6
    timer.store(CTRL, 4, 8)
    clock.now = 100
    expect([timer.load(VALUE, 4), timer.high()]).toEqual([4, false])
  })
})

describe('the CMSDK dual timer', () => {
  const LOAD = 0
  const [VALUE, CONTROL, INTCLR, RIS] = [4, 8, 0xc, 0x10]

  it('counts once, or again and again, with a clock divided by 16', () => {
    const { clock, place } = makePlace()
    const dual = new CmsdkDualTimer(place)
    const [first] = dual.timers
    dual.store(LOAD, 4, 5)
    dual.store(CONTROL, 4, 0x80 | 0x40 | 0x20 | 2 | (1 << 2))
    expect(first.dueCycle()).toBe(80)
    clock.now = 80
    expect([dual.load(VALUE, 4), dual.load(RIS, 4), first.high()]).toEqual([0, 1, true])
    dual.store(INTCLR, 4, 1)
    expect([first.high(), first.dueCycle()]).toEqual([false, 176])
    dual.store(CONTROL, 4, 0x80 | 0x40 | 0x20 | 2 | 1)
    dual.store(LOAD, 4, 7)
    clock.now = 1000
    expect([first.high(), dual.load(VALUE, 4)]).toEqual([true, 0])
    dual.store(INTCLR, 4, 1)
    expect(first.dueCycle()).toBe(Number.POSITIVE_INFINITY)
  })

  it('counts down from values of all 32 bits', () => {
    const { clock, place } = makePlace()
    const dual = new CmsdkDualTimer(place)
    const [first] = dual.timers
    dual.store(CONTROL, 4, 0x80 | 0x40 | 0x20 | 2)
    dual.store(LOAD, 4, 0x8000_0000)
    expect([dual.load(VALUE, 4), first.dueCycle()]).toEqual([0x8000_0000, 0x8000_0000])
    clock.now = 0x7fff_ffff
    expect([dual.load(VALUE, 4), first.high()]).toEqual([1, false])
  })

  it('has a second timer behind the first, of 16 bits unless told otherwise', () => {
    const { clock, place } = makePlace()
    const dual = new CmsdkDualTimer(place)
    dual.reset()
    dual.store(0x28, 4, 0x80)
    clock.now = 0x1_0001
    expect(dual.load(0x24, 4)).toBe(0xfffe)
    expect(dual.load(VALUE, 4)).toBe(0xffff)
  })
})

it("the FPGA's counters go with the core's clock, from what was written", () => {
  const { clock, place } = makePlace()
  const io = new Mps2Fpgaio(place)
  io.store(0x1c, 4, 9)
  io.store(0x10, 4, 100)
  clock.now = 2500
  expect([0x10, 0x14, 0x18].map((offset) => io.load(offset, 4))).toEqual([102, 250, 250])
})
