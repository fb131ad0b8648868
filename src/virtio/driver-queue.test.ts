import { expect, test } from 'vitest'
import { guardedRing } from '../../test/support/ring.js'
import { DriverQueue } from './driver-queue.js'

// A ring of 4 descriptors aligned to 64: descriptors at 0, available at 64, used at 128.
const AVAIL = 64
const USED = 128

function setUp(num = 4, eventIndex = false) {
  const memory = guardedRing(num)
  const queue = new DriverQueue(memory.ring, { eventIndex })
  /** The device returns a chain, as raw bytes. */
  const use = (idx: number, id: number, length: number): void => {
    const at = memory.layout.used
    memory.view.setUint32(at + 4 + (idx % num) * 8, id, true)
    memory.view.setUint32(at + 8 + (idx % num) * 8, length, true)
    memory.view.setUint16(at + 2, idx + 1, true)
  }
  return { ...memory, queue, use }
}

test('a buffer is described, offered, and seen by the device only once it is published', () => {
  const { queue, view } = setUp()
  expect(queue.add(0x8_0000_1000, 512, true)).toBe(0)
  expect(view.getBigUint64(0, true)).toBe(0x8_0000_1000n)
  expect(view.getUint32(8, true)).toBe(512)
  expect(view.getUint16(12, true)).toBe(2) // VIRTQ_DESC_F_WRITE
  expect(view.getUint16(AVAIL + 4, true)).toBe(0)
  expect(view.getUint16(AVAIL + 2, true)).toBe(0)
  expect(queue.publish()).toBe(true)
  expect(view.getUint16(AVAIL + 2, true)).toBe(1)
})

test('a buffer that the device reads carries no WRITE flag', () => {
  const { queue, view } = setUp()
  queue.add(0x1000, 16, false)
  expect(view.getUint16(12, true)).toBe(0)
})

test('a descriptor in which the same buffer stands already is not written again', () => {
  const { queue, view, use } = setUp()
  queue.add(0x1000, 512, false)
  queue.publish()
  use(0, 0, 0)
  queue.takeUsed()
  view.setUint16(14, 0xbeef, true) // next, which means nothing in a chain of one
  queue.add(0x1000, 512, false)
  expect(view.getUint16(14, true)).toBe(0xbeef)
})

test.each([
  ['another address', 0x2000, 512, false],
  ['another length', 0x1000, 511, false],
  ['another direction', 0x1000, 512, true],
] as const)('a descriptor of %s is written', (_, address, length, writable) => {
  const { queue, view, use } = setUp()
  queue.add(0x1000, 512, false)
  queue.publish()
  use(0, 0, 0)
  queue.takeUsed()
  queue.add(address, length, writable)
  const written = [view.getBigUint64(0, true), view.getUint32(8, true), view.getUint16(12, true)]
  expect(written).toEqual([BigInt(address), length, writable ? 2 : 0])
})

test('a descriptor that has served in a chain is written again', () => {
  const { queue, view, use } = setUp()
  queue.add(0x1000, 512, false)
  queue.publish()
  use(0, 0, 0)
  queue.takeUsed()
  queue.addChain([
    { address: 0x1000, length: 512, writable: false },
    { address: 0x2000, length: 512, writable: false },
  ])
  queue.publish()
  use(1, 0, 0)
  queue.takeUsed()
  queue.add(0x1000, 512, false)
  expect(view.getUint16(12, true)).toBe(0)
})

test('publishing nothing new asks for no kick', () => {
  const { queue } = setUp()
  expect(queue.publish()).toBe(false)
  queue.add(0x1000, 16, false)
  queue.publish()
  expect(queue.publish()).toBe(false)
})

test('a chain is linked by NEXT, its last descriptor ends it', () => {
  const { queue, view } = setUp()
  queue.addChain([
    { address: 0x1000, length: 16, writable: false },
    { address: 0x2000, length: 32, writable: false },
    { address: 0x3000, length: 64, writable: true },
  ])
  const flags = [0, 1, 2].map((i) => view.getUint16(i * 16 + 12, true))
  const next = [0, 1].map((i) => view.getUint16(i * 16 + 14, true))
  expect(flags).toEqual([1, 1, 2])
  expect(next).toEqual([1, 2])
  expect([queue.free, queue.inFlight]).toEqual([1, 1])
})

