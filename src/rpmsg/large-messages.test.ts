import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Connected, connected, link, pattern, settle } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import type { RxBuffer } from './buffers.js'
import type { RpmsgEvent } from './stats.js'

const MIB = 2 ** 20
const large = { here: { maxMessageSize: MIB }, there: { maxMessageSize: MIB } }

/** Both directions, for what must hold in each. */
const directions = [
  ['host to remote', ({ here, there }: Connected) => [here, there] as const],
  ['remote to host', ({ here, there }: Connected) => [there, here] as const],
] as const

/** Sends what is pending to its end, over a ring that has less room than that. */
async function through(link: Connected, sends: readonly Promise<unknown>[]): Promise<void> {
  let done = false
  const all = Promise.all(sends).then(() => {
    done = true
  })
  while (!done) {
    link.deliver()
    await settle()
  }
  await all
  link.deliver()
}

test.each(directions)('%s: a message larger than a buffer arrives whole', async (_, pick) => {
  const link = await connected(large)
  const [from, to] = pick(link)
  for (const length of [497, 952, 953, 10_000, MIB]) {
    const message = pattern(length, length)
    const sent = from.send(message)
    await through(link, [sent])
    expect(Buffer.compare((await to.receive()).data, message)).toBe(0)
  }
  expect([link.faults, link.host.stats.dropped, link.remote.stats.dropped]).toEqual([
    { host: [], remote: [] },
    0,
    0,
  ])
})

test.each(directions)('%s: large and small messages keep their order', async (_, pick) => {
  const link = await connected({ ...large, num: 4 })
  const [from, to] = pick(link)
  const lengths = [3, 5000, 4, 0, 496, 497, 5, 20_000, 6]
  const sends = lengths.map((length, i) => from.send(pattern(length, i)))
  expect(from.trySend('overtakes nobody')).toBe(false)
  await through(link, sends)
  for (const [i, length] of lengths.entries()) {
    expect((await to.receive()).data).toEqual(pattern(length, i))
  }
})

test('without being asked for, a message larger than a buffer is refused', async () => {
  const { here } = await connected({ there: { maxMessageSize: MIB } })
  expect(here.maxMessageSize).toBe(496)
  await expect(here.send(pattern(497))).rejects.toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
})

test.each([
  ['that has no such mode', {}],
  ['whose end does not take part', { there: { flowControl: false } }],
])('a peer %s is sent nothing but plain messages', async (_, options) => {
  const { here, there, remote, deliver } = await connected({
    here: { maxMessageSize: MIB },
    ...options,
  })
  await expect(here.send(pattern(497))).rejects.toMatchObject({
    code: 'ERR_MESSAGE_SIZE',
    message:
      'a message of 497 bytes: a buffer carries at most 496, and the peer does not put larger ones together',
  })
  await here.send('plain')
  deliver()
  expect((await there.receive()).text()).toBe('plain')
  // Two names announced, and the message: not a byte on the control channel.
  expect(remote.stats).toMatchObject({ received: 3, dropped: 0 })
})

test('an end that does not take part says so, where the peer has the mode on another channel', async () => {
  const { host, remote, deliver, ...link } = await connected(large)
  const there = remote.announce('plain')
  deliver()
  const here = await host.channel('plain', { maxMessageSize: MIB })
  const sent = here.send(pattern(497))
  deliver()
  await expect(sent).rejects.toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
  await here.send('plain')
  deliver()
  expect((await there.receive()).text()).toBe('plain')
  expect(link.faults).toEqual({ host: [], remote: [] })
})

test('the smaller of the two sizes counts', async () => {
  const link = await connected({ here: { maxMessageSize: 2000 }, there: { maxMessageSize: 1000 } })
  expect([link.here.maxMessageSize, link.there.maxMessageSize]).toEqual([1000, 1000])
  await expect(link.here.send(pattern(1001))).rejects.toThrow('the peer takes at most 1000')
  await expect(link.there.send(pattern(1001))).rejects.toThrow("this end's maxMessageSize is 1000")
  await through(link, [link.here.send(pattern(1000))])
  expect((await link.there.receive()).data).toEqual(pattern(1000))
})

test.each([-1, 0.5, Number.NaN, 2 ** 30 + 1])('a maxMessageSize of %d is refused', (size) => {
  expect(() => link().host.announce('x', { maxMessageSize: size })).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE' }),
  )
})

