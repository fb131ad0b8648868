import fc from 'fast-check'
import { expect, test } from 'vitest'
import { connected, pattern } from '../../test/support/link.js'
import { VIRTIO_FEATURE } from '../virtio/index.js'
import type { RxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'

const ENDPOINTS = 3
const side = fc.constantFrom('host' as const, 'remote' as const)
const index = fc.nat({ max: ENDPOINTS - 1 })

const step = fc.oneof(
  fc.record({ do: fc.constant('send' as const), side, index, size: fc.nat({ max: 496 }) }),
  fc.record({ do: fc.constant('trySend' as const), side, index, size: fc.nat({ max: 496 }) }),
  fc.record({ do: fc.constant('nocopy' as const), side, index, size: fc.nat({ max: 496 }) }),
  fc.record({ do: fc.constantFrom('deliver' as const, 'poll' as const, 'turn' as const), side }),
  fc.record({ do: fc.constant('hold' as const), side }),
  fc.record({ do: fc.constant('release' as const), side, index }),
)

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** One end of the link: what it has sent on each endpoint, and what it has got. */
class End {
  readonly device: RpmsgDevice
  readonly endpoints: Endpoint[] = []
  readonly sent: string[][] = Array.from({ length: ENDPOINTS }, () => [])
  readonly got: string[][] = Array.from({ length: ENDPOINTS }, () => [])
  readonly held: { message: RxBuffer; content: string }[] = []
  readonly sends: Promise<void>[] = []
  holdNext = false
  #serial = 0

  constructor(device: RpmsgDevice) {
    this.device = device
    for (let i = 0; i < ENDPOINTS; i++) {
      const receive = (message: RxBuffer): void => {
        const content = latin1(message.data)
        this.got[i]?.push(content)
        if (this.holdNext) this.held.push({ message: message.hold(), content })
        this.holdNext = false
      }
      const options = { address: 100 + i, destination: 100 + i, receive }
      this.endpoints.push(device.createEndpoint(options))
    }
  }

  send(how: 'send' | 'trySend' | 'nocopy', i: number, size: number): void {
    const endpoint = this.endpoints[i]
    if (endpoint === undefined) return
    const bytes = pattern(size, this.#serial++)
    if (how === 'send') this.sends.push(endpoint.send(bytes))
    else if (how === 'trySend') {
      if (!endpoint.trySend(bytes)) return
    } else {
      const buffer = endpoint.tryGetTxPayloadBuffer()
      if (buffer === undefined) return
      buffer.bytes.set(bytes)
      endpoint.sendNocopy(buffer, size)
    }
    this.sent[i]?.push(latin1(bytes))
  }

  release(pick: number): void {
    const [entry] = this.held.splice(pick % (this.held.length || 1), 1)
    if (entry === undefined) return
    // Nobody has written into what was held.
    expect(latin1(entry.message.data)).toBe(entry.content)
    entry.message.release()
  }
}

test.each([
  ['flags', 1 << VIRTIO_FEATURE.RPMSG_NS],
  ['event indices', (1 << VIRTIO_FEATURE.RPMSG_NS) | (1 << VIRTIO_FEATURE.RING_EVENT_IDX)],
])('every message arrives once, whole and in order on its endpoint: %s', async (_, features) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2, 4, 16),
      fc.array(step, { maxLength: 200, size: 'max' }),
      async (num, steps) => {
        const link = await connected({ num, features, accept: features })
        const ends = { host: new End(link.host), remote: new End(link.remote) }
        for (const s of steps) {
          const end = ends[s.side]
          if ('size' in s) end.send(s.do, s.index, s.size)
          else if ('index' in s) end.release(s.index)
          else if (s.do === 'deliver') link.deliver()
          else if (s.do === 'poll') end.device.poll()
          else if (s.do === 'turn') await Promise.resolve()
          else end.holdNext = true
        }
        for (const end of [ends.host, ends.remote]) end.holdNext = false
        // From here on only notifications move anything: a lost one would leave a send waiting.
        link.deliver()
        while (ends.host.held.length + ends.remote.held.length > 0) {
          for (const end of [ends.host, ends.remote]) end.release(0)
          link.deliver()
        }
        await Promise.all([...ends.host.sends, ...ends.remote.sends])
        expect(ends.remote.got).toEqual(ends.host.sent)
        expect(ends.host.got).toEqual(ends.remote.sent)
        expect(link.faults).toEqual({ host: [], remote: [] })
        expect([link.host.stats.rxHeld, link.remote.stats.rxHeld]).toEqual([0, 0])
        expect(link.host.waits.count() + link.remote.waits.count()).toBe(0)
      },
    ),
    { numRuns: 100 },
  )
})

test('two busy ends pass the wrap-around of the ring indices', async () => {
  const { here, there, deliver } = await connected({ num: 4 })
  let expected = 0
  there.onMessage((message) => {
    if (message.text() !== `${expected++}`) throw new Error(`out of order at ${expected}`)
  })
  for (let i = 0; i < 70_000; i++) {
    if (!here.trySend(`${i}`)) {
      deliver()
      expect(here.trySend(`${i}`)).toBe(true)
    }
  }
  deliver()
  expect(expected).toBe(70_000)
})
