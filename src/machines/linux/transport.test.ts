import { describe, expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { WallClock } from '../../base/clock.js'
import { Waits } from '../../base/waits.js'
import { RpmsgDevice } from '../../rpmsg/index.js'
import { Endpoints } from './endpoints-node.js'
import type { Ioctls } from './message-file-node.js'
import { readiness } from './readiness-node.js'
import { KernelTransport } from './transport-node.js'
import { Tree } from './tree-node.js'

/** A link over a folder that looks like a board; without koffi, as far as it knows. */
function linkOver(
  board: LinuxTree,
  ioctls?: Ioctls,
): { readonly rpmsg: RpmsgDevice; readonly notes: string[] } {
  const tree = new Tree(board.root)
  const clock = new WallClock()
  const transport = new KernelTransport({
    ...{ tree, remote: 'remoteproc0', clock, payloadSize: 496 },
    endpoints: new Endpoints(tree, 'remoteproc0', undefined),
    readiness: readiness(undefined),
    ioctls,
  })
  const rpmsg = new RpmsgDevice(transport, { waits: new Waits(clock), acknowledge: false })
  const notes: string[] = []
  transport.onNote = (text) => notes.push(text)
  transport.onLost = () => rpmsg.poll()
  rpmsg.poll()
  return { rpmsg, notes }
}

const board = (): LinuxTree =>
  new LinuxTree().remote('remoteproc0', 'm4').virtio('remoteproc0', 'm4')

const soon = { timeout: 10_000 }

test('a channel on the bus is an announcement, and its device carries the messages', async () => {
  const { rpmsg } = linkOver(board().channel('rpmsg-raw', 1024, 'rpmsg0'))
  expect(rpmsg.announcements).toEqual([{ name: 'rpmsg-raw', address: 1024 }])
  const channel = await rpmsg.channel('rpmsg-raw', soon)
  expect(channel.endpoint.address).toBe(0x401)
  await channel.send('hello')
  const message = await channel.receive(soon)
  expect([message.text(), message.source]).toEqual(['hello', 1024])
  rpmsg.close(new Error('done'))
})

test('a channel that comes later is bound by whoever waits for it, and ends as it goes', async () => {
  const tree = board()
  const { rpmsg } = linkOver(tree)
  const waiting = rpmsg.channel('late', soon)
  tree.channel('late', 7, 'rpmsg3')
  rpmsg.poll()
  const channel = await waiting
  const reading = channel.receive(soon)
  tree.remove('sys/bus/rpmsg/devices/virtio0.late.-1.7')
  rpmsg.poll()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  rpmsg.close(new Error('done'))
})

test('when the whole remote goes, its channels are left to whoever says why', async () => {
  const tree = board().channel('rpmsg-raw', 1024, 'rpmsg0')
  const { rpmsg } = linkOver(tree)
  const channel = await rpmsg.channel('rpmsg-raw', soon)
  const reading = channel.receive(soon)
  tree.remove('sys/bus/virtio/devices/virtio0').remove('sys/bus/rpmsg/devices')
  rpmsg.poll()
  expect(channel.closed).toBe(false)
  rpmsg.close(new Error('it has crashed'))
  await expect(reading).rejects.toThrow('it has crashed')
})

test('messages wait in their order while the kernel has no buffer, and then all go', async () => {
  const { rpmsg } = linkOver(board().channel('rpmsg-raw', 1024, 'rpmsg0'))
  const channel = await rpmsg.channel('rpmsg-raw', soon)
  // A pipe holds less than these, and is read from only between two of our turns.
  const message = 'x'.repeat(496)
  let sent = 0
  while (channel.trySend(message)) sent++
  expect(sent).toBeGreaterThan(100)
  const more = channel.send('the last', soon)
  let text = ''
  while (!text.endsWith('the last')) text += (await channel.receive(soon)).text()
  await more
  expect(text.length).toBe(sent * 496 + 'the last'.length)
  rpmsg.close(new Error('done'))
})

test('what a reader holds stays, and reading goes on once it is released', async () => {
  const { rpmsg } = linkOver(board().channel('rpmsg-raw', 1024, 'rpmsg0'))
  const channel = await rpmsg.channel('rpmsg-raw', soon)
  const first = new Promise<string>((resolve) => {
    channel.onMessage((message) => {
      const held = message.hold()
      setImmediate(() => {
        resolve(held.text())
        held.release()
      })
    })
  })
  await channel.send('held')
  expect(await first).toBe('held')
  expect(rpmsg.stats.rxHeld).toBe(0)
  rpmsg.close(new Error('done'))
})

test.each([
  ['to somebody else than the peer', 9],
  ['to the name service', 53],
])('a message %s is refused: the kernel sends to the peer alone', async (_, destination) => {
  const { rpmsg } = linkOver(board().channel('rpmsg-raw', 1024, 'rpmsg0'))
  const channel = await rpmsg.channel('rpmsg-raw', soon)
  const sent = channel.endpoint.sendTo('x', destination)
  await expect(sent).rejects.toMatchObject({ code: 'ERR_ADDRESS' })
  expect(rpmsg.stats.txFree).toBe(16)
  rpmsg.close(new Error('done'))
})

test('a channel that a driver of the kernel has to itself is refused with its name', async () => {
  const tree = board().channel('sample', 1024, 'rpmsg0')
  tree.remove('sys/bus/rpmsg/devices/virtio0.sample.-1.1024/rpmsg')
  const { rpmsg } = linkOver(tree)
  const bound = rpmsg.channel('sample', soon)
  await expect(bound).rejects.toThrow(/belongs to the kernel's driver rpmsg_chrdev/)
  rpmsg.close(new Error('done'))
})

test('an endpoint that takes an ioctl says which package that needs', () => {
  const { rpmsg } = linkOver(board())
  const make = () => rpmsg.createEndpoint({ name: 'x', destination: 1 })
  expect(make).toThrow(/npm install koffi/)
  rpmsg.close(new Error('done'))
})

// No kernel to be had here has a transport with flow control: its requests are played, by what
// drivers/rpmsg/rpmsg_char.c of Linux 6.6 does on them.
describe("the kernel's flow control", () => {
  const EINVAL = -1
  const played = (can: boolean) => {
    const kernel = { told: [] as number[], paused: 0 }
    const ioctls: Ioctls = {
      ioctl: (_, request, word) => {
        if (!can || request !== 0x8004_b505) return EINVAL
        new DataView(word?.buffer ?? new ArrayBuffer(4)).setInt32(0, kernel.paused, true)
        return 0
      },
      ioctlValue: (_, request, value) => {
        if (!can || request !== 0x8004_b506 || value > 1) return EINVAL
        kernel.told.push(value)
        return 0
      },
    }
    return { kernel, ioctls }
  }
  const raw = (): LinuxTree => board().channel('rpmsg-raw', 1024, 'rpmsg0')

  test('pauses the peer and resumes it, for who asks for flow control', async () => {
    const { kernel, ioctls } = played(true)
    const { rpmsg } = linkOver(raw(), ioctls)
    const channel = await rpmsg.channel('rpmsg-raw', { ...soon, flowControl: true })
    expect(channel.endpoint.flowControl).toBe(true)
    expect(channel.pause()).toBe(true)
    channel.resume()
    // The first one asks whether it can.
    expect(kernel.told).toEqual([0, 1, 0])
    channel.endpoint.setFlowControl(true)
    expect(kernel.told.at(-1)).toBe(1)
    rpmsg.close(new Error('done'))
  })

  test('pauses the peer by itself where the queue is full', async () => {
    const { kernel, ioctls } = played(true)
    const { rpmsg } = linkOver(raw(), ioctls)
    const queue = 2
    const channel = await rpmsg.channel('rpmsg-raw', { ...soon, flowControl: true, queue })
    // One at a time, for the pipe that plays the device keeps no bounds of messages.
    for (const queued of [1, 2]) {
      await channel.send('x')
      await expect.poll(() => channel.stats.queued, soon).toBe(queued)
    }
    expect(kernel.told).toEqual([0, 1])
    await channel.receive(soon)
    await channel.receive(soon)
    expect(kernel.told).toEqual([0, 1, 0])
    rpmsg.close(new Error('done'))
  })

  test('holds back what is sent while the peer has paused us', async () => {
    const { kernel, ioctls } = played(true)
    const { rpmsg } = linkOver(raw(), ioctls)
    const heard: boolean[] = []
    const channel = await rpmsg.channel('rpmsg-raw', {
      ...soon,
      flowControl: true,
      flow: (paused) => heard.push(paused),
    })
    kernel.paused = 1
    await expect.poll(() => channel.endpoint.paused, soon).toBe(true)
    expect(() => channel.trySend('too soon')).toThrow(
      expect.objectContaining({ code: 'ERR_PAUSED' }),
    )
    const sent = channel.send('in time', soon)
    kernel.paused = 0
    await sent
    expect((await channel.receive(soon)).text()).toBe('in time')
    expect(heard).toEqual([true, false])
    rpmsg.close(new Error('done'))
  })

  test.each([
    ['a kernel or transport without it', played(false).ioctls],
    ['no koffi', undefined],
  ])('is none with %s, and whoever pauses is told', async (_, ioctls) => {
    const { rpmsg } = linkOver(raw(), ioctls)
    const channel = await rpmsg.channel('rpmsg-raw', { ...soon, flowControl: true })
    expect([channel.endpoint.flowControl, channel.pause()]).toEqual([false, false])
    const pause = () => channel.endpoint.setFlowControl(true)
    expect(pause).toThrow(expect.objectContaining({ code: 'ERR_STATE' }))
    rpmsg.close(new Error('done'))
  })
})
