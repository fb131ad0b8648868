import { expect, test } from 'vitest'
import { type Connected, connected, link, pattern, settle } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import type { OpenampError } from '../base/errors.js'
import type { RpmsgStats } from './stats.js'

const flowing = { here: { flowControl: true }, there: { flowControl: true } }

/** Both directions, for what must hold in each: who pauses, and who is paused. */
const directions = [
  ['the host pauses the remote', ({ here, there }: Connected) => [here, there] as const],
  ['the remote pauses the host', ({ here, there }: Connected) => [there, here] as const],
] as const

test.each(directions)('%s, and its sends wait until they may go on', async (_, pick) => {
  const link = await connected(flowing)
  const [pausing, paused] = pick(link)
  pausing.endpoint.setFlowControl(true)
  link.deliver()
  expect(paused.endpoint.paused).toBe(true)
  const sends = ['a', 'b', 'c'].map((text) => paused.send(text))
  link.deliver()
  await settle()
  expect(pausing.stats.queued).toBe(0)
  pausing.endpoint.setFlowControl(false)
  link.deliver()
  await Promise.all(sends)
  link.deliver()
  for (const text of ['a', 'b', 'c']) expect((await pausing.receive()).text()).toBe(text)
})

test.each(directions)('%s: calls that do not wait say so', async (_, pick) => {
  const link = await connected(flowing)
  const [pausing, { endpoint }] = pick(link)
  const buffer = await endpoint.getTxPayloadBuffer()
  pausing.endpoint.setFlowControl(true)
  link.deliver()
  const refusal = expect.objectContaining({ code: 'ERR_PAUSED' })
  expect(() => endpoint.trySend('x')).toThrow(refusal)
  expect(() => endpoint.tryGetTxPayloadBuffer()).toThrow(refusal)
  expect(() => endpoint.sendNocopy(buffer, 0)).toThrow(refusal)
  expect(buffer.owned).toBe(true)
  pausing.endpoint.setFlowControl(false)
  link.deliver()
  endpoint.sendNocopy(buffer, 0)
  link.deliver()
  expect(pausing.stats.queued).toBe(1)
})

test.each(directions)('%s: the flow callback hears of it', async (_, pick) => {
  const heard: unknown[] = []
  const flow = (paused: boolean): void => void heard.push(paused)
  const options = { flowControl: true, flow }
  const link = await connected({ here: options, there: options })
  const [pausing] = pick(link)
  for (const pause of [true, true, false, true, false]) {
    pausing.endpoint.setFlowControl(pause)
    link.deliver()
  }
  expect(heard).toEqual([true, false, true, false])
})

test('a pause does not stop what goes to others', async () => {
  const { here, there, remote, deliver } = await connected(flowing)
  const got: string[] = []
  remote.createEndpoint({ address: 7, receive: (m) => got.push(m.text()) })
  there.endpoint.setFlowControl(true)
  deliver()
  expect(here.endpoint.trySendTo('to another', 7)).toBe(true)
  deliver()
  expect(got).toEqual(['to another'])
})

test('an endpoint of a paused peer is paused alone', async () => {
  const { host, remote, here, there, deliver } = await connected(flowing)
  const other = remote.announce('other', { flowControl: true })
  deliver()
  const mine = await host.channel('other', { flowControl: true })
  deliver()
  there.endpoint.setFlowControl(true)
  deliver()
  expect([here.endpoint.paused, mine.endpoint.paused]).toEqual([true, false])
  await mine.send('goes on')
  deliver()
  expect((await other.receive()).text()).toBe('goes on')
})

test('a paused send ends with its deadline, and is not sent later', async () => {
  const clock = new VirtualClock()
  const { here, there, deliver } = await connected({ ...flowing, clock })
  there.endpoint.setFlowControl(true)
  deliver()
  const late = here.send('late', { timeout: 5 })
  const buffer = here.endpoint.getTxPayloadBuffer({ timeout: 5 })
  clock.advanceTo(5e6)
  const message = 'no resumption by the peer within 5 ms'
  await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message })
  await expect(buffer).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message })
  there.endpoint.setFlowControl(false)
  deliver()
  expect(there.stats.queued).toBe(0)
})

test('a pause takes hold of what waits for the ring, too', async () => {
  const { here, there, deliver } = await connected({ ...flowing, num: 2 })
  there.onMessage(() => there.endpoint.setFlowControl(true))
  let sent = 0
  const sends = Array.from({ length: 50 }, () => here.send('x').then(() => sent++))
  deliver()
  await settle()
  // Those in the ring, and one that had its buffer before the news came.
  expect(sent).toBeLessThanOrEqual(3)
  there.onMessage(undefined)
  there.endpoint.setFlowControl(false)
  deliver()
  await Promise.all(sends)
})

test('a large message pauses between its fragments', async () => {
  const large = { maxMessageSize: 10_000 }
  const { here, there, deliver } = await connected({ here: large, there: large, num: 2 })
  const sent = here.send(pattern(10_000))
  there.endpoint.setFlowControl(true)
  deliver()
  await settle()
  expect(there.stats.queued).toBe(0)
  there.endpoint.setFlowControl(false)
  deliver()
  await sent
  deliver()
  expect((await there.receive()).data).toHaveLength(10_000)
})

