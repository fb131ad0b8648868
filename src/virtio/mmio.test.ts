import { beforeEach, describe, expect, test } from 'vitest'
import { BUFFERS, MMIO_PA, mmio } from '../../test/support/mmio.js'
import { serveChains } from './chain.js'
import { ConfigSpace, readConfig } from './config-space.js'
import type { DeviceLink, VirtioDevice } from './device.js'
import type { DeviceQueue } from './device-queue.js'
import { DriverQueue } from './driver-queue.js'
import { MMIO, MMIO_LEGACY, MMIO_MODERN } from './mmio-defs.js'
import { MmioTransport } from './mmio-driver.js'
import { driverOk, needsReset, negotiate } from './negotiate.js'

const VERSION_1 = 2 ** 32
const INDIRECT = 2 ** 28
const EVENT_IDX = 2 ** 29

/** Answers each chain with its bytes in capitals, and writes down what happens to it. */
class Capitals implements VirtioDevice {
  readonly deviceId = 42
  readonly features = 0b101 + INDIRECT + EVENT_IDX
  readonly queueSizes = [8, 4]
  readonly config = new ConfigSpace(8)
  readonly log: string[] = []
  link: DeviceLink | undefined
  queue: DeviceQueue | undefined

  activate(link: DeviceLink): void {
    this.log.push('activate')
    this.link = link
    this.queue = link.openQueue(0)
  }

  notified(index: number): void {
    this.log.push(`notified ${index}`)
    const { queue, link } = this
    if (queue === undefined || link === undefined) return
    serveChains(queue, link.space, ({ reader, writer }) => {
      const text = new TextDecoder().decode(reader.readAll())
      writer.write(new TextEncoder().encode(text.toUpperCase()))
      return true
    })
    if (queue.publish()) link.transport.queues[0]?.notify()
  }

  detach(): void {
    this.log.push('detach')
    this.link = this.queue = undefined
  }

  closed(reason: Error): void {
    this.log.push(`closed: ${reason.message}`)
  }
}

