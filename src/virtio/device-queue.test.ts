import { expect, test } from 'vitest'
import { guardedRing } from '../../test/support/ring.js'
import { DeviceQueue } from './device-queue.js'
import { hasFeature } from './transport.js'

// A ring of 4 descriptors aligned to 64: descriptors at 0, available at 64, used at 128.
const AVAIL = 64
const USED = 128
const NEXT = 1
const WRITE = 2
const INDIRECT = 4

function setUp(num = 4, eventIndex = false) {
  const memory = guardedRing(num)
  const { view, layout } = memory
  const queue = new DeviceQueue(memory.ring, { eventIndex })
  /** The driver describes a buffer, as raw bytes. */
  const describe = (i: number, address: bigint, length: number, flags = 0, next = 0): void => {
    view.setBigUint64(i * 16, address, true)
    view.setUint32(i * 16 + 8, length, true)
    view.setUint16(i * 16 + 12, flags, true)
    view.setUint16(i * 16 + 14, next, true)
  }
  /** The driver makes a chain available. */
  const offer = (idx: number, head: number): void => {
    view.setUint16(layout.available + 4 + (idx % num) * 2, head, true)
    view.setUint16(layout.available + 2, idx + 1, true)
  }
  return { ...memory, queue, describe, offer }
}

test('an available buffer is taken with its address, length and direction', () => {
  const { queue, describe, offer } = setUp()
  expect(queue.take()).toBe(-1)
  describe(3, 0x8_0000_1000n, 512, WRITE)
  offer(0, 3)
  expect(queue.available).toBe(1)
  expect(queue.take()).toBe(3)
  expect(queue).toMatchObject({ address: 0x8_0000_1000, length: 512, writable: true, rest: [] })
  expect(queue.available).toBe(0)
})

test('what is put back is seen by the driver once it is published', () => {
  const { queue, describe, offer, view } = setUp()
  describe(3, 0x1000n, 512, WRITE)
  offer(0, 3)
  queue.take()
  queue.put(3, 100)
  expect(view.getUint32(USED + 4, true)).toBe(3)
  expect(view.getUint32(USED + 8, true)).toBe(100)
  expect(view.getUint16(USED + 2, true)).toBe(0)
  expect(queue.publish()).toBe(true)
  expect(view.getUint16(USED + 2, true)).toBe(1)
  expect(queue.publish()).toBe(false)
})

test('a chain is taken with all its elements', () => {
  const { queue, describe, offer } = setUp()
  describe(1, 0x1000n, 16, NEXT, 3)
  describe(3, 0x2000n, 32, NEXT, 0)
  describe(0, 0x3000n, 64, WRITE)
  offer(0, 1)
  expect(queue.take()).toBe(1)
  expect(queue).toMatchObject({ address: 0x1000, length: 16, writable: false })
  expect(queue.rest).toEqual([
    { address: 0x2000, length: 32, writable: false },
    { address: 0x3000, length: 64, writable: true },
  ])
})

test('a chain may be as long as the ring', () => {
  const { queue, describe, offer } = setUp()
  for (let i = 0; i < 4; i++) describe(i, 0x1000n, 8, i < 3 ? NEXT : 0, i + 1)
  offer(0, 0)
  queue.take()
  expect(queue.rest).toHaveLength(3)
})

test('what the driver writes into a descriptor that was taken changes nothing', () => {
  const { queue, describe, offer } = setUp()
  describe(0, 0x1000n, 512, WRITE)
  offer(0, 0)
  queue.take()
  describe(0, 0xffff_0000n, 0xffff_ffff, NEXT, 99)
  expect(queue).toMatchObject({ address: 0x1000, length: 512, writable: true })
})

