import fc from 'fast-check'
import { expect, test } from 'vitest'
import { link, pattern, settle } from '../../test/support/link.js'
import { CONTROL_NAME, CONTROL_TYPE } from './control-message.js'
import type { RpmsgDevice } from './device.js'
import { RPMSG_NS_ADDR, writeNameServiceMessage } from './header.js'
import type { RpmsgStats } from './stats.js'

const { OPEN, CLOSE, FLOW, FRAGMENT, ABORT } = CONTROL_TYPE
const MOST = 2000

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer)
}

function fragment(
  source: number,
  destination: number,
  total: number,
  offset: number,
  size: number,
) {
  return Uint8Array.of(...words(FRAGMENT, source, destination, total, offset), ...pattern(size, 1))
}

/**
 * Our end at address 100, bound to 200 and agreed with it; what the peer says on its control channel
 * at 300 is written by hand, to ours.
 */
function agreed(options: { readonly num?: number } = {}) {
  const ends = link(options)
  const heard: Uint8Array[] = []
  const ours = ends.host.createEndpoint({
    address: 100,
    destination: 200,
    maxMessageSize: MOST,
    receive: (message) => heard.push(message.copy()),
  })
  const control = ends.host.control.endpoint?.address ?? 0
  const said: Uint8Array[] = []
  const theirs = ends.remote.createEndpoint({ address: 300, receive: (m) => said.push(m.copy()) })
  const create = { name: CONTROL_NAME, address: 300, destroy: false }
  const announce = (destroy = false): void => {
    const bytes = writeNameServiceMessage({ ...create, destroy })
    theirs.trySendTo(bytes, RPMSG_NS_ADDR)
    ends.deliver()
  }
  const say = (bytes: Uint8Array, source = 300): void => {
    theirs.trySendOffchannel(bytes, source, control)
    ends.deliver()
  }
  announce()
  say(words(OPEN, 200, 100, 5000))
  return { ...ends, ours, heard, said, say, announce }
}

test('the bytes of an agreement, of flow control and of fragments', async () => {
  const { ours, said, say, deliver } = agreed()
  expect(said).toEqual([words(OPEN, 100, 200, MOST)])
  ours.setFlowControl(true)
  ours.setFlowControl(false)
  await ours.send(pattern(600))
  deliver()
  expect(said.slice(1)).toEqual([
    words(FLOW, 100, 200, 1),
    words(FLOW, 100, 200, 0),
    Uint8Array.of(...words(FRAGMENT, 100, 200, 600, 0), ...pattern(600).subarray(0, 476)),
    Uint8Array.of(...words(FRAGMENT, 100, 200, 600, 476), ...pattern(600).subarray(476)),
  ])
  say(words(FLOW, 200, 100, 1))
  expect(ours.paused).toBe(true)
  ours.destroy()
  deliver()
  expect(said.at(-1)).toEqual(words(CLOSE, 100, 200, 0))
})

test('nothing is said on the control channel before the peer has announced it', async () => {
  const { host, remote, deliver } = link()
  const there = remote.announce('echo')
  deliver()
  const here = await host.channel('echo', { maxMessageSize: MOST })
  here.pause()
  await here.send('plain')
  here.close()
  deliver()
  await there.receive()
  // Names: ours of the control channel, the acknowledgement, its end. And one message.
  expect(remote.stats.received).toBe(4)
})

test('an endpoint that takes no part is answered for', () => {
  const { host, said, say } = agreed()
  host.createEndpoint({ address: 101, destination: 201 })
  for (const destination of [101, 7]) say(words(OPEN, 201, destination, 5000))
  expect(said.slice(1)).toEqual([words(CLOSE, 101, 201, 0), words(CLOSE, 7, 201, 0)])
})

test('an endpoint that is bound to another is answered for, too', () => {
  const { said, say } = agreed()
  say(words(OPEN, 201, 100, 5000))
  expect(said.slice(1)).toEqual([words(CLOSE, 100, 201, 0)])
})

