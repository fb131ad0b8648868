import { describe, expect, it } from 'vitest'
import { MAILBOX_WORDS, MailboxHost } from '../mailbox-state.js'
import { UnmodelledRegisters } from '../unmodelled.js'
import { TripleTimer } from './cadence-ttc.js'
import { CadenceUart } from './cadence-uart.js'
import { Gic } from './gic.js'
import { InterProcessorInterrupts, xilinxIpiType } from './xilinx-ipi.js'

const unmodelled = (): UnmodelledRegisters => new UnmodelledRegisters('block', () => {})

describe('the GIC', () => {
  const [ENABLE, PENDING, PRIORITY, TARGETS, CONFIGURATION] = [0x100, 0x200, 0x400, 0x800, 0xc00]
  const [SOFTWARE] = [0xf00]
  const [CONTROL, MASK, ACKNOWLEDGE, END, RUNNING, HIGHEST] = [
    ...[0x1000, 0x1004, 0x100c, 0x1010, 0x1014, 0x1018],
  ] as const
  const SPURIOUS = 1023

  /** One with the interrupts `ids` let through, of the priorities that come with them. */
  function gicWith(ids: Readonly<Record<number, number>>): Gic {
    const gic = new Gic({ unmodelled: unmodelled(), linesChanged: () => {} })
    gic.reset()
    gic.store(0, 4, 1)
    gic.store(CONTROL, 4, 1)
    gic.store(MASK, 4, 0xf8)
    for (const [id, priority] of Object.entries(ids).map(([key, value]) => [Number(key), value])) {
      if (id === undefined || priority === undefined) continue
      gic.store(ENABLE + 4 * (id >>> 5), 4, 1 << (id & 31))
      gic.store(PRIORITY + id, 1, priority)
      gic.store(TARGETS + id, 1, 1)
    }
    return gic
  }

  it('tells the core of a line that is high, until the interrupt is taken', () => {
    const gic = gicWith({ 65: 0xa0 })
    gic.setLine(65, true)
    expect(gic.irq).toBe(true)
    expect(gic.load(ACKNOWLEDGE, 4)).toBe(65)
    expect([gic.irq, gic.load(RUNNING, 4), gic.load(ACKNOWLEDGE, 4)]).toEqual([
      ...[false, 0xa0, SPURIOUS],
    ])
  })

  it('tells of it again after its end, if the line is still high', () => {
    const gic = gicWith({ 65: 0xa0 })
    gic.setLine(65, true)
    gic.store(END, 4, gic.load(ACKNOWLEDGE, 4))
    expect(gic.irq).toBe(true)
    gic.setLine(65, false)
    expect([gic.irq, gic.load(ACKNOWLEDGE, 4)]).toEqual([false, SPURIOUS])
  })

  it('keeps an edge until it is taken', () => {
    const gic = gicWith({ 65: 0xa0 })
    gic.store(CONFIGURATION + 16, 4, 2 << 2)
    gic.setLine(65, true)
    gic.setLine(65, false)
    expect(gic.load(PENDING + 8, 4)).toBe(2)
    gic.store(END, 4, gic.load(ACKNOWLEDGE, 4))
    expect(gic.irq).toBe(false)
  })

  it('gives the most urgent first, and of equals the lowest number; only a more urgent one preempts', () => {
    const gic = gicWith({ 65: 0xa0, 68: 0xa0, 70: 0x40 })
    for (const id of [70, 68, 65]) gic.setLine(id, true)
    expect(gic.load(ACKNOWLEDGE, 4)).toBe(70)
    expect(gic.irq).toBe(false)
    gic.setLine(70, false)
    gic.store(END, 4, 70)
    expect(gic.load(HIGHEST, 4)).toBe(65)
    gic.load(ACKNOWLEDGE, 4)
    gic.setLine(70, true)
    expect([gic.irq, gic.load(ACKNOWLEDGE, 4)]).toEqual([true, 70])
  })

  it('holds back what the mask, the enable or the target says', () => {
    const gic = gicWith({ 65: 0xa0 })
    gic.setLine(65, true)
    gic.store(MASK, 4, 0xa0)
    expect(gic.irq).toBe(false)
    gic.store(MASK, 4, 0xf8)
    gic.store(TARGETS + 65, 1, 2)
    expect(gic.irq).toBe(false)
    gic.store(TARGETS + 65, 1, 1)
    gic.store(0x180 + 8, 4, 2)
    expect(gic.irq).toBe(false)
  })

  it('raises what software asks for, and is FIQ where that is said of group 0', () => {
    const gic = gicWith({ 3: 0 })
    gic.store(SOFTWARE, 4, (2 << 24) | 3)
    expect([gic.irq, gic.fiq]).toEqual([true, false])
    gic.store(CONTROL, 4, 9)
    expect([gic.irq, gic.fiq]).toEqual([false, true])
  })

  it('has five bits of a priority', () => {
    const gic = gicWith({ 65: 0xff })
    expect(gic.load(PRIORITY + 65, 1)).toBe(0xf8)
  })
})

