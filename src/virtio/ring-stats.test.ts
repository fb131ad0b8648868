import { expect, test } from 'vitest'
import { guardedRing } from '../../test/support/ring.js'
import { type Clock, VirtualClock } from '../base/clock.js'
import { DeviceQueue } from './device-queue.js'
import { DriverQueue } from './driver-queue.js'

const MS = 1e6

function pair() {
  const { ring } = guardedRing(4)
  const clock = new VirtualClock()
  const driver = new DriverQueue(ring, { clock })
  const device = new DeviceQueue(ring, { clock })
  return { clock, driver, device }
}

test('what is told, and what the other end does not want to be told, is counted', () => {
  const { driver, device } = pair()
  driver.add(0x1000, 8, true)
  driver.publish()
  device.disableNotifications()
  driver.add(0x1000, 8, true)
  driver.publish()
  driver.add(0x1000, 8, true)
  driver.publish()
  driver.publish()
  expect(driver.stats()).toMatchObject({ kicksSent: 1, kicksSuppressed: 2, inFlight: 3 })

  device.put(device.take(), 0)
  driver.disableInterrupts()
  device.publish()
  device.put(device.take(), 0)
  driver.enableInterrupts()
  device.publish()
  expect(device.stats()).toMatchObject({ kicksSent: 1, kicksSuppressed: 1, inFlight: 0 })
})

test("the driver's buffers are in flight, and age, from when they are added until they return", () => {
  const { clock, driver, device } = pair()
  const giveBack = (): void => {
    device.put(device.take(), 0)
    device.publish()
  }
  expect(driver.stats().oldestAge).toBeUndefined()
  driver.add(0x1000, 8, true)
  driver.publish()
  clock.advanceTo(5 * MS)
  driver.add(0x1000, 8, true)
  driver.publish()
  clock.advanceTo(7 * MS)
  expect(driver.stats()).toMatchObject({ inFlight: 2, oldestAge: 7 * MS })
  giveBack()
  expect(driver.stats()).toMatchObject({ inFlight: 1, oldestAge: 2 * MS })
  giveBack()
  expect(driver.stats()).toMatchObject({ inFlight: 0, oldestAge: undefined })
  driver.add(0x1000, 8, true)
  driver.publish()
  clock.advanceTo(8 * MS)
  expect(driver.stats()).toMatchObject({ inFlight: 1, oldestAge: 1 * MS })
})

test('the wall clock is not read before somebody asks, and ages count from then on', () => {
  const { ring } = guardedRing(4)
  let time = 0
  let readings = 0
  const clock: Clock = {
    now: () => {
      readings++
      return time
    },
    after: () => () => {},
  }
  const driver = new DriverQueue(ring, { clock })
  driver.add(0x1000, 8, true)
  driver.publish()
  time = 10
  expect([readings, driver.stats().oldestAge]).toEqual([0, undefined])
  time = 15
  expect(driver.stats().oldestAge).toBe(5)
  driver.add(0x1000, 8, true)
  time = 20
  expect(driver.stats()).toMatchObject({ inFlight: 2, oldestAge: 10 })
})

test('a device that lies about what it returned spoils no statistics', () => {
  const { driver } = pair()
  driver.add(0x1000, 8, true)
  driver.publish()
  driver.ring.setUsedElem(0, 0xffff_ffff, 0)
  driver.ring.usedIdx = 0x8000
  expect(driver.stats()).toMatchObject({ inFlight: 0 })
})

test("the device's are those that it has taken and not put back", () => {
  const { clock, driver, device } = pair()
  for (let i = 0; i < 3; i++) driver.add(0x1000, 8, true)
  driver.publish()
  const first = device.take()
  expect(device.take()).toBeGreaterThanOrEqual(0)
  device.put(first, 0)
  device.publish()
  clock.advanceTo(3 * MS)
  device.take()
  clock.advanceTo(4 * MS)
  expect(device.stats()).toMatchObject({ inFlight: 2, oldestAge: 4 * MS })
})

test('notifications are as many as the transport has counted, which may be unknown', () => {
  const { driver } = pair()
  expect(driver.stats(3).notificationsReceived).toBe(3)
  expect(driver.stats().notificationsReceived).toBeUndefined()
})

test('after a reset of the device the driver takes every buffer back', () => {
  const { driver } = pair()
  const heads = [
    driver.add(0x1000, 8, true),
    driver.addChain([
      { address: 0x1000, length: 8, writable: false },
      { address: 0x1000, length: 8, writable: true },
    ]),
  ]
  driver.publish()
  expect([driver.detachUnused(), driver.detachUnused()].sort()).toEqual(heads)
  expect(driver.detachUnused()).toBe(-1)
  expect([driver.free, driver.inFlight]).toEqual([4, 0])
})
