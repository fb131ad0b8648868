import { expect, test } from 'vitest'
import { connected, link } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import type { Channel } from './channel.js'
import type { RpmsgEvent } from './stats.js'

async function texts(channel: Channel): Promise<string[]> {
  const all: string[] = []
  for await (const message of channel) all.push(message.text())
  return all
}

test('a channel is iterated until the peer destroys it, with all that was sent before', async () => {
  const { here, there, deliver } = await connected()
  const reading = texts(here)
  await there.send('a')
  deliver()
  await there.send('b')
  await there.send('c')
  there.close()
  deliver()
  expect(await reading).toEqual(['a', 'b', 'c'])
})

test('a channel that we close ends its iteration after what had come in', async () => {
  const { here, there, deliver } = await connected()
  await there.send('a')
  deliver()
  here.close()
  await there.send('too late')
  deliver()
  expect(await texts(here)).toEqual(['a'])
})

test('a pending iteration ends when we close the channel', async () => {
  const { here } = await connected()
  const reading = texts(here)
  await here[Symbol.asyncDispose]()
  expect(await reading).toEqual([])
})

test('when the link ends with an error, iteration gives what had come in and then throws', async () => {
  const { here, there, host, deliver } = await connected()
  await there.send('a')
  deliver()
  host.close(new OpenampError('ERR_CRASHED', 'remote crashed'))
  const all: string[] = []
  const reading = (async () => {
    for await (const message of here) all.push(message.text())
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  expect(all).toEqual(['a'])
})

test('break releases what was queued, and the channel can be iterated again', async () => {
  const { here, there, deliver } = await connected()
  for (const text of ['a', 'b', 'c']) await there.send(text)
  deliver()
  for await (const message of here) {
    expect(message.text()).toBe('a')
    break
  }
  await there.send('d')
  deliver()
  expect((await here.receive()).text()).toBe('d')
})

test('a service outlives its user: iteration goes on with the next one', async () => {
  const { host, here, there, deliver } = await connected()
  const reading = texts(there)
  await here.send('from the first')
  deliver()
  here.close()
  deliver()
  const next = await host.channel('echo')
  await next.send('from the second')
  deliver()
  there.close()
  expect(await reading).toEqual(['from the first', 'from the second'])
})

test('a channel has one reader at a time', async () => {
  const { here, there, deliver } = await connected()
  const first = here.receive()
  await expect(here.receive()).rejects.toMatchObject({
    code: 'ERR_STATE',
    message: 'channel echo has a reader already',
  })
  await there.send('for the first')
  deliver()
  expect((await first).text()).toBe('for the first')
})

test('receive on a channel that ended says so', async () => {
  const { here, there, deliver } = await connected()
  const pending = here.receive()
  there.close()
  deliver()
  await expect(pending).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(here.receive()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(here.whenBound()).resolves.toBeUndefined()
})

test('receive ends with its deadline', async () => {
  const clock = new VirtualClock()
  const { here } = await connected({ clock })
  const pending = here.receive({ timeout: 5 })
  clock.advanceTo(5e6)
  await expect(pending).rejects.toMatchObject({
    code: 'ERR_TIMEOUT',
    message: 'no message on echo within 5 ms',
  })
})

test('a message that comes as the reader gives up is kept for the next one', async () => {
  const { here, there, deliver } = await connected()
  const abort = new AbortController()
  const reading = here.receive({ signal: abort.signal })
  await there.send('kept')
  abort.abort()
  deliver()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect((await here.receive()).text()).toBe('kept')
})

test("a message is the channel's own copy, and knows its sender", async () => {
  const { here, there, virtio, deliver } = await connected()
  await there.send('mine')
  deliver()
  virtio.region.bytes.fill(0, virtio.pool.offset)
  const message = await here.receive()
  expect([message.text(), message.source]).toEqual(['mine', there.endpoint.address])
  expect(message.data.buffer).not.toBe(virtio.region.bytes.buffer)
})

test('memory that is shared between threads gives copies that are not', async () => {
  const buffer = new SharedArrayBuffer(1 << 16)
  const { here, there, deliver } = await connected({ buffer })
  await there.send('Grüße')
  deliver()
  const message = await here.receive()
  expect(message.text()).toBe('Grüße')
  expect(message.data.buffer).toBeInstanceOf(ArrayBuffer)
})

test("what a slow reader leaves beyond the queue's limit is dropped, counted and told", async () => {
  const { host, remote, deliver } = link()
  const there = remote.announce('echo')
  deliver()
  const here = await host.channel('echo', { queue: 2 })
  deliver()
  const events: RpmsgEvent[] = []
  host.events.observe((event) => events.push(event))
  for (const text of ['a', 'b', 'lost']) await there.send(text)
  deliver()
  expect(host.stats.dropped).toBe(1)
  expect(events).toMatchObject([{ type: 'dropped', reason: 'queue full', length: 4 }])
  expect([(await here.receive()).text(), (await here.receive()).text()]).toEqual(['a', 'b'])
  await there.send('c')
  deliver()
  expect((await here.receive()).text()).toBe('c')
})

test('onMessage lends each message in place; without a callback they are queued again', async () => {
  const { here, there, virtio, deliver } = await connected()
  const lent: unknown[] = []
  here.onMessage((message) => lent.push(message.text(), message.data.buffer))
  await there.send('lent')
  deliver()
  expect(lent).toEqual(['lent', virtio.region.bytes.buffer])
  here.onMessage(undefined)
  await there.send('queued')
  deliver()
  expect((await here.receive()).text()).toBe('queued')
})

test("whenBound has each caller's own deadline", async () => {
  const clock = new VirtualClock()
  const { host, remote, deliver } = link({ clock })
  const channel = remote.announce('echo')
  const impatient = channel.whenBound({ timeout: 1 })
  const patient = channel.whenBound()
  clock.advanceTo(1e6)
  await expect(impatient).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  deliver()
  await host.channel('echo')
  deliver()
  await patient
})

test('whenBound ends when the channel is closed', async () => {
  const { remote } = link()
  const channel = remote.announce('echo')
  const pending = channel.whenBound()
  channel.close()
  await expect(pending).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(channel.whenBound()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('the end of the link ends everything that waits, and leaves nothing registered', async () => {
  const { host, here } = await connected()
  const pending = [here.receive(), host.channel('other'), host.announce('third').whenBound()]
  const settled = Promise.allSettled(pending)
  host.close(new OpenampError('ERR_STOPPED', 'stopped'))
  for (const result of await settled) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STOPPED' } })
  }
  expect(host.waits.count()).toBe(0)
  await expect(host.channel('echo')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  expect(() => host.announce('x')).toThrow('stopped')
})

test('a channel ends with its endpoint: its readers hear of it, and it keeps no buffers', async () => {
  const { here, there, host, deliver } = await connected({ here: { queue: 1, overflow: 'hold' } })
  for (const message of ['a', 'b', 'c']) there.trySend(message)
  deliver()
  here.endpoint.destroy()
  expect(host.stats.rxHeld).toBe(0)
  expect(await texts(here)).toEqual(['a', 'b', 'c'])
  await expect(here.receive()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  const unbound = host.announce('other')
  const waits = [unbound.receive(), unbound.whenBound()]
  unbound.endpoint.destroy()
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})