test('the end of the control channel is the end of every agreement', () => {
  const { ours, announce, say } = agreed()
  say(words(FLOW, 200, 100, 1))
  announce(true)
  expect([ours.flowControl, ours.paused, ours.maxMessageSize]).toEqual([false, false, 496])
  announce()
  say(words(OPEN, 200, 100, 5000))
  expect([ours.flowControl, ours.maxMessageSize]).toEqual([true, MOST])
})

const drops = (stats: RpmsgStats) => Object.entries(stats.drops).filter(([, count]) => count > 0)

test.each([
  ['from somebody else', words(FLOW, 200, 100, 1), 301, 'unexpected control message'],
  ['for no endpoint', words(FLOW, 200, 7, 1), 300, 'no endpoint'],
  ['of an endpoint that is not our peer', words(FLOW, 201, 100, 1), 300, 'no endpoint'],
  [
    'a fragment of which the beginning is missing',
    fragment(200, 100, 900, 476, 10),
    300,
    'unfinished message',
  ],
])('what comes %s is dropped and counted', (_, bytes, source, reason) => {
  const { host, ours, say, faults } = agreed()
  say(bytes, source)
  expect(drops(host.stats)).toEqual([[reason, 1]])
  expect([ours.paused, faults.host]).toEqual([false, []])
})

test.each([
  ['is too short', [words(FLOW, 200, 100)]],
  ['is of an unknown type', [words(9, 200, 100, 0)]],
  ['is a fragment without bytes', [fragment(200, 100, 900, 0, 0)]],
  ['is a fragment of an empty message', [fragment(200, 100, 0, 0, 1)]],
  ['is a fragment of a message larger than was agreed', [fragment(200, 100, MOST + 1, 0, 9)]],
  ['reaches beyond its message', [fragment(200, 100, 10, 0, 11)]],
  ['leaves a gap', [fragment(200, 100, 900, 0, 9), fragment(200, 100, 900, 10, 9)]],
  ['begins again', [fragment(200, 100, 900, 0, 9), fragment(200, 100, 900, 0, 9)]],
  ['changes the length', [fragment(200, 100, 900, 0, 9), fragment(200, 100, 901, 9, 9)]],
  ['opens an endpoint at no address', [words(OPEN, 0xffff_ffff, 100, 0)]],
])('a peer is taken for broken whose control message %s', (_, messages) => {
  const { host, heard, say, faults } = agreed()
  for (const bytes of messages) say(bytes)
  expect(faults.host).toMatchObject([{ code: 'ERR_PEER' }])
  expect(heard).toEqual([])
  expect(() => host.createEndpoint()).toThrow(faults.host[0])
})

test('a message that is given up is dropped, and the next one is whole', () => {
  const { host, heard, say } = agreed()
  say(fragment(200, 100, 900, 0, 300))
  say(words(ABORT, 200, 100, 0))
  expect(drops(host.stats)).toEqual([['unfinished message', 1]])
  say(fragment(200, 100, 300, 0, 300))
  expect(heard).toEqual([pattern(300, 1)])
})

test('what has come of a message is counted as lost where the endpoint is destroyed', () => {
  const { host, ours, say } = agreed()
  say(fragment(200, 100, 900, 0, 300))
  ours.destroy()
  expect(drops(host.stats)).toEqual([['unfinished message', 1]])
})

test('a peer that asks without end, and takes no answers, is taken for broken', () => {
  const { host, remote, faults, deliver } = link({ num: 2 })
  const ours = host.createEndpoint({ flowControl: true })
  deliver()
  // The remote returns no transmit buffer while it does not look at its ring.
  const ask = remote.createEndpoint({ address: 300 })
  const control = host.control.endpoint?.address ?? 0
  const create = writeNameServiceMessage({ name: CONTROL_NAME, address: 300, destroy: false })
  ask.trySendTo(create, RPMSG_NS_ADDR)
  host.poll()
  for (let i = 0; i < 2000 && faults.host.length === 0; i++) {
    ask.trySendTo(words(OPEN, 201, 7, 0), control)
    host.poll()
  }
  expect(faults.host).toMatchObject([{ code: 'ERR_PEER' }])
  expect(ours.closed).toBe(true)
})

