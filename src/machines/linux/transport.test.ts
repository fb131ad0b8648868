import { expect, test } from 'vitest'
import { LinuxTree } from '../../../test/support/linux-tree.js'
import { WallClock } from '../../base/clock.js'
import { Waits } from '../../base/waits.js'
import { RpmsgDevice } from '../../rpmsg/index.js'
import { Endpoints } from './endpoints-node.js'
import { readiness } from './readiness-node.js'
import { KernelTransport } from './transport-node.js'
import { Tree } from './tree-node.js'

/** A link over a folder that looks like a board; without koffi, as far as it knows. */
function linkOver(board: LinuxTree): { readonly rpmsg: RpmsgDevice; readonly notes: string[] } {
  const tree = new Tree(board.root)
  const clock = new WallClock()
  const transport = new KernelTransport({
    ...{ tree, remote: 'remoteproc0', clock, payloadSize: 496 },
    endpoints: new Endpoints(tree, 'remoteproc0', undefined),
    readiness: readiness(undefined),
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
