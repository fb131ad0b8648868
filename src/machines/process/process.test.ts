import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { echoRemote, folder, host, say } from '../../../test/support/process.js'
import { VIRTIO_STATUS } from '../../virtio/index.js'
import { openampLinux, processLayout } from './index.js'
import { hostFields, layoutTable, openampLinuxLayout, readLayout } from './layout.js'

// Both ends are in this process, over a real socket and memory that each has mapped for itself.

afterEach(() => vi.unstubAllEnvs())

const meeting = () => ({ socket: join(folder(), 'meeting.sock') })

test('host first, remote later', async () => {
  const at = meeting()
  const { rproc } = await host(at)
  await rproc.boot()
  const channel = rproc.channel('echo')
  await echoRemote(at)
  await (await channel).send('hello')
  expect((await (await channel).receive()).text()).toBe('hello')
})

test('remote first, host later', async () => {
  const at = meeting()
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
})

test.each(['host', 'remote'] as const)('the %s may be the one that listens', async (listens) => {
  const at = { ...meeting(), listens }
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
})

test('the memory may be a file, which only its owner can open', async () => {
  const at = { ...meeting(), region: join(folder(), 'region') }
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'in the file')).toBe('in the file')
  expect(statSync(at.region).mode & 0o777).toBe(0o600)
  expect(statSync(at.socket).mode & 0o777).toBe(0o600)
  expect(readFileSync(at.region).includes('in the file')).toBe(true)
})

test('views are of shared memory, which can be handed to worker threads', async () => {
  const { rproc } = await host(meeting())
  expect(rproc.processor.shared.bytes.buffer).toBeInstanceOf(SharedArrayBuffer)
})

test('a remote that leaves is a crash, and another one may come to the next life', async () => {
  const at = meeting()
  const { server } = await echoRemote(at)
  const { rproc, event } = await host(at)
  await rproc.boot()
  await say(rproc, 'first')
  await server.close()
  expect((await event('crashed')).reason).toBe(
    'the other end is gone: it has closed the connection',
  )
  await rproc.shutdown()
  await rproc.boot()
  await echoRemote(at)
  expect(await say(rproc, 'second')).toBe('second')
})

test('a remote stays when its host goes, and serves the next one', async () => {
  const at = meeting()
  const remote = await echoRemote(at)
  const first = await host(at)
  await first.rproc.boot()
  await say(first.rproc, 'first')
  await first.rproc.shutdown({ deadline: 0 })
  const second = await host(at)
  await second.rproc.boot()
  expect(await say(second.rproc, 'second')).toBe('second')
  expect(remote.events.map(({ type }) => type)).toEqual(['connected', 'lost', 'connected'])
})

test('a host that shuts down in order has the remote end in order', async () => {
  const at = meeting()
  await echoRemote(at)
  const { rproc, event } = await host(at)
  await rproc.boot()
  await say(rproc, 'hello')
  await rproc.shutdown({ deadline: 10_000 })
  expect((await event('stopped')).reason).toBe('acknowledged')
})

test('a message that is held is still there after the remote has gone', async () => {
  const at = meeting()
  const { server } = await echoRemote(at)
  const { rproc, event } = await host(at)
  await rproc.boot()
  const channel = await rproc.channel('echo')
  const held = new Promise<{ text(): string }>((resolve) => {
    channel.onMessage((message) => resolve(message.hold()))
  })
  await channel.send('keep this')
  const message = await held
  await server.close()
  await event('crashed')
  await rproc.shutdown()
  expect(message.text()).toBe('keep this')
})

test('what a remote of an earlier life writes reaches the next one no more', async () => {
  const at = { ...meeting(), region: join(folder(), 'region') }
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  const old = statSync(at.region).ino
  await say(rproc, 'hello')
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  expect(statSync(at.region).ino).not.toBe(old)
})

