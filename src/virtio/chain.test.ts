import { expect, test } from 'vitest'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { serveChains, takeChain } from './chain.js'
import { DeviceQueue } from './device-queue.js'
import { type ChainElement, DriverQueue } from './driver-queue.js'
import { Vring } from './vring.js'

const PA = 0x8000_0000

/** Both ends of a ring of 8 in memory of 4096 bytes, of which the driver describes what it likes. */
function setUp() {
  const region = new Region({ name: 'ram', da: 0x10, pa: PA, size: 0x1000 })
  const space = new AddressSpace([region])
  const ring = () => Vring.legacy(space, 'pa', PA, 8, 64)
  const driver = new DriverQueue(ring())
  const device = new DeviceQueue(ring())
  const offer = (...elements: ChainElement[]): number => {
    const head = driver.addChain(elements)
    driver.publish()
    return head
  }
  const at = (offset: number, length: number, writable = false): ChainElement => ({
    address: PA + offset,
    length,
    writable,
  })
  return { region, space, driver, device, offer, at, bytes: region.bytes }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('bytes are read across the elements of a chain, whatever their bounds', () => {
  const { space, device, offer, at, bytes } = setUp()
  bytes.set(new TextEncoder().encode('hello, device'), 0x800)
  offer(at(0x800, 3), at(0x803, 0), at(0x803, 9), at(0x80c, 1), at(0x900, 4, true))
  const reader = takeChain(device, space)?.reader
  if (reader === undefined) throw new Error('there is a chain')
  expect(reader.remaining).toBe(13)
  const five = new Uint8Array(5)
  expect([reader.read(five), text(five), reader.remaining]).toEqual([5, 'hello', 8])
  expect(reader.readExactly(2).getUint16(0, false)).toBe(0x2c20) // ", "
  expect(text(reader.readAll(3))).toBe('dev')
  expect(text(reader.readAll())).toBe('ice')
  expect([reader.read(five), reader.remaining]).toEqual([0, 0])
})

test('bytes are written across the elements of a chain, and no further', () => {
  const { space, device, driver, offer, at, bytes } = setUp()
  bytes.fill(0xee, 0x800, 0x810)
  const head = offer(at(0xf00, 1), at(0x801, 2, true), at(0x804, 3, true))
  const chain = takeChain(device, space)
  if (chain === undefined) throw new Error('there is a chain')
  const { writer } = chain
  expect([writer.write(Uint8Array.of(1)), writer.remaining, writer.written]).toEqual([1, 4, 1])
  expect(writer.write(Uint8Array.of(2, 3, 4, 5, 6))).toBe(4)
  expect([writer.write(Uint8Array.of(7)), writer.written]).toEqual([0, 5])
  expect([...bytes.subarray(0x800, 0x808)]).toEqual([0xee, 1, 2, 0xee, 3, 4, 5, 0xee])
  device.put(chain.head, writer.written)
  device.publish()
  expect([driver.takeUsed(), driver.usedLength]).toEqual([head, 5])
})

test('a header that is not there whole is the fault of the driver', () => {
  const { space, device, offer, at } = setUp()
  offer(at(0x800, 3))
  const reader = takeChain(device, space)?.reader
  expect(() => reader?.readExactly(4)).toThrow(
    expect.objectContaining({ code: 'ERR_PEER', message: expect.stringMatching(/3 bytes left/) }),
  )
})

test('a chain with one element outside of memory is refused before any of it is used', () => {
  const { space, device, offer, at } = setUp()
  offer(at(0x800, 3), at(0xfff, 2))
  expect(() => takeChain(device, space)).toThrow(
    expect.objectContaining({
      code: 'ERR_MEMORY',
      message: expect.stringMatching(/vring: chain at descriptor 0: pa 0x80000fff \+ 0x2/),
    }),
  )
})

test('every chain is served and put back, those that come meanwhile as well', () => {
  const { space, device, driver, offer, at, bytes } = setUp()
  const heads = [offer(at(0x800, 1)), offer(at(0x801, 1))]
  bytes.set([10, 11, 12], 0x800)
  const seen: number[] = []
  serveChains(device, space, ({ reader }) => {
    seen.push(reader.readAll()[0] ?? 0)
    if (seen.length === 2) heads.push(offer(at(0x802, 1)))
    return true
  })
  expect(seen).toEqual([10, 11, 12])
  expect(device.publish()).toBe(true)
  expect([driver.takeUsed(), driver.takeUsed(), driver.takeUsed()]).toEqual(heads)
})

test('who has seen enough leaves the rest in the ring, and wants no kicks', () => {
  const { space, device, offer, at } = setUp()
  offer(at(0x800, 1))
  offer(at(0x800, 1))
  serveChains(device, space, () => false)
  expect([device.available, device.ring.usedFlags]).toEqual([1, 1])
})

test('a ring that never ends is given up', () => {
  const { space, device, offer, at } = setUp()
  offer(at(0x800, 1))
  let served = 0
  expect(() =>
    serveChains(device, space, ({ head }) => {
      // The driver offers the same buffer again before it came back.
      device.ring.setAvailEntry(device.ring.availIdx, head)
      device.ring.availIdx = device.ring.availIdx + 1
      served++
      return true
    }),
  ).toThrow(expect.objectContaining({ code: 'ERR_PEER' }))
  expect(served).toBe(16384)
})
