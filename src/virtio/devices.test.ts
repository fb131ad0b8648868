import { describe, expect, test } from 'vitest'
import { BUFFERS, MMIO_PA, mmio } from '../../test/support/mmio.js'
import { readConfig } from './config-space.js'
import { CONSOLE_CONFIG, ConsoleDevice, VIRTIO_CONSOLE_F } from './console-device.js'
import { VIRTIO_FEATURE, VIRTIO_ID } from './defs.js'
import type { VirtioDevice } from './device.js'
import { DriverQueue } from './driver-queue.js'
import { EntropyDevice } from './entropy-device.js'
import { driverOk, negotiate } from './negotiate.js'
import { hasFeature } from './transport.js'

/** A driver for `device`, with a queue for each of its. */
function drive(device: VirtioDevice, version: 1 | 2) {
  const all = mmio(device, version)
  const transport = all.connect()
  const features = negotiate(transport, device.features)
  const eventIndex = hasFeature(features, VIRTIO_FEATURE.RING_EVENT_IDX)
  const queues = transport.queues.map((queue) => {
    const driver = new DriverQueue(queue.ring(), { eventIndex })
    const offer = (offset: number, length: number, writable: boolean): number => {
      const head = driver.add(MMIO_PA + BUFFERS + offset, length, writable)
      if (driver.publish()) queue.notify()
      all.settle()
      return head
    }
    return { driver, offer }
  })
  const [first, second = first] = queues
  if (first === undefined || second === undefined) throw new Error('there is a queue')
  driverOk(transport)
  all.settle()
  const at = (offset: number, length: number): Uint8Array =>
    all.bytes.slice(BUFFERS + offset, BUFFERS + offset + length)
  return { ...all, transport, features, first, second, at }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe.each([2, 1] as const)('the console over virtio-mmio version %i', (version) => {
  function setUp() {
    const received: string[] = []
    const device = new ConsoleDevice({ received: (bytes) => received.push(decode(bytes)) })
    return { device, received, drive: () => drive(device, version) }
  }

  test('has its device id, and its size in the configuration', () => {
    const { device, drive } = setUp()
    const { transport, features } = drive()
    expect(transport.deviceId).toBe(VIRTIO_ID.CONSOLE)
    expect(hasFeature(features, VIRTIO_CONSOLE_F.SIZE)).toBe(true)
    const size = (): number[] => {
      const view = readConfig(transport.config, 0, CONSOLE_CONFIG.SIZE)
      return [view.getUint16(0, true), view.getUint16(2, true)]
    }
    expect(size()).toEqual([80, 25])
    device.resize(132, 43)
    expect(transport.takeInterrupt()).toEqual({ used: false, config: true })
    expect(size()).toEqual([132, 43])
  })

  test('gives what the driver writes to the host, in order', () => {
    const { drive, received } = setUp()
    const { bytes, second } = drive()
    bytes.set(encode('hello, host'), BUFFERS)
    second.offer(0, 6, false)
    second.offer(6, 5, false)
    expect(received).toEqual(['hello,', ' host'])
    expect([second.driver.takeUsed(), second.driver.usedLength]).toEqual([0, 0])
  })

  test('is broken by a driver that has more to say at once than any has', () => {
    const { received, drive } = setUp()
    const { second, faults, registers, transport, settle, bytes } = drive()
    // All of them are the same memory.
    const element = { address: MMIO_PA, length: bytes.length, writable: false }
    const chain = Array.from({ length: 52 }, () => element)
    second.driver.addChain(chain)
    if (second.driver.publish()) transport.queues[1]?.notify()
    settle()
    expect(faults).toMatchObject([
      { error: { message: 'console: more than 16777216 bytes in one look' } },
    ])
    expect([received.length, registers.interrupt]).toEqual([0, version === 2])
  })

  test('gives the host what it can take at a time', () => {
    const { received, drive } = setUp()
    const { second } = drive()
    second.offer(0, 0x1_8000, false)
    expect(received.map(({ length }) => length)).toEqual([0x1_0000, 0x8000])
  })

  test('keeps what the host writes until the driver has buffers for it', () => {
    const { device, drive } = setUp()
    device.write(encode('early, '))
    const { first, at, settle, transport } = drive()
    first.offer(0, 4, true)
    expect([device.pending, decode(at(0, 4))]).toEqual([3, 'earl'])
    first.offer(16, 64, true)
    device.write(encode('late'))
    settle()
    expect(device.pending).toBe(4)
    first.offer(80, 64, true)
    expect(device.pending).toBe(0)
    const { driver } = first
    const texts: string[] = []
    for (const offset of [0, 16, 80]) {
      driver.takeUsed()
      texts.push(decode(at(offset, driver.usedLength)))
    }
    expect(texts).toEqual(['earl', 'y, ', 'late'])
    expect(transport.takeInterrupt().used).toBe(true)
  })

  test('fills a buffer with as many writes as there is room for', () => {
    const { device, drive } = setUp()
    const { first, at } = drive()
    for (const text of ['a', 'bc', 'def']) device.write(encode(text))
    first.offer(0, 5, true)
    expect(decode(at(0, 5))).toBe('abcde')
    expect([device.pending, device.discard(), device.pending]).toEqual([1, 1, 0])
  })

  test('wants no kicks for receive buffers while it has nothing to say, and misses none after', () => {
    const { device, drive } = setUp()
    const { first, at } = drive()
    first.offer(0, 8, true)
    first.offer(8, 8, true)
    expect(first.driver.stats().kicksSuppressed).toBeGreaterThan(0)
    device.write(encode('one'))
    expect(decode(at(0, 3))).toBe('one')
    device.write(encode('two'))
    expect(decode(at(8, 3))).toBe('two')
  })

  test('is broken by a driver whose receive buffer lies nowhere, when the host writes', () => {
    const { device, drive } = setUp()
    const { first, faults } = drive()
    first.driver.add(0x1000, 8, true)
    first.driver.publish()
    device.write(encode('x'))
    expect(faults[0]?.error.message).toMatch(/slot 0: vring 0: chain at descriptor 0: pa 0x1000/)
    expect(device.pending).toBe(1)
  })

  test('forgets its rings at a reset, and not what the host has written', () => {
    const { device, drive } = setUp()
    const { transport, registers } = drive()
    device.write(encode('kept'))
    transport.status = 0
    device.write(encode('!'))
    expect(device.pending).toBe(5)
    expect(registers.interrupt).toBe(false)
    const { first, at } = drive()
    first.offer(0, 8, true)
    expect(decode(at(0, 5))).toBe('kept!')
  })
})

describe.each([2, 1] as const)('the entropy source over virtio-mmio version %i', (version) => {
  function setUp() {
    let next = 1
    const source = (room: Uint8Array): void => {
      for (let i = 0; i < room.length; i++) room[i] = next++
    }
    return drive(new EntropyDevice(source), version)
  }

  test('fills the buffers that it is given', () => {
    const { transport, first, at } = setUp()
    expect(transport.deviceId).toBe(VIRTIO_ID.ENTROPY)
    const head = first.offer(0, 4, true)
    first.offer(8, 2, true)
    expect([...at(0, 10)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0, 5, 6])
    expect([first.driver.takeUsed(), first.driver.usedLength]).toEqual([head, 4])
    expect(transport.takeInterrupt().used).toBe(true)
  })

  test('returns a buffer that it may only read with nothing in it', () => {
    const { first, at, faults } = setUp()
    first.offer(0, 4, false)
    expect([first.driver.takeUsed(), first.driver.usedLength]).toEqual([0, 0])
    expect([...at(0, 4)]).toEqual([0, 0, 0, 0])
    expect(faults).toEqual([])
  })
})
