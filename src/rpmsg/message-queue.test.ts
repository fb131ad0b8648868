import { expect, test } from 'vitest'
import { connected, link, settle } from '../../test/support/link.js'
import { OpenampError } from '../base/errors.js'
import type { Channel } from './channel.js'

/** Takes so many messages off a channel. */
async function take(channel: Channel, count: number): Promise<string[]> {
  const texts: string[] = []
  for (let i = 0; i < count; i++) texts.push((await channel.receive()).text())
  return texts
}

test('with overflow: hold, what finds the queue full stays in the ring, and nothing is lost', async () => {
  const { here, there, host, deliver } = await connected({
    num: 4,
    here: { queue: 2, overflow: 'hold' },
  })
  let sent = 0
  const sends = Array.from({ length: 20 }, (_, i) => there.send(`${i}`).then(() => sent++))
  deliver()
  await settle()
  expect(sent).toBe(2 + 4)
  expect(here.stats).toMatchObject({ queued: 6, held: 4, dropped: 0 })
  expect([host.stats.rxHeld, host.stats.dropped]).toEqual([4, 0])
  const texts: string[] = []
  for (let i = 0; i < 20; i++) {
    texts.push(...(await take(here, 1)))
    deliver()
    await settle()
  }
  await Promise.all(sends)
  expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
  expect(host.stats.rxHeld).toBe(0)
})

test('held messages are copied, and their buffers given back, as soon as there is room', async () => {
  const { here, there, host, deliver } = await connected({
    num: 4,
    here: { queue: 3, overflow: 'hold' },
  })
  for (let i = 0; i < 6; i++) {
    there.trySend(`${i}`)
    deliver()
  }
  expect(host.stats.rxHeld).toBe(3)
  expect(await take(here, 2)).toEqual(['0', '1'])
  expect(here.stats).toMatchObject({ queued: 4, held: 1 })
  expect(host.stats.rxHeld).toBe(1)
  expect(await take(here, 4)).toEqual(['2', '3', '4', '5'])
})

test('break gives held buffers back', async () => {
  const { here, there, host, deliver } = await connected({
    num: 4,
    here: { queue: 1, overflow: 'hold' },
  })
  for (let i = 0; i < 5; i++) {
    there.trySend(`${i}`)
    deliver()
  }
  for await (const message of here) {
    expect(message.text()).toBe('0')
    break
  }
  expect([here.stats.queued, host.stats.rxHeld]).toEqual([0, 0])
})

test('a closed channel still gives what it holds', async () => {
  const { here, there, host, deliver } = await connected({
    num: 4,
    here: { queue: 1, overflow: 'hold' },
  })
  for (const text of ['a', 'b', 'c']) there.trySend(text)
  there.close()
  deliver()
  expect(await take(here, 3)).toEqual(['a', 'b', 'c'])
  expect(host.stats.rxHeld).toBe(0)
})

test('what is held when the link ends is as it came, whatever becomes of the memory', async () => {
  const { here, there, host, virtio, deliver } = await connected({
    num: 4,
    here: { queue: 1, overflow: 'hold' },
  })
  for (const text of ['a', 'b', 'c']) there.trySend(text)
  deliver()
  host.close(new OpenampError('ERR_STOPPED', 'stopped'))
  virtio.region.bytes.fill(0)
  expect(await take(here, 3)).toEqual(['a', 'b', 'c'])
})

test('tryReceive takes what has come, and does not wait', async () => {
  const { here, there, deliver } = await connected()
  expect(here.tryReceive()).toBeUndefined()
  there.trySend('a')
  deliver()
  there.close()
  deliver()
  expect(here.tryReceive()?.text()).toBe('a')
  expect(() => here.tryReceive()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
})

test('what is lost is counted by channel, by reason and in all', async () => {
  const { here, there, host, remote, deliver } = await connected({ here: { queue: 1 } })
  for (const text of ['kept', 'lost', 'lost']) there.trySend(text)
  remote.createEndpoint({ destination: 77 }).trySend('to nobody')
  deliver()
  expect(here.stats).toEqual({
    queued: 1,
    queuedBytes: 4,
    held: 0,
    dropped: 2,
    pausing: false,
    paused: false,
  })
  expect(host.stats).toMatchObject({ dropped: 3, drops: { 'queue full': 2, 'no endpoint': 1 } })
})

test('a long queue is in order to its end', async () => {
  const { here, there, deliver } = await connected()
  for (let i = 0; i < 3000; i++) {
    there.trySend(`${i}`)
    deliver()
    if (i % 3 === 2) expect(here.tryReceive()?.text()).toBe(`${(i - 2) / 3}`)
  }
  expect(await take(here, 2000)).toEqual(Array.from({ length: 2000 }, (_, i) => `${1000 + i}`))
})

test('a slow channel stops the others no further than its own buffers', async () => {
  const { host, remote, deliver } = link({ num: 8 })
  const names = ['slow', 'quick'] as const
  const theirs = names.map((name) => remote.announce(name))
  deliver()
  const [slow, quick] = await Promise.all(names.map((name) => host.channel(name, { queue: 4 })))
  deliver()
  for (let i = 0; i < 100; i++) {
    expect(theirs.map((channel) => channel.trySend(`${i}`))).toEqual([true, true])
    deliver()
    expect(quick?.tryReceive()?.text()).toBe(`${i}`)
  }
  expect(slow?.stats).toMatchObject({ queued: 4, dropped: 96 })
  expect(quick?.stats.dropped).toBe(0)
})

test('an endpoint that holds its messages leaves the others the buffers that it does not hold', async () => {
  const { host, remote, deliver } = link({ num: 8 })
  const got: string[] = []
  host.createEndpoint({ address: 1, receive: (message) => void (got.length < 7 && message.hold()) })
  host.createEndpoint({ address: 2, receive: (message) => got.push(message.text()) })
  const sender = remote.createEndpoint()
  for (let i = 0; i < 7; i++) sender.trySendTo('held', 1)
  deliver()
  expect(host.stats.rxHeld).toBe(7)
  for (let i = 0; i < 100; i++) {
    expect(sender.trySendTo(`${i}`, 2)).toBe(true)
    deliver()
  }
  expect(got).toHaveLength(100)
})