describe('the triple timer counter', () => {
  const [CLOCK, CONTROL, VALUE, INTERVAL, MATCH, STATUS, ENABLE] = [
    ...[0x00, 0x0c, 0x18, 0x24, 0x30, 0x54, 0x60],
  ] as const
  const [INTERVAL_MODE, DOWN, MATCHES, RESTART] = [2, 4, 8, 0x10]

  /** Five cycles of the core to a tick. */
  function makeTimer() {
    const clock = { cycle: 0 }
    const timer = new TripleTimer({
      ...{ unmodelled: unmodelled(), option: () => 100, cyclesPerSecond: 500 },
      ...{ cycle: () => clock.cycle, dueCycleChanged: () => {} },
    })
    timer.reset()
    return { clock, timer, counter: timer.counters[0] }
  }

  it('counts up through all 32 bits, from when it is told to', () => {
    const { clock, timer } = makeTimer()
    clock.cycle = 1000
    timer.store(CONTROL, 4, RESTART)
    clock.cycle += 52
    expect(timer.load(VALUE, 4)).toBe(10)
  })

  it('interrupts after each interval, until its status is read', () => {
    const { clock, timer, counter } = makeTimer()
    timer.store(INTERVAL, 4, 99)
    timer.store(ENABLE, 4, 1)
    timer.store(CONTROL, 4, INTERVAL_MODE | RESTART)
    expect(counter?.dueCycle()).toBe(500)
    clock.cycle = 499
    expect(counter?.high()).toBe(false)
    clock.cycle = 500
    expect([counter?.high(), timer.load(STATUS, 4), counter?.high()]).toEqual([true, 1, false])
    expect(counter?.dueCycle()).toBe(1000)
  })

  it('counts down, and tells where it comes to what is to match', () => {
    const { clock, timer } = makeTimer()
    timer.store(INTERVAL, 4, 99)
    timer.store(MATCH, 4, 89)
    timer.store(CONTROL, 4, INTERVAL_MODE | DOWN | MATCHES | RESTART)
    clock.cycle = 45
    expect([timer.load(VALUE, 4), timer.load(STATUS, 4)]).toEqual([90, 0])
    clock.cycle = 50
    expect([timer.load(VALUE, 4), timer.load(STATUS, 4)]).toEqual([89, 2])
  })

  it('counts slower by its prescaler, and each counter by itself', () => {
    const { clock, timer } = makeTimer()
    timer.store(CLOCK + 4, 4, 1 | (2 << 1))
    timer.store(CONTROL + 4, 4, RESTART)
    clock.cycle = 400
    expect([timer.load(VALUE, 4), timer.load(VALUE + 4, 4)]).toEqual([0, 10])
  })
})