describe.each([2, 1] as const)('virtio-mmio version %i', (version) => {
  let device: Capitals
  let all: ReturnType<typeof mmio>

  beforeEach(() => {
    device = new Capitals()
    all = mmio(device, version)
  })

  /** The driver, up to DRIVER_OK. */
  function bringUp(wanted = 0b1) {
    const transport = all.connect()
    const features = negotiate(transport, wanted)
    const [first] = transport.queues
    if (first === undefined) throw new Error('there is a queue')
    const queue = new DriverQueue(first.ring(), { eventIndex: (features & EVENT_IDX) !== 0 })
    driverOk(transport)
    all.settle()
    /** Sends `text`, and gives room for the answer. */
    const ask = (text: string): number => {
      all.bytes.set(new TextEncoder().encode(text), BUFFERS)
      const length = text.length
      const head = queue.addChain([
        { address: MMIO_PA + BUFFERS, length, writable: false },
        { address: MMIO_PA + BUFFERS + 0x100, length, writable: true },
      ])
      if (queue.publish()) first.notify()
      all.settle()
      return head
    }
    const answer = (length: number): string =>
      new TextDecoder().decode(all.bytes.subarray(BUFFERS + 0x100, BUFFERS + 0x100 + length))
    return { transport, features, queue, ask, answer }
  }

  test('the driver finds the device: its id, its queues, its features', () => {
    const transport = all.connect()
    expect(transport).toMatchObject({ version, deviceId: 42, modern: version === 2 })
    expect(transport.queues.map((queue) => queue.ring().num)).toEqual([8, 4])
    const ring = INDIRECT + EVENT_IDX
    expect(transport.deviceFeatures).toBe(0b101 + ring + (version === 2 ? VERSION_1 : 0))
  })

  test.each([0, EVENT_IDX, INDIRECT])(
    'a question is answered, with features %i',
    (ringFeatures) => {
      const { transport, features, queue, ask, answer } = bringUp(0b1 + ringFeatures)
      expect(features).toBe(0b1 + ringFeatures + (version === 2 ? VERSION_1 : 0))
      for (const text of ['hello', 'device']) {
        const head = ask(text)
        expect(all.registers.interrupt).toBe(true)
        expect(transport.takeInterrupt()).toEqual({ used: true, config: false })
        expect(all.registers.interrupt).toBe(false)
        expect([queue.takeUsed(), queue.usedLength]).toEqual([head, text.length])
        expect(answer(text.length)).toBe(text.toUpperCase())
        queue.enableInterrupts()
      }
      expect(device.log).toEqual(['activate', 'notified 0', 'notified 0'])
      expect(all.faults).toEqual([])
    },
  )

  test('both ends count what went over the ring', () => {
    const { queue, ask } = bringUp()
    ask('one')
    queue.takeUsed()
    const received = device.link?.transport.queues[0]?.notificationsReceived
    expect(received).toBe(1)
    expect(queue.stats()).toMatchObject({ kicksSent: 1, inFlight: 0 })
    expect(device.queue?.stats(received)).toMatchObject({ kicksSent: 1, notificationsReceived: 1 })
  })

  test('nothing of the device runs within a register access of the driver', () => {
    const transport = all.connect()
    negotiate(transport, 0)
    transport.queues[0]?.ring()
    driverOk(transport)
    transport.queues[0]?.notify()
    expect(device.log).toEqual([])
    all.settle()
    expect(device.log).toEqual(['activate', 'notified 0'])
  })

  test('a reset by the driver takes the rings from the device at once, and all buffers come back', () => {
    const { transport, queue, ask } = bringUp()
    device.notified = () => {} // a device that answers nothing
    ask('lost')
    const link = device.link
    transport.status = 0
    expect(device.log.at(-1)).toBe('detach')
    expect(transport.status).toBe(0)
    all.settle()
    expect(device.log.at(-1)).toBe('closed: slot 0: the driver has reset the device')
    expect(queue.inFlight).toBe(1)
    expect(queue.detachUnused()).toBeGreaterThanOrEqual(0)
    expect([queue.inFlight, queue.free]).toEqual([0, 8])
    // The old link has no interrupt any more.
    link?.transport.queues[0]?.notify()
    expect(all.registers.interrupt).toBe(false)
  })

  test('after a reset the device comes up again, with rings of its own', () => {
    bringUp().ask('before')
    const { queue, ask, answer } = bringUp()
    const head = ask('after')
    expect(queue.takeUsed()).toBe(head)
    expect(answer(5)).toBe('AFTER')
    expect(device.log.filter((line) => line === 'activate')).toHaveLength(2)
  })

  test('a reset of the board ends everything', () => {
    const { transport } = bringUp()
    all.registers.reset()
    all.settle()
    expect(device.log.slice(-2)).toEqual(['detach', 'closed: slot 0: the board was reset'])
    expect([transport.status, all.registers.interrupt]).toEqual([0, false])
  })

  test('a changed configuration is told of, and read as it is at one time', () => {
    const { transport } = bringUp()
    const { generation } = transport.config
    device.config.update((view) => view.setUint32(4, 0xcafe, true))
    expect(transport.takeInterrupt()).toEqual({ used: false, config: true })
    expect(readConfig(transport.config, 0, 8).getUint32(4, true)).toBe(0xcafe)
    if (version === 2) expect(transport.config.generation).not.toBe(generation)
    else expect(transport.config.generation).toBeUndefined()
  })

  test('a configuration that changes before the driver is there interrupts nobody', () => {
    all.connect()
    device.config.update(() => {})
    expect(all.registers.interrupt).toBe(false)
  })

  test('registers answer accesses of 32 bits alone, the configuration all', () => {
    expect(all.registers.load(MMIO.MAGIC_VALUE, 1)).toBe(-1)
    expect(all.registers.store(MMIO.STATUS, 2, 0)).toBe(false)
    device.config.update((view) => view.setUint16(0, 0x1234, true))
    expect(all.registers.load(MMIO.CONFIG, 1)).toBe(0x34)
    expect(all.registers.load(MMIO.CONFIG, 2)).toBe(0x1234)
    expect(all.registers.store(MMIO.CONFIG, 1, 0xff)).toBe(true)
    expect(all.registers.load(MMIO.CONFIG, 1)).toBe(0x34)
  })

  test('a queue that there is not has size 0, and takes no setting', () => {
    all.registers.store(MMIO.QUEUE_SEL, 4, 2)
    expect(all.registers.load(MMIO.QUEUE_NUM_MAX, 4)).toBe(0)
    expect(all.registers.store(MMIO.QUEUE_NUM, 4, 8)).toBe(true)
    expect(all.registers.store(MMIO.QUEUE_NOTIFY, 4, 0xffff_ffff)).toBe(true)
    all.settle()
    expect(device.log).toEqual([])
  })

  test('a queue that the driver takes away is left alone until the reset', () => {
    const { ask } = bringUp()
    const register = version === 2 ? MMIO_MODERN.QUEUE_READY : MMIO_LEGACY.QUEUE_PFN
    all.registers.store(MMIO.QUEUE_SEL, 4, 0)
    all.registers.store(register, 4, 0)
    ask('unheard')
    expect(device.log).toEqual([
      'activate',
      'detach',
      'closed: slot 0: the driver has taken vring 0 away',
    ])
  })

  type Lie = (transport: ReturnType<typeof bringUp>['transport']) => void
  const select = (register: number, value: number): void => {
    all.registers.store(MMIO.QUEUE_SEL, 4, 0)
    all.registers.store(register, 4, value)
  }

  /** Where the driver puts ring 0, which is to lie at `address`. */
  const place = (address: number): void => {
    if (version === 2) select(MMIO_MODERN.QUEUE_DEVICE_LOW, address)
    else select(MMIO_LEGACY.QUEUE_PFN, address / 4096)
  }

  const before: readonly [string, Lie, RegExp][] = [
    [
      'puts a ring nowhere',
      () => place(0x1000),
      /vring 0.*: pa 0x1000 .* lies in no memory region/,
    ],
    ['gives a ring more descriptors than it may have', () => select(MMIO.QUEUE_NUM, 16), /size 16/],
    ['gives a ring no descriptors', () => select(MMIO.QUEUE_NUM, 0), /ring size 0 is not a power/],
    ['gives a ring 3 descriptors', () => select(MMIO.QUEUE_NUM, 3), /ring size 3 is not a power/],
    [
      'does not set a ring up',
      () => select(version === 2 ? MMIO_MODERN.QUEUE_READY : MMIO_LEGACY.QUEUE_PFN, 0),
      /vring 0 is not set up by the driver/,
    ],
  ]

  test.each(before)('a driver that %s is caught', (_, lie, message) => {
    const transport = all.connect()
    negotiate(transport, 0)
    transport.queues[0]?.ring()
    lie(transport)
    driverOk(transport)
    all.settle()
    expectFault(transport, message)
  })

  const during: readonly [string, Lie, RegExp][] = [
    [
      'makes more available than the ring holds',
      (transport) => {
        const ring = transport.queues[0]?.ring()
        if (ring !== undefined) ring.availIdx = 100
      },
      /slot 0: vring 0: avail.idx went from 0 to 100/,
    ],
    [
      'points out of memory',
      (transport) => {
        const ring = transport.queues[0]?.ring()
        ring?.descriptors.write(0, 0x1000, 8, 0, 0)
        if (ring !== undefined) ring.availIdx = 1
      },
      /chain at descriptor 0: pa 0x1000/,
    ],
  ]

  test.each(during)('a driver that %s is caught', (_, lie, message) => {
    const { transport } = bringUp()
    lie(transport)
    transport.queues[0]?.notify()
    all.settle()
    expectFault(transport, message)
    // It has been told; what it does without a reset concerns nobody.
    transport.queues[0]?.notify()
    all.settle()
    expect(all.faults).toHaveLength(1)
  })

  function expectFault(transport: ReturnType<typeof bringUp>['transport'], message: RegExp): void {
    expect(all.faults).toHaveLength(1)
    expect(all.faults[0]?.driverIsTold).toBe(version === 2)
    expect(all.faults[0]?.error.message).toMatch(message)
    expect(needsReset(transport)).toBe(version === 2)
    expect(transport.takeInterrupt()).toEqual({ used: false, config: version === 2 })
    // A reset leads on.
    const { queue, ask } = bringUp()
    ask('well')
    expect(queue.hasUsed).toBe(true)
    expect(needsReset(transport)).toBe(false)
  }

  test('what the device says is wrong, outside of a notification, breaks it all the same', () => {
    const { transport } = bringUp()
    const ring = transport.queues[0]?.ring()
    if (ring !== undefined) ring.availIdx = 100
    device.link?.attempt(() => {
      device.queue?.take()
    })
    expectFault(transport, /avail.idx went from 0 to 100/)
  })

  test('an error of the device itself is no fault of the driver', () => {
    const { transport } = bringUp()
    device.notified = () => {
      throw new TypeError('a mistake')
    }
    transport.queues[0]?.notify()
    expect(() => all.settle()).toThrow('a mistake')
    expect(all.faults).toEqual([])
  })
})

