import { expect, test } from 'vitest'
import type { Connected } from '../../test/support/link.js'
import { connected, link, pattern } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'

/** Both directions, for what must hold in each. */
const directions = [
  ['host to remote', ({ here, there }: Connected) => [here, there] as const],
  ['remote to host', ({ here, there }: Connected) => [there, here] as const],
] as const

test.each(directions)('%s: every length from 0 to 496 arrives as it was sent', async (_, pick) => {
  const link = await connected()
  const [from, to] = pick(link)
  for (let length = 0; length <= 496; length++) {
    await from.send(pattern(length, length))
    link.deliver()
    expect((await to.receive()).data).toEqual(pattern(length, length))
  }
})

test.each(directions)('%s: 497 bytes are refused, and take no buffer', async (_, pick) => {
  const link = await connected({ clock: new VirtualClock() })
  const [from] = pick(link)
  const before = [link.host.stats, link.remote.stats]
  await expect(from.send(pattern(497))).rejects.toMatchObject({ code: 'ERR_MESSAGE_SIZE' })
  expect(() => from.trySend('ä'.repeat(249))).toThrow('a buffer carries at most 496')
  expect([link.host.stats, link.remote.stats]).toEqual(before)
})

test('buffers of another size carry messages of another size', async () => {
  const { here, there, deliver } = await connected({ bufferSize: 2048 })
  await here.send(pattern(2032))
  deliver()
  expect((await there.receive()).data).toEqual(pattern(2032))
  expect(() => here.trySend(pattern(2033))).toThrow('at most 2032')
})

test('no buffer is so large that the header cannot say its length', async () => {
  const { host, remote } = link({ bufferSize: 0x2_0000, num: 2 })
  expect([host.payloadSize, remote.payloadSize]).toEqual([0xffff, 0xffff])
})

test('a string is sent as UTF-8', async () => {
  const { here, there, deliver } = await connected()
  await here.send('Grüße 🙂')
  deliver()
  expect((await there.receive()).text()).toBe('Grüße 🙂')
})

test('sendTo and sendOffchannel choose the addresses', async () => {
  const { host, remote, deliver } = link()
  const got: [number, number, string][] = []
  const to = (address: number): Endpoint =>
    remote.createEndpoint({
      address,
      receive: (message) => got.push([message.source, message.destination, message.text()]),
    })
  to(7)
  to(8)
  const from = host.createEndpoint({ address: 5, destination: 7 })
  await from.send('a')
  await from.sendTo('b', 8)
  await from.sendOffchannel('c', 6, 8)
  from.trySendTo('d', 8)
  from.trySendOffchannel('e', 0, 7)
  deliver()
  expect(got).toEqual([
    [5, 7, 'a'],
    [5, 8, 'b'],
    [6, 8, 'c'],
    [5, 8, 'd'],
    [0, 7, 'e'],
  ])
})

test.each([-1, 1.5, 0x1_0000_0000, Number.NaN])('address %d is refused', async (address) => {
  const endpoint = link().host.createEndpoint({ destination: 1 })
  const refusal = { code: 'ERR_ADDRESS' }
  await expect(endpoint.sendTo('x', address)).rejects.toMatchObject(refusal)
  expect(() => endpoint.trySendOffchannel('x', address, 1)).toThrow(
    expect.objectContaining(refusal),
  )
})

test('an endpoint that is not bound has nobody to send to', async () => {
  const endpoint = link().host.createEndpoint({ name: 'echo' })
  await expect(endpoint.send('x')).rejects.toMatchObject({
    code: 'ERR_ADDRESS',
    message: "endpoint echo (0x400) is not bound: the peer's address is not known yet",
  })
})

test.each(directions)('%s: on a full ring trySend says false, later true', async (_, pick) => {
  const link = await connected({ num: 4 })
  const [from, to] = pick(link)
  let sent = 0
  while (from.trySend(`${sent}`)) sent++
  expect(sent).toBe(4)
  link.deliver()
  expect(from.trySend('again')).toBe(true)
  link.deliver()
  for (const text of ['0', '1', '2', '3', 'again']) expect((await to.receive()).text()).toBe(text)
})

test.each(directions)('%s: on a full ring send waits and is served in order', async (_, pick) => {
  const link = await connected({ num: 4 })
  const [from, to] = pick(link)
  const sends = Array.from({ length: 50 }, (_, i) => from.send(`${i}`))
  link.deliver()
  await Promise.all(sends)
  for (let i = 0; i < 50; i++) expect((await to.receive()).text()).toBe(`${i}`)
  expect([link.host.stats.sendersWaiting, link.remote.stats.sendersWaiting]).toEqual([0, 0])
})

test.each(directions)('%s: nobody overtakes who waits', async (_, pick) => {
  const link = await connected({ num: 2 })
  const [from] = pick(link)
  const sends = [from.send('0'), from.send('1'), from.send('2')]
  expect(from.trySend('3')).toBe(false)
  expect(from.endpoint.tryGetTxPayloadBuffer()).toBeUndefined()
  link.deliver()
  await Promise.all(sends)
})

test.each(directions)(
  '%s: the peer tells of free buffers only while someone waits',
  async (_, pick) => {
    const link = await connected({ num: 4 })
    const [from] = pick(link)
    // What tells the host that vring 1 moved is an interrupt; the remote of vring 0, a kick.
    const told = (): number =>
      from === link.here ? (link.virtio.interrupts[1] ?? 0) : (link.virtio.kicks[0] ?? 0)
    const before = told()
    for (let i = 0; i < 20; i++) {
      await from.send('x')
      link.deliver()
    }
    expect(told()).toBe(before)
    const sends = Array.from({ length: 5 }, () => from.send('y'))
    link.deliver()
    await Promise.all(sends)
    expect(told()).toBeGreaterThan(before)
    const after = told()
    await from.send('z')
    link.deliver()
    expect(told()).toBe(after)
  },
)

