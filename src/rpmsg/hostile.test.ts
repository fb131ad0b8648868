import fc from 'fast-check'
import { expect, test } from 'vitest'
import { link } from '../../test/support/link.js'
import { VirtualClock } from '../base/clock.js'
import { isOpenampError } from '../base/errors.js'
import { legacyLayout } from '../virtio/index.js'
import type { RxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import { POLL_BUDGET } from './transport.js'

const NUM = 4
const ALIGN = 64
const DA = 0x1000_0000
const PA = 0x4000_0000
const BUFFERS = 2 * NUM * 512
/** Behind the buffers in the region, and behind the region in its ArrayBuffer. */
const GUARD = 512
const layout = legacyLayout(NUM, ALIGN)
const stride = Math.ceil(layout.size / ALIGN) * ALIGN
const rings = [0, 1].map((i) => ({
  available: i * stride + layout.available,
  used: i * stride + layout.used,
  end: i * stride + layout.size,
}))
const at = (queue: number): { available: number; used: number } =>
  rings[queue] ?? { available: 0, used: 0 }
const pool = 2 * stride

const u16 = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(0x7fff, 0xffff))
const length = fc.constantFrom(0, 15, 16, 17, 40, 56, 496, 497, 512, 513, 0xffff, 0xffff_ffff)
const address = fc.oneof(
  fc.integer({ min: 0, max: 2 * NUM }).map((i) => BigInt(PA + pool + i * 512)),
  fc.constantFrom(0n, BigInt(PA - 1), BigInt(DA), BigInt(PA + pool + BUFFERS + GUARD - 8)),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
)
const destination = fc.constantFrom(53, 53, 1, 1, 1024, 0xffff_ffff)
const queue = fc.constantFrom(0, 1)

const step = fc.oneof(
  // What the peer writes: anything, something that is nearly right, or a message as it should be.
  fc.record({
    do: fc.constant('raw' as const),
    at: fc.nat({ max: pool + BUFFERS - 1 }),
    bytes: fc.uint8Array({ maxLength: 64 }),
  }),
  fc.record({ do: fc.constant('use' as const), queue, slot: u16, id: u16, length, by: u16 }),
  fc.record({ do: fc.constant('offer' as const), queue, slot: u16, id: u16, by: u16 }),
  fc.record({
    do: fc.constant('describe' as const),
    ...{ queue, address, length },
    index: fc.nat({ max: NUM - 1 }),
    flags: fc.constantFrom(0, 2, 2, 1, 3, 4),
    next: u16,
  }),
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      ...{ destination, length: fc.oneof({ weight: 5, arbitrary: fc.constant(40) }, length) },
      bytes: fc.uint8Array({ minLength: 40, maxLength: 40 }),
    }),
  },
  // What our end does meanwhile.
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('poll', 'poll', 'poll', 'send', 'release', 'announce'),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Victim = 'host' | 'remote'

function lonely(victim: Victim, habits: 'virtio' | 'rpmsg-lite' = 'virtio') {
  const buffer = new ArrayBuffer(Math.ceil((pool + BUFFERS + GUARD) / 8) * 8 + GUARD)
  const ends = link({
    ...{ num: NUM, align: ALIGN, da: DA, pa: PA, buffer, poolSize: BUFFERS + GUARD, habits },
  })
  ends.virtio.onInterrupt = () => {}
  ends.virtio.onKick = () => {}
  new Uint8Array(buffer).fill(0xa5, pool + BUFFERS)
  return { device: ends[victim], faults: ends.faults[victim], memory: new DataView(buffer) }
}

