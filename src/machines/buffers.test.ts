import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { pattern } from '../../test/support/link.js'
import {
  type EntrySpec,
  fw_rsc_carveout,
  fw_rsc_vdev_vring,
  imageResourceTable,
  readElf,
  readResourceTable,
} from '../firmware/index.js'
import { type BufferOptions, type Machine, Remoteproc } from '../remoteproc/index.js'
import { resourceInit } from '../remoteproc/remote.js'
import { type RpmsgDevice, writeBufferConfig } from '../rpmsg/index.js'
import { emulated } from './emulated/emulated.js'
import { inProcess, inProcessFirmware, inProcessTable } from './in-process.js'

const ring = { num: 16, align: 16 }
const vdev: EntrySpec = { kind: 'vdev', dfeatures: 1, vrings: [ring, ring] }

/** A remote that echoes what it can carry, and gives its device away. */
function echoing(seen: (rpmsg: RpmsgDevice) => void = () => {}): Machine {
  return inProcess(async (place) => {
    const remote = resourceInit({ ...place, tableAddress: inProcessTable })
    place.onKick = () => remote.kicked()
    const rpmsg = await remote.whenReady()
    seen(rpmsg)
    const channel = rpmsg.announce('echo')
    for await (const { data } of channel) await channel.send(data.subarray(0, rpmsg.payloadSize))
  })
}

async function payloads(entries: readonly EntrySpec[], buffers?: BufferOptions) {
  let remote: RpmsgDevice | undefined
  const machine = echoing((rpmsg) => {
    remote = rpmsg
  })
  await using rproc = await Remoteproc.init({
    ...{ firmware: inProcessFirmware(entries), machine },
    ...(buffers === undefined ? {} : { buffers }),
  })
  await rproc.boot()
  const channel = await rproc.channel('echo')
  const [host] = rproc.rpmsg
  const toRemote = host?.payloadSize ?? 0
  const toHost = remote?.payloadSize ?? 0
  const sent = pattern(toRemote)
  await channel.send(sent)
  expect((await channel.receive()).data).toEqual(sent.subarray(0, toHost))
  await expect(channel.send(new Uint8Array(toRemote + 1))).rejects.toMatchObject({
    code: 'ERR_MESSAGE_SIZE',
  })
  const gfeatures = readResourceTable(tableInMemory(rproc), 'table').vdevs[0]?.gfeatures
  return { toRemote, toHost, gfeatures }
}

function tableInMemory(rproc: Remoteproc): Uint8Array {
  const { region, offset } = rproc.processor.space.locate('da', inProcessTable, 16, 'table')
  return region.bytes.slice(offset, offset + 1024)
}