test('a second host is refused while the first one is there', async () => {
  const at = meeting()
  const first = await host(at)
  await first.rproc.boot()
  const second = await host(at)
  await expect(second.rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
  await echoRemote(at)
  expect(await say(first.rproc, 'still here')).toBe('still here')
})

test('a second remote waits until the first one has gone', async () => {
  const at = meeting()
  const { rproc, event } = await host(at)
  await rproc.boot()
  const first = await echoRemote(at)
  await say(rproc, 'hello')
  const second = await echoRemote(at)
  await first.server.close()
  await event('crashed')
  expect(second.events).toEqual([])
  await rproc.shutdown()
  await rproc.boot()
  expect(await say(rproc, 'second')).toBe('second')
})

test('a file that is no shared memory of ours is left alone', async () => {
  const at = { ...meeting(), region: join(folder(), 'thesis.txt') }
  writeFileSync(at.region, 'precious')
  const { rproc } = await host(at)
  await expect(rproc.boot()).rejects.toMatchObject({ code: 'ERR_STATE' })
  expect(readFileSync(at.region, 'utf8')).toBe('precious')
})

test('a region that was cut off is refused before it is touched', async () => {
  const at = { ...meeting(), region: join(folder(), 'region'), listens: 'remote' } as const
  await echoRemote(at)
  writeFileSync(join(at.region, '../short'), new Uint8Array(4096))
  const { rproc, event } = await host({ ...at, region: join(at.region, '../short') })
  await rproc.boot()
  expect((await event('crashed')).reason).toMatch(
    /short has 0x1000 bytes, expected at least 0x80000/,
  )
})

test('a name stands for a socket in a folder that only its owner may enter', async () => {
  const runtime = folder()
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  await echoRemote({ name: 'sensors' })
  const { rproc } = await host({ name: 'sensors' })
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
  expect(statSync(join(runtime, 'openamp')).mode & 0o777).toBe(0o700)
  expect(statSync(join(runtime, 'openamp/sensors.sock')).isSocket()).toBe(true)

  chmodSync(join(runtime, 'openamp'), 0o755)
  await expect(host({ name: 'other' })).rejects.toMatchObject({ code: 'ERR_STATE' })
})

test('a link in the place of that folder is not followed', async () => {
  const runtime = folder()
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
  mkdirSync(join(runtime, 'elsewhere'), { mode: 0o700 })
  symlinkSync(join(runtime, 'elsewhere'), join(runtime, 'openamp'))
  await expect(host({ name: 'sensors' })).rejects.toMatchObject({ code: 'ERR_STATE' })
})

test.each([{}, { name: 'a', socket: '/b' }, { name: '../a' }, { name: '' }])(
  'a place to meet is one name or one path: %o is refused',
  async (options) => {
    await expect(host(options)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  },
)

test('a host lays the memory out as OpenAMP’s Linux-process machine does', async () => {
  const region = join(folder(), 'openamp.shm')
  const at = { ...openampLinux, ...meeting(), region, listens: 'host' } as const
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  const channel = await rproc.channel('echo')
  await channel.send('hello')
  await channel.receive()
  const bytes = readFileSync(region)
  expect(bytes.length).toBe(0x8_0000)
  const words = (at: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => bytes.readUInt32LE(at + 4 * i))
  // struct resource_table, fw_rsc_vdev with status and num_of_vrings, two fw_rsc_vdev_vring.
  expect(words(0, 5)).toEqual([1, 1, 0, 0, 20])
  expect(words(20, 6)).toEqual([3, 7, 0, 1, 1, 0])
  expect([bytes[44], bytes[45]]).toEqual([7, 2])
  expect(words(48, 5)).toEqual([0x4000, 0x1000, 256, 1, 0])
  expect(words(68, 5)).toEqual([0x8000, 0x1000, 256, 2, 0])
  // The first buffers of both rings: offsets into the memory, 512 bytes each.
  expect(words(0x4000, 4)).toEqual([0x1_0000, 0, 512, 2])
  expect(words(0x8000, 3)).toEqual([0x3_0000, 0, 16 + 40])
})

test('a remote returns buffers with their whole length, which OpenAMP’s host takes for their size', async () => {
  const region = join(folder(), 'openamp.shm')
  const at = { ...openampLinux, ...meeting(), region, listens: 'host' } as const
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  await say(rproc, 'hello')
  const bytes = readFileSync(region)
  // The first element of both used rings: id and len. Ours offers of a transmit buffer what it sends.
  const used = [0x4000, 0x8000].map((ring) => ring + 0x2000 + 4)
  expect(used.map((at) => bytes.readUInt32LE(at + 4))).toEqual([512, 16 + 40])
})

test('the table is, byte for byte, the one that OpenAMP’s example writes', () => {
  // From openamp.shm, as the example had written it when it began to listen.
  const recorded =
    '010000000100000000000000000000001400000003000000070000000000000001000000' +
    '00000000000000000002000000400000001000000001000001000000000000000080000000' +
    '100000000100000200000000000000'
  expect(Buffer.from(layoutTable(openampLinuxLayout)).toString('hex')).toBe(recorded)
})

test('the file of OpenAMP’s machine stays the same one over all lives', async () => {
  const region = join(folder(), 'openamp.shm')
  const at = { ...openampLinux, ...meeting(), region, listens: 'host' } as const
  await echoRemote(at)
  const { rproc } = await host(at)
  await rproc.boot()
  await say(rproc, 'first')
  const { ino } = statSync(region)
  await rproc.shutdown({ deadline: 0 })
  await rproc.boot()
  expect(await say(rproc, 'second')).toBe('second')
  expect(statSync(region).ino).toBe(ino)
})

test('a host that connects does not write the table of a remote that listens', async () => {
  const region = join(folder(), 'openamp.shm')
  const at = { ...openampLinux, ...meeting(), region }
  await echoRemote(at)
  // A vendor's bit, which a host without a word for it leaves as it is.
  const file = openSync(region, 'r+')
  writeSync(file, Uint8Array.of(1, 0, 1, 0), 0, 4, 32)
  closeSync(file)
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
  expect(readFileSync(region).readUInt32LE(32)).toBe(0x10001)
})

test('a remote with other rings than expected is refused, with the place', async () => {
  const region = join(folder(), 'openamp.shm')
  const at = { ...openampLinux, ...meeting(), region }
  const layout = { ...openampLinux.layout, num: 128 }
  await echoRemote({ ...at, layout })
  const { rproc, event } = await host(at)
  await rproc.boot()
  expect((await event('crashed')).reason).toMatch(/num of vring 0: expected 0x100, found 0x80/)
})

test('whoever maps the file sees the host’s driver as soon as it has booted', async () => {
  const at = { ...meeting(), region: join(folder(), 'region') }
  const { rproc } = await host(at)
  await rproc.boot()
  const bytes = readFileSync(at.region)
  const { status } = hostFields(processLayout)
  expect((bytes[status] ?? 0) & VIRTIO_STATUS.DRIVER_OK).not.toBe(0)
  expect(bytes.subarray(0, 12)).toEqual(Buffer.from(layoutTable(processLayout).subarray(0, 12)))
})

test.each([['no JSON'], ['{}'], ['null'], ['{"size":"much"}']])(
  'what is no layout is refused: %s',
  (json) => {
    expect(() => readLayout(json)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  },
)

test('a layout survives being written down', () => {
  expect(readLayout(JSON.stringify(openampLinuxLayout))).toEqual(openampLinuxLayout)
})