test.each(directions)(
  '%s: a waiting send ends with its deadline and is not sent',
  async (_, pick) => {
    const clock = new VirtualClock()
    const link = await connected({ num: 2, clock })
    const [from, to] = pick(link)
    while (from.trySend('fill'));
    const late = from.send('late', { timeout: 10 })
    const patient = from.send('patient')
    clock.advanceTo(10e6)
    link.deliver() // before the caller of `late` has run
    await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    await patient
    link.deliver()
    const texts = [await to.receive(), await to.receive(), await to.receive()].map((m) => m.text())
    expect(texts).toEqual(['fill', 'fill', 'patient'])
  },
)

test('an aborted wait for a transmit buffer takes none', async () => {
  const { here, host, deliver } = await connected({ num: 2 })
  while (here.trySend('fill'));
  const abort = new AbortController()
  const waiting = here.endpoint.getTxPayloadBuffer({ signal: abort.signal })
  abort.abort()
  deliver()
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect([here.endpoint.tryGetTxPayloadBuffer(), here.endpoint.tryGetTxPayloadBuffer()]).toEqual([
    expect.anything(),
    expect.anything(),
  ])
  expect(host.stats.sendersWaiting).toBe(0)
})

test('a signal that was aborted before sends nothing where it would have to wait', async () => {
  const { here, there, deliver } = await connected({ num: 2 })
  while (here.trySend('fill'));
  await expect(here.send('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ERR_ABORTED',
  })
  deliver()
  expect([(await there.receive()).text(), (await there.receive()).text()]).toEqual(['fill', 'fill'])
})

test('sends that wait on a channel end when it is closed, and are not sent', async () => {
  const { here, remote, deliver } = await connected({ num: 2, acknowledge: false })
  while (here.trySend('fill'));
  const waiting = here.send('late')
  here.close()
  const before = remote.stats.received
  deliver()
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect(remote.stats.received).toBe(before + 2)
})

test('the end of the link ends every waiting send with its error', async () => {
  const { here, host } = await connected({ num: 2 })
  while (here.trySend('fill'));
  const waiting = here.send('late')
  host.close(new OpenampError('ERR_CRASHED', 'remote crashed'))
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  await expect(here.send('x')).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  expect(host.waits.count()).toBe(0)
})

const roles = [
  ['host', (both: { host: RpmsgDevice; remote: RpmsgDevice }) => both.host],
  ['remote', (both: { host: RpmsgDevice; remote: RpmsgDevice }) => both.remote],
] as const

test.each(directions)('%s: a transmit buffer is filled in place and sent', async (_, pick) => {
  const link = await connected()
  const [from, to] = pick(link)
  const buffer = await from.endpoint.getTxPayloadBuffer()
  expect(buffer.bytes).toHaveLength(496)
  expect(buffer.bytes.buffer).toBe(link.virtio.region.bytes.buffer)
  buffer.bytes.set(pattern(300))
  from.endpoint.sendNocopy(buffer, 300)
  link.deliver()
  expect((await to.receive()).data).toEqual(pattern(300))
})

test.each(roles)('%s: a transmit buffer is sent or released once', async (_, pick) => {
  const endpoint = pick(link()).createEndpoint({ destination: 1 })
  const buffer = await endpoint.getTxPayloadBuffer()
  endpoint.sendNocopy(buffer, 0)
  expect(() => endpoint.sendNocopy(buffer, 0)).toThrow(
    expect.objectContaining({ code: 'ERR_STATE' }),
  )
  endpoint.releaseTxBuffer(buffer)
  const other = await endpoint.getTxPayloadBuffer()
  expect(other).not.toBe(buffer)
})

test.each(roles)('%s: a transmit buffer of another device is refused', async (_, pick) => {
  const mine = pick(link({ num: 2 }))
  const theirs = pick(link({ num: 2 })).createEndpoint({ destination: 1 })
  const endpoint = mine.createEndpoint({ destination: 1 })
  const foreign = await theirs.getTxPayloadBuffer()
  expect(() => endpoint.sendNocopy(foreign, 1)).toThrow(
    expect.objectContaining({ code: 'ERR_STATE' }),
  )
  endpoint.releaseTxBuffer(foreign)
  expect(foreign.owned).toBe(true)
  expect(mine.stats.txFree).toBe(2)
  theirs.sendNocopy(foreign, 1)
})

test.each(roles)('%s: a buffer that is released unsent serves who waits', async (_, pick) => {
  const endpoint = pick(link({ num: 2 })).createEndpoint({ destination: 1 })
  const [first, second] = [await endpoint.getTxPayloadBuffer(), await endpoint.getTxPayloadBuffer()]
  const waiting = [endpoint.getTxPayloadBuffer(), endpoint.send('x')]
  endpoint.releaseTxBuffer(first)
  expect(await waiting[0]).toBe(first)
  endpoint.releaseTxBuffer(second)
  await waiting[1]
})

test.each(roles)('%s: a refused sendNocopy leaves the buffer with its owner', async (_, pick) => {
  const endpoint = pick(link()).createEndpoint()
  const buffer = await endpoint.getTxPayloadBuffer()
  for (const [length, destination] of [
    [497, 1],
    [-1, 1],
    [0.5, 1],
    [10, undefined],
  ] as const) {
    expect(() => endpoint.sendNocopy(buffer, length, destination)).toThrow()
  }
  expect(buffer.owned).toBe(true)
  endpoint.sendNocopy(buffer, 10, 1)
})