describe('virtio-mmio version 2', () => {
  const VERSION = 2

  test.each([
    ['a feature that was not offered', 0b111 + VERSION_1],
    ['a feature of the high word that was not offered', VERSION_1 + 2 ** 33],
    ['no VERSION_1', 0b1],
  ])('%s costs the driver FEATURES_OK', (_, features) => {
    const { connect } = mmio(new Capitals(), VERSION)
    const transport = connect()
    transport.status = 1
    transport.status = 3
    transport.driverFeatures = features
    transport.status = 3 | 8
    expect(transport.status).toBe(3)
    transport.driverFeatures = VERSION_1
    transport.status = 3 | 8
    expect(transport.status).toBe(3 | 8)
  })

  test('features do not change once they are agreed', () => {
    const device = new Capitals()
    const { connect, settle } = mmio(device, VERSION)
    const transport = connect()
    negotiate(transport, 0b1)
    transport.driverFeatures = VERSION_1 + 0b101
    transport.queues[0]?.ring()
    driverOk(transport)
    settle()
    expect(device.link?.transport.driverFeatures).toBe(VERSION_1 + 0b1)
  })

  test('DRIVER_OK without agreed features is caught', () => {
    const { connect, settle, faults } = mmio(new Capitals(), VERSION)
    const transport = connect()
    transport.queues[0]?.ring()
    transport.status = 1 | 2 | 4
    settle()
    expect(faults[0]?.error.message).toMatch('slot 0: DRIVER_OK without FEATURES_OK')
    expect(needsReset(transport)).toBe(true)
  })

  test('only a reset clears bits of the status, and NEEDS_RESET is not the driver’s to set', () => {
    const transport = mmio(new Capitals(), VERSION).connect()
    transport.status = 1 | 2
    transport.status = 1
    expect(transport.status).toBe(1 | 2)
    transport.status = 64 | 128
    expect(transport.status).toBe(1 | 2 | 128)
    transport.status = 0
    expect(transport.status).toBe(0)
  })

  test('there is no shared memory region', () => {
    const { registers } = mmio(new Capitals(), VERSION)
    expect(registers.load(MMIO_MODERN.SHM_LEN_LOW, 4)).toBe(0xffff_ffff)
  })
})