/** The peer's hand in the memory. */
function write(victim: Victim, memory: DataView, s: Step): void {
  const bytes = new Uint8Array(memory.buffer)
  const bump = (at: number, by: number): void =>
    memory.setUint16(at + 2, memory.getUint16(at + 2, true) + by, true)
  const use = (at: number, slot: number, id: number, length: number): void => {
    memory.setUint32(at + 4 + (slot % NUM) * 8, id, true)
    memory.setUint32(at + 8 + (slot % NUM) * 8, length, true)
  }
  const describe = (at: number, address: bigint, length: number, flags: number, next: number) => {
    memory.setBigUint64(at, address, true)
    memory.setUint32(at + 8, length, true)
    memory.setUint16(at + 12, flags, true)
    memory.setUint16(at + 14, next, true)
  }
  if (s.do === 'raw') {
    bytes.set(s.bytes.subarray(0, pool + BUFFERS - s.at), s.at)
  } else if (s.do === 'use') {
    const { used } = at(s.queue)
    use(used, s.slot, s.id, s.length)
    bump(used, s.by)
  } else if (s.do === 'offer') {
    const { available } = at(s.queue)
    memory.setUint16(available + 4 + (s.slot % NUM) * 2, s.id, true)
    bump(available, s.by)
  } else if (s.do === 'describe') {
    describe(s.queue * stride + s.index * 16, s.address, s.length, s.flags, s.next)
  } else if (s.do === 'message') {
    const { available, used } = at(victim === 'host' ? 0 : 1)
    const index = memory.getUint16((victim === 'host' ? used : available) + 2, true)
    const slot = index % NUM
    const head = victim === 'host' ? memory.getUint16(available + 4 + slot * 2, true) % NUM : slot
    const buffer = pool + (victim === 'host' ? head : NUM + head) * 512
    memory.setUint32(buffer + 4, s.destination, true)
    memory.setUint16(buffer + 12, s.length, true)
    bytes.set(s.bytes, buffer + 16)
    if (victim === 'host') {
      use(used, index, head, 56)
      bump(used, 1)
    } else {
      describe(stride + head * 16, BigInt(PA + buffer), 512, 0, 0)
      memory.setUint16(available + 4 + slot * 2, head, true)
      bump(available, 1)
    }
  }
}

/**
 * The bytes that our end has no business to write. A remote writes where the host's descriptors
 * say, also into the rings of a host that points it there; all it owes is to stay in the window.
 */
function forbidden(victim: Victim, memory: DataView): Buffer {
  const bytes = Buffer.from(memory.buffer)
  if (victim === 'remote') return Buffer.from(bytes.subarray(pool + BUFFERS + GUARD))
  return Buffer.concat([
    ...rings.map(({ used, end }) => bytes.subarray(used, end)),
    bytes.subarray(pool, pool + NUM * 512), // the receive buffers
    bytes.subarray(pool + BUFFERS),
  ])
}

function act(device: RpmsgDevice, what: string, held: RxBuffer[]): void {
  if (what === 'poll') device.poll()
  else if (what === 'release') held.shift()?.release()
  else {
    try {
      if (what === 'announce') device.announce('echo')
      else device.createEndpoint({ destination: 1 }).trySend('x')
    } catch (error) {
      // Once the peer was found lying, every call says so.
      if (!isOpenampError(error, 'ERR_PEER') && !isOpenampError(error, 'ERR_MEMORY')) throw error
    }
  }
}

const ours = new Set<string>(['poll', 'send', 'release', 'announce'])

test.each<[Victim, 'virtio' | 'rpmsg-lite']>([
  ['host', 'virtio'],
  ['remote', 'virtio'],
  ['remote', 'rpmsg-lite'],
])(
  '%s (%s): whatever the peer writes, it is reported at most once, and no other memory is touched',
  (victim, habits) => {
    const reported = new Set<string>()
    let heard = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { device, memory, faults } = lonely(victim, habits)
        const held: RxBuffer[] = []
        device.createEndpoint({
          address: 1,
          receive: (message) => {
            message.copy()
            if (heard++ % 2 === 0) held.push(message.hold())
          },
        })
        for (const s of steps) {
          if (!ours.has(s.do)) {
            write(victim, memory, s)
            continue
          }
          const before = forbidden(victim, memory)
          act(device, s.do, held)
          expect(forbidden(victim, memory).equals(before)).toBe(true)
        }
        for (const error of faults) reported.add(error.code)
        expect(faults.length).toBeLessThanOrEqual(1)
        expect(device.stats).toBeDefined()
      }),
      { numRuns: 600 },
    )
    // The test is worth its name only if lies were found and messages got through.
    expect([...reported].sort()).toEqual(
      victim === 'host' ? ['ERR_PEER'] : ['ERR_MEMORY', 'ERR_PEER'],
    )
    expect(heard).toBeGreaterThan(100)
  },
)

