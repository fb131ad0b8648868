import { expect, test } from 'vitest'
import { Remoteproc, type RemoteprocOptions } from '../../dist/index.js'
import { type ThreadOptions, thread } from '../../dist/machines/index.js'
import { ending } from './support.js'

const TIMEOUT = { timeout: 20_000 }

async function boot(
  name: string,
  options: ThreadOptions = {},
  more: Partial<RemoteprocOptions> = {},
): Promise<Remoteproc> {
  const url = new URL(`./remotes/${name}.js`, import.meta.url)
  const rproc = await Remoteproc.init({ machine: thread(url, options), ...more })
  await rproc.boot()
  return rproc
}

const REMOTES = ['echo', 'sync', 'poller']
const STYLES = [['sleep'], [{ spin: 50 }]] as const

test.each(REMOTES.flatMap((remote) => STYLES.map(([wait]) => [remote, wait] as const)))(
  'a remote that waits as %s does, and a host that waits by %j, synchronously',
  async (...args) => {
    const [remote, wait] = args
    await using rproc = await boot(remote, { wait })
    const channel = await rproc.channel('echo', TIMEOUT)
    // The event loop stands still all the time.
    for (let i = 0; i < 1000; i++) {
      channel.sendSync(`message ${i}`, TIMEOUT)
      expect(channel.receiveSync(TIMEOUT).text()).toBe(`message ${i}`)
    }
  },
)

test.each(REMOTES)(
  'a thousand messages in bulk to a remote that waits as %s does',
  async (name) => {
    await using rproc = await boot(name)
    const channel = await rproc.channel('echo', TIMEOUT)
    const texts = Array.from({ length: 1000 }, (_, i) => `message ${i}`)
    const received: string[] = []
    const all = new Promise<void>((resolve) => {
      channel.onMessage((message) => {
        received.push(message.text())
        if (received.length === texts.length) resolve()
      })
    })
    await channel.sendAll(texts, TIMEOUT)
    await all
    expect(received).toEqual(texts)
  },
)

test('a host that polls hears of everything when it looks', async () => {
  await using rproc = await boot('echo', { wait: 'poll' })
  const [rpmsg] = rproc.rpmsg
  const found = rproc.channel('echo', TIMEOUT)
  const look = setInterval(() => rpmsg?.poll(), 1)
  try {
    const channel = await found
    await channel.send('looked for')
    expect((await channel.receive(TIMEOUT)).text()).toBe('looked for')
  } finally {
    clearInterval(look)
  }
})

test('a synchronous wait ends after its time', async () => {
  await using rproc = await boot('echo')
  const channel = await rproc.channel('echo', TIMEOUT)
  expect(() => channel.receiveSync({ timeout: 5 })).toThrow(
    expect.objectContaining({ code: 'ERR_TIMEOUT' }),
  )
})

test.each(['throw', 'process.exit'])(
  'a synchronous wait ends where the remote crashes, though the event loop stands: %s',
  async (message) => {
    await using rproc = await boot('echo')
    const channel = await rproc.channel('echo', TIMEOUT)
    const ended = ending(rproc)
    channel.sendSync(message)
    expect(() => channel.receiveSync(TIMEOUT)).toThrow(
      expect.objectContaining({ code: 'ERR_CRASHED' }),
    )
    expect(await ended).toMatchObject({ type: 'crashed' })
  },
)

test('the two ends agree on the event index', async () => {
  await using rproc = await boot('echo')
  const [vdev] = rproc.resourceTable?.vdevs ?? []
  expect(vdev?.dfeatures).toBe(0x2000_0001)
  expect(rproc.diagnose().join('\n')).toContain('accepted 0x20000001')
})

test('a remote whose thread hangs is a crash by the heartbeat, and boots again', async () => {
  await using rproc = await boot('echo', {}, { heartbeat: { within: 1000 } })
  const channel = await rproc.channel('echo', TIMEOUT)
  const ended = ending(rproc)
  await channel.send('hang')
  expect(await ended).toMatchObject({
    type: 'crashed',
    reason: expect.stringContaining('heartbeat'),
  })
  await rproc.shutdown()
  await rproc.boot()
  const again = await rproc.channel('echo', TIMEOUT)
  await again.send('alive')
  expect((await again.receive(TIMEOUT)).text()).toBe('alive')
})

test('a remote that stands in a synchronous wait answers the heartbeat', async () => {
  await using rproc = await boot('sync', {}, { heartbeat: { within: 1000 } })
  const channel = await rproc.channel('echo', TIMEOUT)
  await rproc.sleep(3500)
  await channel.send('alive')
  expect((await channel.receive(TIMEOUT)).text()).toBe('alive')
})

test('in one thread with its remote a host cannot wait synchronously, and is told', async () => {
  await using rproc = await boot('echo', { worker: false })
  const channel = await rproc.channel('echo', TIMEOUT)
  expect(() => channel.receiveSync()).toThrow(
    expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringMatching(/doorbell/) }),
  )
})
