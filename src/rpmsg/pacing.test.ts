import { expect, test } from 'vitest'
import { type Connected, connected, pattern } from '../../test/support/link.js'
import type { Doorbell } from '../base/doorbell.js'
import { CONTROL_NAME } from './control-message.js'
import { rpmsgLoopback } from './loopback.js'
import { COALESCE_MAX } from './pacing.js'

const EVENT_INDEX = { features: 1 | (1 << 29), accept: 1 | (1 << 29) }
const COALESCING = { waiting: { style: 'sleep', coalesce: true } } as const

/** Kicks of the host's for vring 1 while `action` runs. */
async function kicksOf(
  { virtio }: Connected,
  action: () => void | Promise<void>,
): Promise<number | undefined> {
  const before = virtio.kicks[1] ?? 0
  await action()
  return (virtio.kicks[1] ?? 0) - before
}

test.each([
  ['flags', {}],
  ['event index', EVENT_INDEX],
])('many messages of one call go out under one kick: %s', async (_, features) => {
  const link = await connected({ num: 32, ...features })
  const messages = Array.from({ length: 16 }, (_, i) => pattern(100, i))
  const kicks = await kicksOf(link, () => {
    expect(link.here.trySendMany(messages)).toBe(16)
  })
  expect(kicks).toBe(1)
  link.deliver()
  for (const message of messages) expect((await link.there.receive()).data).toEqual(message)
})

test('the remote sends many messages under one kick as well', async () => {
  const link = await connected({ num: 32 })
  const before = link.virtio.interrupts[0] ?? 0
  expect(link.there.trySendMany(['a', 'b', 'c'])).toBe(3)
  expect((link.virtio.interrupts[0] ?? 0) - before).toBe(1)
  link.deliver()
  expect((await link.here.receive()).text()).toBe('a')
})

test('trySendMany says how many there were buffers for', async () => {
  const link = await connected({ num: 8 })
  const texts = Array.from({ length: 12 }, (_, i) => `${i}`)
  const sent = link.here.trySendMany(texts)
  expect(sent).toBe(8)
  link.deliver()
  for (const text of texts.slice(0, sent)) expect((await link.there.receive()).text()).toBe(text)
})

/** A link whose host looks again after a turn of its event loop: `turn` is that turn. */
async function looksSoon(num: number) {
  const due: (() => void)[] = []
  const soon = (look: () => void): void => void due.push(look)
  const waiting = { style: 'sleep', coalesce: false, soon } as const
  const link = await connected({ num, waiting })
  const turn = (): void => {
    for (const look of due.splice(0)) look()
  }
  // What came in while the two were bound.
  while (due.length > 0) turn()
  return { link, turn, due, kicks: () => link.virtio.interrupts[0] ?? 0 }
}

test('a peer that sends on while its messages are looked at kicks no more', async () => {
  const { link, turn, due, kicks } = await looksSoon(32)
  const before = kicks()
  link.there.trySend('first')
  link.deliver()
  link.there.trySend('second')
  turn()
  link.there.trySend('third')
  turn()
  expect(kicks() - before).toBe(1)
  for (const text of ['first', 'second', 'third']) {
    expect(link.here.tryReceive()?.text()).toBe(text)
  }
  // A turn without a message: from now on it is to kick again.
  turn()
  expect(due).toEqual([])
  link.there.trySend('fourth')
  expect(kicks() - before).toBe(2)
})

test('who waits for a buffer meanwhile gets it without a kick for it, and afterwards with one', async () => {
  const { link, turn } = await looksSoon(4)
  const returned = () => link.virtio.interrupts[1] ?? 0
  while (link.here.trySend('full'));
  link.there.trySend('news')
  const first = link.here.send('waits')
  link.host.poll()
  const before = returned()
  link.deliver()
  expect(returned()).toBe(before)
  turn()
  await first
  turn()
  while (link.here.trySend('full'));
  const second = link.here.send('waits again')
  link.deliver()
  expect(returned()).toBeGreaterThan(before)
  await second
})

test('an end that is closed looks no more', async () => {
  const { link, turn, due } = await looksSoon(32)
  link.there.trySend('first')
  link.deliver()
  link.there.trySend('second')
  link.host.close(new Error('over'))
  turn()
  expect(due).toEqual([])
})

test('a message that is too long ends trySendMany; those before it are sent', async () => {
  const link = await connected()
  expect(() => link.here.trySendMany(['short', pattern(600)])).toThrow(
    expect.objectContaining({ code: 'ERR_MESSAGE_SIZE' }),
  )
  link.deliver()
  expect((await link.there.receive()).text()).toBe('short')
})

test('sendAll sends more than the ring holds, in order', async () => {
  const link = await connected({ num: 8, schedule: (deliver) => setImmediate(deliver) })
  const texts = Array.from({ length: 100 }, (_, i) => `${i}`)
  const sent = link.here.sendAll(texts)
  for (const text of texts) expect((await link.there.receive()).text()).toBe(text)
  await sent
})