test('a message whose header says more than its buffer was used for ends the link', () => {
  const { host, remote, virtio, faults, deliver } = link()
  const heard: string[] = []
  host.createEndpoint({ address: 1, receive: (message) => heard.push(message.text()) })
  remote.createEndpoint({ destination: 1 }).trySend('abc')
  virtio.region.setU16(virtio.pool.offset + 12, 4)
  deliver()
  expect(heard).toEqual([])
  expect(faults.host).toMatchObject([
    {
      code: 'ERR_PEER',
      message:
        'vring 0: message from 0x400 has length 4 in its header, in a buffer used for 19 bytes (header 16 included)',
    },
  ])
  expect(() => host.createEndpoint()).toThrow(faults.host[0])
})

test('a message to the remote whose header says more than its buffer holds ends the link', () => {
  const { host, remote, virtio, faults, deliver } = link({ num: 4 })
  host.createEndpoint({ destination: 1 }).trySend('abc')
  virtio.region.setU16(virtio.pool.offset + 4 * 512 + 12, 4)
  deliver()
  expect(faults.remote).toMatchObject([
    { code: 'ERR_PEER', message: expect.stringContaining('vring 1: buffer 0 holds a message') },
  ])
  expect(() => remote.createEndpoint()).toThrow(faults.remote[0])
})

test('a remote that is given a message in no bytes at address 0 reports its host', () => {
  const { host, remote, virtio, faults, deliver } = link()
  host.createEndpoint({ destination: 1 }).trySend('abc')
  virtio.region.bytes.fill(0, virtio.pool.offset / 2, virtio.pool.offset / 2 + 12)
  deliver()
  expect(faults.remote).toMatchObject([
    { code: 'ERR_PEER', message: 'vring 1: buffer 0 has 0 bytes, 16 are needed' },
  ])
  expect(remote.stats.received).toBe(0)
})

test.each([
  ['outside its window', (at: DataView) => at.setBigUint64(0, 0x9999_0000n, true), 'ERR_MEMORY'],
  ['of 2^64 - 1', (at: DataView) => at.setBigUint64(0, (1n << 64n) - 1n, true), 'ERR_MEMORY'],
  ['that it may not write', (at: DataView) => at.setUint16(12, 0, true), 'ERR_PEER'],
  ['smaller than was agreed', (at: DataView) => at.setUint32(8, 511, true), 'ERR_PEER'],
  [
    'in two parts',
    (at: DataView) => {
      at.setUint16(12, 3, true)
      at.setUint16(14, 1, true)
    },
    'ERR_PEER',
  ],
])('a remote that is given a transmit buffer %s reports its host', (_, lie, code) => {
  const { remote, virtio, faults } = link()
  const { bytes } = virtio.region
  lie(new DataView(bytes.buffer, bytes.byteOffset, 16))
  const endpoint = remote.createEndpoint({ destination: 1 })
  expect(endpoint.trySend('x')).toBe(false)
  expect(faults.remote).toMatchObject([{ code }])
  expect(() => endpoint.trySend('x')).toThrow(faults.remote[0])
})

test.each<Victim>(['host', 'remote'])(
  '%s: a peer that sends faster than we look does not hold the program',
  (victim) => {
    const clock = new VirtualClock()
    // Each notification arrives while our end is still looking, as from a peer that runs beside it.
    const ends = link({ clock, schedule: (tell) => tell() })
    let heard = 0
    const sender = ends[victim === 'host' ? 'remote' : 'host'].createEndpoint({ destination: 1 })
    ends[victim].createEndpoint({
      address: 1,
      receive: () => {
        heard++
        void sender.send('and one more')
      },
    })
    sender.trySend('one')
    expect(heard).toBe(POLL_BUDGET)
    clock.advanceTo(clock.next())
    expect(heard).toBe(2 * POLL_BUDGET)
    // Kicks in the meantime do not add to what is due later.
    for (let i = 0; i < 3; i++) ends[victim].poll()
    expect(heard).toBe(5 * POLL_BUDGET)
    clock.advanceTo(clock.next())
    expect(heard).toBe(6 * POLL_BUDGET)
  },
)
