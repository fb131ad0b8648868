import { expect, test } from 'vitest'
import { connected, link, settle } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import { RPMSG_ADDR_ANY, RPMSG_NS_ADDR, writeNameServiceMessage } from './header.js'
import type { RpmsgEvent } from './stats.js'

test('channel() binds to what was announced before', async () => {
  const { host, remote, deliver } = link()
  const there = remote.announce('echo')
  deliver()
  expect(host.announcements).toEqual([{ name: 'echo', address: 1024 }])
  const here = await host.channel('echo')
  expect(here.endpoint.destination).toBe(there.endpoint.address)
})

test('channel() waits for an announcement to come', async () => {
  const { host, remote, deliver } = link()
  const pending = host.channel('echo')
  remote.announce('other')
  remote.announce('echo')
  deliver()
  expect((await pending).name).toBe('echo')
  expect(host.waits.count()).toBe(0)
})

test('the acknowledgement binds the channel that was announced', async () => {
  const { here, there } = await connected()
  expect(there.endpoint.destination).toBe(here.endpoint.address)
  await there.whenBound()
})

test('our own name coming back is not taken for news', async () => {
  const { remote } = await connected()
  expect(remote.announcements).toEqual([])
})

test('without acknowledgements the first message binds the channel that was announced', async () => {
  const { here, there, remote, deliver } = await connected({ acknowledge: false })
  expect(there.endpoint.bound).toBe(false)
  expect(remote.stats.received).toBe(0)
  await here.send('first')
  deliver()
  expect(there.endpoint.destination).toBe(here.endpoint.address)
  expect((await there.receive()).text()).toBe('first')
})

test('a channel that is not acknowledged is not announced as destroyed either', async () => {
  const { here, remote, deliver } = await connected({ acknowledge: false })
  here.close()
  deliver()
  expect(remote.stats.received).toBe(0)
})

test('a remote that binds to a service of the host announces nothing back', async () => {
  const { host, remote, deliver } = link()
  const service = host.announce('clock')
  deliver()
  const user = await remote.channel('clock')
  deliver()
  expect(host.stats.received).toBe(0)
  await user.send('what time is it?')
  deliver()
  expect((await service.receive()).text()).toBe('what time is it?')
})

test('without the name service feature nothing is announced', () => {
  for (const options of [{ features: 0 }, { accept: 0 }]) {
    const { host, remote, deliver } = link(options)
    const channel = remote.announce('echo')
    channel.close()
    deliver()
    expect(host.stats.received).toBe(0)
    expect(remote.stats.sent).toBe(0)
  }
})

test('a second channel() on a bound name is refused', async () => {
  const { host } = await connected()
  await expect(host.channel('echo')).rejects.toMatchObject({
    code: 'ERR_STATE',
    message: 'channel echo is bound already',
  })
})

test('two channel() calls that wait share no announcement', async () => {
  const { host, remote, deliver } = link()
  const pending = [host.channel('echo'), host.channel('echo')]
  const services = [remote.announce('echo'), remote.announce('echo')]
  deliver()
  const channels = await Promise.all(pending)
  expect(channels.map((channel) => channel.endpoint.destination)).toEqual(
    services.map((service) => service.endpoint.address),
  )
})

test('a channel() call in the moment of the announcement does not get what was promised', async () => {
  const { host, remote, deliver } = link()
  const first = host.channel('echo')
  remote.announce('echo')
  deliver()
  await expect(host.channel('echo')).rejects.toMatchObject({ code: 'ERR_STATE' })
  await first
})

test('a message that follows the announcement at once reaches the channel', async () => {
  const { host, remote, deliver } = link()
  const pending = host.channel('echo', { address: 100 })
  remote.announce('echo').endpoint.trySendTo('early', 100)
  deliver()
  expect((await (await pending).receive()).text()).toBe('early')
})

test('a channel() that cannot have its address leaves the announcement to the next', async () => {
  const { host, remote, deliver } = link()
  host.createEndpoint({ address: 100 })
  const refused = host.channel('echo', { address: 100 })
  const served = host.channel('echo')
  remote.announce('echo')
  deliver()
  await expect(refused).rejects.toMatchObject({ code: 'ERR_ADDRESS' })
  expect((await served).endpoint.address).toBe(1024)
})

test('channel() ends with its deadline', async () => {
  const clock = new VirtualClock()
  const { host } = link({ clock })
  const pending = host.channel('echo', { timeout: 100 })
  clock.advanceTo(100e6)
  await expect(pending).rejects.toMatchObject({
    code: 'ERR_TIMEOUT',
    message: 'no announcement of echo within 100 ms',
  })
})

test('an announcement is not spent on a channel() that was just aborted', async () => {
  const { host, remote, deliver } = link()
  const abort = new AbortController()
  const aborted = host.channel('echo', { signal: abort.signal })
  const served = host.channel('echo')
  remote.announce('echo')
  abort.abort()
  deliver()
  await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  expect((await served).endpoint.bound).toBe(true)
})

test('destroyed by the peer, a channel is closed and its name is gone', async () => {
  const { host, here, there, deliver } = await connected()
  const events: RpmsgEvent[] = []
  host.events.observe((event) => events.push(event))
  there.close()
  deliver()
  expect(here.closed).toBe(true)
  expect(host.announcements).toEqual([])
  expect(events).toEqual([{ type: 'destroyed', name: 'echo', address: 1024 }])
  expect(() => here.trySend('x')).toThrow('channel echo was destroyed by the peer')
})

