import { expect, test } from 'vitest'
import { type Link, link } from '../../test/support/link.js'
import { channelOf } from './links.js'

/** Two devices of one remote. */
function pair(): { a: Link; b: Link; hosts: readonly [Link['host'], Link['host']] } {
  const [a, b] = [link(), link()]
  return { a, b, hosts: [a.host, b.host] }
}

test('a channel that one of several devices has announced is found there', async () => {
  const { b, hosts } = pair()
  const there = b.remote.announce('echo')
  b.deliver()
  const here = await channelOf(hosts, 'echo', {})
  expect(here.endpoint.destination).toBe(there.endpoint.address)
})

test('a channel of which the other device has one that is bound is found', async () => {
  const { a, b, hosts } = pair()
  for (const { remote, deliver } of [a, b]) {
    remote.announce('echo')
    deliver()
  }
  const first = await channelOf(hosts, 'echo', {})
  const second = await channelOf(hosts, 'echo', {})
  expect([a.host.stats.endpoints, b.host.stats.endpoints]).toEqual([1, 1])
  expect(second).not.toBe(first)
  await expect(channelOf(hosts, 'echo', {})).rejects.toMatchObject({ code: 'ERR_STATE' })
})

test('the wait on the other devices is withdrawn', async () => {
  const { a, b, hosts } = pair()
  const waiting = channelOf(hosts, 'echo', {})
  b.remote.announce('echo')
  b.deliver()
  await waiting
  expect([a.host.waits.count(), b.host.waits.count()]).toEqual([0, 0])
  a.remote.announce('echo')
  a.deliver()
  expect(a.host.stats.endpoints).toBe(0)
})

test('where two announce in the same moment, one channel is bound and the other let go', async () => {
  const { a, b, hosts } = pair()
  const waiting = channelOf(hosts, 'echo', {})
  const theirs = [a, b].map(({ remote }) => remote.announce('echo'))
  a.deliver()
  b.deliver()
  const channel = await waiting
  // The loser's close is a promise away.
  await Promise.resolve()
  a.deliver()
  b.deliver()
  expect(channel.closed).toBe(false)
  expect(a.host.stats.endpoints + b.host.stats.endpoints).toBe(1)
  expect(theirs.filter(({ endpoint }) => endpoint.bound)).toHaveLength(1)
})

test('a wait on all devices ends with its deadline, its signal, or the link', async () => {
  const { a, hosts } = pair()
  await expect(channelOf(hosts, 'x', { timeout: 1 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  const aborter = new AbortController()
  const aborted = channelOf(hosts, 'x', { signal: aborter.signal })
  aborter.abort()
  await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  const ended = channelOf(hosts, 'x', {})
  for (const host of hosts) host.close(new Error('the end'))
  await expect(ended).rejects.toThrow('the end')
  expect(a.host.waits.count()).toBe(0)
})
