import { describe, expect, test } from 'vitest'
import type { Ending } from '../device.js'
import { MAILBOX_WORDS, MailboxHost } from '../mailbox-state.js'
import { UnmodelledRegisters } from '../unmodelled.js'
import { OmapMailbox } from './omap-mailbox.js'

const [SYSCONFIG, MESSAGE, FIFO_STATUS, MSG_STATUS] = [0x10, 0x40, 0x80, 0xc0]
const [RAW, CLR, ENABLE_SET, ENABLE_CLR, EOI] = [0x100, 0x104, 0x108, 0x10c, 0x140]
const SHUTDOWN = 0b100
const [TO_HOST, FROM_HOST] = [0, 4]
const USER_2 = 0x20
const newMessage = (fifo: number): number => (1 << (2 * fifo)) >>> 0
const notFull = (fifo: number): number => (2 << (2 * fifo)) >>> 0

/** The host's words come in by FIFO 1, his own go out by FIFO 0: what a board says unless told. */
function makeMailbox() {
  const mailbox = new Int32Array(MAILBOX_WORDS)
  const rung: number[] = []
  const ended: Ending[] = []
  const options: Record<string, number> = { receive: 1, transmit: 0 }
  const device = new OmapMailbox({
    unmodelled: new UnmodelledRegisters('MAILBOX', () => {}),
    option: (name) => options[name] ?? 0,
    cyclesPerSecond: 1,
    cycle: () => 0,
    linesChanged: () => {},
    dueCycleChanged: () => {},
    send: () => {},
    mailbox,
    doorbell: () => rung.push(1),
    end: (ending) => ended.push(ending),
  })
  return { device, host: new MailboxHost(mailbox), rung, ended }
}

describe('words from the host', () => {
  test('are the notify ids that he kicks, one after the other', () => {
    const { device, host } = makeMailbox()
    host.set(0b11_0011)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(4)
    const words = [1, 2, 3, 4].map(() => device.load(MESSAGE + FROM_HOST, 4))
    expect(words).toEqual([0, 1, 2, 3])
    expect([device.load(MSG_STATUS + FROM_HOST, 4), host.occupied()]).toEqual([0, 0])
  })

  test('that are kicked again while they wait come once more', () => {
    const { device, host } = makeMailbox()
    host.set(0b10)
    host.set(0b10)
    expect(device.load(MESSAGE + FROM_HOST, 4)).toBe(1)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(1)
    expect(device.load(MESSAGE + FROM_HOST, 4)).toBe(1)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(0)
  })

  test('fill the FIFO with four, and what finds no place waits behind them', () => {
    const { device, host } = makeMailbox()
    host.set(0b11_0011 | SHUTDOWN)
    expect(device.load(FIFO_STATUS + FROM_HOST, 4)).toBe(1)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(4)
    device.load(MESSAGE + FROM_HOST, 4)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(4)
    for (let i = 0; i < 3; i++) device.load(MESSAGE + FROM_HOST, 4)
    expect(device.load(MESSAGE + FROM_HOST, 4)).toBe(0xffff_ff14)
    expect(device.load(FIFO_STATUS + FROM_HOST, 4)).toBe(0)
  })

  test('of an empty FIFO are 0', () => {
    expect(makeMailbox().device.load(MESSAGE + FROM_HOST, 4)).toBe(0)
  })
})

describe('the request to shut down', () => {
  test('is read once, and stands until the remote acknowledges it with a word', () => {
    const { device, host } = makeMailbox()
    host.set(SHUTDOWN)
    expect(device.load(MESSAGE + FROM_HOST, 4)).toBe(0xffff_ff14)
    expect([device.load(MSG_STATUS + FROM_HOST, 4), host.occupied()]).toEqual([0, SHUTDOWN])
    device.store(MESSAGE + TO_HOST, 4, 0xffff_ff15)
    expect(host.occupied()).toBe(0)
  })

  test('comes anew in the next life', () => {
    const { device, host } = makeMailbox()
    host.set(SHUTDOWN)
    device.load(MESSAGE + FROM_HOST, 4)
    device.reset()
    host.reset()
    host.set(SHUTDOWN)
    expect(device.load(MESSAGE + FROM_HOST, 4)).toBe(0xffff_ff14)
  })

  test('is not acknowledged by any other word', () => {
    const { device, host } = makeMailbox()
    host.set(SHUTDOWN)
    device.load(MESSAGE + FROM_HOST, 4)
    for (const word of [0, 0xffff_ff04, 0xffff_ff14, 0xffff_ffff]) {
      device.store(MESSAGE + TO_HOST, 4, word)
    }
    expect(host.occupied()).toBe(SHUTDOWN)
  })
})

describe('words to the host', () => {
  test('are kicks of rings, and those of rings that there are not are none', () => {
    const { device, host, rung } = makeMailbox()
    for (const word of [1, 3, 4, 77, 0xffff_ff03, 0x1000_0001]) {
      device.store(MESSAGE + TO_HOST, 4, word)
    }
    expect(host.received()).toBe(0b10_0010)
    expect(rung).toHaveLength(2)
  })

  test('are taken at once: their FIFO is always empty', () => {
    const { device } = makeMailbox()
    for (let i = 0; i < 9; i++) device.store(MESSAGE + TO_HOST, 4, 0)
    expect(device.load(MSG_STATUS + TO_HOST, 4)).toBe(0)
    expect(device.load(FIFO_STATUS + TO_HOST, 4)).toBe(0)
    expect(device.load(MESSAGE + TO_HOST, 4)).toBe(0)
  })

  test('RP_MBOX_CRASH is the end of the remote', () => {
    const { device, ended } = makeMailbox()
    device.store(MESSAGE + TO_HOST, 4, 0xffff_ff02)
    expect(ended).toEqual([{ kind: 'reported', how: 'RP_MBOX_CRASH' }])
  })
})