test('a large message waits until the ends have agreed', async () => {
  const { host, remote, deliver } = link()
  const there = remote.announce('echo', { maxMessageSize: MIB })
  deliver()
  const here = await host.channel('echo', { maxMessageSize: MIB })
  // The remote has not even seen the acknowledgement.
  const sent = here.send(pattern(700))
  deliver()
  await sent
  deliver()
  expect((await there.receive()).data).toEqual(pattern(700))
})

test('ends agree in whatever order they are made, and without acknowledgements', async () => {
  const { host, remote, deliver } = link({ acknowledge: false })
  const pending = host.channel('echo', { maxMessageSize: 1000 })
  const there = remote.announce('echo', { maxMessageSize: 1000 })
  deliver()
  const here = await pending
  await expect(there.send('nobody is there yet')).resolves.toBeUndefined()
  const sends = [here.send(pattern(900)), there.send(pattern(901))]
  deliver()
  await Promise.all(sends)
  deliver()
  expect((await there.receive()).data).toEqual(pattern(900))
  await here.receive()
  expect((await here.receive()).data).toEqual(pattern(901))
})

test('the host offers a service, and its users agree with it one after the other', async () => {
  const { host, remote, deliver } = link()
  const service = host.announce('disk', { maxMessageSize: 5000 })
  deliver()
  for (let i = 0; i < 3; i++) {
    const user = await remote.channel('disk', { maxMessageSize: 5000 })
    const sent = user.send(pattern(2000, i))
    deliver()
    await sent
    deliver()
    expect((await service.receive()).data).toEqual(pattern(2000, i))
    expect(service.endpoint.destination).toBe(user.endpoint.address)
    user.close()
    deliver()
    expect([service.endpoint.bound, service.maxMessageSize]).toEqual([false, 496])
  }
})

test('the control channel is not among the announcements', async () => {
  const { host, remote } = await connected(large)
  expect([host.announcements, remote.announcements]).toEqual([
    [{ name: 'echo', address: 1024 }],
    [],
  ])
})

test('an endpoint callback is lent the whole message, and may hold it', async () => {
  const { host, remote, deliver } = link()
  const held: RxBuffer[] = []
  const there = remote.createEndpoint({
    name: 'echo',
    announce: true,
    maxMessageSize: 5000,
    receive: (message) => held.push(message.hold().hold()),
  })
  deliver()
  const here = await host.channel('echo', { maxMessageSize: 5000 })
  deliver()
  await here.send(pattern(3000))
  deliver()
  const [message] = held
  expect(message?.data).toEqual(pattern(3000))
  expect([message?.source, message?.destination]).toEqual([here.endpoint.address, there.address])
  expect(remote.stats.rxHeld).toBe(1)
  message?.release()
  expect(remote.stats.rxHeld).toBe(1)
  message?.release()
  expect(remote.stats.rxHeld).toBe(0)
})

test.each(directions)(
  '%s: a deadline ends a large message, and the next one arrives',
  async (_, pick) => {
    const clock = new VirtualClock()
    const link = await connected({ ...large, num: 2, clock })
    const [from, to] = pick(link)
    const late = from.send(pattern(5000), { timeout: 10 })
    const next = from.send('next')
    clock.advanceTo(10e6)
    await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    link.deliver()
    await next
    link.deliver()
    expect((await to.receive()).text()).toBe('next')
    const receiving = from === link.here ? link.remote : link.host
    expect(receiving.stats.drops).toMatchObject({ 'unfinished message': 1 })
  },
)

test('a signal ends a large message that has not begun, and nothing is dropped', async () => {
  const link = await connected({ ...large, num: 2 })
  while (link.here.trySend('fill'));
  const abort = new AbortController()
  const sent = link.here.send(pattern(5000), { signal: abort.signal })
  abort.abort()
  await expect(sent).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  link.deliver()
  expect(link.remote.stats.dropped).toBe(0)
})

test('a channel that is closed in the middle of a message gives up what it has of it', async () => {
  const { here, there, remote, host, deliver } = await connected({ ...large, num: 2 })
  const events: RpmsgEvent[] = []
  remote.events.observe((event) => events.push(event))
  const sent = here.send(pattern(5000))
  here.close()
  await expect(sent).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  deliver()
  expect(events).toMatchObject([{ reason: 'unfinished message', length: 952 }])
  const again = await host.channel('echo', { maxMessageSize: MIB })
  const next = again.send(pattern(900))
  deliver()
  await next
  deliver()
  expect((await there.receive()).data).toEqual(pattern(900))
})

