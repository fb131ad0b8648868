import { expect, test } from 'vitest'
import { connected, link } from '../../test/support/link.js'
import { takeUncaught } from '../../test/support/uncaught.js'
import { OpenampError } from '../base/errors.js'
import { Region } from '../memory/region.js'
import { RxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import { RPMSG_ADDR_ANY } from './header.js'
import type { RpmsgEvent } from './stats.js'

/** Each end as the receiving one. */
const receivers = [
  ['host', ({ host, remote }: Ends) => [remote, host] as const],
  ['remote', ({ host, remote }: Ends) => [host, remote] as const],
] as const
type Ends = { host: RpmsgDevice; remote: RpmsgDevice }

/** A sender bound to address 1, where every message is held. */
function holding(from: RpmsgDevice, to: RpmsgDevice) {
  const held: RxBuffer[] = []
  const endpoint = to.createEndpoint({ address: 1, receive: (m) => held.push(m.hold()) })
  return { held, endpoint, sender: from.createEndpoint({ destination: 1 }) }
}

test.each(receivers)('%s: a message lies in shared memory while the callback runs', (_, pick) => {
  const ends = link()
  const [from, to] = pick(ends)
  let shared: unknown
  to.createEndpoint({ address: 1, receive: (m) => (shared = m.data.buffer) })
  from.createEndpoint({ destination: 1 }).trySend('x')
  ends.deliver()
  expect(shared).toBe(ends.virtio.region.bytes.buffer)
})

test.each(receivers)('%s: a held message keeps its buffer from the peer', (_, pick) => {
  const ends = link({ num: 4 })
  const [from, to] = pick(ends)
  const { held, sender } = holding(from, to)
  for (let i = 0; i < 4; i++) sender.trySend(`${i}`)
  ends.deliver()
  expect(to.stats.rxHeld).toBe(4)
  expect(sender.trySend('full')).toBe(false)
  expect(held.map((message) => message.text())).toEqual(['0', '1', '2', '3'])
})

test.each(receivers)('%s: held buffers go back in any order and serve again', (_, pick) => {
  const ends = link({ num: 4 })
  const [from, to] = pick(ends)
  const { held, sender } = holding(from, to)
  for (let round = 0; round < 20; round++) {
    const texts = [0, 1, 2, 3].map((i) => `${round}.${i}`)
    for (const text of texts) expect(sender.trySend(text)).toBe(true)
    ends.deliver()
    expect(held.map((message) => message.text())).toEqual(texts)
    for (let left = 4; left > 0; left--) {
      expect(to.stats.rxHeld).toBe(left)
      held.splice((round * 7) % left, 1)[0]?.release()
    }
    expect(to.stats.rxHeld).toBe(0)
    ends.deliver()
  }
})

test.each(receivers)(
  '%s: a buffer released outside the callback wakes who waits',
  async (_, pick) => {
    const ends = link({ num: 2 })
    const [from, to] = pick(ends)
    const { held, sender } = holding(from, to)
    const sends = [sender.send('0'), sender.send('1'), sender.send('2')]
    ends.deliver()
    expect(held).toHaveLength(2)
    held.shift()?.release()
    ends.deliver()
    await Promise.all(sends)
    expect(held.map((message) => message.text())).toEqual(['1', '2'])
  },
)

test('each hold needs a release, and a release too many does nothing', () => {
  const ends = link({ num: 2 })
  const { held, sender } = holding(ends.remote, ends.host)
  sender.trySend('x')
  ends.deliver()
  const message = held[0]
  message?.hold()
  message?.release()
  expect(ends.host.stats.rxHeld).toBe(1)
  message?.release()
  message?.release()
  message?.release()
  expect(ends.host.stats.rxHeld).toBe(0)
  // Were it given back twice, the ring would hold it twice and refuse the next one.
  for (let i = 0; i < 5; i++) {
    sender.trySend('y')
    ends.deliver()
    expect(ends.host.stats.rxHeld).toBe(1)
    held.pop()?.release()
  }
  expect(ends.faults).toEqual({ host: [], remote: [] })
})

test('holdRxBuffer and releaseRxBuffer are the same under the names of the C library', () => {
  const ends = link()
  const kept: RxBuffer[] = []
  const endpoint = ends.host.createEndpoint({
    address: 1,
    receive: (message, self) => {
      self.holdRxBuffer(message)
      kept.push(message)
    },
  })
  ends.remote.createEndpoint({ destination: 1 }).trySend('x')
  ends.deliver()
  expect(ends.host.stats.rxHeld).toBe(1)
  for (const message of kept) endpoint.releaseRxBuffer(message)
  expect(ends.host.stats.rxHeld).toBe(0)
})

test('`using` releases at the end of its scope', () => {
  const ends = link()
  const { held, sender } = holding(ends.remote, ends.host)
  sender.trySend('x')
  ends.deliver()
  {
    using message = held[0]
    expect(message?.text()).toBe('x')
  }
  expect(ends.host.stats.rxHeld).toBe(0)
})

test.each(receivers)('%s: a message cannot be held once its callback has returned', (_, pick) => {
  const ends = link()
  const [from, to] = pick(ends)
  let late: RxBuffer | undefined
  to.createEndpoint({ address: 1, receive: (message) => (late = message) })
  from.createEndpoint({ destination: 1 }).trySend('x')
  ends.deliver()
  expect(() => late?.hold()).toThrow(expect.objectContaining({ code: 'ERR_STATE' }))
})

test.each(receivers)('%s: what is released after the end touches no memory', (_, pick) => {
  const ends = link()
  const [from, to] = pick(ends)
  const { held, sender } = holding(from, to)
  sender.trySend('x')
  ends.deliver()
  const tx = sender.tryGetTxPayloadBuffer()
  to.close(new OpenampError('ERR_STOPPED', 'stopped'))
  from.close(new OpenampError('ERR_STOPPED', 'stopped'))
  const before = ends.virtio.region.bytes.slice()
  held[0]?.release()
  if (tx) sender.releaseTxBuffer(tx)
  to.poll()
  expect(to.stats).toMatchObject({ rxHeld: 0 })
  expect(ends.virtio.region.bytes).toEqual(before)
})

test.each(receivers)('%s: the link may be closed in a callback, and hears no more', (_, pick) => {
  const ends = link()
  const [from, to] = pick(ends)
  let heard = 0
  to.createEndpoint({
    address: 1,
    receive: () => {
      heard++
      to.close(new OpenampError('ERR_STOPPED', 'stopped'))
    },
  })
  const sender = from.createEndpoint({ destination: 1 })
  for (let i = 0; i < 3; i++) sender.trySend('x')
  ends.deliver()
  expect(heard).toBe(1)
})

test('a buffer that moves to another region shows what lies there', () => {
  const [a, b] = ['a', 'b'].map((name) => new Region({ name, da: 0, size: 64 }))
  if (!a || !b) throw new Error('no regions')
  b.bytes.fill(1)
  const buffer = new RxBuffer(0, () => {})
  buffer.length = 4
  const seen = [a, b].map((region) => {
    buffer.place({ region, offset: 0 }, 64)
    return [...buffer.copy()]
  })
  expect(seen).toEqual([
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ])
})

test('a message to no endpoint is dropped, counted and told to observers', () => {
  const { host, remote, deliver } = link()
  const events: RpmsgEvent[] = []
  host.events.observe((event) => events.push(event))
  remote.createEndpoint({ destination: 77 }).trySend('lost')
  deliver()
  expect(host.stats).toMatchObject({ received: 1, dropped: 1 })
  expect(events).toEqual([
    { type: 'dropped', reason: 'no endpoint', source: 1024, destination: 77, length: 4 },
  ])
})

test('a dropped message gives its buffer back', () => {
  const { remote, deliver } = link({ num: 2 })
  const endpoint = remote.createEndpoint({ destination: 77 })
  for (let i = 0; i < 20; i++) {
    expect(endpoint.trySend('lost')).toBe(true)
    deliver()
  }
})

test('the first message binds an endpoint without a destination, and bound comes before it', () => {
  const { host, remote, deliver } = link()
  const order: string[] = []
  const endpoint = host.createEndpoint({
    address: 1,
    bound: ({ destination }) => order.push(`bound to ${destination}`),
    receive: (message) => order.push(message.text()),
  })
  remote.createEndpoint({ address: 500, destination: 1 }).trySend('first')
  remote.createEndpoint({ address: 501, destination: 1 }).trySend('second')
  deliver()
  expect(order).toEqual(['bound to 500', 'first', 'second'])
  expect(endpoint.destination).toBe(500)
})

test('a message from address 0xffffffff binds nothing', () => {
  const { host, remote, virtio, deliver } = link()
  let bound = 0
  const heard: string[] = []
  const endpoint = host.createEndpoint({
    address: 1,
    bound: () => bound++,
    receive: (m) => heard.push(m.text()),
  })
  remote.createEndpoint({ destination: 1 }).trySend('x')
  virtio.region.setU32(virtio.pool.offset, RPMSG_ADDR_ANY)
  deliver()
  expect([bound, endpoint.bound, heard]).toEqual([0, false, ['x']])
})

test.each(receivers)(
  '%s: a callback that throws surfaces and does not stop the rings',
  async (_, pick) => {
    const ends = link({ num: 2 })
    const [from, to] = pick(ends)
    const heard: string[] = []
    to.createEndpoint({
      address: 1,
      receive: (message) => {
        heard.push(message.text())
        throw new Error(`mine ${heard.length}`)
      },
    })
    const sender = from.createEndpoint({ destination: 1 })
    const uncaught = await takeUncaught(() => {
      for (let i = 0; i < 6; i++) {
        expect(sender.trySend(`${i}`)).toBe(true)
        ends.deliver()
      }
    })
    expect(heard).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(uncaught).toHaveLength(6)
    expect(ends.faults).toEqual({ host: [], remote: [] })
  },
)

test('bound and unbound callbacks and observers that throw do not stop the rings', async () => {
  const ends = await connected()
  const fail = (): never => {
    throw new Error('mine')
  }
  ends.host.createEndpoint({ address: 1, bound: fail, unbound: fail })
  ends.host.events.observe(fail)
  ends.remote.createEndpoint({ destination: 1 }).trySend('binds')
  ends.remote.createEndpoint({ destination: 2 }).trySend('dropped')
  await ends.there.send('arrives')
  const uncaught = await takeUncaught(() => {
    ends.deliver()
    ends.host.close(new OpenampError('ERR_STOPPED', 'stopped'))
  })
  expect((await ends.here.receive()).text()).toBe('arrives')
  expect(uncaught).toHaveLength(3)
})

test('an endpoint may be destroyed in its own callback', () => {
  const { host, remote, deliver } = link()
  const heard: string[] = []
  host.createEndpoint({
    address: 1,
    receive: (message, endpoint) => {
      endpoint.destroy()
      heard.push(message.text())
    },
  })
  const sender = remote.createEndpoint({ destination: 1 })
  sender.trySend('heard')
  sender.trySend('dropped')
  deliver()
  expect(heard).toEqual(['heard'])
  expect(host.stats).toMatchObject({ endpoints: 0, dropped: 1 })
})

test('an endpoint destroyed as it is bound gets no message', () => {
  const { host, remote, deliver } = link()
  const heard: string[] = []
  host.createEndpoint({
    address: 1,
    bound: (endpoint) => endpoint.destroy(),
    receive: (message) => heard.push(message.text()),
  })
  remote.createEndpoint({ destination: 1 }).trySend('x')
  deliver()
  expect(heard).toEqual([])
  expect(host.stats.dropped).toBe(1)
})

test('a callback may answer at once, also when the answer finds the ring full', async () => {
  const { host, remote, deliver } = link({ num: 2 })
  const answers: string[] = []
  remote.createEndpoint({
    address: 1,
    receive: (message, self) => {
      for (let i = 0; i < 5; i++) void self.sendTo(`${message.text()}${i}`, message.source)
    },
  })
  const endpoint = host.createEndpoint({
    destination: 1,
    receive: (message) => answers.push(message.text()),
  })
  const sends = ['a', 'b', 'c'].map((text) => endpoint.send(text))
  deliver()
  await Promise.all(sends)
  expect(answers).toEqual(['a', 'b', 'c'].flatMap((t) => [0, 1, 2, 3, 4].map((i) => `${t}${i}`)))
})

test('a callback that polls does not upset the order', () => {
  const { host, remote, deliver } = link({ num: 4 })
  const heard: string[] = []
  host.createEndpoint({
    address: 1,
    receive: (message) => {
      host.poll()
      heard.push(message.text())
    },
  })
  const sender = remote.createEndpoint({ destination: 1 })
  for (const text of ['0', '1', '2']) sender.trySend(text)
  deliver()
  expect(heard).toEqual(['0', '1', '2'])
})

test('dynamic addresses are given from 1024 on, and one that was given up not again at once', () => {
  const { host } = link()
  const endpoints = Array.from({ length: 300 }, () => host.createEndpoint())
  expect(endpoints.map(({ address }) => address)).toEqual(
    Array.from({ length: 300 }, (_, i) => 1024 + i),
  )
  endpoints[7]?.destroy()
  expect(host.createEndpoint().address).toBe(1324)
})

test('what the peer still sends to a closed channel does not reach the next one', async () => {
  const { host, here, there, deliver } = await connected()
  await there.send('for the first')
  here.close()
  const next = await host.channel('echo')
  deliver()
  expect(next.stats.queued).toBe(0)
  expect(host.stats.drops).toMatchObject({ 'no endpoint': 1 })
})

test('300 endpoints each get their own messages', () => {
  const { host, remote, deliver } = link()
  const heard = new Map<number, string>()
  for (let i = 0; i < 300; i++) {
    const receive = (message: RxBuffer): void => void heard.set(i, message.text())
    host.createEndpoint({ address: i === 53 ? 400 : i, receive })
  }
  const sender = remote.createEndpoint()
  for (let i = 0; i < 300; i++) {
    sender.trySendTo(`for ${i}`, i === 53 ? 400 : i)
    deliver()
  }
  expect([...heard]).toEqual(Array.from({ length: 300 }, (_, i) => [i, `for ${i}`]))
})

test("an address in use, the name service's, or no 32-bit address is refused", () => {
  const { host } = link()
  host.createEndpoint({ address: 1024 })
  expect(host.createEndpoint().address).toBe(1025)
  for (const address of [1024, 1025, 53, -1, 0.5, RPMSG_ADDR_ANY, Number.NaN]) {
    expect(() => host.createEndpoint({ address })).toThrow(
      expect.objectContaining({ code: 'ERR_ADDRESS' }),
    )
  }
})

test('destroying an endpoint twice is once', () => {
  const { host, remote, deliver } = link()
  const endpoint = host.createEndpoint({ name: 'echo', announce: true })
  endpoint.destroy()
  endpoint.destroy()
  deliver()
  expect(remote.stats.received).toBe(2)
  expect(() => endpoint.trySendTo('x', 1)).toThrow('endpoint echo (0x400) is closed')
})

test('remote: a host that sends on while its messages are taken gets some of its buffers back', () => {
  const { host, remote, deliver } = link({ num: 16 })
  const sender = host.createEndpoint({ destination: 1 })
  let taken = 0
  let sentMeanwhile = false
  remote.createEndpoint({
    address: 1,
    receive: () => {
      if (++taken === 12) sentMeanwhile = sender.trySend('more')
    },
  })
  while (sender.trySend('x'));
  deliver()
  expect(sentMeanwhile).toBe(true)
})
