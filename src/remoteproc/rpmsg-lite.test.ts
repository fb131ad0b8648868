import { describe, expect, test } from 'vitest'
import { RpmsgLiteMaster } from '../../test/support/rpmsg-lite-master.js'
import { VirtualClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { readResourceTable } from '../firmware/index.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { RpmsgDevice, writeNameServiceMessage } from '../rpmsg/index.js'
import { resourceInit } from './remote.js'
import { rpmsgLite } from './rpmsg-lite.js'

const layout = { base: 0x1800_0000, count: 4, align: 0x1000, vringSize: 0x8000 }
const AVAIL = 64
const USED = 0x1000
const BUFFERS = 0x1_0000

function memory() {
  const region = new Region({ name: 'shared', da: layout.base, size: 0x2_0000 })
  const space = new AddressSpace([region])
  const clock = new VirtualClock()
  const kicks: number[] = []
  const faults: OpenampError[] = []
  const begin = () =>
    resourceInit({
      ...{ space, clock, layout, profile: 'rpmsg-lite' as const },
      kick: (id) => kicks.push(id),
      onPeerFault: (error) => faults.push(error),
    })
  return { region, space, clock, kicks, faults, begin }
}

/** A ring as it lies in memory, but for its padding. */
function ringAt(region: Region, at: number) {
  const four = <T>(read: (i: number) => T): T[] => [0, 1, 2, 3].map(read)
  return {
    descriptors: four((i) => ({
      address: region.getU32(at + 16 * i),
      length: region.getU32(at + 16 * i + 8),
      flags: region.getU16(at + 16 * i + 12),
      next: region.getU16(at + 16 * i + 14),
    })),
    available: {
      flags: region.getU16(at + AVAIL),
      idx: region.getU16(at + AVAIL + 2),
      ring: four((i) => region.getU16(at + AVAIL + 4 + 2 * i)),
    },
    used: {
      flags: region.getU16(at + USED),
      idx: region.getU16(at + USED + 2),
      ring: four((i) => [
        region.getU32(at + USED + 4 + 8 * i),
        region.getU32(at + USED + 8 + 8 * i),
      ]),
    },
  }
}

const descriptors = (buffers: number) =>
  [0, 1, 2, 3].map((i) => ({
    address: layout.base + BUFFERS + buffers + i * 512,
    length: 512,
    flags: 2,
    next: i === 3 ? 32768 : i + 1,
  }))

// What RPMsg-Lite 5.4.0 had in memory on the board virt-rv32, built with 4 buffers, VRING_ALIGN 0x1000
// and VRING_SIZE 0x8000: after its init as master, and after 1 message each way.
const recorded = {
  vring0: {
    descriptors: descriptors(0),
    available: { flags: 1, idx: 4, ring: [0, 1, 2, 3] },
    used: { flags: 0, idx: 0, ring: Array(4).fill([0, 0]) },
  },
  vring1: {
    descriptors: descriptors(4 * 512),
    available: { flags: 1, idx: 0, ring: [0, 0, 0, 0] },
    used: { flags: 0, idx: 4, ring: [0, 1, 2, 3].map((id) => [id, 512]) },
  },
  vring0Later: {
    descriptors: descriptors(0),
    available: { flags: 1, idx: 5, ring: [0, 1, 2, 3] },
    used: { flags: 1, idx: 1, ring: [[0, 512], ...Array(3).fill([0, 0])] },
  },
  vring1Later: {
    descriptors: descriptors(4 * 512),
    available: { flags: 1, idx: 1, ring: [0, 0, 0, 0] },
    used: { flags: 0, idx: 5, ring: [0, 1, 2, 3].map((id) => [id, 512]) },
  },
}

/** Lays recorded rings into memory. */
function lay(region: Region, at: number, ring: ReturnType<typeof ringAt>): void {
  ring.descriptors.forEach(({ address, length, flags, next }, i) => {
    region.setU64(at + 16 * i, address)
    region.setU32(at + 16 * i + 8, length)
    region.setU16(at + 16 * i + 12, flags)
    region.setU16(at + 16 * i + 14, next)
  })
  const { available, used } = ring
  region.setU16(at + AVAIL, available.flags)
  region.setU16(at + AVAIL + 2, available.idx)
  available.ring.forEach((head, i) => {
    region.setU16(at + AVAIL + 4 + 2 * i, head)
  })
  region.setU16(at + USED, used.flags)
  region.setU16(at + USED + 2, used.idx)
  used.ring.forEach(([id = 0, length = 0], i) => {
    region.setU32(at + USED + 4 + 8 * i, id)
    region.setU32(at + USED + 8 + 8 * i, length)
  })
}

describe('a remote over the rings of an RPMsg-Lite master, as they were recorded', () => {
  test('is not up before the first kick', () => {
    const { region, begin } = memory()
    lay(region, 0, recorded.vring0)
    lay(region, 0x8000, recorded.vring1)
    expect(begin().rpmsg).toBeUndefined()
  })

  test('returns buffers and kicks as RPMsg-Lite’s remote does', async () => {
    const { region, kicks, faults, begin } = memory()
    lay(region, 0, recorded.vring0)
    lay(region, 0x8000, recorded.vring1)
    const remote = begin()
    remote.kicked()
    const channel = remote.rpmsg?.announce('ticks')
    expect(kicks).toEqual([0])
    expect(ringAt(region, 0)).toEqual({
      ...recorded.vring0Later,
      available: recorded.vring0.available,
    })
    const message = region.bytes.subarray(BUFFERS, BUFFERS + 56)
    expect(message.subarray(16)).toEqual(
      writeNameServiceMessage({ name: 'ticks', address: 1024, destroy: false }),
    )

    // The master takes it, and answers from endpoint 40.
    const answer = BUFFERS + 4 * 512
    region.setU32(answer, 40)
    region.setU32(answer + 4, 1024)
    region.setU16(answer + 12, 17)
    region.bytes.set(Buffer.from('hello from master'), answer + 16)
    region.setU16(AVAIL + 2, recorded.vring0Later.available.idx)
    region.setU16(0x8000 + AVAIL + 2, recorded.vring1Later.available.idx)
    remote.kicked()
    expect((await channel?.receive())?.text()).toBe('hello from master')
    expect(ringAt(region, 0)).toEqual(recorded.vring0Later)
    expect(ringAt(region, 0x8000)).toEqual(recorded.vring1Later)
    expect(faults).toEqual([])
  })

  test('is not up again before the kick of a master that has begun anew', async () => {
    const { region, faults, begin } = memory()
    lay(region, 0, recorded.vring0)
    lay(region, 0x8000, recorded.vring1)
    const remote = begin()
    remote.kicked()
    const first = remote.rpmsg
    first?.announce('ticks')
    // It has zeroed its rings, and not filled them yet.
    region.bytes.fill(0, 0, BUFFERS)
    const ready = remote.whenReady()
    expect(remote.rpmsg).toBeUndefined()
    lay(region, 0, recorded.vring0)
    lay(region, 0x8000, recorded.vring1)
    remote.kicked()
    expect(await ready).not.toBe(first)
    expect(faults).toEqual([])
  })

  test('is what the master played in other tests leaves in memory', () => {
    const { region, space } = memory()
    const kicks: number[] = []
    new RpmsgLiteMaster({ ...layout, space, kick: (id) => kicks.push(id) })
    expect(ringAt(region, 0)).toEqual(recorded.vring0)
    expect(ringAt(region, 0x8000)).toEqual(recorded.vring1)
    expect(kicks).toEqual([0])
  })

  test('and a host that lies in them is told on', () => {
    const { region, faults, begin } = memory()
    lay(region, 0, recorded.vring0)
    lay(region, 0x8000, recorded.vring1)
    const remote = begin()
    remote.kicked()
    region.setU16(0x8000 + AVAIL + 2, 5)
    remote.kicked()
    expect(faults).toMatchObject([{ code: 'ERR_PEER' }])
    expect(remote.rpmsg).toBeUndefined()
  })
})

test('a remote that waits for a buffer of an RPMsg-Lite master looks for it each millisecond', async () => {
  const { region, space, clock, begin } = memory()
  const master = new RpmsgDevice(new RpmsgLiteMaster({ ...layout, space, kick: () => {} }), {
    waits: new Waits(clock),
  })
  const heard: string[] = []
  master.createEndpoint({ address: 40, receive: (message) => heard.push(message.text()) })
  const remote = begin()
  remote.kicked()
  const endpoint = remote.rpmsg?.createEndpoint({ destination: 40 })
  for (let i = 0; i < 4; i++) expect(endpoint?.trySend(`${i}`)).toBe(true)
  expect(endpoint?.trySend('no buffer is left')).toBe(false)
  const waiting = [endpoint?.send('4'), endpoint?.send('5')]
  clock.advanceTo(5e6)
  expect(ringAt(region, 0).used.idx).toBe(4)
  master.poll()
  clock.advanceTo(6e6)
  await Promise.all(waiting)
  master.poll()
  expect(heard).toEqual(['0', '1', '2', '3', '4', '5'])
  expect(clock.next()).toBe(Number.POSITIVE_INFINITY)
})

describe('the table that a host makes for a remote as of RPMsg-Lite', () => {
  test('has vring 0, vring 1 and the buffers behind one another', () => {
    const { resourceTable, buffers } = rpmsgLite({ ...layout, bufferSize: 1040, link: 3 })
    const table = readResourceTable(resourceTable.bytes, 'table')
    expect(table.carveout('vdev0buffer')).toMatchObject({ da: 0x1801_0000, len: 8 * 1040 })
    expect(table.vdevs[0]?.vrings).toMatchObject([
      { da: 0x1800_0000, num: 4, align: 0x1000, notifyid: 6 },
      { da: 0x1800_8000, num: 4, align: 0x1000, notifyid: 7 },
    ])
    expect(buffers).toEqual({ rx: { size: 1040 }, tx: { size: 1040 } })
  })

  test.each([
    [
      'a ring that does not fit',
      { vringSize: 0x800 },
      /4 buffers aligned to 4096 take 0x1026 bytes/,
    ],
    ['a misplaced ring 0', { base: 0x1800_0800 }, /vring 0 at 0x18000800 is not aligned to 4096/],
    ['a misplaced ring 1', { vringSize: 0x1800 }, /vring 1 at 0x18001800 is not aligned to 4096/],
    ['an address that is none', { base: -4096 }, /base -4096 is no 32-bit address/],
    ['a ring that is not in whole words', { vringSize: 0x1802 }, /not in whole words/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => rpmsgLite({ ...layout, ...wrong })).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching(message) }),
    )
  })

  test('refuses a count that is no power of two', () => {
    expect(() => rpmsgLite({ ...layout, count: 3 })).toThrow(OpenampError)
  })
})
