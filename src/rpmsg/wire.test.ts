import { expect, test } from 'vitest'
import { connected, link } from '../../test/support/link.js'
import { AVAIL_F_NO_INTERRUPT, USED_F_NO_NOTIFY, VIRTIO_STATUS, Vring } from '../virtio/index.js'
import { readNameServiceMessage, writeNameServiceMessage } from './header.js'
import { rpmsgLoopback } from './loopback.js'

const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0))

// With 16 descriptors: receive buffers 0..15 of the host, then its transmit buffers.
function buffer(pool: { region: { bytes: Uint8Array }; offset: number }, index: number) {
  const at = pool.offset + index * 512
  return pool.region.bytes.subarray(at, at + 512)
}

test('a message is 16 bytes of header and the payload', async () => {
  const { virtio, remote, host, deliver } = link()
  const there = remote.createEndpoint({ address: 0x401 })
  const here = host.createEndpoint({ address: 0x402, destination: 0x401 })
  buffer(virtio.pool, 16).fill(0xee)
  await here.send('hi!')
  deliver()
  expect(there.destination).toBe(0x402)
  expect([...buffer(virtio.pool, 16).subarray(0, 20)]).toEqual([
    ...[0x02, 0x04, 0, 0], // src
    ...[0x01, 0x04, 0, 0], // dst
    ...[0, 0, 0, 0], // reserved
    ...[3, 0], // len
    ...[0, 0], // flags
    ...ascii('hi!'),
    0xee,
  ])
})

test('an announcement is 40 bytes to address 53', () => {
  const { virtio, remote, deliver } = link()
  remote.announce('rpmsg-echo')
  deliver()
  expect([...buffer(virtio.pool, 0).subarray(0, 56)]).toEqual([
    ...[0, 4, 0, 0, 53, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0],
    ...[...ascii('rpmsg-echo'), ...new Array<number>(22).fill(0)],
    ...[0, 4, 0, 0], // its address, 1024
    ...[0, 0, 0, 0], // created
  ])
})

test('the acknowledgement is an announcement back, and the end of a channel is flag 1', async () => {
  const { virtio, here, deliver } = await connected()
  const said = (): number[] => [...buffer(virtio.pool, 16).subarray(0, 56)]
  const head = [0, 4, 0, 0, 53, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0]
  const name = [...ascii('echo'), ...new Array<number>(28).fill(0)]
  expect(said()).toEqual([...head, ...name, 0, 4, 0, 0, 0, 0, 0, 0])
  // One buffer lies free on top of the others: the one that came back.
  here.close()
  const used = [16, 17].map((i) => [...buffer(virtio.pool, i).subarray(0, 56)])
  expect(used).toContainEqual([...head, ...name, 0, 4, 0, 0, 1, 0, 0, 0])
  deliver()
})

test('the host offers every receive buffer by its physical address, before DRIVER_OK', () => {
  const da = 0x1000_0000
  const { virtio } = link({ num: 4, da, pa: 0x4000_0000 })
  const ring = Vring.legacy(virtio.space, 'da', da, 4, 16)
  expect(ring.availIdx).toBe(4)
  for (let i = 0; i < 4; i++) {
    expect(ring.descriptors.addr(i)).toBe(0x4000_0000 + virtio.pool.offset + i * 512)
    expect([ring.descriptors.len(i), ring.descriptors.flags(i)]).toEqual([512, 2])
  }
  const { ACKNOWLEDGE, DRIVER, DRIVER_OK } = VIRTIO_STATUS
  expect(virtio.device.status).toBe(ACKNOWLEDGE | DRIVER | DRIVER_OK)
  expect(virtio.kicks).toEqual([1, 0])
})

test('neither end wants to be told of transmit buffers before somebody waits for one', () => {
  const { virtio } = rpmsgLoopback({ num: 4, schedule: () => {} })
  const { da } = virtio.region
  const toHost = Vring.legacy(virtio.space, 'da', da, 4, 16)
  const toRemote = Vring.legacy(virtio.space, 'da', da + virtio.pool.offset / 2, 4, 16)
  expect([toHost.usedFlags, toHost.availFlags]).toEqual([USED_F_NO_NOTIFY, 0])
  expect([toRemote.availFlags, toRemote.usedFlags]).toEqual([AVAIL_F_NO_INTERRUPT, 0])
})

test('used.len of a message to the host covers header and payload', async () => {
  const { virtio, there } = await connected()
  const ring = Vring.legacy(virtio.space, 'da', virtio.region.da, 16, 16)
  await there.send(new Uint8Array(100))
  expect(ring.usedLen(ring.usedIdx - 1)).toBe(116)
})

test('the descriptor of a message to the remote covers header and payload', () => {
  const { virtio, host } = link()
  host.createEndpoint({ destination: 1 }).trySend(new Uint8Array(100))
  const address = virtio.region.da + virtio.pool.offset / 2
  const ring = Vring.legacy(virtio.space, 'da', address, 16, 16)
  expect([ring.descriptors.len(0), ring.descriptors.flags(0)]).toEqual([116, 0])
})

test('the reserved word is neither trusted nor required', async () => {
  const { virtio, here, there, deliver } = await connected()
  await there.send('x')
  for (let i = 0; i < 16; i++) buffer(virtio.pool, i).fill(0xff, 8, 12)
  deliver()
  expect((await here.receive()).text()).toBe('x')
})

test('a name of 32 bytes has no end on the wire and is read whole', () => {
  const name = 'n'.repeat(32)
  const bytes = writeNameServiceMessage({ name, address: 0x1234, destroy: false })
  expect(bytes).toHaveLength(40)
  expect(bytes.subarray(0, 32)).toEqual(new Uint8Array(32).fill(0x6e))
  expect(readNameServiceMessage(bytes)).toEqual({ name, address: 0x1234, destroy: false })
})

test('a name ends at its first NUL, whatever lies behind it', () => {
  const bytes = writeNameServiceMessage({ name: 'echo', address: 7, destroy: true })
  bytes.fill(0xaa, 5, 32)
  expect(readNameServiceMessage(bytes)).toEqual({ name: 'echo', address: 7, destroy: true })
})

test.each([
  ['of 39 bytes', new Uint8Array(39).fill(0x41)],
  ['without a name', writeNameServiceMessage({ name: '', address: 7, destroy: false })],
  [
    'of address 0xffffffff',
    writeNameServiceMessage({ name: 'x', address: 0xffff_ffff, destroy: false }),
  ],
])('a name service message %s says nothing', (_, bytes) => {
  expect(readNameServiceMessage(bytes)).toBeUndefined()
})