describe('the buffers of each direction have the size', () => {
  test('of 512 bytes where nobody says anything', async () => {
    expect(await payloads([vdev])).toEqual({ toRemote: 496, toHost: 496, gfeatures: 1 })
  })

  test('that the host chooses', async () => {
    const buffers = { rx: { size: 1040 }, tx: { size: 272 } }
    expect(await payloads([vdev], buffers)).toEqual({ toRemote: 256, toHost: 1024, gfeatures: 1 })
  })

  test('that the host chooses for one of them', async () => {
    expect(await payloads([vdev], { tx: { size: 4112 } })).toMatchObject({
      toRemote: 4096,
      toHost: 496,
    })
  })

  test('that the longest message needs', async () => {
    const small = {
      ...vdev,
      vrings: [
        { num: 2, align: 16 },
        { num: 2, align: 16 },
      ],
    } as const
    const buffers = { rx: { size: 65551 }, tx: { size: 65551 } }
    expect(await payloads([small], buffers)).toMatchObject({ toRemote: 65535, toHost: 65535 })
  })

  test('that the remote offers in its config space, which the host accepts by the feature bit', async () => {
    const { feature, config } = writeBufferConfig({ rx: 1040, tx: 272 })
    expect(await payloads([{ ...vdev, dfeatures: 1 | feature, config }])).toEqual({
      toRemote: 256,
      toHost: 1024,
      gfeatures: 1 | feature,
    })
  })

  test('that the host chooses over what the remote offers, which is then not accepted', async () => {
    const { feature, config } = writeBufferConfig({ rx: 1040, tx: 272 })
    const entry = { ...vdev, dfeatures: 1 | feature, config }
    expect(await payloads([entry], { tx: { size: 2064 } })).toEqual({
      toRemote: 2048,
      toHost: 1024,
      gfeatures: 1,
    })
  })

  test('of 512 where the remote offers one in a layout that is not known', async () => {
    const entry = { ...vdev, dfeatures: 3, config: Uint8Array.of(9, 9, 9, 9) }
    expect(await payloads([entry])).toEqual({ toRemote: 496, toHost: 496, gfeatures: 1 })
  })

  test.each([0, 16, -1, 20.5, 65552])('but not %d bytes', async (size) => {
    await expect(payloads([vdev], { rx: { size } })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})

describe('split buffer pools', () => {
  const carveouts: readonly EntrySpec[] = [
    { kind: 'carveout', name: 'to-host', len: 16 * 512, da: 0x1810_0000 },
    { kind: 'carveout', name: 'to-remote', len: 16 * 1040 },
  ]
  const buffers = { rx: { carveout: 'to-host' }, tx: { carveout: 'to-remote', size: 1040 } }

  test('lie in the carve-outs that the host names', async () => {
    await using rproc = await Remoteproc.init({
      firmware: inProcessFirmware([...carveouts, vdev]),
      ...{ machine: echoing(), buffers },
    })
    await rproc.boot()
    const channel = await rproc.channel('echo')
    await channel.send('x'.repeat(1024))
    expect((await channel.receive()).text()).toBe('x'.repeat(496))
    const { space } = rproc.processor
    const [first, second] = rproc.resourceTable?.carveouts ?? []
    expect(first?.da).toBe(0x1810_0000)
    const descriptorOf = (index: number): number => {
      const da = rproc.resourceTable?.vdevs[0]?.vrings[index]?.da ?? 0
      const { region, offset } = space.locate('da', da, 16, 'descriptor')
      return region.getU64(offset)
    }
    expect(descriptorOf(0)).toBe(space.daToPa(first?.da ?? 0))
    expect(descriptorOf(1)).toBe(space.daToPa(second?.da ?? 0))
  })

  test.each([
    [
      'that is not there',
      { rx: { carveout: 'elsewhere' } },
      'ERR_RESOURCE_TABLE',
      /there is no carve-out elsewhere/,
    ],
    [
      'that is too small',
      { ...buffers, tx: { carveout: 'to-remote', size: 1044 } },
      'ERR_NO_SPACE',
      /16 buffers of 1044 need 0x4140 bytes, carve-out to-remote has 0x4100/,
    ],
    [
      'that is too small for both',
      { rx: { carveout: 'to-host' }, tx: { carveout: 'to-host', size: 256 } },
      'ERR_NO_SPACE',
      /16 buffers of 512 and 16 of 256 need 0x3000 bytes, carve-out to-host has 0x2000/,
    ],
  ])('in a carve-out %s are refused', async (_, wrong, code, message) => {
    const firmware = inProcessFirmware([...carveouts, vdev])
    const init = Remoteproc.init({ ...{ firmware, machine: echoing() }, buffers: wrong })
    await expect(init).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe.each([2, 16, 256, 1024])(
  'with %i buffers in each direction',
  { timeout: 60_000 },
  (num) => {
    async function exchange(rproc: Remoteproc, name: string): Promise<void> {
      await rproc.boot()
      const channel = await rproc.channel(name)
      const [host] = rproc.rpmsg
      expect(host?.stats.txFree).toBe(num - 1)
      // Each buffer of both rings is used more than once.
      const count = 2 * num + 1
      const sending = Promise.all(Array.from({ length: count }, (_, i) => channel.send(`${i}`)))
      for (let i = 0; i < count; i++) expect((await channel.receive()).text()).toBe(`${i}`)
      await sending
      expect(host?.stats).toMatchObject({ sent: count + 1, dropped: 0, rxHeld: 0 })
    }

    test('a remote in TypeScript echoes all', async () => {
      const rings = { num, align: 16 }
      const firmware = inProcessFirmware([{ ...vdev, vrings: [rings, rings] }])
      await using rproc = await Remoteproc.init({ firmware, machine: echoing() })
      await exchange(rproc, 'echo')
    })

    test('firmware on the emulated board echoes all', async () => {
      const firmware = echoImageWith(num)
      await using rproc = await Remoteproc.init({
        firmware,
        machine: emulated({ deterministic: true }),
      })
      await exchange(rproc, 'rpmsg-openamp-demo-channel')
    })
  },
)

/** The image `echo` with other numbers in its resource table. */
function echoImageWith(num: number): Uint8Array {
  const bytes = new Uint8Array(
    readFileSync(new URL('../../firmware/images/echo.elf', import.meta.url)),
  )
  const table = imageResourceTable(readElf(bytes, 'echo.elf'))
  if (table === undefined) throw new Error('no table')
  const at = Buffer.from(bytes).indexOf(table.bytes)
  expect(at).toBeGreaterThan(0)
  const view = new DataView(bytes.buffer)
  for (const vring of table.vdevs[0]?.vrings ?? []) {
    view.setUint32(at + vring.offset + fw_rsc_vdev_vring.num, num, true)
  }
  const buffers = table.carveout('vdev0buffer')
  view.setUint32(at + (buffers?.offset ?? 0) + fw_rsc_carveout.len, 2 * num * 512, true)
  return bytes
}
