import { expect, test } from 'vitest'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { checkQueueSize, legacyLayout, passedEvent, Vring } from './vring.js'

// vring_size() of Linux's include/uapi/linux/virtio_ring.h, written down as it stands there.
function linuxVringSize(num: number, align: number): number {
  const desc = 16 * num
  const avail = 2 * (3 + num)
  return Math.ceil((desc + avail) / align) * align + 2 * 3 + 8 * num
}

const sizes = Array.from({ length: 16 }, (_, i) => 2 ** i)

test.each(sizes)('a ring of %i descriptors has the size that Linux gives it', (num) => {
  for (const align of [4, 16, 64, 4096, 65536]) {
    expect(legacyLayout(num, align).size).toBe(linuxVringSize(num, align))
  }
})

test('the parts of a legacy ring lie one after the other, the used ring aligned', () => {
  expect(legacyLayout(4, 64)).toEqual({ available: 64, used: 128, size: 166 })
  expect(legacyLayout(256, 4096)).toEqual({ available: 4096, used: 8192, size: 10246 })
  expect(legacyLayout(1, 4)).toEqual({ available: 16, used: 24, size: 38 })
})

test.each([0, -1, 3, 1.5, 65536, 32769, Number.NaN])('a ring of size %d is refused', (num) => {
  expect(() => checkQueueSize(num, 'vring 0')).toThrow(/^vring 0: ring size .* not a power of two/)
})

test.each([0, 1, 2, 3, 48, Number.NaN])('an alignment of %d is refused', (align) => {
  expect(() => legacyLayout(4, align)).toThrow(
    expect.objectContaining({ code: 'ERR_RESOURCE_TABLE' }),
  )
})

test('every field lies where the specification puts it', () => {
  const region = new Region({ name: 'ram', da: 0x1000, size: 256 })
  const ring = Vring.legacy(new AddressSpace([region]), 'da', 0x1008, 4, 64)
  ring.descriptors.write(2, 0x1_2345_6789, 0x200, 3, 1)
  ring.availFlags = 1
  ring.availIdx = 0x1234
  ring.setAvailEntry(5, 3)
  ring.usedEvent = 0xaaaa
  ring.usedFlags = 2
  ring.usedIdx = 0x5678
  ring.setUsedElem(7, 9, 0x40)
  ring.availEvent = 0xbbbb
  const { view } = region
  const at = 8
  expect(view.getBigUint64(at + 32, true)).toBe(0x1_2345_6789n)
  expect(view.getUint32(at + 40, true)).toBe(0x200)
  expect(view.getUint16(at + 44, true)).toBe(3)
  expect(view.getUint16(at + 46, true)).toBe(1)
  expect(view.getUint16(at + 64, true)).toBe(1)
  expect(view.getUint16(at + 66, true)).toBe(0x1234)
  expect(view.getUint16(at + 68 + 2, true)).toBe(3) // entry 5 modulo 4
  expect(view.getUint16(at + 76, true)).toBe(0xaaaa)
  expect(view.getUint16(at + 128, true)).toBe(2)
  expect(view.getUint16(at + 130, true)).toBe(0x5678)
  expect(view.getUint32(at + 132 + 24, true)).toBe(9) // element 7 modulo 4
  expect(view.getUint32(at + 132 + 28, true)).toBe(0x40)
  expect(view.getUint16(at + 164, true)).toBe(0xbbbb)
})

test('what is read is what lies there', () => {
  const region = new Region({ name: 'ram', da: 0, size: 168 })
  const ring = Vring.legacy(new AddressSpace([region]), 'da', 0, 4, 64)
  region.view.setBigUint64(48, 0x20_0000_0000_0000n, true)
  region.view.setUint32(56, 7, true)
  region.view.setUint16(60, 1, true)
  region.view.setUint16(62, 2, true)
  region.view.setUint16(68 + 6, 3, true)
  region.view.setUint32(132 + 24, 0xffff_ffff, true)
  region.view.setUint32(132 + 28, 0x8000_0000, true)
  expect(ring.descriptors.addr(3)).toBe(Number.POSITIVE_INFINITY)
  expect([ring.descriptors.len(3), ring.descriptors.flags(3), ring.descriptors.next(3)]).toEqual([
    7, 1, 2,
  ])
  expect(ring.availEntry(0xffff)).toBe(3)
  expect(ring.usedId(0xffff)).toBe(0xffff_ffff)
  expect(ring.usedLen(0xffff)).toBe(0x8000_0000)
})

test('zero clears the ring and nothing beside it', () => {
  const region = new Region({ name: 'ram', da: 0, size: 256 })
  region.bytes.fill(0xa5)
  Vring.legacy(new AddressSpace([region]), 'da', 16, 4, 64).zero()
  const expected = new Uint8Array(256).fill(0xa5)
  expected.fill(0, 16, 16 + 64 + 14)
  expected.fill(0, 16 + 128, 16 + 166)
  expect(region.bytes).toEqual(expected)
})

test('a ring that does not fit its region is refused', () => {
  const space = new AddressSpace([new Region({ name: 'ram', da: 0x1000, size: 160 })])
  expect(() => Vring.legacy(space, 'da', 0x1000, 4, 64, 'vring 1')).toThrow(/vring 1: da 0x1000/)
})

test('a ring whose parts are not aligned to 4 bytes is refused', () => {
  const space = new AddressSpace([new Region({ name: 'ram', da: 0, size: 256 })])
  expect(() => Vring.legacy(space, 'da', 2, 4, 64)).toThrow(
    expect.objectContaining({ code: 'ERR_RESOURCE_TABLE' }),
  )
})

test('the parts of a modern ring may lie in regions of their own', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Region({ name, da: 0, size: 64 }))
  if (!a || !b || !c) throw new Error('no regions')
  const ring = new Vring(2, {
    descriptors: { region: a, offset: 16 },
    available: { region: b, offset: 4 },
    used: { region: c, offset: 8 },
  })
  ring.descriptors.write(0, 1, 0, 0, 0)
  ring.availIdx = 2
  ring.usedIdx = 3
  expect([a.bytes[16], b.bytes[6], c.bytes[10]]).toEqual([1, 2, 3])
})

test.each([
  ['has not been reached', 5, 5, 4, false],
  ['was passed', 5, 6, 5, true],
  ['was passed among others', 5, 9, 3, true],
  ['was passed before', 5, 9, 6, false],
  ['was passed at the wrap-around', 0xffff, 0, 0xffff, true],
  ['was passed across the wrap-around', 0, 2, 0xfffe, true],
  ['lies behind the wrap-around', 0xfffe, 1, 0xffff, false],
])('an event index that %s', (_, event, now, old, expected) => {
  expect(passedEvent(event, now, old)).toBe(expected)
})