test('whatever the peer says there, it is reported at most once, and nothing else breaks', () => {
  const word = fc.oneof(fc.constantFrom(0, 1, 7, 53, 100, 200, 300, MOST, 0xffff_ffff), fc.nat())
  const said = fc
    .tuple(fc.constantFrom(OPEN, CLOSE, FLOW, ABORT), word, word, word)
    .map((values) => words(...values))
  const part = fc
    .tuple(fc.constantFrom(0, 9), fc.constantFrom(9, 18, 900), fc.constantFrom(9, 9, 8))
    .map(([offset, total, size]) => fragment(200, 100, total, offset, size))
  const message = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 4, arbitrary: said },
    { weight: 8, arbitrary: part },
  )
  let whole = 0
  let broken = 0
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
      const { host, heard, say, faults } = agreed()
      for (const bytes of messages) say(bytes)
      whole += heard.length
      broken += faults.host.length
      expect(faults.host.length).toBeLessThanOrEqual(1)
      for (const error of faults.host) expect(error.code).toBe('ERR_PEER')
      for (const { length } of heard) expect(length).toBeLessThanOrEqual(MOST)
      if (faults.host.length === 0) expect(stillWorks(host)).toBe(true)
    }),
    { numRuns: 300 },
  )
  // The test is worth its name only if both happened.
  expect([whole > 0, broken > 0]).toEqual([true, true])
})

function stillWorks(device: RpmsgDevice): boolean {
  return device.createEndpoint({ destination: 1 }).trySend('x')
}

test('an endpoint that is destroyed as its unfinished message is dropped agrees on nothing', () => {
  const { host, ours, say } = agreed()
  say(fragment(200, 100, 900, 0, 300))
  host.events.observe(({ type }) => {
    if (type === 'dropped') ours.destroy()
  })
  say(words(OPEN, 200, 100, 5000))
  expect([ours.closed, ours.flowControl]).toEqual([true, false])
})

test('a peer that makes endpoints come and go, and takes no buffer, piles no words up', async () => {
  const { host, remote, deliver } = link({ num: 4 })
  const plain = remote.createEndpoint({ address: 300 })
  const create = { name: CONTROL_NAME, address: 300, destroy: false }
  plain.trySendTo(writeNameServiceMessage(create), RPMSG_NS_ADDR)
  deliver()
  while (host.tryGetTx() !== undefined);
  const before = host.stats.sendersWaiting
  for (let i = 0; i < 50; i++) {
    const service = remote.announce('service')
    deliver()
    expect((await host.channel('service', { flowControl: true })).closed).toBe(false)
    service.close()
    deliver()
    await settle()
  }
  // Our own control channel is still to be announced.
  expect(host.stats.sendersWaiting - before).toBe(1)
})

test('a peer that asks and goes, and takes no answer, is answered no more than 1024 times', async () => {
  const { host, remote, deliver } = agreed({ num: 4 })
  const plain = remote.endpointAt(300)
  const control = host.control.endpoint?.address ?? 0
  while (host.tryGetTx() !== undefined);
  for (let i = 0; i < 1100; i++) {
    const service = remote.announce('service')
    deliver()
    const { endpoint } = await host.channel('service', { flowControl: true })
    const { address } = service.endpoint
    plain?.trySendOffchannel(words(OPEN, address, endpoint.address, 0), 300, control)
    service.close()
    deliver()
    await settle()
  }
  expect(host.stats.sendersWaiting).toBe(1024)
})
