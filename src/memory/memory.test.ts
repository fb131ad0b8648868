import { expect, test } from 'vitest'
import { AddressSpace } from './address-space.js'
import { Region } from './region.js'

const ram = new Region({ name: 'ram', da: 0x1000, pa: 0x8000_1000, size: 0x100 })
const next = new Region({ name: 'next', da: 0x1100, pa: 0x9000_0000, size: 0x100 })
const space = new AddressSpace([ram, next])

test('an address is found in the region that holds it, by device or physical address', () => {
  expect(space.locate('da', 0x1010, 4, 'x')).toEqual({ region: ram, offset: 0x10 })
  expect(space.locate('pa', 0x8000_10fc, 4, 'x')).toEqual({ region: ram, offset: 0xfc })
  expect(space.find('pa', 0x1010, 4)).toBeUndefined()
})

test('addresses translate both ways', () => {
  expect(space.daToPa(0x1080)).toBe(0x8000_1080)
  expect(space.paToDa(0x9000_0004)).toBe(0x1104)
  expect(() => space.daToPa(0xfff)).toThrow(expect.objectContaining({ code: 'ERR_MEMORY' }))
  expect(() => space.paToDa(0x9000_0100)).toThrow(expect.objectContaining({ code: 'ERR_MEMORY' }))
})

test('the end of a region is not taken for the start of its neighbour', () => {
  expect(space.daToPa(0x1100)).toBe(0x9000_0000)
  expect(space.locate('da', 0x1100, 0, 'empty').region).toBe(next)
  expect(space.find('da', 0x1200, 0)).toBeUndefined()
})

test.each([
  ['that begins before a region', 0xfff, 4],
  ['that ends after a region', 0x11fd, 4],
  ['that spans two regions', 0x10fe, 4],
  ['beyond 2^53', Number.POSITIVE_INFINITY, 4],
  ['of no number', Number.NaN, 4],
  ['of negative length', 0x1010, -4],
  ['of endless length', 0x1010, Number.POSITIVE_INFINITY],
  ['whose end is beyond 2^53', 0x1010, Number.MAX_SAFE_INTEGER],
])('a range %s is refused', (_, address, length) => {
  expect(space.find('da', address, length)).toBeUndefined()
  expect(() => space.locate('da', address, length, 'x')).toThrow(
    expect.objectContaining({ code: 'ERR_MEMORY' }),
  )
})

test('the refusal names what was looked for, the address, and the regions that there are', () => {
  expect(() => space.locate('da', 0x2000, 0x10, 'vring 0')).toThrow(
    'vring 0: da 0x2000 + 0x10 bytes lies in no memory region (ram 0x1000..0x10ff, next 0x1100..0x11ff)',
  )
})

test('a range may fill a region whole', () => {
  expect(space.locate('da', 0x1000, 0x100, 'x')).toEqual({ region: ram, offset: 0 })
})

test.each(['da', 'pa'] as const)('regions that overlap in %s are refused', (kind) => {
  const other = { name: 'other', size: 0x10, da: 0x5000, pa: 0x6000, [kind]: ram[kind] + 0xf8 }
  expect(() => new AddressSpace([new Region(other), ram])).toThrow(
    `regions ram and other overlap at ${kind} 0x`,
  )
})

test.each([
  ['of a size that is no multiple of 8', { size: 12 }],
  ['without a size', { size: 0 }],
  ['at an offset that is no multiple of 8', { size: 8, offset: 4 }],
  ['larger than its buffer', { size: 24, buffer: new ArrayBuffer(16) }],
  ['whose end is beyond its buffer', { size: 16, offset: 8, buffer: new ArrayBuffer(16) }],
  ['below address 0', { size: 8, da: -8 }],
  ['beyond 2^53', { size: 8, da: Number.MAX_SAFE_INTEGER }],
])('a region %s is refused', (_, options) => {
  expect(() => new Region({ name: 'bad', da: 0, ...options })).toThrow(
    expect.objectContaining({ code: 'ERR_MEMORY' }),
  )
})

test('fields are little-endian', () => {
  const region = new Region({ name: 'r', da: 0, size: 16 })
  region.setU16(0, 0x1234)
  region.setU32(4, 0xdead_beef)
  region.setU64(8, 0x1_2345_6789)
  expect([...region.bytes]).toEqual([
    ...[0x34, 0x12, 0, 0, 0xef, 0xbe, 0xad, 0xde, 0x89, 0x67, 0x45, 0x23, 1, 0, 0, 0],
  ])
  expect([region.getU16(0), region.getU32(4), region.getU64(8)]).toEqual([
    0x1234, 0xdead_beef, 0x1_2345_6789,
  ])
})

test('a 64-bit field beyond 2^53 reads as Infinity, which lies in no region', () => {
  const region = new Region({ name: 'r', da: 0, size: 8 })
  region.setU64(0, Number.MAX_SAFE_INTEGER)
  expect(region.getU64(0)).toBe(Number.MAX_SAFE_INTEGER)
  region.bytes.set([0, 0, 0, 0, 0, 0, 0x20, 0])
  expect(region.getU64(0)).toBe(Number.POSITIVE_INFINITY)
  region.bytes.fill(0xff)
  expect(region.getU64(0)).toBe(Number.POSITIVE_INFINITY)
})

test('a region lies at its offset in shared memory, and reaches no further', () => {
  const buffer = new SharedArrayBuffer(32)
  const region = new Region({ name: 'r', da: 0, size: 16, buffer, offset: 8 })
  region.storeIndex(14, 0xbeef)
  expect([...new Uint8Array(buffer)].slice(20, 26)).toEqual([0, 0, 0xef, 0xbe, 0, 0])
  expect(region.loadIndex(14)).toBe(0xbeef)
  expect(() => region.getU32(14)).toThrow(RangeError)
})

test('an index wraps to 16 bits', () => {
  const region = new Region({ name: 'r', da: 0, size: 8 })
  region.storeIndex(2, 0x1_0005)
  expect(region.loadIndex(2)).toBe(5)
  expect(region.getU16(2)).toBe(5)
})
