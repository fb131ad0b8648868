import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../base/clock.js'
import type { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { buildResourceTable, fw_rsc_vdev, readResourceTable } from '../firmware/index.js'
import { inProcess, inProcessFirmware, inProcessTable } from '../machines/in-process.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { RpmsgDevice, VirtioRpmsgHost } from '../rpmsg/index.js'
import { VIRTIO_STATUS } from '../virtio/index.js'
import { Remoteproc } from './index.js'
import { resourceInit } from './remote.js'
import { TableVdev } from './vdev.js'

const { DRIVER_OK, DEVICE_NEEDS_RESET } = VIRTIO_STATUS

function place(profile: 'openamp' | 'linux-3.4', da?: number) {
  const ring = (index: number) => ({
    ...(da === undefined ? {} : { da: da + index * 0x200 }),
    ...{ num: 4, align: 16, notifyid: index },
  })
  const table = buildResourceTable([
    { kind: 'vdev', dfeatures: 1, notifyid: 31, vrings: [ring(0), ring(1)] },
  ])
  const region = new Region({ name: 'memory', da: 0, size: 0x2000 })
  region.bytes.set(table)
  const [entry] = readResourceTable(table, 'table').vdevs
  if (entry === undefined) throw new Error('no vdev')
  const space = new AddressSpace([region])
  const clock = new VirtualClock()
  const kicks: number[] = []
  const faults: OpenampError[] = []
  const remote = resourceInit({
    ...{ space, clock, tableAddress: 0, profile },
    kick: (id) => kicks.push(id),
    onPeerFault: (error) => faults.push(error),
  })
  /** A host that keeps status and features to itself. */
  const oldHost = () => {
    const own = new Region({ name: 'own', da: 0, size: 0x400 })
    own.bytes.set(table)
    const location = { region: own, offset: 0 }
    const vdev = new TableVdev({ entry, table: location, space, kick: () => remote.kicked() })
    const pool = { region, offset: 0x800, size: 0x1000 }
    const transport = new VirtioRpmsgHost({ transport: vdev, pool })
    return new RpmsgDevice(transport, { waits: new Waits(clock) })
  }
  return { region, entry, space, clock, kicks, faults, remote, oldHost }
}

describe('with a host as old as Linux 3.4', () => {
  test('the first kick is the news, and what the remote offers counts as accepted', async () => {
    const { region, entry, remote, oldHost } = place('linux-3.4', 0x400)
    const ready = remote.whenReady()
    expect(remote.rpmsg).toBeUndefined()
    const host = oldHost()
    const rpmsg = await ready
    rpmsg.announce('echo')
    host.poll()
    expect(host.announcements).toEqual([{ name: 'echo', address: 1024 }])
    // Neither end has written into the table.
    const { gfeatures, status } = fw_rsc_vdev
    expect(region.getU32(entry.offset + gfeatures)).toBe(0)
    expect(region.bytes[entry.offset + status]).toBe(0)
  })

  test('a table whose ring addresses are open is refused: nobody fills them in', async () => {
    const { remote, faults } = place('linux-3.4')
    const ready = remote.whenReady()
    remote.kicked()
    await expect(ready).rejects.toMatchObject({ code: 'ERR_MEMORY' })
    expect(faults).toMatchObject([{ code: 'ERR_MEMORY' }])
  })

  test('a remote that expects a status waits for ever', () => {
    const { remote, oldHost } = place('openamp', 0x400)
    oldHost()
    expect(remote.rpmsg).toBeUndefined()
  })
})

describe('DEVICE_NEEDS_RESET', () => {
  test('alone in the status is OpenAMP’s driver asking for a reset: the answer is 0 and a kick', () => {
    const { region, entry, remote, kicks } = place('openamp', 0x400)
    const at = entry.offset + fw_rsc_vdev.status
    region.bytes[at] = DEVICE_NEEDS_RESET
    remote.kicked()
    expect(region.bytes[at]).toBe(0)
    expect(kicks).toEqual([31])
    expect(remote.rpmsg).toBeUndefined()
  })

  test('written over DRIVER_OK ends the link, and the next DRIVER_OK begins another', async () => {
    const { region, entry, remote, kicks } = place('openamp', 0x400)
    const at = entry.offset + fw_rsc_vdev.status
    region.bytes[at] = DRIVER_OK
    remote.kicked()
    const first = remote.rpmsg
    const channel = first?.announce('echo')
    region.bytes[at] = DEVICE_NEEDS_RESET
    remote.kicked()
    await expect(channel?.receive()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(region.bytes[at]).toBe(0)
    expect(kicks).toEqual([31])
    region.bytes[at] = DRIVER_OK
    remote.kicked()
    expect(remote.rpmsg).toBeDefined()
    expect(remote.rpmsg).not.toBe(first)
  })

  test('is what a remote sets that has caught its host lying, as the specification has it', () => {
    const { region, entry, remote, kicks, faults } = place('openamp', 0x400)
    const at = entry.offset + fw_rsc_vdev.status
    region.bytes[at] = DRIVER_OK
    remote.kicked()
    // More available than the ring holds.
    region.setU16(0x600 + 64 + 2, 100)
    remote.kicked()
    expect(faults).toMatchObject([{ code: 'ERR_PEER' }])
    expect(region.bytes[at]).toBe(DRIVER_OK | DEVICE_NEEDS_RESET)
    expect(kicks).toEqual([31])
  })

  test('is a crash for the host, with the reason; a boot resets the device', async () => {
    const machine = inProcess((remote) => {
      const { regions } = remote.space
      const ram = regions.find((region) => region.da <= inProcessTable)
      const [vdev] = readResourceTable(inProcessFirmwareTable(), 'table').vdevs
      if (ram === undefined || vdev === undefined) throw new Error('no table')
      remote.onKick = () => {
        remote.onKick = () => {}
        const at = inProcessTable - ram.da + vdev.offset + fw_rsc_vdev.status
        ram.bytes[at] = (ram.bytes[at] ?? 0) | DEVICE_NEEDS_RESET
        remote.kick(vdev.notifyid)
      }
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    for (let life = 0; life < 2; life++) {
      await rproc.boot()
      await expect(rproc.whenStopped()).rejects.toMatchObject({
        code: 'ERR_CRASHED',
        message: expect.stringContaining('status DEVICE_NEEDS_RESET'),
      })
      await rproc.shutdown()
    }
  })
})

/** The table in `inProcessFirmware`, for where its fields are. */
function inProcessFirmwareTable(): Uint8Array {
  const ring = { num: 16, align: 16 }
  return buildResourceTable([{ kind: 'vdev', dfeatures: 1, vrings: [ring, ring] }])
}