test('a chain gives all its descriptors back when it returns, and they serve again', () => {
  const { queue, use } = setUp()
  const three = [0x1000, 0x2000, 0x3000].map((address) => ({ address, length: 8, writable: true }))
  for (let i = 0; i < 10; i++) {
    const head = queue.addChain(three)
    expect(() => queue.addChain(three)).toThrow(expect.objectContaining({ code: 'ERR_NO_BUFFER' }))
    queue.publish()
    use(i, head, 24)
    expect(queue.takeUsed()).toBe(head)
    expect([queue.free, queue.inFlight, queue.usedLength]).toEqual([4, 0, 24])
  }
})

test('an empty chain and a chain that reads after it writes are refused', () => {
  const { queue, ring } = setUp()
  const read = { address: 0x1000, length: 8, writable: false }
  const write = { ...read, writable: true }
  expect(() => queue.addChain([])).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  expect(() => queue.addChain([write, read])).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE' }),
  )
  expect([queue.free, queue.inFlight, ring.availIdx]).toEqual([4, 0, 0])
})

test('a full ring takes no more until something returns', () => {
  const { queue, use } = setUp()
  for (let i = 0; i < 4; i++) queue.add(0x1000 * i, 16, false)
  expect(() => queue.add(0, 16, false)).toThrow('ring: 1 descriptors wanted, 0 of 4 free')
  queue.publish()
  use(0, 2, 0)
  queue.takeUsed()
  expect(queue.add(0, 16, false)).toBe(2)
})

test('chains may return in any order', () => {
  const { queue, use } = setUp()
  for (let i = 0; i < 4; i++) queue.add(0x1000 * i, 512, true)
  queue.publish()
  const returned = [2, 0, 3, 1].map((head, i) => {
    use(i, head, 100 + head)
    return [queue.takeUsed(), queue.usedLength]
  })
  expect(returned).toEqual([
    [2, 102],
    [0, 100],
    [3, 103],
    [1, 101],
  ])
  expect(queue.takeUsed()).toBe(-1)
})

test('with the NO_NOTIFY flag set in the used ring no kick is asked for', () => {
  const { queue, view } = setUp()
  view.setUint16(USED, 1, true)
  queue.add(0x1000, 16, false)
  expect(queue.publish()).toBe(false)
  view.setUint16(USED, 0, true)
  queue.add(0x1000, 16, false)
  expect(queue.publish()).toBe(true)
})

test('interrupts are suppressed and asked for by the flag in the available ring', () => {
  const { queue, view, use } = setUp()
  queue.disableInterrupts()
  expect(view.getUint16(AVAIL, true)).toBe(1)
  expect(queue.enableInterrupts()).toBe(false)
  expect(view.getUint16(AVAIL, true)).toBe(0)
  queue.add(0x1000, 16, true)
  queue.publish()
  use(0, 0, 0)
  expect(queue.hasUsed).toBe(true)
  expect(queue.enableInterrupts()).toBe(true)
})

test('with event indices a kick is asked for when avail.idx passes avail_event', () => {
  const { queue, view } = setUp(4, true)
  view.setUint16(USED + 4 + 32, 1, true)
  view.setUint16(USED, 1, true) // the flag has no meaning here
  const kicks = [0, 1, 2].map(() => {
    queue.add(0x1000, 16, false)
    return queue.publish()
  })
  expect(kicks).toEqual([false, true, false])
})

test('with event indices interrupts are asked for through used_event, the flag stays 0', () => {
  const { queue, view, use } = setUp(4, true)
  const usedEvent = (): number => view.getUint16(AVAIL + 4 + 8, true)
  queue.add(0x1000, 16, true)
  queue.publish()
  use(0, 0, 0)
  queue.takeUsed()
  expect(queue.enableInterrupts()).toBe(false)
  expect(usedEvent()).toBe(1)
  queue.disableInterrupts()
  expect(usedEvent()).toBe(0)
  expect(view.getUint16(AVAIL, true)).toBe(0)
})