describe('virtio-mmio version 1', () => {
  test('a feature that was not offered breaks the device at DRIVER_OK', () => {
    const { connect, settle, faults } = mmio(new Capitals(), 1)
    const transport = connect()
    transport.driverFeatures = 0b10
    transport.queues[0]?.ring()
    transport.status = 1 | 2 | 4
    settle()
    expect(faults).toMatchObject([{ driverIsTold: false }])
    expect(faults[0]?.error.message).toMatch('the driver accepts features 0x2 of 0x30000005')
  })

  test('the page number of a ring is read back, and counts in the page size of the driver', () => {
    const device = new Capitals()
    const { connect, registers, settle } = mmio(device, 1)
    const transport = connect()
    negotiate(transport, 0)
    registers.store(MMIO_LEGACY.GUEST_PAGE_SIZE, 4, 1024)
    registers.store(MMIO.QUEUE_SEL, 4, 0)
    registers.store(MMIO.QUEUE_NUM, 4, 8)
    registers.store(MMIO_LEGACY.QUEUE_ALIGN, 4, 64)
    registers.store(MMIO_LEGACY.QUEUE_PFN, 4, (MMIO_PA + 0x400) / 1024)
    expect(registers.load(MMIO_LEGACY.QUEUE_PFN, 4)).toBe((MMIO_PA + 0x400) / 1024)
    driverOk(transport)
    settle()
    expect(device.queue?.ring.num).toBe(8)
  })
})

describe('the driver of virtio-mmio', () => {
  const space = mmio(new Capitals(), 2).space
  const [region] = space.regions
  if (region === undefined) throw new Error('there is memory')
  const memory = { region, offset: 0, size: BUFFERS }

  test.each([
    ['no magic value', new Map([[0, 1]])],
    ['an unknown version', new Map([[4, 3]])],
    ['no device in the slot', new Map([[8, 0]])],
    ['a register that does not answer', new Map([[8, -1]])],
  ])('refuses %s', (_, answers) => {
    const good = new Map([
      [0, 0x7472_6976],
      [4, 2],
      [8, 7],
    ])
    const registers = {
      load: (offset: number) => answers.get(offset) ?? good.get(offset) ?? 0,
      store: () => true,
    }
    expect(() => new MmioTransport({ registers, space, memory })).toThrow(
      expect.objectContaining({ code: 'ERR_PEER', message: expect.stringMatching(/^virtio-mmio/) }),
    )
  })

  test('a ring that finds no room is refused', () => {
    const { registers } = mmio(new Capitals(), 2)
    const small = new MmioTransport({ registers, space, memory: { ...memory, size: 0x1010 } })
    small.queues[0]?.ring()
    expect(() => small.queues[1]?.ring()).toThrow(expect.objectContaining({ code: 'ERR_NO_SPACE' }))
  })

  test('smaller rings can be asked for', () => {
    const { registers } = mmio(new Capitals(), 2)
    const transport = new MmioTransport({ registers, space, memory, queueSize: 2 })
    expect(transport.queues.map((queue) => queue.ring().num)).toEqual([2, 2])
  })
})
