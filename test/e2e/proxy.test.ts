import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Remoteproc } from '../../dist/index.js'
import { type EmulatedOptions, emulated } from '../../dist/machines/index.js'
import { file, folder } from '../../dist/node.js'
import {
  MemoryFiles,
  type ProxyEvent,
  ProxyServer,
  type ProxyServerOptions,
  RETARGET_CHANNEL,
  readSyscall,
  SYSCALL_ID,
  type Syscall,
  writeSyscall,
} from '../../dist/proxy/index.js'
import { events, image, openamp, start } from './command.js'
import { machines, PATIENT } from './machines.js'

const place = mkdtempSync(join(tmpdir(), 'openamp-proxy-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

let number = 0
function freshFolder(): string {
  const path = join(place, String(number++))
  mkdirSync(path)
  return path
}

const STORY = [
  'opened remote.file to write, descriptor: 3',
  'bytes written: 32',
  'closed: 0',
  'opened remote.file to read, descriptor: 3',
  'This was written by the remote.',
  'closed: 0',
  'opened ../secret: refused with error 13',
  'What is your name?',
  'Hello, Ada',
  '',
].join('\n')

async function withRemote(
  options: EmulatedOptions,
  use: (rproc: Remoteproc) => Promise<void>,
): Promise<void> {
  const firmware = file(image('rpc'))
  const rproc = await Remoteproc.init({ firmware, machine: emulated(options) })
  try {
    await rproc.boot()
    await use(rproc)
  } finally {
    await rproc.deinit()
  }
}

/** Serves the image, and collects what it prints. */
async function served(rproc: Remoteproc, options: ProxyServerOptions) {
  const log: ProxyEvent[] = []
  const channel = await rproc.channel(RETARGET_CHANNEL)
  const server = ProxyServer.serve(channel, {
    admit: (input) => rproc.admit(input),
    observer: (event) => log.push(event),
    ...options,
  })
  const printed = () =>
    log.map((event) => (event.type === 'output' ? Buffer.from(event.data).toString() : '')).join('')
  return { server, channel, log, printed }
}

/** Serves the image up to the point where somebody would have to type, which nobody does. */
async function servedUntilInput(rproc: Remoteproc) {
  let onAsked = (): void => {}
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve
  })
  const input = (): Promise<never> => {
    onAsked()
    return new Promise(() => {})
  }
  return { ...(await served(rproc, { files: new MemoryFiles(), input })), asked }
}

