import { expect, test } from 'vitest'
import { guardedRing } from '../../test/support/ring.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { DescriptorTable } from './descriptor-table.js'
import { DeviceQueue } from './device-queue.js'

const NEXT = 1
const WRITE = 2
const INDIRECT = 4
const TABLES = 0x9000_0000

/** A ring of 4, and memory for tables which the driver reaches at `TABLES`. */
function setUp() {
  const memory = guardedRing(4)
  const { ring } = memory
  const region = new Region({ name: 'tables', da: 0x10, pa: TABLES, size: 0x100 })
  const space = new AddressSpace([region])
  const queue = new DeviceQueue(ring, { indirect: space })
  const table = new DescriptorTable(region.size / 16, { region, offset: 0 })
  const offer = (head: number): void => {
    const idx = ring.availIdx
    ring.setAvailEntry(idx, head)
    ring.availIdx = idx + 1
  }
  return { ...memory, queue, table, offer, descriptors: ring.descriptors }
}

test('a chain in an indirect table is taken with all its elements', () => {
  const { queue, table, offer, descriptors } = setUp()
  table.write(0, 0x1000, 16, NEXT, 2)
  table.write(2, 0x2000, 32, NEXT | WRITE, 1)
  table.write(1, 0x3000, 64, WRITE, 0)
  descriptors.write(3, TABLES, 3 * 16, INDIRECT, 0)
  offer(3)
  expect(queue.take()).toBe(3)
  expect(queue).toMatchObject({ address: 0x1000, length: 16, writable: false })
  expect(queue.rest).toEqual([
    { address: 0x2000, length: 32, writable: true },
    { address: 0x3000, length: 64, writable: true },
  ])
})

test('a chain may begin in the ring and end in an indirect table', () => {
  const { queue, table, offer, descriptors } = setUp()
  table.write(0, 0x2000, 32, WRITE, 0)
  descriptors.write(0, 0x1000, 16, NEXT, 1)
  descriptors.write(1, TABLES, 16, INDIRECT, 0)
  offer(0)
  queue.take()
  expect(queue).toMatchObject({ address: 0x1000, length: 16, writable: false })
  expect(queue.rest).toEqual([{ address: 0x2000, length: 32, writable: true }])
})

test('the WRITE flag of the descriptor that stands for a table has no meaning', () => {
  const { queue, table, offer, descriptors } = setUp()
  table.write(0, 0x1000, 16, 0, 0)
  descriptors.write(0, TABLES, 16, INDIRECT | WRITE, 0)
  offer(0)
  queue.take()
  expect(queue).toMatchObject({ address: 0x1000, writable: false, rest: [] })
})

type Lie = (setup: ReturnType<typeof setUp>) => void

test.each<[string, Lie, RegExp]>([
  [
    'puts a table into a table',
    ({ table, descriptors }) => {
      table.write(0, TABLES, 16, INDIRECT, 0)
      descriptors.write(0, TABLES, 16, INDIRECT, 0)
    },
    /indirect, in an indirect table .*2\.7\.5\.3\.1/,
  ],
  [
    'puts a table further on into a table',
    ({ table, descriptors }) => {
      table.write(0, 0x1000, 16, NEXT, 1)
      table.write(1, TABLES, 16, INDIRECT, 0)
      descriptors.write(0, TABLES, 32, INDIRECT, 0)
    },
    /indirect, in an indirect table/,
  ],
  [
    'goes on after a table',
    ({ table, descriptors }) => {
      table.write(0, 0x1000, 16, 0, 0)
      descriptors.write(0, TABLES, 16, INDIRECT | NEXT, 1)
    },
    /indirect and next together .*2\.7\.5\.3\.1/,
  ],
  [
    'links a loop in a table',
    ({ table, descriptors }) => {
      table.write(0, 0x1000, 16, NEXT, 1)
      table.write(1, 0x1000, 16, NEXT, 0)
      descriptors.write(0, TABLES, 32, INDIRECT, 0)
    },
    /does not end/,
  ],
  [
    'links beyond a table, though not beyond the ring',
    ({ table, descriptors }) => {
      table.write(0, 0x1000, 16, NEXT, 2)
      descriptors.write(0, TABLES, 32, INDIRECT, 0)
    },
    /next is 2 of 2/,
  ],
  [
    'makes a chain longer than the ring with a table',
    ({ table, descriptors }) => {
      for (let i = 0; i < 4; i++) table.write(i, 0x1000, 16, i < 3 ? NEXT : 0, i + 1)
      descriptors.write(0, 0x1000, 16, NEXT, 1)
      descriptors.write(1, TABLES, 64, INDIRECT, 0)
    },
    /does not end/,
  ],
  [
    'gives a table of no descriptor',
    ({ descriptors }) => descriptors.write(0, TABLES, 0, INDIRECT, 0),
    /a table of 0 bytes/,
  ],
  [
    'gives a table of half a descriptor',
    ({ descriptors }) => descriptors.write(0, TABLES, 24, INDIRECT, 0),
    /a table of 24 bytes/,
  ],
  [
    'gives a table that is longer than the ring',
    ({ descriptors }) => descriptors.write(0, TABLES, 5 * 16, INDIRECT, 0),
    /a table of 80 bytes, not 1 to 4 descriptors of 16/,
  ],
  [
    'lets the device read after it writes',
    ({ table, descriptors }) => {
      table.write(0, 0x1000, 16, NEXT | WRITE, 1)
      table.write(1, 0x1000, 16, 0, 0)
      descriptors.write(0, TABLES, 32, INDIRECT, 0)
    },
    /readable after writable .*2\.7\.4\.2/,
  ],
])('a driver that %s is refused', (_, lie, message) => {
  const setup = setUp()
  lie(setup)
  setup.offer(0)
  const before = setup.bytes.slice()
  for (let again = 0; again < 2; again++) {
    expect(() => setup.queue.take()).toThrow(
      expect.objectContaining({ code: 'ERR_PEER', message: expect.stringMatching(message) }),
    )
  }
  expect(setup.bytes).toEqual(before)
})

test.each([
  ['nowhere', 0x1000],
  ['across the end of memory', TABLES + 0xf8],
])('a table that lies %s is refused', (_, address) => {
  const { queue, offer, descriptors } = setUp()
  descriptors.write(0, address, 16, INDIRECT, 0)
  offer(0)
  expect(() => queue.take()).toThrow(
    expect.objectContaining({
      code: 'ERR_MEMORY',
      message: expect.stringMatching(/ring: indirect table of descriptor 0: pa 0x/),
    }),
  )
})