test('the end of the peer that has paused ends the pause', async () => {
  const { here, there, deliver } = await connected(flowing)
  there.endpoint.setFlowControl(true)
  deliver()
  const waiting = here.send('x')
  there.close()
  deliver()
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('the next user of a paused service is not paused before it is told', async () => {
  const { host, here, there, deliver } = await connected(flowing)
  here.pause()
  deliver()
  expect(there.endpoint.paused).toBe(true)
  here.close()
  deliver()
  expect(there.endpoint.paused).toBe(false)
  const next = await host.channel('echo', { flowControl: true })
  deliver()
  await there.send('for the next')
  deliver()
  expect((await next.receive()).text()).toBe('for the next')
})

test('where the peer has no flow control, setFlowControl says so', async () => {
  const { here, there } = await connected({ here: { flowControl: true } })
  expect(here.endpoint.flowControl).toBe(false)
  expect(() => here.endpoint.setFlowControl(true)).toThrow(
    'endpoint echo (0x400) cannot pause its peer: its peer has no flow control',
  )
  expect(() => there.endpoint.setFlowControl(true)).toThrow(
    expect.objectContaining({ code: 'ERR_STATE' }),
  )
  expect(here.pause()).toBe(false)
})

test('a pause that was asked for before the ends have agreed is told then', async () => {
  const { host, remote, deliver } = link()
  const there = remote.announce('echo', { flowControl: true })
  deliver()
  const here = await host.channel('echo', { flowControl: true })
  here.pause()
  deliver()
  expect(there.endpoint.paused).toBe(true)
})

test.each([1, 4, 100])(
  'a reader that is behind pauses its peer, and loses nothing: queue %d',
  async (queue) => {
    const { here, there, host, deliver } = await connected({
      here: { flowControl: true, queue },
      there: { flowControl: true },
    })
    let sent = 0
    const sending = (async () => {
      for (let i = 0; i < 500; i++) {
        await there.send(`${i}`)
        sent++
      }
    })()
    for (let i = 0; i < 20; i++) {
      deliver()
      await settle()
    }
    // The queue, what the ring takes, and the one that waits.
    expect(sent).toBeLessThanOrEqual(queue + 16 + 1)
    expect([there.stats.paused, here.stats.pausing]).toEqual([true, true])
    for (let i = 0; i < 500; i++) {
      deliver()
      await settle()
      expect((await here.receive()).text()).toBe(`${i}`)
    }
    await sending
    expect(host.stats.dropped).toBe(0)
  },
)

test('a peer that does not heed a pause loses what comes beyond, and is counted', async () => {
  const { here, there, remote, deliver } = await connected({
    here: { flowControl: true, queue: 4 },
    there: { flowControl: true },
  })
  // Not by the endpoint, which would wait.
  const rude = remote.createEndpoint()
  for (let i = 0; i < 2000; i++) {
    rude.trySendOffchannel('x', there.endpoint.address, here.endpoint.address)
    deliver()
  }
  expect(here.stats).toMatchObject({ queued: 4 + 1024, dropped: 2000 - 4 - 1024 })
})

test('pause and resume of the program, beside those of the queue', async () => {
  const { here, there, deliver } = await connected({
    here: { flowControl: true, queue: 2 },
    there: { flowControl: true },
  })
  const pausedAfter = (act: () => void): boolean => {
    act()
    deliver()
    return there.endpoint.paused
  }
  expect(pausedAfter(() => here.pause())).toBe(true)
  expect(pausedAfter(() => here.resume())).toBe(false)
  there.trySend('1')
  expect(pausedAfter(() => there.trySend('2'))).toBe(true)
  expect(pausedAfter(() => here.resume())).toBe(true)
  expect(pausedAfter(() => here.tryReceive())).toBe(false)
})

test('while buffers are short, only the last word on a pause is said', async () => {
  const { here, there, host, deliver } = await connected({ ...flowing, num: 2 })
  while (here.trySend('fill'));
  const before: RpmsgStats = host.stats
  for (let i = 0; i < 101; i++) here.endpoint.setFlowControl(i % 2 === 0)
  deliver()
  expect(there.endpoint.paused).toBe(true)
  expect(host.stats.sent - before.sent).toBe(1)
})

test('a large message sent as the control channel goes is refused, not lost', async () => {
  const large = { maxMessageSize: 9000 }
  const outcomes: Promise<string>[] = []
  const flow = (paused: boolean): void => {
    if (paused) return
    outcomes.push(
      second.send(pattern(3000)).then(
        () => 'sent',
        (error: OpenampError) => error.code,
      ),
    )
  }
  const { host, remote, there, deliver } = await connected({
    ...{ here: { ...large, flow }, there: large },
  })
  remote.announce('second', large)
  deliver()
  const second = await host.channel('second', large)
  deliver()
  there.pause()
  deliver()
  remote.control.endpoint?.destroy()
  deliver()
  expect(await Promise.all(outcomes)).toEqual(['ERR_MESSAGE_SIZE'])
})