describe.each(machines)('a remote in C, %s,', (_, options) => {
  test('writes and reads the host’s files, prints, and reads what is typed', async () => {
    const root = freshFolder()
    await withRemote(options, async (rproc) => {
      const files = await folder(root)
      const { server, printed } = await served(rproc, { files, input: async () => 'Ada\n' })
      expect(await server.whenEnded()).toBe('terminated')
      expect(printed()).toBe(STORY)
      expect(readFileSync(join(root, 'remote.file'), 'utf8')).toBe(
        'This was written by the remote.\n',
      )
    })
  })

  test('is served again in its next life', async () => {
    await withRemote(options, async (rproc) => {
      for (const name of ['Ada', 'Grace']) {
        const files = new MemoryFiles()
        const { server, printed } = await served(rproc, { files, input: async () => `${name}\n` })
        await server.whenEnded()
        expect(printed()).toContain(`Hello, ${name}\n`)
        await rproc.shutdown()
        await rproc.boot()
      }
    })
  })

  test('that is reset in the middle leaves no file open', async () => {
    await withRemote(options, async (rproc) => {
      const { server, log } = await served(rproc, { files: new MemoryFiles() })
      const reset = new Promise<void>((resolve) => {
        server.events.observe(({ type }) => {
          if (type === 'opened') resolve(rproc.shutdown({ deadline: 0 }))
        })
      })
      await reset
      await expect(server.whenEnded()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
      expect(log.map(({ type }) => type)).toEqual(['opened', 'closed'])
    })
  })

  test('that is asked to end while it waits for input does so', async () => {
    await withRemote(options, async (rproc) => {
      const { server, printed, asked } = await servedUntilInput(rproc)
      await asked
      const reasons: string[] = []
      rproc.events.observe((event) => event.type === 'stopped' && reasons.push(event.reason))
      await rproc.shutdown(PATIENT)
      // Its call has failed, and it has ended the session before itself.
      expect(await server.whenEnded()).toBe('terminated')
      expect(printed()).toContain('read from the console: refused with error 107\n')
      expect(reasons).toEqual(['acknowledged'])
    })
  })

  test('whose host closes the channel stops waiting for input', async () => {
    await withRemote(options, async (rproc) => {
      const { server, asked } = await servedUntilInput(rproc)
      await asked
      const destroyed = new Promise<void>((resolve) => {
        rproc.events.observe(({ type }) => type === 'destroyed' && resolve())
      })
      await server.close()
      // Its call fails, and it goes on to its end.
      await destroyed
    })
  })
})

describe('a remote in C does not trust its host', () => {
  /** What the remote does with the answers of a host that lies: the numbers that its calls return. */
  async function told(answers: (call: Syscall) => Uint8Array | undefined): Promise<string> {
    let printed = ''
    await withRemote({ deterministic: true }, async (rproc) => {
      const channel = await rproc.channel(RETARGET_CHANNEL)
      for await (const { data } of channel) {
        const call = readSyscall(data)
        if (call === undefined || call.id === SYSCALL_ID.TERM) break
        const { id, field1, field2 } = call
        if (id === SYSCALL_ID.WRITE && field1 === 1) {
          printed += Buffer.from(call.data.subarray(0, field2)).toString()
          await channel.send(writeSyscall({ id, field1: field2 }))
        } else {
          await channel.send(answers(call) ?? writeSyscall({ id, field1: 3 }))
        }
      }
    })
    return printed
  }

  test.each([
    ['has read more than was asked for', { field1: 4000, data: new Uint8Array(64) }],
    ['has read more than it sends', { field1: 64, data: new Uint8Array(10) }],
    ['has read nothing, and sends it', { field1: 0, data: new Uint8Array(480) }],
  ])('that %s', async (_, answer) => {
    const printed = await told(({ id }) =>
      id === SYSCALL_ID.READ ? writeSyscall({ id, ...answer }) : undefined,
    )
    expect(printed).toContain('opened remote.file to read, descriptor: 3\nclosed: 3\n')
    const result = answer.field1 === 0 ? '0' : 'refused with error 5'
    expect(printed).toContain(`read from the console: ${result}\n`)
  })

  test('that has written more than it was given', async () => {
    const printed = await told(({ id }) =>
      id === SYSCALL_ID.WRITE ? writeSyscall({ id, field1: 33 }) : undefined,
    )
    expect(printed).toContain('bytes written: refused with error 5\n')
  })

  test('that answers another call, or refuses without a reason', async () => {
    const other = await told(({ id }) =>
      id === SYSCALL_ID.OPEN ? writeSyscall({ id: SYSCALL_ID.READ, field1: 3 }) : undefined,
    )
    expect(other).toContain('opened remote.file to write, descriptor: refused with error 5\n')
    const refused = await told(({ id }) =>
      id === SYSCALL_ID.OPEN ? writeSyscall({ id, field1: -1 }) : undefined,
    )
    expect(refused).toContain('opened remote.file to write, descriptor: refused with error 5\n')
  })
})

describe('openamp run --proxy-root', () => {
  const run = (...args: readonly string[]) => ['run', image('rpc'), '--proxy-root', ...args]

  test('serves a folder; only what the remote prints is on standard output', async () => {
    const root = freshFolder()
    const { code, stdout, stderr } = await openamp(run(root), { input: 'Ada\nnot read\n' })
    expect(stdout).toBe(STORY)
    expect(stderr).toContain('opened  remote.file, descriptor 3\n')
    expect(stderr).toContain('refused  open of "../secret": EACCES\n')
    expect(readdirSync(root)).toEqual(['remote.file'])
    expect(code).toBe(0)
  })

  test('--json prints what happens, the same each time', async () => {
    const outputs: string[] = []
    for (const root of [freshFolder(), freshFolder()]) {
      const { code, stdout } = await openamp(run(root, '--json'), { input: 'Ada\n' })
      expect(code).toBe(0)
      outputs.push(stdout)
    }
    expect(outputs[0]).toBe(outputs[1])
    const log = events(outputs[0] ?? '')
    expect(log).toContainEqual(expect.objectContaining({ event: 'opened', path: 'remote.file' }))
    expect(log).toContainEqual(expect.objectContaining({ event: 'refused', errno: 'EACCES' }))
    const output = { event: 'output', descriptor: 1, text: 'Hello, Ada\n' }
    expect(log).toContainEqual(expect.objectContaining(output))
  })

  test('--proxy-read-only: the remote changes nothing', async () => {
    const root = freshFolder()
    writeFileSync(join(root, 'remote.file'), 'from before\n')
    const { stdout } = await openamp(run(root, '--proxy-read-only'), { input: 'Ada\n' })
    expect(stdout).toContain('opened remote.file to write, descriptor: refused with error 30\n')
    expect(stdout).toContain('from before\n')
    expect(readFileSync(join(root, 'remote.file'), 'utf8')).toBe('from before\n')
  })

  test('at the end of the input the remote reads nothing more', async () => {
    const { code, stdout } = await openamp(run(freshFolder()))
    expect(stdout).toContain('read from the console: 0\n')
    expect(code).toBe(0)
  })

  test('Ctrl-C while the remote waits for input shuts it down in order', async () => {
    const { child, printed, outcome } = start(run(freshFolder()))
    await printed(/What is your name/)
    child.kill('SIGINT')
    const { code, stderr } = await outcome
    expect(stderr).toContain('the remote acknowledged the shutdown')
    expect(code).toBe(130)
  })

  test.each([
    [[join(place, 'nowhere')], /nowhere: cannot be served: there is no such folder$/m],
    [[place, '--proxy-libc', 'glibc'], /--proxy-libc: expected linux or newlib, found "glibc"$/m],
  ])('is an error in usage with %j', async (args, message) => {
    const { code, stderr } = await openamp(run(...args))
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})
