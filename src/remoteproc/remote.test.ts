import { describe, expect, test } from 'vitest'
import { WallClock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { buildResourceTable, readResourceTable } from '../firmware/index.js'
import { inProcess, inProcessFirmware, inProcessTable } from '../machines/in-process.js'
import { AddressSpace } from '../memory/address-space.js'
import { Region } from '../memory/region.js'
import { Remoteproc } from './index.js'
import { bringUp } from './links.js'
import { type Remote, resourceDeinit, resourceInit } from './remote.js'

/** Announces `echo` on each link that comes up, and echoes. */
async function serve(remote: Remote, lives: () => void = () => {}): Promise<void> {
  for (;;) {
    const rpmsg = await remote.whenReady()
    lives()
    const channel = rpmsg.announce('echo')
    try {
      for await (const message of channel) await channel.send(message.data)
    } catch {
      // the link went down: wait for the next
    }
  }
}

describe('a remote in TypeScript', () => {
  test('waits for DRIVER_OK, announces, and is spoken to', async () => {
    const machine = inProcess(async (place) => {
      const remote = resourceInit({ ...place, tableAddress: inProcessTable })
      place.onKick = () => remote.kicked()
      await serve(remote)
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    await rproc.boot()
    const channel = await rproc.channel('echo')
    for (let length = 0; length <= 496; length++) {
      const sent = new Uint8Array(length).fill(length)
      await channel.send(sent)
      expect((await channel.receive()).data).toEqual(sent)
    }
  })

  test('learns the host’s address from the announcement back', async () => {
    const machine = inProcess(async (place) => {
      const remote = resourceInit({ ...place, tableAddress: inProcessTable })
      place.onKick = () => remote.kicked()
      const channel = (await remote.whenReady()).announce('speaks first')
      await channel.whenBound()
      await channel.send('hello, host')
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    await rproc.boot()
    const channel = await rproc.channel('speaks first')
    expect((await channel.receive()).text()).toBe('hello, host')
  })

  test('tells the host of what ends with it', async () => {
    const machine = inProcess(async (place) => {
      const remote = resourceInit({ ...place, tableAddress: inProcessTable })
      place.onKick = () => remote.kicked()
      const channel = (await remote.whenReady()).announce('short')
      await channel.whenBound()
      resourceDeinit(remote)
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    await rproc.boot()
    const channel = await rproc.channel('short')
    for await (const _ of channel) expect.unreachable('nothing is sent')
    expect(rproc.announcements).toEqual([])
  })

  test('crashes with what it throws', async () => {
    const machine = inProcess(() => {
      throw new Error('out of coffee')
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    await rproc.boot()
    await expect(rproc.whenStopped()).rejects.toMatchObject({
      code: 'ERR_CRASHED',
      message: 'the remote crashed: out of coffee',
    })
  })

  test('is booted a thousand times, each time with a working channel and no stale one', async () => {
    const machine = inProcess(async (place) => {
      const remote = resourceInit({ ...place, tableAddress: inProcessTable })
      place.onKick = () => remote.kicked()
      await serve(remote)
    })
    await using rproc = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    for (let life = 0; life < 1000; life++) {
      await rproc.boot()
      const channel = await rproc.channel('echo')
      await channel.send(`life ${life}`)
      expect((await channel.receive()).text()).toBe(`life ${life}`)
      expect(rproc.announcements).toHaveLength(1)
      await rproc.shutdown({ deadline: 0 })
    }
  })

  test('finds each of a thousand hosts that come and go while it stays', async () => {
    // Rings and buffers behind the table, at places that every host chooses alike.
    const ring = (da: number, notifyid: number) => ({ da, num: 4, align: 16, notifyid })
    const bytes = buildResourceTable([
      { kind: 'vdev', dfeatures: 1, vrings: [ring(0x400, 0), ring(0x600, 1)] },
    ])
    const region = new Region({ name: 'memory', da: 0, size: 0x2000 })
    const space = new AddressSpace([region])
    region.bytes.set(bytes)
    const [plan] = readResourceTable(bytes, 'table').vdevs
    if (plan === undefined) throw new Error('no vdev')
    const clock = new WallClock()
    const waits = new Waits(clock)

    let toHost = (): void => {}
    let lives = 0
    const remote = resourceInit({
      space,
      tableAddress: 0,
      clock,
      kick: () => queueMicrotask(() => toHost()),
    })
    void serve(remote, () => lives++)

    for (let life = 1; life <= 1000; life++) {
      const { vdev, device } = bringUp({
        plan: { entry: plan, pool: { region, offset: 0x800, size: 0x1000 } },
        tableAt: { region, offset: 0 },
        space,
        waits,
        acknowledge: true,
        kick: () => queueMicrotask(() => remote.kicked()),
        onPeerFault: (error) => expect.unreachable(error.message),
        onEvent: () => {},
      })
      toHost = () => device.poll()
      const channel = await device.channel('echo')
      await channel.send(`host ${life}`)
      expect((await channel.receive()).text()).toBe(`host ${life}`)
      expect(device.announcements).toHaveLength(1)
      expect(lives).toBe(life)
      device.close(new OpenampError('ERR_STOPPED', 'this host goes'))
      // A host that goes resets the device; the remote hears of it with the next kick.
      vdev.status = 0
    }
  })
})
