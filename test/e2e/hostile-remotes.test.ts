import { describe, expect, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'
import { resourceInit } from '../../dist/remote.js'
import { inProcess, inProcessFirmware, inProcessTable } from '../../dist/testing.js'
import { events, image, openamp } from './command.js'
import {
  announcement,
  descriptor,
  hostileImage,
  message,
  type Store,
  tableWords,
  usedElement,
  usedIndex,
} from './hostile-image.js'
import { imageFile } from './images.js'
import { machines } from './machines.js'

const DEMO = 'rpmsg-openamp-demo-channel'
const four = new Uint8Array(4)

const lies: readonly [what: string, stores: readonly Store[], reason: RegExp][] = [
  [
    'more messages than there are buffers',
    [usedIndex(0, 40000)],
    /vring 0 of vdev 0: used\.idx went from 0 to 40000 with 16 chains in flight/,
  ],
  [
    'more buffers used than it was sent',
    [usedIndex(1, 1)],
    /vring 1 of vdev 0: used\.idx went from 0 to 1 with 0 chains in flight/,
  ],
  [
    'a message in a buffer that does not exist',
    [...usedElement(0, 0, 999, 56), usedIndex(0, 1)],
    /vring 0 of vdev 0: used element 0 names descriptor 999, not in flight/,
  ],
  [
    'a message longer than its buffer',
    [...usedElement(0, 0, 0, 513), usedIndex(0, 1)],
    /vring 0 of vdev 0: used element of descriptor 0: length 513 of at most 512/,
  ],
  [
    'a header that promises more than there is',
    [...message(0, 1024, four, 0xffff), ...usedElement(0, 0, 0, 512), usedIndex(0, 1)],
    /vring 0 of vdev 0: message from 0x400 has length 65535 in its header/,
  ],
  [
    'a message without room for its header',
    [...usedElement(0, 0, 0, 15), usedIndex(0, 1)],
    /vring 0 of vdev 0: message .* in a buffer used for 15 bytes/,
  ],
]

const announced = (stores: readonly Store[]): Uint8Array =>
  hostileImage([
    ...stores,
    ...announcement(0, 'survivor'),
    ...usedElement(0, 0, 0, 56),
    usedIndex(0, 1),
  ])

const garbage = 0xa5a5_a5a5

describe.each(machines)('a remote, %s, that lies', (_, options) => {
  test.each(lies)(
    'with %s is a crash with a reason, and its neighbour goes on',
    async (_, stores, reason) => {
      const log: RemoteprocEvent[] = []
      const machine = emulated(options)
      await using neighbour = await Remoteproc.init({ firmware: file(image('echo')), machine })
      await using liar = await Remoteproc.init({
        firmware: hostileImage(stores),
        machine,
        observer: (event) => log.push(event),
      })
      await neighbour.boot()
      const channel = await neighbour.channel(DEMO)
      await liar.boot()
      await expect(liar.channel('any')).rejects.toMatchObject({
        code: 'ERR_CRASHED',
        message: expect.stringMatching(reason),
      })
      expect(liar.state).toBe('crashed')
      expect(log.filter(({ type }) => type === 'crashed')).toHaveLength(1)
      await channel.send('here')
      expect((await channel.receive()).text()).toBe('here')
      await liar.shutdown()
      await liar.boot()
      await expect(liar.whenStopped()).rejects.toMatchObject({ code: 'ERR_CRASHED' })
    },
  )

  test.each([
    ['the resource table', tableWords.map((at): Store => [at, garbage])],
    [
      'the descriptors',
      Array.from({ length: 64 }, (_, i): Store => [descriptor(0, 0) + 4 * i, garbage]),
    ],
  ])('about %s does not mislead the host, which has its own copy', async (_, stores) => {
    await using liar = await Remoteproc.init({
      firmware: announced(stores),
      machine: emulated(options),
    })
    await liar.boot()
    const channel = await liar.channel('survivor')
    await channel.send('to nobody')
    expect(liar.state).toBe('running')
    await liar.shutdown({ deadline: 1 })
    expect(liar.state).toBe('stopped')
  })

  test('in a name service message is heard of, and no more', async () => {
    const log: RemoteprocEvent[] = []
    const firmware = hostileImage([
      ...message(0, 53, four),
      ...usedElement(0, 0, 0, 20),
      ...announcement(1, 'x'.repeat(32)),
      ...usedElement(0, 1, 1, 512),
      usedIndex(0, 2),
    ])
    await using liar = await Remoteproc.init({
      firmware,
      machine: emulated(options),
      observer: (event) => log.push(event),
    })
    await liar.boot()
    await liar.channel('x'.repeat(32))
    expect(log).toContainEqual(
      expect.objectContaining({ type: 'dropped', reason: 'malformed name service message' }),
    )
  })

  test('in that it kicks for ever holds up nobody', async () => {
    const machine = emulated(options)
    await using neighbour = await Remoteproc.init({ firmware: file(image('echo')), machine })
    await using storm = await Remoteproc.init({
      firmware: hostileImage([], 'kicks for ever'),
      machine,
    })
    await storm.boot()
    await neighbour.boot()
    const channel = await neighbour.channel(DEMO)
    await channel.send('here')
    expect((await channel.receive()).text()).toBe('here')
    await expect(storm.channel('any', { timeout: 1 })).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
    })
    await storm.shutdown({ deadline: 1 })
    expect(storm.state).toBe('stopped')
  })
})

describe('openamp run with a remote that lies', () => {
  test.each(lies)('with %s ends with code 1 and the reason', async (what, stores, reason) => {
    const path = imageFile(`${what.replaceAll(' ', '-')}.elf`, hostileImage(stores))
    const { code, stdout, stderr } = await openamp(['run', path, '--json'])
    expect(events(stdout).at(-1)).toMatchObject({
      event: 'crashed',
      reason: expect.stringMatching(reason),
    })
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })
})

describe('a remote written in TypeScript', () => {
  test('that announces without end is a crash, and its neighbour goes on', async () => {
    const machine = inProcess(async (place) => {
      const remote = resourceInit({ ...place, tableAddress: inProcessTable })
      place.onKick = () => remote.kicked()
      const device = await remote.whenReady()
      for (let i = 0; i < 5000; i++) device.announce(`channel ${i}`)
    })
    await using neighbour = await Remoteproc.init({
      firmware: file(image('echo')),
      machine: emulated(),
    })
    await neighbour.boot()
    const channel = await neighbour.channel(DEMO)
    await using endless = await Remoteproc.init({ firmware: inProcessFirmware(), machine })
    await endless.boot()
    await expect(endless.channel('any')).rejects.toMatchObject({
      code: 'ERR_CRASHED',
      message: expect.stringContaining('more than 4096 channels'),
    })
    await channel.send('here')
    expect((await channel.receive()).text()).toBe('here')
  })
})
