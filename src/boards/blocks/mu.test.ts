import { expect, test } from 'vitest'
import { MAILBOX_WORDS, MailboxHost } from '../mailbox-state.js'
import { UnmodelledRegisters } from '../unmodelled.js'
import { MessagingUnit } from './mu.js'

const [TR1, RR1, SR, CR] = [0x04, 0x14, 0x20, 0x24]
const RF1 = 1 << 26
const GIP0 = 0x8000_0000

function makeUnit() {
  const mailbox = new Int32Array(MAILBOX_WORDS)
  const rung: number[] = []
  const unit = new MessagingUnit({
    unmodelled: new UnmodelledRegisters('MU', () => {}),
    option: () => 1,
    cyclesPerSecond: 1,
    cycle: () => 0,
    linesChanged: () => {},
    dueCycleChanged: () => {},
    send: () => {},
    mailbox,
    doorbell: () => rung.push(1),
    end: () => {},
  })
  return { unit, host: new MailboxHost(mailbox), rung }
}

test("the host's kicks are messages with the number of the ring, one after the other", () => {
  const { unit, host } = makeUnit()
  unit.store(CR, 4, RF1)
  expect(unit.interrupt).toBe(false)
  host.set(0b01_0011)
  const messages = [1, 2, 3].map(() => {
    expect(unit.interrupt).toBe(true)
    return unit.load(RR1, 4)
  })
  expect(messages).toEqual([0, 1 << 16, 2 << 16])
  expect([unit.interrupt, host.occupied()]).toEqual([false, 0])
})

test('a kick that comes while the same one waits is a message of its own', () => {
  const { unit, host } = makeUnit()
  host.set(1)
  host.set(1)
  unit.load(RR1, 4)
  expect(unit.load(SR, 4) & RF1).toBe(RF1)
  unit.load(RR1, 4)
  expect(unit.load(SR, 4) & RF1).toBe(0)
})

test("the remote's message is a kick of its ring, and a ring that there is not is none", () => {
  const { unit, host, rung } = makeUnit()
  for (const message of [1 << 16, 3 << 16, 77 << 16]) unit.store(TR1, 4, message)
  expect(host.received()).toBe(0b10_0010)
  expect(rung).toHaveLength(2)
})

test('a request to shut down is a general-purpose interrupt until the remote clears it', () => {
  const { unit, host } = makeUnit()
  unit.store(CR, 4, GIP0)
  host.set(0b100)
  expect([unit.interrupt, unit.load(SR, 4) >= GIP0]).toEqual([true, true])
  unit.store(SR, 4, GIP0)
  expect([unit.interrupt, host.occupied()]).toEqual([false, 0])
})
