import { expect, test } from 'vitest'
import { driverOk, needsReset, negotiate } from './negotiate.js'
import type { VirtioTransport } from './transport.js'

const VERSION_1 = 2 ** 32
const FEATURES_OK = 8

/** A device that is nothing but its fields, and writes down what the driver does to its status. */
function device(
  deviceFeatures: number,
  options: { modern?: boolean; refuses?: boolean; resets?: boolean } = {},
) {
  const { modern = true, refuses = false, resets = true } = options
  const statuses: number[] = []
  let current = resets ? 0 : 0x40
  const transport: VirtioTransport = {
    deviceId: 7,
    deviceFeatures,
    driverFeatures: 0,
    modern,
    queues: [],
    get status() {
      return current
    },
    set status(status) {
      statuses.push(status)
      current = refuses ? status & ~FEATURES_OK : status
      if (!resets) current |= 0x40
    },
  }
  return { transport, statuses }
}

test('a modern device is brought up in the order of the specification', () => {
  const { transport, statuses } = device(VERSION_1 + 0b1011)
  expect(negotiate(transport, 0b0110)).toBe(VERSION_1 + 0b0010)
  driverOk(transport)
  expect(transport.driverFeatures).toBe(VERSION_1 + 0b0010)
  expect(statuses).toEqual([0, 1, 3, 3 | 8, 3 | 8 | 4])
})

test('a legacy device has neither FEATURES_OK nor VERSION_1', () => {
  const { transport, statuses } = device(0b1011, { modern: false })
  expect(negotiate(transport, 0b0110)).toBe(0b0010)
  driverOk(transport)
  expect(statuses).toEqual([0, 1, 3, 3 | 4])
})

test.each([
  ['is not of virtio 1', device(0b11), 'features 0x3 are without VERSION_1'],
  [
    'refuses the features',
    device(VERSION_1 + 1, { refuses: true }),
    'of its features 0x100000001 it refuses 0x100000001 (virtio 1.2, 3.1.1, step 6)',
  ],
])('a modern device that %s is given up with FAILED', (_, { transport, statuses }, message) => {
  expect(() => negotiate(transport, 0b1)).toThrow(
    expect.objectContaining({ code: 'ERR_PEER', message: expect.stringContaining(message) }),
  )
  expect(statuses.at(-1)).toBe(128 | 3)
})

test('a modern device that does not reset is given up', () => {
  const { transport } = device(VERSION_1, { resets: false })
  expect(() => negotiate(transport, 0)).toThrow(
    'virtio device of id 7: status 0x40 after a reset (virtio 1.2, 2.4.1)',
  )
})

test('a device that needs a reset says so in its status, if it is modern', () => {
  const { transport } = device(VERSION_1)
  expect(needsReset(transport)).toBe(false)
  transport.status = 64 | 15
  expect(needsReset(transport)).toBe(true)
  const legacy = device(0, { modern: false }).transport
  legacy.status = 64 | 7
  expect(needsReset(legacy)).toBe(false)
})