test('a peer that closes in the middle of a message ends the send', async () => {
  const { here, there, deliver } = await connected({ ...large, num: 2 })
  const sent = here.send(pattern(5000))
  there.close()
  deliver()
  await expect(sent).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('trySend says that a large message has to wait for its buffers', async () => {
  const { here } = await connected(large)
  expect(() => here.trySend(pattern(497))).toThrow('use send, which waits for them')
})

test('a no-copy message goes after the large one that waits, and keeps no buffer from it', async () => {
  const link = await connected({ ...large, num: 1 })
  const { here, there } = link
  const buffer = await here.endpoint.getTxPayloadBuffer()
  const sent = here.send(pattern(2000))
  buffer.bytes.set([1, 2, 3])
  here.endpoint.sendNocopy(buffer, 3)
  await through(link, [sent])
  expect((await there.receive()).data).toEqual(pattern(2000))
  expect((await there.receive()).data).toEqual(Uint8Array.of(1, 2, 3))
})

test('a transmit buffer is granted after what waits already', async () => {
  const link = await connected({ ...large, num: 1 })
  const { here, there } = link
  const sent = here.send(pattern(2000))
  expect(here.endpoint.tryGetTxPayloadBuffer()).toBeUndefined()
  const granted = here.endpoint.getTxPayloadBuffer()
  await through(link, [sent])
  const buffer = await granted
  expect(link.host.stats.txHeld).toBe(1)
  here.endpoint.sendNocopy(buffer, 0)
  expect(link.host.stats.txHeld).toBe(0)
  link.deliver()
  await there.receive()
  expect((await there.receive()).data).toHaveLength(0)
})

test('the end of the link ends a large message with its error', async () => {
  const { here, host } = await connected({ ...large, num: 2 })
  const sent = here.send(pattern(5000))
  host.close(new OpenampError('ERR_CRASHED', 'remote crashed'))
  await expect(sent).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  expect(host.waits.count()).toBe(0)
})

test('any messages, in any order and both ways at once, arrive whole', async () => {
  const step = fc.record({
    side: fc.constantFrom('here' as const, 'there' as const),
    size: fc.oneof(fc.nat({ max: 496 }), fc.nat({ max: 6000 })),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2, 8),
      fc.array(step, { maxLength: 30 }),
      async (num, steps) => {
        const link = await connected({ ...large, num })
        const sends = steps.map(({ side, size }, i) => link[side].send(pattern(size, i)))
        await through(link, sends)
        for (const [i, { side, size }] of steps.entries()) {
          const to = side === 'here' ? link.there : link.here
          expect((await to.receive()).data).toEqual(pattern(size, i))
        }
        expect(link.faults).toEqual({ host: [], remote: [] })
        expect(link.host.waits.count() + link.remote.waits.count()).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})

test('a message given up for want of buffers does not spoil the large one that waits behind it', async () => {
  const large = { maxMessageSize: 10_000 }
  const { here, there, faults, deliver } = await connected({ here: large, there: large, num: 2 })
  const stop = new AbortController()
  const first = here.send(pattern(10_000), { signal: stop.signal })
  const second = here.send(pattern(5000, 1))
  stop.abort()
  await expect(first).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  deliver()
  await second
  deliver()
  expect(faults.remote).toEqual([])
  expect((await there.receive()).data).toEqual(pattern(5000, 1))
})

test('a message given up by a callback takes nothing from those who wait for buffers', async () => {
  const large = { maxMessageSize: 10_000 }
  const { here, there, host, faults, deliver } = await connected({
    ...{ here: large, there: large, num: 2 },
  })
  const other = host.createEndpoint({ destination: there.endpoint.address })
  const stop = new AbortController()
  const given = here.send(pattern(10_000), { signal: stop.signal })
  const sends = Array.from({ length: 5 }, () => other.send('x'))
  here.onMessage(() => stop.abort())
  there.trySend('stop')
  deliver()
  await expect(given).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  deliver()
  await Promise.all(sends)
  expect([faults.remote, host.stats.sendersWaiting]).toEqual([[], 0])
})