test('after the peer announces again, channel() binds again', async () => {
  const { host, remote, there, deliver } = await connected()
  there.close()
  deliver()
  const pending = host.channel('echo')
  const again = remote.announce('echo')
  deliver()
  const here = await pending
  deliver()
  await here.send('hello again')
  deliver()
  expect((await again.receive()).text()).toBe('hello again')
})

test('after the host closes its end, channel() binds to the same announcement again', async () => {
  const { host, here, there, deliver } = await connected()
  here.close()
  deliver()
  expect(there.endpoint.bound).toBe(false)
  expect(there.closed).toBe(false)
  const again = await host.channel('echo')
  deliver()
  expect(there.endpoint.destination).toBe(again.endpoint.address)
})

test('an announcement that is repeated is one announcement', async () => {
  const { host, remote, deliver } = link()
  const said = writeNameServiceMessage({ name: 'echo', address: 1024, destroy: false })
  const events: RpmsgEvent[] = []
  host.events.observe((event) => events.push(event))
  for (let i = 0; i < 3; i++) remote.createEndpoint().trySendTo(said, RPMSG_NS_ADDR)
  deliver()
  expect(host.announcements).toHaveLength(1)
  expect(events).toEqual([{ type: 'announced', name: 'echo', address: 1024 }])
})

test.each([
  ['is too short', new Uint8Array(39).fill(0x41)],
  ['has no name', writeNameServiceMessage({ name: '', address: 7, destroy: false })],
  [
    'has no address',
    writeNameServiceMessage({ name: 'x', address: RPMSG_ADDR_ANY, destroy: false }),
  ],
])('a name service message that %s is dropped and counted', (_, bytes) => {
  const { host, remote, deliver } = link()
  const events: RpmsgEvent[] = []
  host.events.observe((event) => events.push(event))
  remote.createEndpoint().trySendTo(bytes, RPMSG_NS_ADDR)
  deliver()
  expect(host.stats.dropped).toBe(1)
  expect(host.announcements).toEqual([])
  expect(events).toMatchObject([{ type: 'dropped', reason: 'malformed name service message' }])
})

test('the end of a service that nobody knows disturbs nobody', async () => {
  const { host, remote, here, deliver } = await connected()
  const endpoint = remote.createEndpoint()
  for (const [name, address] of [['echo', 99] as const, ['other', 1024] as const]) {
    const bytes = writeNameServiceMessage({ name, address, destroy: true })
    endpoint.trySendTo(bytes, RPMSG_NS_ADDR)
  }
  deliver()
  expect(here.closed).toBe(false)
  expect(host.announcements).toHaveLength(1)
})

test('a peer that announces without end is taken for broken', () => {
  const { host, remote, faults, deliver } = link()
  const endpoint = remote.createEndpoint()
  for (let i = 0; i < 4097; i++) {
    const bytes = writeNameServiceMessage({ name: 'echo', address: i, destroy: false })
    endpoint.trySendTo(bytes, RPMSG_NS_ADDR)
    deliver()
  }
  expect(faults.host).toMatchObject([{ code: 'ERR_PEER' }])
  expect(() => host.createEndpoint()).toThrow('more than 4096 channels')
})

test('a name that the wire cannot carry is refused', () => {
  const { remote } = link()
  for (const name of ['n'.repeat(33), 'ä'.repeat(17), 'a\0b', '']) {
    expect(() => remote.announce(name)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  }
  expect(remote.announce('ä'.repeat(16)).name).toHaveLength(16)
})

test('an announcement waits for a free buffer, and is not overtaken', async () => {
  const { host, remote, deliver } = link({ num: 2 })
  const endpoint = remote.createEndpoint({ destination: 9 })
  while (endpoint.trySend('fill'));
  remote.announce('echo')
  expect(remote.stats.sendersWaiting).toBe(1)
  deliver()
  expect(host.announcements).toMatchObject([{ name: 'echo' }])
})

test('a peer that destroys what is bound, and takes no buffer, piles nothing up', async () => {
  const { host, remote, deliver } = link({ num: 4 })
  // There is no buffer for the acknowledgements.
  while (host.tryGetTx() !== undefined);
  for (let i = 0; i < 50; i++) {
    const service = remote.announce('service')
    deliver()
    expect((await host.channel('service')).closed).toBe(false)
    service.close()
    deliver()
    await settle()
  }
  expect(host.stats.sendersWaiting).toBe(0)
})

test('an endpoint that is closed before there was a buffer to announce it is never heard of', async () => {
  const { host, remote, deliver } = link({ num: 4 })
  const taken = []
  for (let buffer = host.tryGetTx(); buffer; buffer = host.tryGetTx()) taken.push(buffer)
  host.announce('short-lived').close()
  host.announce('taken back').endpoint.unannounce()
  host.announce('lasting')
  for (const buffer of taken) host.releaseTx(buffer)
  deliver()
  await settle()
  deliver()
  expect(remote.announcements.map(({ name }) => name)).toEqual(['lasting'])
  expect(remote.stats.received).toBe(1)
})