test('what a batch sends is published at its end, also where it throws', async () => {
  const link = await connected()
  const kicks = await kicksOf(link, () => {
    expect(() =>
      link.host.batch(() => {
        link.here.trySend('one')
        link.host.batch(() => link.here.trySend('two'))
        throw new Error('mine')
      }),
    ).toThrow('mine')
  })
  expect(kicks).toBe(1)
  link.deliver()
  expect((await link.there.receive()).text()).toBe('one')
  expect((await link.there.receive()).text()).toBe('two')
})

test('coalescing: sends of one turn go out under one kick at its end', async () => {
  const link = await connected({ num: 32, ...COALESCING })
  const kicks = await kicksOf(link, async () => {
    const sent = Array.from({ length: 10 }, (_, i) => link.here.send(`${i}`))
    expect(link.remote.transport.hasNews(false)).toBe(false)
    await Promise.all(sent)
    await new Promise(setImmediate)
  })
  expect(kicks).toBe(1)
  link.deliver()
  expect((await link.there.receive()).text()).toBe('0')
})

test('coalescing: sends that wait for each other are still one turn', async () => {
  const link = await connected({ num: 32, ...COALESCING })
  const kicks = await kicksOf(link, async () => {
    for (let i = 0; i < 10; i++) await link.here.send(`${i}`)
    await new Promise(setImmediate)
  })
  expect(kicks).toBe(1)
})

test('coalescing is bounded: a turn that sends on and on is published meanwhile', async () => {
  const link = await connected({ num: 256, ...COALESCING })
  for (let i = 1; i < COALESCE_MAX; i++) void link.here.send('x')
  expect(link.remote.transport.hasNews(false)).toBe(false)
  void link.here.send('x')
  expect(link.remote.transport.hasNews(false)).toBe(true)
})

test('coalescing: a full ring does not wait for the end of the turn', async () => {
  const link = await connected({
    num: 8,
    ...COALESCING,
    schedule: (deliver) => setImmediate(deliver),
  })
  const sent = Array.from({ length: 20 }, (_, i) => link.here.send(`${i}`))
  await Promise.all(sent)
  for (let i = 0; i < 20; i++) expect((await link.there.receive()).text()).toBe(`${i}`)
})

test('coalescing concerns send alone: trySend kicks at once', async () => {
  const link = await connected(COALESCING)
  expect(await kicksOf(link, () => void link.here.trySend('now'))).toBe(1)
})

test('buffers are returned together, under one kick, and half a ring at the latest', async () => {
  const link = await connected({ num: 16, ...EVENT_INDEX })
  // The host starves, so it wants to hear of each return.
  let sent = 0
  while (link.here.trySend('x')) sent++
  const waiting = link.here.send('last')
  const before = link.virtio.interrupts[1] ?? 0
  link.remote.poll()
  expect(sent).toBe(16)
  expect((link.virtio.interrupts[1] ?? 0) - before).toBe(1)
  link.deliver()
  await waiting
})

test('an end that polls asks for no kicks, and hears of everything when it looks', async () => {
  const link = await connected({
    ...EVENT_INDEX,
    waiting: { style: 'poll', coalesce: false },
    schedule: (deliver) => setImmediate(deliver),
  })
  // The first may come: the ring was new.
  link.here.trySend('first')
  link.remote.poll()
  const kicks = await kicksOf(link, () => {
    for (const text of ['a', 'b', 'c']) {
      link.here.trySend(text)
      link.remote.poll()
    }
  })
  expect(kicks).toBe(0)
  for (const text of ['first', 'a', 'b', 'c']) {
    expect((await link.there.receive()).text()).toBe(text)
  }
})

/** A doorbell at which something happens when it is waited for. */
function doorbell(onWait: (count: number) => boolean): Doorbell {
  return { count: 7, wait: (count) => onWait(count) }
}

test('a synchronous wait arms its ring before it sleeps, and hears what came meanwhile', async () => {
  const link: Connected = await connected({
    ...EVENT_INDEX,
    waiting: {
      style: 'sleep',
      coalesce: false,
      doorbell: doorbell((count) => {
        expect(count).toBe(7)
        const before = link.virtio.interrupts[0] ?? 0
        link.there.trySend('meanwhile')
        expect((link.virtio.interrupts[0] ?? 0) - before).toBe(1)
        return true
      }),
    },
  })
  expect(link.here.receiveSync().text()).toBe('meanwhile')
})

