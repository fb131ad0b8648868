import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  bringUp,
  FILE_SIZE,
  memoryTable,
  message,
  PROTOCOL,
  words,
} from '../../../test/support/vhost-user.js'
import type { RpmsgDevice } from '../../rpmsg/index.js'
import type { VhostUserEvent } from './index.js'

const linux = process.platform === 'linux'
const native = linux ? await import('../../../test/support/vhost-user-native.js') : undefined
const { serveVhostUser } = await import('./index.js')

const folder = mkdtempSync(join(tmpdir(), 'openamp-vhost-user-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const newPath = (): string => join(folder, `${count++}.sock`)

function echo(rpmsg: RpmsgDevice): void {
  const channel = rpmsg.announce('echo')
  channel.onMessage((message) => channel.trySend(message.data))
}

/** A server whose events can be awaited. */
async function serve(options: Partial<Parameters<typeof serveVhostUser>[0]> = {}) {
  const socket = newPath()
  const events: VhostUserEvent[] = []
  let wake = (): void => {}
  const server = await serveVhostUser({
    socket,
    remote: echo,
    observer: (event) => {
      events.push(event)
      wake()
    },
    ...options,
  })
  const until = async (type: VhostUserEvent['type'], times = 1): Promise<void> => {
    while (events.filter((event) => event.type === type).length < times) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const closedWith = (): string | undefined => {
    const last = events.findLast((event) => event.type === 'closed')
    return last?.reason?.message
  }
  return { server, socket, events, until, closedWith }
}

describe.skipIf(native === undefined)('over real sockets', () => {
  if (native === undefined) return
  const { FrontEnd, memfd, openFiles } = native

  test.each(['inband', 'events'] as const)('%s: announcement and 500 echoes', async (how) => {
    const { server, socket, events } = await serve()
    const frontEnd = await FrontEnd.connect(socket)
    const host = await frontEnd.start(how)
    const channel = await host.channel('echo', { timeout: 5000 })
    for (let i = 0; i < 500; i++) {
      await channel.send(`message ${i}`)
      expect((await channel.receive({ timeout: 5000 })).text()).toBe(`message ${i}`)
    }
    expect(events.map(({ type }) => type)).toEqual(['connected', 'ready'])
    expect(server.rpmsg?.stats.received).toBe(500)
    frontEnd.close()
    await server.close()
  })

  test('a closing server tells the driver which channels end', async () => {
    const { server, socket } = await serve()
    const frontEnd = await FrontEnd.connect(socket)
    const host = await frontEnd.start('events')
    const channel = await host.channel('echo', { timeout: 5000 })
    await server.close()
    host.poll()
    expect(channel.closed).toBe(true)
    await frontEnd.whenEnded()
    frontEnd.close()
  })

  test('50 front-ends come and go, and leave no file open', async () => {
    const { server, socket, events, until } = await serve()
    let before = 0
    for (let i = 0; i < 51; i++) {
      const frontEnd = await FrontEnd.connect(socket)
      const host = await frontEnd.start(i % 2 === 0 ? 'inband' : 'events')
      const channel = await host.channel('echo', { timeout: 5000 })
      await channel.send('hello')
      expect((await channel.receive({ timeout: 5000 })).text()).toBe('hello')
      frontEnd.close()
      await until('closed', i + 1)
      if (i === 0) before = openFiles()
    }
    expect(openFiles()).toBe(before)
    expect(events.filter(({ type }) => type === 'ready').length).toBe(51)
    expect(events.every((event) => event.type !== 'closed' || event.reason === undefined)).toBe(
      true,
    )
    await server.close()
  })

  test('a second front-end waits until the first has gone', async () => {
    const { server, socket, until, events } = await serve()
    const first = await FrontEnd.connect(socket)
    await first.call('GET_FEATURES')
    const second = await FrontEnd.connect(socket)
    const answer = second.call('GET_FEATURES')
    await first.call('GET_FEATURES')
    expect(events.length).toBe(1)
    first.close()
    await answer
    await until('connected', 2)
    second.close()
    await server.close()
  })

  test('what the remote throws closes the connection, and the next one gets it anew', async () => {
    let times = 0
    const { server, socket, until, closedWith } = await serve({
      remote: async (rpmsg) => {
        echo(rpmsg)
        if (times++ === 0) throw new Error('out of order')
      },
    })
    const first = await FrontEnd.connect(socket)
    await first.start('events')
    await until('closed')
    expect(closedWith()).toBe('the remote crashed: out of order')
    first.close()
    const second = await FrontEnd.connect(socket)
    const host = await second.start('events')
    await host.channel('echo', { timeout: 5000 })
    second.close()
    await server.close()
  })

  test('memory that is released is not read any more, and its views stay readable', async () => {
    let kept: Uint8Array | undefined
    const { server, socket, until } = await serve({
      remote: (rpmsg) => {
        const channel = rpmsg.announce('keep')
        channel.onMessage((message) => {
          kept = message.data
        })
      },
    })
    const frontEnd = await FrontEnd.connect(socket)
    const host = await frontEnd.start('events')
    const channel = await host.channel('keep', { timeout: 5000 })
    await channel.send(Uint8Array.of(1, 2, 3))
    while (kept === undefined) await new Promise((resolve) => setTimeout(resolve, 1))
    expect([...kept]).toEqual([1, 2, 3])
    frontEnd.close()
    await until('closed')
    expect([...kept]).toEqual([0, 0, 0])
    await server.close()
  })

  describe('a hostile front-end', () => {
    const attacks: readonly [
      string,
      (
        frontEnd: Awaited<ReturnType<typeof FrontEnd.connect>>,
        closed: () => boolean,
      ) => Promise<unknown>,
      string,
    ][] = [
      ['garbage', async (f) => f.send(new Uint8Array(64).fill(0xee)), 'is of version 2'],
      ['a huge payload', async (f) => f.send(words(1, 1, 0x7fff_ffff)), 'a payload of 2147483647'],
      [
        'more descriptors than any message has',
        async (f) => f.send(message('SET_OWNER'), Array<number>(100).fill(f.event())),
        'too many file descriptors',
      ],
      [
        'descriptors with each byte',
        async (f) => {
          const event = f.event()
          for (const byte of message('SET_OWNER')) f.send(Uint8Array.of(byte), [event, event])
        },
        'more than 8 file descriptors',
      ],
      [
        'memory beyond its file',
        async (f) => {
          const { fd } = memfd(f.libc, FILE_SIZE - 4096)
          await f.call('SET_MEM_TABLE', memoryTable, [f.file(fd), fd])
        },
        'of a file that has 0x5000',
      ],
      [
        'memory of a directory',
        async (f) => {
          const fd = f.file(openSync(folder, 'r'))
          await f.call('SET_MEM_TABLE', memoryTable, [fd, fd])
        },
        'memory is not a file of a size',
      ],
      [
        'memory that cannot be written',
        async (f) => {
          writeFileSync(join(folder, 'read-only'), new Uint8Array(FILE_SIZE))
          const fd = f.file(openSync(join(folder, 'read-only'), 'r'))
          await f.call('SET_MEM_TABLE', memoryTable, [fd, fd])
        },
        'error 13 of the system',
      ],
      [
        'a kick that is a regular file',
        async (f) => {
          const { fd } = memfd(f.libc, 4096)
          await f.call('SET_VRING_KICK', words(0, 0), [f.file(fd)])
        },
        'an event that cannot be waited for',
      ],
      [
        'a kick that ends',
        async (f) => {
          const [ours, theirs] = f.pair()
          f.send(message('SET_VRING_KICK', words(0, 0)), [theirs])
          f.libc.send(ours, new Uint8Array(8), 8, 0)
          await new Promise((resolve) => setTimeout(resolve, 20))
          f.close()
        },
        '',
      ],
      [
        'a lie in a ring',
        async (f) => {
          const host = await f.start('events')
          const channel = await host.channel('echo', { timeout: 5000 })
          // A message longer than its buffer.
          const buffer = host.transport.getTx()
          if (buffer === undefined) throw new Error('no buffer')
          host.transport.send(buffer, 1, channel.endpoint.destination, 60_000)
          host.transport.flush()
        },
        'lies in no memory region',
      ],
      [
        'no reading of replies',
        async (f, closed) => {
          f.deafen()
          while (!closed()) {
            while (f.send(message('GET_FEATURES'))) {}
            await new Promise((resolve) => setTimeout(resolve, 1))
          }
        },
        'does not read what it is sent',
      ],
    ]

    test.each(attacks)('%s: a closed connection, nothing else', async (_, attack, why) => {
      const { server, socket, until, closedWith, events } = await serve()
      const warm = await FrontEnd.connect(socket)
      await warm.call('GET_FEATURES')
      warm.close()
      await until('closed')
      const before = openFiles()

      const frontEnd = await FrontEnd.connect(socket)
      const closed = () => events.filter(({ type }) => type === 'closed').length === 2
      await attack(frontEnd, closed).catch(() => {})
      await until('closed', 2)
      frontEnd.close()
      if (why !== '') expect(closedWith()).toContain(why)
      expect(openFiles()).toBe(before)

      const next = await FrontEnd.connect(socket)
      const host = await next.start('events')
      await host.channel('echo', { timeout: 5000 })
      next.close()
      await server.close()
    })

    test('random messages and descriptors', async () => {
      const { server, socket, until } = await serve()
      let times = 0
      const anything = fc.record({
        request: fc.oneof(fc.integer({ min: 0, max: 41 }), fc.constantFrom(5, 8, 9, 12, 13, 18)),
        payload: fc.oneof(
          fc.constant(memoryTable),
          fc.constantFrom(...bringUp().map(([, payload]) => payload)),
          fc.tuple(fc.nat(2), fc.constantFrom(0, 1, 16, 256)).map((pair) => words(...pair)),
          fc.constantFrom(words(PROTOCOL), words(1n << 30n)),
          fc.uint8Array({ maxLength: 280 }),
        ),
        files: fc.array(fc.constantFrom('memory', 'event', 'socket'), { maxLength: 3 }),
      })
      let before = 0
      const property = fc.asyncProperty(fc.array(anything, { maxLength: 20 }), async (all) => {
        const frontEnd = await FrontEnd.connect(socket)
        const memory = frontEnd.file(memfd(frontEnd.libc, FILE_SIZE).fd)
        for (const { request, payload, files } of all) {
          const fds = files.map((kind) => {
            if (kind === 'memory') return memory
            if (kind === 'event') return frontEnd.event()
            return frontEnd.pair()[1]
          })
          if (!frontEnd.send(message(request, payload, 8), fds)) break
        }
        frontEnd.close()
        times++
        await until('closed', times)
        if (times === 1) before = openFiles()
        expect(openFiles()).toBe(before)
      })
      await fc.assert(property, { numRuns: 300 })
      await server.close()
    })
  })

  test.each([2, 2 ** 34, -1, 0.5])('features %s cannot be offered', async (features) => {
    await expect(serve({ features })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  describe('the socket', () => {
    test('is its owner’s alone, and is removed with the server', async () => {
      const { server, socket } = await serve()
      expect(statSync(socket).mode & 0o777).toBe(0o600)
      await server.close()
      await server.close()
      expect(existsSync(socket)).toBe(false)
    })

    test('that nobody listens on is replaced', async () => {
      const socket = newPath()
      const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`
      await new Promise((resolve) => spawn('node', ['-e', script]).on('exit', resolve))
      expect(existsSync(socket)).toBe(true)
      const { server } = await serve({ socket })
      await server.close()
    })

    test('that somebody listens on is left alone', async () => {
      const socket = newPath()
      const other = createServer().listen(socket)
      await new Promise((resolve) => other.on('listening', resolve))
      await expect(serve({ socket })).rejects.toMatchObject({ code: 'ERR_STATE' })
      expect(existsSync(socket)).toBe(true)
      other.close()
      const { server } = await serve({ socket: newPath() })
      await server.close()
    })

    test('is not made in the place of a file', async () => {
      const socket = newPath()
      writeFileSync(socket, 'precious')
      await expect(serve({ socket })).rejects.toThrow('exists and is no socket')
      expect(existsSync(socket)).toBe(true)
    })

    test.each([
      ['of 108 bytes', `/tmp/${'x'.repeat(103)}`, 'ERR_USAGE'],
      ['that is empty', '', 'ERR_USAGE'],
      ['in no folder', '/nonexistent/x.sock', 'ERR_SYSTEM'],
    ])('has no path %s', async (_, socket, code) => {
      await expect(serve({ socket })).rejects.toMatchObject({ code })
    })

    test('that was replaced meanwhile is not removed', async () => {
      const { server, socket } = await serve()
      rmSync(socket)
      writeFileSync(socket, 'somebody else’s')
      await server.close()
      expect(existsSync(socket)).toBe(true)
    })

    test('takes connections of any program', async () => {
      const { server, socket, until } = await serve()
      const client = connect(socket)
      await until('connected')
      client.end()
      await until('closed')
      await server.close()
    })
  })

  describe('the process', () => {
    const built = fileURLToPath(
      new URL('../../../dist/machines/vhost-user/index.js', import.meta.url),
    )
    const run = async (rest: string) => {
      const program = `
        import { serveVhostUser } from ${JSON.stringify(built)}
        const server = await serveVhostUser({ socket: ${JSON.stringify(newPath())}, remote() {} })
        ${rest}`
      const child = spawn('node', ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      const code = await new Promise((resolve) => child.on('exit', resolve))
      return { code, output }
    }

    test('ends with process.exit, though a thread waits', async () => {
      expect(await run('setTimeout(() => process.exit(3), 50)')).toEqual({ code: 3, output: '' })
    })

    test('ends by itself once the server is closed', async () => {
      expect(await run('setTimeout(() => server.close(), 50)')).toEqual({ code: 0, output: '' })
    })

    test('lets a worker be terminated', async () => {
      const worker = `
        const { parentPort } = require('node:worker_threads')
        import(${JSON.stringify(built)})
          .then(({ serveVhostUser }) =>
            serveVhostUser({ socket: ${JSON.stringify(newPath())}, remote() {} }))
          .then(() => parentPort.postMessage('listens'))`
      const rest = `
        const { Worker } = await import('node:worker_threads')
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [] })
        worker.on('message', async (text) => {
          console.log(text, await worker.terminate())
          await server.close()
        })`
      expect(await run(rest)).toEqual({ code: 0, output: 'listens 1\n' })
    })

    test('costs nothing while nobody is there, and is kept alive', async () => {
      const rest = `
        const before = process.cpuUsage()
        setTimeout(() => {
          const { user, system } = process.cpuUsage(before)
          console.log(user + system < 100_000)
          process.exit()
        }, 1000)`
      expect(await run(rest)).toEqual({ code: 0, output: 'true\n' })
    })
  })
})
