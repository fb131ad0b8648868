import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Link, link } from '../../test/support/link.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Heap growth in bytes for each of `count` calls, after it has been warmed up. */
function growth(count: number, call: () => void): number {
  for (let i = 0; i < 2 * count; i++) call()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < count; i++) call()
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / count)
  }
  return least
}

function echo(from: RpmsgDevice, to: RpmsgDevice): Endpoint {
  to.createEndpoint({
    address: 1,
    receive: (message, self) => {
      const buffer = self.tryGetTxPayloadBuffer()
      if (buffer === undefined) throw new Error('no buffer')
      buffer.bytes.set(message.data)
      self.sendNocopy(buffer, message.length)
    },
  })
  return from.createEndpoint({ address: 2, destination: 1, receive: (message) => message.length })
}

test.each([
  ['host', ({ host, remote }: Link) => echo(host, remote)],
  ['remote', ({ host, remote }: Link) => echo(remote, host)],
])('a no-copy message and its echo from the %s allocate nothing', (_, setUp) => {
  const ends = link({ da: 0x8800_0000, pa: 0x8800_0000 })
  const endpoint = setUp(ends)
  const perMessage = growth(5000, () => {
    const buffer = endpoint.tryGetTxPayloadBuffer()
    if (buffer === undefined) throw new Error('no buffer')
    endpoint.sendNocopy(buffer, 64)
    ends.deliver()
  })
  // A single object for each message would be 16 bytes or more.
  expect(perMessage).toBeLessThan(8)
})