test('a synchronous wait that is too long ends: receiveSync with ERR_TIMEOUT', async () => {
  const link = await connected({
    waiting: { style: 'sleep', coalesce: false, doorbell: doorbell(() => false) },
  })
  expect(link.host.waitSync({ timeout: 0 })).toBe(false)
  expect(() => link.here.receiveSync({ timeout: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_TIMEOUT' }),
  )
  while (link.here.trySend('x'));
  expect(() => link.here.sendSync('x', { timeout: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_TIMEOUT' }),
  )
})

test('sendSync waits for a buffer that the peer returns', async () => {
  const link: Connected = await connected({
    waiting: {
      style: { spin: 5 },
      coalesce: false,
      doorbell: doorbell(() => {
        link.remote.poll()
        return true
      }),
    },
  })
  let sent = 0
  while (link.here.trySend(`${sent}`)) sent++
  link.here.sendSync('last')
  link.deliver()
  for (let i = 0; i < sent; i++) expect((await link.there.receive()).text()).toBe(`${i}`)
  expect((await link.there.receive()).text()).toBe('last')
})

test('a synchronous wait ends with the link, and by a peer that lies', async () => {
  const link: Connected = await connected({
    waiting: {
      style: 'sleep',
      coalesce: false,
      doorbell: doorbell(() => {
        const ring = link.virtio.driver.queues[0]?.ring()
        if (ring !== undefined) ring.usedIdx = 999
        return true
      }),
    },
  })
  expect(() => link.here.receiveSync()).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
  expect(() => link.host.waitSync()).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test('without a doorbell there is no synchronous wait, and the error says so', async () => {
  const link = await connected()
  expect(() => link.host.waitSync()).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching(/no doorbell/) }),
  )
})

test('a time to spin that is none is refused', () => {
  for (const spin of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => connectedSpinning(spin)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  }
})

function connectedSpinning(spin: number): void {
  rpmsgLoopback({ waiting: { style: { spin }, coalesce: false } })
}

function waitingFor(ring: () => boolean) {
  return { style: 'sleep', coalesce: false, doorbell: doorbell(ring) } as const
}

test('sendSync goes after those who wait for a buffer already', async () => {
  const link: Connected = await connected({
    waiting: waitingFor(() => {
      link.remote.poll()
      return true
    }),
  })
  while (link.here.trySend('x'));
  const before = link.here.send('before')
  // The buffers are back, and this end has not heard of it.
  link.remote.poll()
  link.here.sendSync('after')
  await before
  link.deliver()
  const texts: string[] = []
  for (let m = link.there.tryReceive(); m !== undefined; m = link.there.tryReceive()) {
    texts.push(m.text())
  }
  expect(texts.slice(-2)).toEqual(['before', 'after'])
})

test('sendSync behind a large message that waits for the answer of the peer ends in time', async () => {
  const link = rpmsgLoopback({ waiting: waitingFor(() => false), schedule: () => {} })
  // The peer has announced a control channel, and never says a word on it.
  link.remote.createEndpoint({ name: CONTROL_NAME, announce: true })
  const here = link.host.createEndpoint({ destination: 9, maxMessageSize: 5000 })
  link.host.poll()
  const large = here.send(pattern(1000))
  expect(() => here.sendSync('x', { timeout: 0 })).toThrow(
    expect.objectContaining({ code: 'ERR_TIMEOUT' }),
  )
  here.destroy()
  await expect(large).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('sendSync does not wait for a message that was given up before it', async () => {
  const link = rpmsgLoopback({ waiting: waitingFor(() => false), schedule: () => {} })
  link.remote.createEndpoint({ name: CONTROL_NAME, announce: true })
  const here = link.host.createEndpoint({ destination: 9, maxMessageSize: 5000 })
  link.host.poll()
  const stop = new AbortController()
  const large = here.send(pattern(1000), { signal: stop.signal })
  stop.abort()
  here.sendSync('x', { timeout: 0 })
  await expect(large).rejects.toMatchObject({ code: 'ERR_ABORTED' })
})

test('a callback may stop its thread for a transmit buffer: no answer is lost in a full ring', async () => {
  const link: Connected = await connected({
    waiting: waitingFor(() => {
      // The peer takes the answers, which gives the buffers back.
      link.remote.poll()
      return true
    }),
  })
  let waits = 0
  link.here.onMessage(({ data }) => {
    while (!link.here.trySend(data)) {
      waits++
      expect(link.host.waitTxSync()).toBe(true)
    }
  })
  while (link.here.trySend('full'));
  for (const text of ['first', 'second']) link.there.trySend(text)
  link.host.poll()
  expect(waits).toBe(1)
  link.remote.poll()
  const texts: string[] = []
  for (let m = link.there.tryReceive(); m !== undefined; m = link.there.tryReceive()) {
    texts.push(m.text())
  }
  expect(texts.slice(-2)).toEqual(['first', 'second'])
})

test('a callback that would stop its thread for the next message is told that none can come', async () => {
  const link = await connected({ waiting: waitingFor(() => true) })
  const errors: unknown[] = []
  const other = link.host.announce('other')
  link.here.onMessage(() => {
    try {
      other.receiveSync()
    } catch (error) {
      errors.push(error)
    }
  })
  link.there.trySend('x')
  link.deliver()
  expect(errors).toMatchObject([{ code: 'ERR_STATE' }])
})