test.each([1, 2, 256, 32768])('a ring of %i can be filled and emptied', (num) => {
  const { queue, use, guarded } = setUp(num)
  for (let i = 0; i < num; i++) queue.add(i * 16, 16, true)
  expect(queue.free).toBe(0)
  expect(queue.publish()).toBe(true)
  for (let i = 0; i < num; i++) use(i, num - 1 - i, 16)
  let right = 0
  for (let i = 0; i < num; i++) if (queue.takeUsed() === num - 1 - i) right++
  expect(right).toBe(num)
  expect([queue.free, queue.inFlight, guarded()]).toEqual([num, 0, true])
})

type Lie = (setup: ReturnType<typeof setUp>) => void

test.each<[string, Lie, RegExp]>([
  [
    'has returned more than is in flight',
    ({ view }) => view.setUint16(USED + 2, 3, true),
    /used.idx went from 0 to 3 with 2 chains in flight/,
  ],
  [
    'has moved used.idx backwards',
    ({ view }) => view.setUint16(USED + 2, 0xffff, true),
    /used.idx went from 0 to 65535/,
  ],
  [
    'has returned what was added but not published',
    ({ queue, use }) => {
      queue.add(0x3000, 512, true)
      use(2, 2, 0)
    },
    /used.idx went from 0 to 3 with 2 chains in flight/,
  ],
  [
    'returns a descriptor beyond the ring',
    ({ use }) => use(0, 4, 0),
    /descriptor 4, not in flight/,
  ],
  [
    'returns a descriptor of 32 bits',
    ({ use }) => use(0, 0x1_0000, 0),
    /descriptor 65536, not in flight/,
  ],
  ['returns a free descriptor', ({ use }) => use(0, 3, 0), /descriptor 3, not in flight/],
  [
    'returns one chain twice',
    ({ queue, use }) => {
      use(0, 1, 0)
      queue.takeUsed()
      use(1, 1, 0)
    },
    /descriptor 1, not in flight/,
  ],
  ['wrote more than the chain holds', ({ use }) => use(0, 0, 513), /length 513 of at most 512/],
])('a device that %s is refused', (_, lie, message) => {
  const setup = setUp()
  const { queue, guarded, bytes } = setup
  queue.add(0x1000, 512, true)
  queue.add(0x2000, 512, true)
  queue.publish()
  lie(setup)
  const before = bytes.slice()
  for (let again = 0; again < 2; again++) {
    expect(() => queue.takeUsed()).toThrow(
      expect.objectContaining({ code: 'ERR_PEER', message: expect.stringMatching(message) }),
    )
  }
  expect(bytes).toEqual(before)
  expect(guarded()).toBe(true)
})

test('the middle of a chain cannot be returned in place of its head', () => {
  const { queue, use } = setUp()
  const element = { address: 0x1000, length: 8, writable: true }
  queue.addChain([element, element])
  queue.publish()
  use(0, 1, 0)
  expect(() => queue.takeUsed()).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test('the length is bounded by the writable part of a chain', () => {
  const { queue, use } = setUp()
  queue.addChain([
    { address: 0x1000, length: 100, writable: false },
    { address: 0x2000, length: 8, writable: true },
  ])
  queue.publish()
  use(0, 0, 9)
  expect(() => queue.takeUsed()).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test('an empty writable buffer has no room for a single byte', () => {
  const { queue, use } = setUp()
  queue.add(0x1000, 0, true)
  queue.publish()
  use(0, 0, 1)
  expect(() => queue.takeUsed()).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
})

test('any length is accepted for what the device only reads, as the C stacks return it', () => {
  const { queue, use } = setUp()
  const head = queue.add(0x1000, 20, false)
  queue.publish()
  use(0, head, 512)
  expect(queue.takeUsed()).toBe(head)
})
