import { describe, expect, test } from 'vitest'
import { UnmodelledRegisters } from '../unmodelled.js'
import { TiDmtimer } from './ti-dmtimer.js'
import { TiSci } from './ti-sci.js'

const unmodelled = (): UnmodelledRegisters => new UnmodelledRegisters('block', () => {})

describe("TI's timer", () => {
  const [STATUS, SET, CLR, TCLR, TCRR, TLDR] = [0x28, 0x2c, 0x30, 0x38, 0x3c, 0x40]
  const [START, AUTORELOAD] = [1, 2]

  /** A core of 400 MHz: sixteen of its cycles are one of the timer's. */
  function makeTimer() {
    const clock = { cycle: 0 }
    const timer = new TiDmtimer({
      unmodelled: unmodelled(),
      cycle: () => clock.cycle,
      dueCycleChanged: () => {},
      cyclesPerSecond: 400_000_000,
      option: () => 25_000_000,
    })
    timer.reset()
    return { timer, clock }
  }

  test('counts up, overflows, and goes on from what it is reloaded with', () => {
    const { timer, clock } = makeTimer()
    timer.store(TLDR, 4, 0xffff_fff0)
    timer.store(TCRR, 4, 0xffff_fffe)
    timer.store(TCLR, 4, START | AUTORELOAD)
    const counts = [0, 15, 16, 31, 32, 47, 48].map((cycle) => {
      clock.cycle = cycle
      return timer.load(TCRR, 4)
    })
    expect(counts.map((count) => count - 0xffff_fff0)).toEqual([14, 14, 15, 15, 0, 0, 1])
  })

  test('interrupts when it overflows, at that cycle, until the status is cleared', () => {
    const { timer, clock } = makeTimer()
    timer.store(TLDR, 4, 0xffff_fff0)
    timer.store(TCRR, 4, 0xffff_fffe)
    timer.store(SET, 4, 2)
    timer.store(TCLR, 4, START | AUTORELOAD)
    expect([timer.high(), timer.dueCycle()]).toEqual([false, 32])
    clock.cycle = 31
    expect(timer.high()).toBe(false)
    clock.cycle = 32
    expect([timer.high(), timer.load(STATUS, 4)]).toEqual([true, 2])
    timer.store(STATUS, 4, 2)
    expect([timer.high(), timer.dueCycle()]).toEqual([false, 32 + 16 * 16])
  })

  test('is silent where the interrupt is off, or it does not run', () => {
    const { timer, clock } = makeTimer()
    timer.store(SET, 4, 2)
    timer.store(TCRR, 4, 0xffff_ffff)
    expect(timer.dueCycle()).toBe(Number.POSITIVE_INFINITY)
    timer.store(CLR, 4, 2)
    timer.store(TCLR, 4, START)
    expect(timer.dueCycle()).toBe(Number.POSITIVE_INFINITY)
    clock.cycle = 1000
    expect([timer.high(), timer.load(STATUS, 4)]).toEqual([false, 0])
  })

  test('divides its clock where it is told to', () => {
    const { timer, clock } = makeTimer()
    timer.store(TCLR, 4, START | AUTORELOAD | 0b10_0100) // by 4
    clock.cycle = 16 * 4 * 5
    expect(timer.load(TCRR, 4)).toBe(5)
  })
})

describe("TI's system firmware", () => {
  const [CONFIG, STATUS, DATA] = [0x4, 0x23b_0000, 0x4db_0000]
  const [REQUEST, RESPONSE] = [17, 16]
  const options: Record<string, number> = { request: REQUEST, response: RESPONSE, clock: 48e6 }
  const AOP = 2

  function makeSci() {
    const sci = new TiSci({ unmodelled: unmodelled(), option: (name) => options[name] ?? 0 })
    const waiting = (thread: number): number => sci.load(STATUS + 0x1000 * thread, 4)
    const ask = (thread: number, ...words: number[]): void => {
      const data = DATA + 0x1000 * thread
      for (const [i, word] of words.entries()) sci.store(data + 4 + 4 * i, 4, word)
      sci.store(data + 60, 4, 0)
    }
    const read = (word: number): number => sci.load(DATA + 0x1000 * RESPONSE + 4 + 4 * word, 4)
    return { sci, waiting, ask, read }
  }

  test('answers a request with its header, an acknowledgement, and that the device is on', () => {
    const { sci, waiting, ask, read } = makeSci()
    expect([sci.load(CONFIG, 4) >>> 16, waiting(REQUEST), waiting(RESPONSE)]).toEqual([64, 5, 0])
    ask(REQUEST, 0x071e_0201, AOP, 149)
    expect([waiting(REQUEST), waiting(RESPONSE)]).toEqual([4, 1])
    expect([0, 1, 2, 3, 4].map(read)).toEqual([0x071e_0201, 2, 0, 0, 0x0102])
    expect(sci.load(DATA + 0x1000 * RESPONSE + 4 + 3, 1)).toBe(0x07)
    read(14)
    expect([waiting(REQUEST), waiting(RESPONSE), read(0)]).toEqual([5, 0, 0])
  })

  test('lets a clock run at the frequency that is asked for', () => {
    const { ask, read } = makeSci()
    ask(REQUEST, 0x010d, AOP, 149, 1, 0, 96e6, 0, 200e6, 0)
    expect([read(1), read(2), read(3)]).toEqual([2, 96e6, 0])
  })

  test('refuses what it does not know', () => {
    const { ask, read } = makeSci()
    ask(REQUEST, 0x0001_9999, AOP)
    expect([read(0), read(1)]).toEqual([0x0001_9999, 0])
  })

  test('says nothing to who wants no answer, nor on other threads', () => {
    const { waiting, ask } = makeSci()
    ask(REQUEST, 0x0200, 0)
    ask(RESPONSE, 0x0200, AOP)
    ask(3, 0x0200, AOP)
    expect([waiting(RESPONSE), waiting(3)]).toEqual([0, 0])
  })

  test('keeps five answers for who does not read them, and no more', () => {
    const { waiting, ask, read } = makeSci()
    for (let i = 0; i < 9; i++) ask(REQUEST, (i << 24) | 0x0200, AOP)
    expect([waiting(REQUEST), waiting(RESPONSE), read(0)]).toEqual([0, 5, 0x0200])
  })
})
