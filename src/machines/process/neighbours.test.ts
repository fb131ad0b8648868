import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { echoRemote, folder, host, say } from '../../../test/support/process.js'
import { sendFiles } from '../../../test/support/vhost-user-native.js'
import { LOCK_EX, loadLibc } from '../native/libc-node.js'
import { Poller } from '../native/poller-node.js'
import { connectUnix, UnixListener } from '../native/unix-socket-node.js'
import { type RemoteEndEvent, serveProcess } from './index.js'

// What other programs of the same user may do to the place where two ends meet.

const libc = await loadLibc('this test')
const meeting = () => ({ socket: join(folder(), 'meeting.sock') })

/** A remote whose events can be waited for. */
async function watched(options: Parameters<typeof serveProcess>[0]) {
  const events: RemoteEndEvent[] = []
  const { observer } = options
  const server = await serveProcess({
    ...options,
    observer: (event) => {
      events.push(event)
      observer?.(event)
    },
  })
  onTestFinished(() => server.close())
  const until = async (count: number): Promise<void> => {
    while (events.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  return { events, until }
}

test('a folder that another program keeps locked is refused, and nothing hangs', async () => {
  const at = meeting()
  const fd = openSync(join(at.socket, '..'), 'r')
  libc.flock(fd, LOCK_EX)
  await expect(echoRemote({ ...at, listens: 'remote' })).rejects.toMatchObject({
    code: 'ERR_STATE',
    message: expect.stringMatching(/ is kept locked by another program$/),
  })
  closeSync(fd)
  await echoRemote({ ...at, listens: 'remote' })
})

test('a stranger that sends more files than one is not listened to', async () => {
  const at = meeting()
  const stranger = new UnixListener(libc, at.socket)
  const null3 = [0, 1, 2].map(() => openSync('/dev/null', 'r'))
  const sent = new Promise<void>((resolve) => {
    const stop = Poller.shared(libc).watch(stranger.fd, 'readable', () => {
      stop?.()
      const fd = stranger.accept() ?? -1
      sendFiles(fd, Uint8Array.of(1), null3)
      for (const each of [...null3, fd]) closeSync(each)
      stranger.close()
      resolve()
    })
  })
  await echoRemote(at)
  await sent
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
})

test('a remote whose place is taken meanwhile goes on once it is free', async () => {
  const at = { ...meeting(), listens: 'remote' } as const
  let taken: UnixListener | undefined
  const { events, until } = await watched({
    ...at,
    remote: async (rpmsg) => {
      const channel = rpmsg.announce('echo')
      for await (const message of channel) await channel.send(message.data)
    },
    observer: ({ type }) => {
      if (type === 'lost') taken ??= new UnixListener(libc, at.socket)
    },
  })
  const visitor = connectUnix(libc, at.socket) ?? -1
  await until(1)
  closeSync(visitor)
  await until(3)
  expect(events.map(({ type }) => type)).toEqual(['connected', 'lost', 'lost'])
  expect(events[2]).toMatchObject({ reason: { code: 'ERR_STATE' } })
  taken?.close()
  const { rproc } = await host(at)
  await rproc.boot()
  expect(await say(rproc, 'hello')).toBe('hello')
})

const isRoot = process.geteuid?.() === 0

test.runIf(isRoot)(
  'a file for which there is no room is refused, and not left behind',
  async (context) => {
    const small = folder()
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', small]).status !== 0) {
      return context.skip()
    }
    onTestFinished(() => void execFileSync('umount', [small]))
    const { rproc } = await host({ ...meeting(), region: join(small, 'region') })
    await expect(rproc.boot()).rejects.toMatchObject({
      code: 'ERR_SYSTEM',
      message: '0x80000 bytes of shared memory: no room is left where it lies',
    })
    expect(readdirSync(small)).toEqual([])
  },
)