describe("Cadence's UART", () => {
  const [ENABLE, STATUS, CHANNEL, FIFO] = [0x08, 0x14, 0x2c, 0x30]

  function makeUart(sent: number[] = []): CadenceUart {
    const send = (byte: number): void => {
      sent.push(byte)
    }
    const uart = new CadenceUart({ unmodelled: unmodelled(), send, linesChanged: () => {} })
    uart.reset()
    return uart
  }

  it('sends at once, and is never full', () => {
    const sent: number[] = []
    const uart = makeUart(sent)
    uart.store(FIFO, 4, 65)
    expect([sent, uart.load(CHANNEL, 4)]).toEqual([[65], 0b1010])
  })

  it('interrupts while a received byte waits', () => {
    const uart = makeUart()
    uart.store(ENABLE, 4, 1)
    uart.receive(66)
    uart.store(STATUS, 4, 0x1fff)
    expect([uart.interrupt, uart.load(CHANNEL, 4) & 2]).toEqual([true, 0])
    expect(uart.load(FIFO, 4)).toBe(66)
    uart.store(STATUS, 4, 0x1fff)
    expect([uart.interrupt, uart.load(CHANNEL, 4) & 2]).toEqual([false, 2])
  })
})

describe("AMD's inter-processor interrupts", () => {
  const [TRIG, OBS, ISR, IMR, IER, IDR] = [0x00, 0x04, 0x10, 0x14, 0x18, 0x1c]
  const APU = 1
  const PL0 = 0x0100_0000

  function makeIpi() {
    const mailbox = new Int32Array(MAILBOX_WORDS)
    const rung: number[] = []
    const ipi = new InterProcessorInterrupts({
      ...{ unmodelled: unmodelled(), cyclesPerSecond: 1, cycle: () => 0, mailbox },
      option: (name) => xilinxIpiType.options?.[name] ?? 0,
      ...{ linesChanged: () => {}, dueCycleChanged: () => {}, send: () => {}, end: () => {} },
      doorbell: () => rung.push(1),
    })
    return { ipi, host: new MailboxHost(mailbox), rung }
  }

  it.each([
    ['the APU', APU],
    ['the first of the programmable logic', PL0],
  ])(
    "the host's kicks of any ring are one interrupt of %s, if the remote listens to that",
    (_, agent) => {
      const { ipi, host } = makeIpi()
      ipi.store(IER, 4, agent)
      host.set(0b01_0011)
      expect([ipi.interrupt, ipi.load(ISR, 4)]).toEqual([true, agent])
      ipi.store(ISR, 4, agent)
      expect([ipi.interrupt, ipi.load(ISR, 4), host.occupied()]).toEqual([false, 0, 0])
    },
  )

  it('a kick that comes before the last one is cleared is not lost', () => {
    const { ipi, host } = makeIpi()
    ipi.store(IER, 4, APU)
    host.set(1)
    host.set(1)
    ipi.store(ISR, 4, APU)
    expect(ipi.interrupt).toBe(true)
    ipi.store(ISR, 4, APU)
    expect(ipi.interrupt).toBe(false)
  })

  it("the remote's interrupt is a kick of every ring, and seen until the host has taken it", () => {
    const { ipi, host, rung } = makeIpi()
    ipi.store(TRIG, 4, PL0)
    expect([host.received(), ipi.load(OBS, 4) & PL0, rung.length]).toEqual([0b11_0011, PL0, 1])
    host.clear(0b11_0011)
    expect(ipi.load(OBS, 4)).toBe(0)
  })

  it('an interrupt of somebody else is none of the host', () => {
    const { ipi, host } = makeIpi()
    ipi.store(TRIG, 4, 0x0001_0000)
    expect(host.received()).toBe(0)
  })

  it('says in its mask who is held back', () => {
    const { ipi, host } = makeIpi()
    ipi.store(IER, 4, APU | PL0)
    ipi.store(IDR, 4, PL0)
    expect(ipi.load(IMR, 4) & (APU | PL0)).toBe(PL0)
    ipi.store(IDR, 4, APU)
    host.set(1)
    expect([ipi.interrupt, ipi.load(ISR, 4)]).toEqual([false, APU])
  })

  it('requests to shut down and to detach stay until the remote has cleared them', () => {
    const { ipi, host } = makeIpi()
    ipi.store(IER, 4, 0x0600_0000)
    host.set(0b1100)
    expect(ipi.load(ISR, 4)).toBe(0x0600_0000)
    ipi.store(ISR, 4, 0x0200_0000)
    expect(host.occupied()).toBe(0b1000)
  })
})
