import { expect, test } from 'vitest'
import { connected, link } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import type { RxBuffer } from './buffers.js'

const MS = 1e6

test('kicks, those that were spared, and buffers in flight are counted at both ends', async () => {
  const { host, remote, here, deliver } = await connected({ num: 8 })
  const before = [host.stats.rings[1], remote.stats.rings[0]]
  for (let i = 0; i < 3; i++) await here.send('one')
  // Sent and not taken yet: three in flight on vring 1, and each was worth a kick.
  expect(host.stats.rings[1]?.inFlight).toBe(3)
  expect((host.stats.rings[1]?.kicksSent ?? 0) - (before[0]?.kicksSent ?? 0)).toBe(3)
  deliver()
  // The host does not want to be told of buffers that come back: the remote has spared that.
  expect(remote.stats.rings[1]?.kicksSuppressed).toBeGreaterThan(0)
  // The host's receive buffers are with the remote as long as nothing comes.
  expect(host.stats.rings[0]).toMatchObject({ inFlight: 8 })
  expect(remote.stats.rings.map((ring) => ring.inFlight)).toEqual([0, 0])
})

test('the oldest buffer in flight has an age on the clock of the link', async () => {
  const clock = new VirtualClock()
  const { host, here, deliver } = await connected({ clock })
  clock.advanceTo(10 * MS)
  await here.send('stuck')
  clock.advanceTo(15 * MS)
  await here.send('later')
  clock.advanceTo(17 * MS)
  expect(host.stats.rings[1]?.oldestAge).toBe(7 * MS)
  deliver()
  await here.send('another')
  expect(host.stats.rings[1]?.oldestAge).toBeLessThan(7 * MS)
})

test('a buffer that the remote holds is in flight on its end, and ages', () => {
  const clock = new VirtualClock()
  const ends = link({ clock })
  const held: RxBuffer[] = []
  ends.remote.createEndpoint({ address: 77, receive: (message) => held.push(message.hold()) })
  ends.host.createEndpoint().trySendTo('kept', 77)
  ends.deliver()
  clock.advanceTo(3 * MS)
  expect(ends.remote.stats.rings[1]).toMatchObject({ inFlight: 1, oldestAge: 3 * MS })
  for (const buffer of held) buffer.release()
  expect(ends.remote.stats.rings[1]).toMatchObject({ inFlight: 0, oldestAge: undefined })
})
