import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../base/clock.js'
import type { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { buildResourceTable, fw_rsc_vdev, readResourceTable } from '../firmware/index.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { bringUp } from './links.js'
import { resourceDeinit, resourceInit } from './remote.js'

const VRING = [0x400, 0x600] as const
/** In a ring of 4 with alignment 16: avail.idx and used.idx. */
const AVAIL_IDX = 64 + 2
const USED_IDX = 80 + 2

/** A memory with a table in it, a host that a test starts, and the remote’s end. */
function place(options: { readonly reset?: AbortSignal } = {}) {
  const ring = (da: number, notifyid: number) => ({ da, num: 4, align: 16, notifyid })
  const table = buildResourceTable([
    { kind: 'vdev', dfeatures: 1, vrings: [ring(VRING[0], 0), ring(VRING[1], 1)] },
  ])
  const region = new Region({ name: 'memory', da: 0, size: 0x2000 })
  region.bytes.set(table)
  const [entry] = readResourceTable(table, 'table').vdevs
  if (entry === undefined) throw new Error('no vdev')
  const space = new AddressSpace([region])
  const clock = new VirtualClock()
  const faults: OpenampError[] = []
  const remote = resourceInit({
    space,
    tableAddress: 0,
    clock,
    kick: () => {},
    onPeerFault: (error) => faults.push(error),
    ...options,
  })
  const startHost = () =>
    bringUp({
      plan: { entry, pool: { region, offset: 0x800, size: 0x1000 } },
      tableAt: { region, offset: 0 },
      space,
      waits: new Waits(clock),
      acknowledge: true,
      kick: () => remote.kicked(),
      onPeerFault: (error) => expect.unreachable(error.message),
      onEvent: () => {},
    })
  return { region, entry, table, remote, faults, startHost }
}

describe('a remote whose host has a table that cannot be used', () => {
  test('is refused at once', () => {
    const space = new AddressSpace([new Region({ name: 'memory', da: 0, size: 0x100 })])
    const options = { space, tableAddress: 0, kick: () => {}, clock: new VirtualClock() }
    expect(() => resourceInit(options)).toThrow(
      expect.objectContaining({ code: 'ERR_RESOURCE_TABLE' }),
    )
    expect(() => resourceInit({ ...options, tableAddress: 0x1000 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMORY' }),
    )
  })

  test('says so to whoever waits, and to the observer of faults, when it comes later', async () => {
    const { region, remote, faults } = place()
    const ready = remote.whenReady()
    region.bytes.fill(0xff, 0, 0x100)
    remote.kicked()
    await expect(ready).rejects.toMatchObject({ code: 'ERR_RESOURCE_TABLE' })
    expect(faults).toMatchObject([{ code: 'ERR_RESOURCE_TABLE' }])
  })

  test('reads no ring outside its memory, and comes up once the host has mended the table', async () => {
    const { region, entry, table, remote, faults, startHost } = place()
    const vring0 = entry.vrings[0]?.offset ?? 0
    region.setU32(vring0, 0x1ff0)
    region.bytes[entry.offset + fw_rsc_vdev.status] = 7
    remote.kicked()
    expect(faults).toMatchObject([{ code: 'ERR_MEMORY' }])
    expect(remote.rpmsg).toBeUndefined()
    region.bytes.set(table)
    startHost()
    expect(remote.rpmsg).toBeDefined()
  })
})

describe('a remote whose host lies in a ring', () => {
  test('takes the link down with the reason, and waits for the host to begin anew', async () => {
    const { region, remote, faults, startHost } = place()
    startHost()
    const channel = remote.rpmsg?.announce('echo')
    const receiving = channel?.receive()
    region.setU16(VRING[1] + AVAIL_IDX, 1000)
    remote.kicked()
    await expect(receiving).rejects.toMatchObject({ code: 'ERR_PEER' })
    expect(faults).toMatchObject([{ message: expect.stringContaining('avail.idx went from 0') }])
    expect(remote.rpmsg).toBeUndefined()
    const ready = remote.whenReady()
    // A kick alone changes nothing: the rings are what they were.
    remote.kicked()
    expect(faults).toHaveLength(1)
    startHost()
    expect(await ready).toBe(remote.rpmsg)
  })
})

describe('a remote whose host comes and goes', () => {
  test('has one device, also where an observer of the end looks at once', async () => {
    const { remote, startHost } = place()
    startHost()
    const readyAgain: Promise<unknown>[] = []
    const unbound = () => readyAgain.push(remote.whenReady())
    // The announcement shows in the rings, and its absence that they are new ones.
    remote.rpmsg?.createEndpoint({ name: 'early', announce: true, unbound })
    const { device } = startHost()
    // What it announces reaches the host: nothing was lost to a device that nobody has.
    ;(await remote.whenReady()).announce('echo')
    device.poll()
    expect(device.announcements).toMatchObject([{ name: 'echo' }])
    const [again] = await Promise.all(readyAgain)
    expect(again).toBe(remote.rpmsg)
  })
})

describe('the end of a remote', () => {
  test('resourceDeinit ends what waits, and takes its names back', async () => {
    const { remote, startHost } = place()
    const { device } = startHost()
    const channel = remote.rpmsg?.announce('echo')
    const receiving = channel?.receive()
    resourceDeinit(remote)
    await expect(receiving).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(remote.whenReady()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    const types: string[] = []
    device.events.observe(({ type }) => types.push(type))
    device.poll()
    expect(types).toEqual(['announced', 'destroyed'])
  })

  test('resourceDeinit while it waits for the host ends the wait', async () => {
    const { remote } = place()
    const ready = remote.whenReady()
    resourceDeinit(remote)
    await expect(ready).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    resourceDeinit(remote)
  })

  test('a reset ends it without a word in the rings, and for good', async () => {
    const reset = new AbortController()
    const { region, remote, startHost } = place({ reset: reset.signal })
    startHost()
    remote.rpmsg?.announce('echo')
    const used = region.getU16(VRING[0] + USED_IDX)
    reset.abort()
    await expect(remote.whenReady()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    startHost()
    expect(remote.rpmsg).toBeUndefined()
    expect([used, region.getU16(VRING[0] + USED_IDX)]).toEqual([1, 0])
  })

  test('one that is made in reset does nothing', async () => {
    const { remote, startHost } = place({ reset: AbortSignal.abort() })
    startHost()
    expect(remote.rpmsg).toBeUndefined()
    await expect(remote.whenReady()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  })
})