test('only what was taken can be put back, and once', () => {
  const { queue, describe, offer } = setUp()
  const usage = expect.objectContaining({ code: 'ERR_USAGE' })
  describe(0, 0x1000n, 512)
  offer(0, 0)
  expect(() => queue.put(0, 0)).toThrow(usage)
  queue.take()
  expect(() => queue.put(1, 0)).toThrow(usage)
  expect(() => queue.put(99, 0)).toThrow(usage)
  queue.put(0, 0)
  expect(() => queue.put(0, 0)).toThrow(usage)
})

test('a head may be made available again once it was put back', () => {
  const { queue, describe, offer } = setUp()
  describe(0, 0x1000n, 512)
  for (let i = 0; i < 10; i++) {
    offer(i, 0)
    expect(queue.take()).toBe(0)
    queue.put(0, i)
    queue.publish()
  }
})

test('with the NO_INTERRUPT flag set in the available ring no interrupt is asked for', () => {
  const { queue, describe, offer, view } = setUp()
  describe(0, 0x1000n, 512)
  view.setUint16(AVAIL, 1, true)
  offer(0, 0)
  queue.take()
  queue.put(0, 0)
  expect(queue.publish()).toBe(false)
})

test('kicks are suppressed and asked for by the flag in the used ring', () => {
  const { queue, describe, offer, view } = setUp()
  queue.disableNotifications()
  expect(view.getUint16(USED, true)).toBe(1)
  expect(queue.enableNotifications()).toBe(false)
  expect(view.getUint16(USED, true)).toBe(0)
  describe(0, 0x1000n, 512)
  offer(0, 0)
  expect(queue.enableNotifications()).toBe(true)
})

test('with event indices an interrupt is asked for when used.idx passes used_event', () => {
  const { queue, describe, offer, view } = setUp(4, true)
  view.setUint16(AVAIL + 4 + 8, 1, true)
  view.setUint16(AVAIL, 1, true) // the flag has no meaning here
  const interrupts = [0, 1, 2].map((i) => {
    describe(i, 0x1000n, 512)
    offer(i, i)
    queue.put(queue.take(), 0)
    return queue.publish()
  })
  expect(interrupts).toEqual([false, true, false])
})

test('with event indices kicks are asked for through avail_event, the flag stays 0', () => {
  const { queue, describe, offer, view } = setUp(4, true)
  const availEvent = (): number => view.getUint16(USED + 4 + 32, true)
  describe(0, 0x1000n, 512)
  offer(0, 0)
  queue.take()
  expect(queue.enableNotifications()).toBe(false)
  expect(availEvent()).toBe(1)
  queue.disableNotifications()
  expect(availEvent()).toBe(0)
  expect(view.getUint16(USED, true)).toBe(0)
})

type Lie = (setup: ReturnType<typeof setUp>) => void

test.each<[string, Lie, RegExp]>([
  [
    'makes more available than the ring holds',
    ({ view }) => view.setUint16(AVAIL + 2, 6, true),
    /avail.idx went from 1 to 6/,
  ],
  [
    'moves avail.idx backwards',
    ({ view }) => view.setUint16(AVAIL + 2, 0, true),
    /avail.idx went from 1 to 0/,
  ],
  ['offers a head beyond the ring', ({ offer }) => offer(1, 4), /names descriptor 4 of 4/],
  ['offers a head that it did not get back', ({ offer }) => offer(1, 0), /0 made available twice/],
  [
    'links beyond the ring',
    ({ describe, offer }) => {
      describe(1, 0x1000n, 8, NEXT, 4)
      offer(1, 1)
    },
    /chain at 1: next is 4 of 4/,
  ],
  [
    'links a descriptor to itself',
    ({ describe, offer }) => {
      describe(1, 0x1000n, 8, NEXT, 1)
      offer(1, 1)
    },
    /chain at descriptor 1 does not end/,
  ],
  [
    'links a loop',
    ({ describe, offer }) => {
      describe(1, 0x1000n, 8, NEXT, 2)
      describe(2, 0x1000n, 8, NEXT, 1)
      offer(1, 1)
    },
    /does not end/,
  ],
  [
    'uses an indirect descriptor',
    ({ describe, offer }) => {
      describe(1, 0x1000n, 16, INDIRECT)
      offer(1, 1)
    },
    /indirect, never offered/,
  ],
  [
    'uses an indirect descriptor within a chain',
    ({ describe, offer }) => {
      describe(1, 0x1000n, 16, NEXT, 2)
      describe(2, 0x1000n, 16, INDIRECT)
      offer(1, 1)
    },
    /indirect, never offered/,
  ],
])('a driver that %s is refused', (_, lie, message) => {
  const setup = setUp()
  const { queue, describe, offer, bytes, guarded } = setup
  describe(0, 0x1000n, 512)
  offer(0, 0)
  queue.take()
  lie(setup)
  const before = bytes.slice()
  for (let again = 0; again < 2; again++) {
    expect(() => queue.take()).toThrow(
      expect.objectContaining({ code: 'ERR_PEER', message: expect.stringMatching(message) }),
    )
  }
  expect(bytes).toEqual(before)
  expect(guarded()).toBe(true)
})