describe('the other FIFOs', () => {
  test('hold four words in their order, and discard what comes when they are full', () => {
    const { device } = makeMailbox()
    const fifo = 4 * 15
    for (const word of [5, 6, 7, 0xffff_ffff, 9]) device.store(MESSAGE + fifo, 4, word)
    expect([device.load(FIFO_STATUS + fifo, 4), device.load(MSG_STATUS + fifo, 4)]).toEqual([1, 4])
    const words = [1, 2, 3, 4, 5].map(() => device.load(MESSAGE + fifo, 4))
    expect(words).toEqual([5, 6, 7, 0xffff_ffff, 0])
  })

  test("are the remote's alone: nothing in them reaches the host", () => {
    const { device, host, rung, ended } = makeMailbox()
    for (const word of [0, 1, 0xffff_ff02, 0xffff_ff15]) device.store(MESSAGE + 8, 4, word)
    expect([host.received(), rung, ended]).toEqual([0, [], []])
  })

  test('are emptied by SYSCONFIG, which keeps what the host has sent', () => {
    const { device, host } = makeMailbox()
    host.set(1)
    device.store(MESSAGE + 8, 4, 1)
    device.store(ENABLE_SET + USER_2, 4, newMessage(1))
    device.store(SYSCONFIG, 4, 0b1001)
    expect(device.load(MSG_STATUS + 8, 4)).toBe(0)
    expect(device.load(MSG_STATUS + FROM_HOST, 4)).toBe(1)
    expect(device.load(ENABLE_SET + USER_2, 4)).toBe(0)
    expect(device.load(SYSCONFIG, 4)).toBe(0b1000)
  })
})

describe("a user's interrupt", () => {
  test('is up while a word waits that it is enabled for, for that user alone', () => {
    const { device, host } = makeMailbox()
    device.store(ENABLE_SET + USER_2, 4, newMessage(1))
    expect(device.interrupt(2)).toBe(false)
    host.set(1)
    expect([0, 1, 2, 3].map((user) => device.interrupt(user))).toEqual([false, false, true, false])
    device.load(MESSAGE + FROM_HOST, 4)
    expect(device.interrupt(2)).toBe(false)
  })

  test('is up again at once when it is cleared with a word still there', () => {
    const { device, host } = makeMailbox()
    device.store(ENABLE_SET + USER_2, 4, newMessage(1))
    host.set(1)
    device.store(CLR + USER_2, 4, 0xffff_ffff)
    device.store(EOI, 4, 2)
    expect(device.interrupt(2)).toBe(true)
    expect(device.load(CLR + USER_2, 4)).toBe(newMessage(1))
  })

  test('tells in RAW of all FIFOs, in CLR of those that are enabled', () => {
    const { device } = makeMailbox()
    for (let i = 0; i < 4; i++) device.store(MESSAGE + 4 * 15, 4, 1)
    const all = (0xaaaa_aaaa & ~notFull(15)) | newMessage(15)
    expect(device.load(RAW + USER_2, 4)).toBe(all >>> 0)
    expect(device.load(CLR + USER_2, 4)).toBe(0)
    device.store(ENABLE_SET + USER_2, 4, newMessage(15))
    expect(device.load(CLR + USER_2, 4)).toBe(newMessage(15))
  })

  test('is enabled and disabled bit by bit, and both registers show what is enabled', () => {
    const { device } = makeMailbox()
    device.store(ENABLE_SET + USER_2, 4, 0x8000_0003)
    device.store(ENABLE_SET + USER_2, 4, 0)
    device.store(ENABLE_CLR + USER_2, 4, 1)
    expect(device.load(ENABLE_SET + USER_2, 4)).toBe(0x8000_0002)
    expect(device.load(ENABLE_CLR + USER_2, 4)).toBe(0x8000_0002)
    expect(device.load(ENABLE_SET, 4)).toBe(0)
  })

  test('is that of a FIFO with room, too, where it is enabled for it', () => {
    const { device } = makeMailbox()
    device.store(ENABLE_SET + USER_2, 4, notFull(2))
    expect(device.interrupt(2)).toBe(true)
    for (let i = 0; i < 4; i++) device.store(MESSAGE + 8, 4, 1)
    expect(device.interrupt(2)).toBe(false)
  })
})

test('an access of less than a word gets no answer, and takes nothing', () => {
  const { device, host } = makeMailbox()
  host.set(1)
  expect([device.load(MESSAGE + FROM_HOST, 1), device.load(MESSAGE + FROM_HOST, 2)]).toEqual([
    -1, -1,
  ])
  expect(device.store(MESSAGE + TO_HOST, 2, 1)).toBe(false)
  expect([device.load(MSG_STATUS + FROM_HOST, 4), host.received()]).toEqual([1, 0])
})
