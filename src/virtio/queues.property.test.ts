import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guardedRing } from '../../test/support/ring.js'
import { DeviceQueue } from './device-queue.js'
import { type ChainElement, DriverQueue } from './driver-queue.js'

const operations = [
  ...(['add', 'add', 'publish', 'driverSleeps', 'disableInterrupts', 'takeUsed'] as const),
  ...(['take', 'take', 'put', 'put', 'return', 'deviceSleeps', 'disableNotifications'] as const),
]
type Operation = (typeof operations)[number]

interface Sent {
  /** Where its first element lies: a number that no other chain in flight has. */
  readonly address: number
  readonly serial: number
  readonly writable: boolean
}

/**
 * A driver and a device on one ring. Whoever goes to sleep does so as real code does: it asks for a
 * notification and looks once more; from then on it counts on being woken.
 */
class Pair {
  readonly memory
  readonly driver: DriverQueue
  readonly device: DeviceQueue
  readonly #fifo: boolean
  readonly #sent = new Map<number, Sent>()
  readonly #taken: { head: number; serial: number; writable: boolean }[] = []
  readonly #answers = new Map<number, number>()
  readonly #contents = new Map<number, number>()
  #serial = 0
  #driverAsleep = false
  #deviceAsleep = false
  returned = 0

  constructor(num: number, eventIndex: boolean, fifo: boolean) {
    this.memory = guardedRing(num)
    this.driver = new DriverQueue(this.memory.ring, { eventIndex })
    this.device = new DeviceQueue(this.memory.ring, { eventIndex })
    this.#fifo = fifo
  }

  do(operation: Operation, pick: number): void {
    this[operation](pick)
    // No lost wake-up: whoever sleeps has nothing to do.
    if (this.#deviceAsleep && this.device.available > 0) throw new Error('the device overslept')
    if (this.#driverAsleep && this.driver.hasUsed) throw new Error('the driver overslept')
  }

  add(pick: number): void {
    const count = 1 + (pick % 3)
    if (this.driver.free < count) return
    const serial = this.#serial++
    const writable = pick % 2 === 0
    const elements = Array.from(
      { length: count },
      (_, i): ChainElement => ({ address: serial * 16 + i, length: 8, writable }),
    )
    const first = elements[0]?.address ?? 0
    const head = count === 1 ? this.driver.add(first, 8, writable) : this.driver.addChain(elements)
    if (this.#sent.has(head)) throw new Error(`descriptor ${head} was given out twice`)
    this.#sent.set(head, { address: first, serial, writable })
    this.#contents.set(first, serial)
  }

  publish(): void {
    if (this.driver.publish()) this.#deviceAsleep = false
  }

  take(): void {
    this.#deviceAsleep = false
    const head = this.device.take()
    if (head < 0) return
    const serial = this.#contents.get(this.device.address) ?? -1
    if (serial !== this.#sent.get(head)?.serial) throw new Error(`descriptor ${head} is not it`)
    const rest = this.device.rest.map((element) => element.address - this.device.address)
    if (rest.some((distance, i) => distance !== i + 1)) throw new Error('the chain is not whole')
    this.#taken.push({ head, serial, writable: this.device.writable })
  }

  put(pick: number): void {
    const [chain] = this.#taken.splice(this.#fifo ? 0 : pick % (this.#taken.length || 1), 1)
    if (chain === undefined) return
    const length = pick % 9
    this.device.put(chain.head, length)
    this.#answers.set(chain.serial, length)
  }

  return(): void {
    if (this.device.publish()) this.#driverAsleep = false
  }

  takeUsed(): void {
    this.#driverAsleep = false
    const head = this.driver.takeUsed()
    if (head < 0) return
    const sent = this.#sent.get(head)
    if (sent === undefined) throw new Error(`descriptor ${head} came back unsent`)
    if (this.driver.usedLength !== this.#answers.get(sent.serial)) throw new Error('wrong length')
    this.#answers.delete(sent.serial)
    this.#sent.delete(head)
    this.#contents.delete(sent.address)
    this.returned++
  }

  driverSleeps(): void {
    this.publish()
    this.#driverAsleep = !this.driver.enableInterrupts()
  }

  deviceSleeps(): void {
    this.return()
    this.#deviceAsleep = !this.device.enableNotifications()
  }

  disableInterrupts(): void {
    this.#driverAsleep = false
    this.driver.disableInterrupts()
  }

  disableNotifications(): void {
    this.#deviceAsleep = false
    this.device.disableNotifications()
  }

  /** Moves the indices on, with both ends awake, so that the wrap-around is near. */
  traffic(messages: number): void {
    for (let i = 0; i < messages; i++) {
      this.driver.add(0, 8, true)
      this.driver.publish()
      this.device.put(this.device.take(), 0)
      this.device.publish()
      this.driver.takeUsed()
    }
  }

  finish(): void {
    this.driver.publish()
    while (this.device.available > 0) this.take()
    while (this.#taken.length > 0) this.put(0)
    this.device.publish()
    while (this.driver.hasUsed) this.takeUsed()
    expect(this.returned).toBe(this.#serial)
    expect([this.driver.inFlight, this.driver.free]).toEqual([0, this.memory.ring.num])
    expect(this.memory.guarded()).toBe(true)
  }
}

const script = fc.array(fc.tuple(fc.constantFrom(...operations), fc.nat({ max: 1000 })), {
  maxLength: 400,
  size: 'max',
})

test.each([
  ['flags, returned in order', false, true],
  ['flags, returned in any order', false, false],
  ['event indices, returned in order', true, true],
  ['event indices, returned in any order', true, false],
])('every chain comes back exactly once, and nobody sleeps over it: %s', (_, eventIndex, fifo) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 8 }).map((n) => 2 ** n),
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 65536 - 100, max: 65536 }) },
      ),
      script,
      (num, traffic, steps) => {
        const pair = new Pair(num, eventIndex, fifo)
        pair.traffic(traffic)
        for (const [operation, pick] of steps) pair.do(operation, pick)
        pair.finish()
      },
    ),
    { numRuns: 60 },
  )
})

test.each([
  ['flags', false],
  ['event indices', true],
])('two ends that sleep whenever they can pass 200000 chains: %s', (_, eventIndex) => {
  const { ring } = guardedRing(4)
  const driver = new DriverQueue(ring, { eventIndex })
  const device = new DeviceQueue(ring, { eventIndex })
  let interrupt = true
  let kick = true
  let returned = 0
  while (returned < 200_000) {
    if (!interrupt && !kick) throw new Error(`both ends sleep after ${returned} chains`)
    if (interrupt) {
      interrupt = false
      do {
        driver.disableInterrupts()
        for (; driver.takeUsed() >= 0; returned++);
        while (driver.free > 0) driver.add(returned, 8, true)
        kick = driver.publish() || kick
      } while (driver.enableInterrupts())
    }
    if (kick) {
      kick = false
      do {
        device.disableNotifications()
        for (let head = device.take(); head >= 0; head = device.take()) device.put(head, 8)
        interrupt = device.publish() || interrupt
      } while (device.enableNotifications())
    }
  }
  expect(driver.inFlight).toBe(4)
})