test('a refusal cites the paragraph of the specification', () => {
  const { queue, offer } = setUp()
  offer(0, 4)
  expect(() => queue.take()).toThrow(
    'ring: available entry names descriptor 4 of 4 (virtio 1.2, 2.7.6)',
  )
})

test('what a lying driver makes available is cut to the ring for diagnosis', () => {
  const { queue, view } = setUp()
  view.setUint16(AVAIL + 2, 600, true)
  expect(queue.pending).toBe(4)
  expect(() => queue.available).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test.each([1, 2, 256, 32768])('a ring of %i can be taken and put back whole', (num) => {
  const { queue, describe, offer, guarded, ring } = setUp(num)
  for (let i = 0; i < num; i++) {
    describe(i, BigInt(i), 8)
    offer(i, i)
  }
  let right = 0
  for (let i = 0; i < num; i++) if (queue.take() === i && queue.address === i) right++
  expect(right).toBe(num)
  expect(queue.take()).toBe(-1)
  for (let i = num - 1; i >= 0; i--) queue.put(i, 0)
  expect(queue.publish()).toBe(true)
  expect([ring.usedIdx, guarded()]).toEqual([num, true])
})

test('a ring that the driver has set up anew is not written over by what comes too late', () => {
  const { queue, ring, describe, offer } = setUp()
  for (let i = 0; i < 2; i++) {
    describe(i, BigInt(0x1000 * i), 8)
    offer(i, i)
  }
  queue.put(queue.take(), 0)
  expect(queue.publish()).toBe(true)
  queue.put(queue.take(), 0)
  ring.zero()
  expect(queue.publish()).toBe(false)
  expect([ring.usedIdx, queue.wasReset]).toEqual([0, true])
})

test('a ring that another device has worked on is continued where it was left', () => {
  const { queue: first, ring, describe, offer } = setUp()
  for (let i = 0; i < 3; i++) {
    describe(i, BigInt(0x1000 * i), 8)
    offer(i, i)
  }
  first.put(first.take(), 0)
  first.put(first.take(), 0)
  first.publish()
  const second = new DeviceQueue(ring, { base: 2 })
  expect([second.available, second.wasReset]).toEqual([1, false])
  expect([second.take(), second.address]).toEqual([2, 0x2000])
  second.put(2, 0)
  expect(second.publish()).toBe(true)
  expect([ring.usedIdx, ring.usedId(2)]).toEqual([3, 2])
})

test.each([
  [1, 0, true],
  [0x8000_0000, 31, true],
  [1 << 31, 31, true],
  [0x7fff_ffff, 31, false],
  [2 ** 32, 32, true],
  [2 ** 32, 0, false],
  [2 ** 33 + 1, 32, false],
  [2 ** 52, 52, true],
])('feature words of %i: bit %i is %s', (features, bit, set) => {
  expect(hasFeature(features, bit)).toBe(set)
})
