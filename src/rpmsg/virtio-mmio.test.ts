import { describe, expect, test } from 'vitest'
import { BUFFERS, mmio } from '../../test/support/mmio.js'
import type { OpenampError } from '../base/errors.js'
import { Waits } from '../base/waits.js'
import { hasFeature, MMIO, needsReset, VIRTIO_FEATURE } from '../virtio/index.js'
import { RpmsgDevice, RpmsgVirtioDevice, VirtioRpmsgHost } from './index.js'

const FEATURES = 2 ** VIRTIO_FEATURE.RPMSG_NS + 2 ** VIRTIO_FEATURE.RING_EVENT_IDX

/** Our host as the driver of our RPMsg device, over virtio-mmio. `deliver` carries what is due. */
function setUp(version: 1 | 2, other?: RpmsgVirtioDevice) {
  const remotes: RpmsgDevice[] = []
  const device = other ?? new RpmsgVirtioDevice((rpmsg) => void remotes.push(rpmsg))
  const all = mmio(device, version)
  const connect = () => {
    const transport = all.connect()
    const { region, clock } = all
    const pool = { region, offset: BUFFERS, size: region.size - BUFFERS }
    const driver = new VirtioRpmsgHost({ transport, pool, features: FEATURES, clock })
    const faults: OpenampError[] = []
    const host = new RpmsgDevice(driver, {
      waits: new Waits(clock),
      onPeerFault: (error) => faults.push(error),
    })
    const deliver = (): void => {
      for (;;) {
        all.settle()
        if (!all.registers.interrupt) return
        if (transport.takeInterrupt().used) host.poll()
      }
    }
    deliver()
    return { transport, host, deliver, faults }
  }
  return { ...all, remotes, connect, remote: () => remotes.at(-1) }
}

describe.each([2, 1] as const)('RPMsg over virtio-mmio version %i', (version) => {
  test('driver and device agree on name service and event index, and talk', async () => {
    const { connect, remote } = setUp(version)
    const { transport, host, deliver } = connect()
    expect(hasFeature(transport.driverFeatures, VIRTIO_FEATURE.RPMSG_NS)).toBe(true)
    expect(hasFeature(transport.driverFeatures, VIRTIO_FEATURE.RING_EVENT_IDX)).toBe(true)
    const there = remote()?.announce('echo')
    deliver()
    const here = await host.channel('echo')
    deliver()
    await here.send('ping')
    deliver()
    expect((await there?.receive())?.text()).toBe('ping')
    await there?.send('pong')
    deliver()
    expect((await here.receive()).text()).toBe('pong')
    expect(transport.version).toBe(version)
  })

  test('a remote may use less of the transmit buffers than the driver offers', () => {
    const device = new RpmsgVirtioDevice((rpmsg) => void remotes.push(rpmsg), { bufferSize: 256 })
    const remotes: RpmsgDevice[] = []
    const { deliver } = setUp(version, device).connect()
    const endpoint = remotes[0]?.createEndpoint()
    expect(endpoint?.trySendTo(new Uint8Array(240), 99)).toBe(true)
    deliver()
    const tooLong = () => endpoint?.trySendTo(new Uint8Array(241), 99)
    expect(tooLong).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE_SIZE' }))
  })

  test('each driver that comes has a remote of its own, and the old link ends', async () => {
    const { connect, remotes, settle } = setUp(version)
    const { transport } = connect()
    const [first] = remotes
    const waiting = first?.channel('never')
    transport.status = 0
    settle()
    await expect(waiting).rejects.toMatchObject({
      code: 'ERR_STOPPED',
      message: 'slot 0: the driver has reset the device',
    })
    connect()
    expect(remotes).toHaveLength(2)
    expect(remotes[1]).not.toBe(first)
  })

  test('from the reset on the remote touches no ring, and then its channels end', () => {
    const { connect, remote, region, settle } = setUp(version)
    const { transport, deliver } = connect()
    const endpoint = remote()?.createEndpoint()
    expect(endpoint?.trySendTo('before', 99)).toBe(true)
    deliver()
    transport.status = 0
    const bytes = region.bytes.slice()
    expect(endpoint?.trySendTo('after', 99)).toBe(false)
    expect(Buffer.compare(region.bytes, bytes)).toBe(0)
    expect(endpoint?.closed).toBe(false)
    settle()
    expect(endpoint?.closed).toBe(true)
  })

  test('after a reset the host has a new link over the same device', async () => {
    const { connect, remote } = setUp(version)
    connect()
    const { host, deliver } = connect()
    remote()?.announce('again')
    deliver()
    expect((await host.channel('again')).closed).toBe(false)
  })

  test('a remote that ends in an error breaks the device, whose driver may start over', async () => {
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve))
    let lives = 0
    const device = new RpmsgVirtioDevice(async (rpmsg) => {
      lives++
      const channel = rpmsg.announce('echo')
      await channel.receive()
      throw new Error('a mistake')
    })
    const { connect, faults } = setUp(version, device)
    const { transport, host, deliver } = connect()
    const here = await host.channel('echo')
    await here.send('x')
    deliver()
    await expect(uncaught).resolves.toMatchObject({ message: 'a mistake' })
    expect(faults).toMatchObject([{ error: { code: 'ERR_CRASHED' } }])
    expect(needsReset(transport)).toBe(version === 2)
    connect()
    expect([lives, needsReset(transport)]).toEqual([2, false])
  })

  test('a driver that offers buffers outside of memory breaks the device, and hangs nobody', async () => {
    const { connect, remote, registers, region, faults, settle } = setUp(version)
    const { transport } = connect()
    const rpmsg = remote()
    const channel = rpmsg?.announce('echo')
    const waiting = channel?.receive()
    const ring = transport.queues[1]?.ring()
    if (ring === undefined) throw new Error('there is a ring')
    ring.descriptors.write(0, region.pa - 512, 512, 0, 0)
    ring.setAvailEntry(ring.availIdx, 0)
    ring.availIdx = ring.availIdx + 1
    registers.store(MMIO.QUEUE_NOTIFY, 4, 1)
    settle()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_MEMORY' })
    expect(faults).toMatchObject([{ error: { code: 'ERR_MEMORY' }, driverIsTold: version === 2 }])
  })
})
