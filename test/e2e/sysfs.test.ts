import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { image, openamp, root as repository, type Started, start } from './command.js'

const folder = mkdtempSync(join(tmpdir(), 'openamp-sysfs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: Started[] = []
afterEach(async () => {
  for (const { child, outcome } of running.splice(0)) {
    child.kill('SIGINT')
    await outcome
  }
})

let roots = 0
const newRoot = (): string => join(folder, `root${++roots}`)

interface Board extends Started {
  readonly root: string
  readonly remote: (index: number) => string
}

async function serve(root: string, ...args: readonly string[]): Promise<Board> {
  const started = start(['sysfs', '--root', root, ...args])
  running.push(started)
  await started.printed(/^firmware: /m)
  return {
    ...started,
    root,
    remote: (index) => join(root, `sys/class/remoteproc/remoteproc${index}`),
  }
}

const read = (path: string): string => readFileSync(path, 'utf8').trim()

/** Plain files tell nobody when they have changed in earnest: so long as they have not, wait. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 5000; i++) {
    if (condition()) return
    await delay(10)
  }
  throw new Error(`never: ${what}`)
}

const becomes = (path: string, text: string): Promise<void> =>
  until(() => read(path) === text, `${text} in ${path}`)

/** A connection to a channel's socket, once it is there and listened on: its file is a moment before that. */
async function connected(path: string): Promise<Socket> {
  for (;;) {
    await until(() => existsSync(path), path)
    const socket = connect(path)
    const refused = await new Promise((resolve) => {
      socket.once('connect', () => resolve(undefined)).once('error', resolve)
    })
    if (refused === undefined) return socket
    await delay(10)
  }
}

/** What comes in until it matches. */
function received(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (pattern.test(text)) resolve(text)
    })
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)))
  })
}

/** Whether this machine lets us mount; where not, plain files are all there is. */
const fuse = await (async () => {
  const board = await serve(newRoot())
  board.child.kill('SIGINT')
  running.length = 0
  return !(await board.outcome).stdout.includes('plain files')
})()

/** No board is chosen. */
const FITTING = 'that fits it'
const NOBODY = 65534
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
const main = `${repository}/dist/cli/main.js`
/** Whether a user who is not root can read the program and mount something; to be tried by root. */
const mayMount =
  process.getuid?.() === 0 &&
  ['test -r /dev/fuse -a -w /dev/fuse', 'fusermount3 --version', `node ${main} --help`].every(
    (line) => spawnSync('setpriv', [...AS_NOBODY, 'sh', '-c', line]).status === 0,
  )

describe.each([
  ['files through FUSE', [], fuse],
  ['plain files', ['--plain'], true],
] as const)('openamp sysfs with %s', (_, face, possible) => {
  test.skipIf(!possible)(
    'serves a container runtime for firmware: find the remote, store, start, watch, stop',
    async () => {
      const { root, remote } = await serve(newRoot(), '--remote', 'dsp', '--remote', 'mcu', ...face)

      // Which remote is meant: the names of all, until one fits.
      const remotes = join(root, 'sys/class/remoteproc')
      const device = readdirSync(remotes).find(
        (name) => read(join(remotes, name, 'name')) === 'mcu',
      )
      expect(join(remotes, device ?? '')).toBe(remote(1))

      // Where firmware goes: where the kernel was told to look, which is nowhere special.
      expect(read(join(root, 'sys/module/firmware_class/parameters/path'))).toBe('')
      mkdirSync(join(root, 'lib/firmware'), { recursive: true })
      copyFileSync(image('echo'), join(root, 'lib/firmware/echo_20261124_0a1b.elf'))

      // Offline, so it may be given firmware and be started: written over, without a line feed.
      expect(read(join(remote(1), 'state'))).toBe('offline')
      writeFileSync(join(remote(1), 'firmware'), 'echo_20261124_0a1b.elf', { mode: 0o644 })
      await becomes(join(remote(1), 'firmware'), 'echo_20261124_0a1b.elf')
      writeFileSync(join(remote(1), 'state'), 'start', { mode: 0o644 })
      await becomes(join(remote(1), 'state'), 'running')
      expect(read(join(remote(0), 'state'))).toBe('offline')

      // Another one that wants the processor finds it taken; this one ends it.
      writeFileSync(join(remote(1), 'state'), 'stop', { mode: 0o644 })
      await becomes(join(remote(1), 'state'), 'offline')
    },
  )

  test.skipIf(!possible)('brings the messages of each announced channel on a socket', async () => {
    const { root, remote } = await serve(newRoot(), ...face)
    copyFileSync(image('echo'), join(root, 'lib/firmware/echo.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'echo.elf\n')
    await becomes(join(remote(0), 'firmware'), 'echo.elf')
    writeFileSync(join(remote(0), 'state'), 'start\n')
    const devices = join(root, 'sys/bus/rpmsg/devices')
    const device = 'virtio0.rpmsg-openamp-demo-channel.-1.1024'
    await until(() => existsSync(join(devices, device, 'rpmsg/rpmsg0')), 'channel')
    expect(read(join(devices, device, 'name'))).toBe('rpmsg-openamp-demo-channel')
    const path = join(root, 'dev/rpmsg0')

    const socket = await connected(path)
    const answers = received(socket, /\n.*\n/)
    // The last line has no end, and the program waits for the answer all the same.
    socket.end('hello\nworld')
    expect(await answers).toBe('hello\nworld\n')
  })

  test.skipIf(!possible)('ends with all that it has made, and leaves the firmware', async () => {
    const root = newRoot()
    const { child, remote, outcome } = await serve(root, ...face)
    copyFileSync(image('silent'), join(root, 'lib/firmware/silent.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'silent.elf')
    await becomes(join(remote(0), 'firmware'), 'silent.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    await becomes(join(remote(0), 'state'), 'running')
    child.kill('SIGINT')
    expect((await outcome).code).toBe(0)
    expect(readdirSync(root, { recursive: true }).map(String).sort()).toEqual([
      'lib',
      'lib/firmware',
      'lib/firmware/silent.elf',
    ])
  })

  test.skipIf(!possible)('takes up the folder of a run that was killed', async () => {
    const root = newRoot()
    const { child, outcome } = await serve(root, ...face)
    child.kill('SIGKILL')
    await outcome
    const { remote } = await serve(root, ...face)
    expect(read(join(remote(0), 'state'))).toBe('offline')
  })
})

describe('openamp sysfs', () => {
  test('tells on standard error what plain files cannot refuse, and shows what is', async () => {
    const { remote, printed } = await serve(newRoot(), '--plain')
    writeFileSync(join(remote(0), 'state'), 'stop')
    await printed(/remoteproc0\/state: EINVAL, and the file is as it was/, 'stderr')
    await becomes(join(remote(0), 'state'), 'offline')
    appendFileSync(join(remote(0), 'name'), 'x')
    await printed(/remoteproc0\/name: EACCES/, 'stderr')
    await becomes(join(remote(0), 'name'), 'rproc0')
  })

  test.skipIf(!fuse)('refuses through FUSE with the error that the kernel has', async () => {
    const { remote } = await serve(newRoot())
    const code = (action: () => void): unknown => {
      try {
        action()
        return 'ok'
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error
      }
    }
    expect(code(() => writeFileSync(join(remote(0), 'state'), 'stop'))).toBe('EINVAL')
    expect(code(() => writeFileSync(join(remote(0), 'state'), 'start'))).toBe('ENOENT')
    expect(code(() => writeFileSync(join(remote(0), 'name'), 'me'))).toBe('EACCES')
    expect(code(() => rmSync(join(remote(0), 'state')))).toBe('EPERM')
  })

  test.skipIf(!mayMount)('refuses likewise for a user who is not root', async () => {
    const home = mkdtempSync(join(tmpdir(), 'openamp-sysfs-user-'))
    chownSync(home, NOBODY, NOBODY)
    const root = join(home, 'board')
    const state = `${root}/sys/class/remoteproc/remoteproc0/state`
    const user = spawn('setpriv', [...AS_NOBODY, process.execPath, main, 'sysfs', '--root', root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => user.on('close', resolve))
    try {
      let output = ''
      await new Promise<void>((resolve) => {
        user.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString()
          if (output.includes('firmware: ')) resolve()
        })
      })
      expect(output).not.toContain('plain files')
      const store = spawnSync('setpriv', [...AS_NOBODY, 'bash', '-c', `echo stop >${state}`])
      expect(store.stderr.toString()).toContain('Invalid argument')
    } finally {
      user.kill('SIGINT')
      await ended
    }
    expect(existsSync(root)).toBe(false)
    rmSync(home, { recursive: true })
  })

  test('frames messages by their length where they are no text', async () => {
    const { root, remote } = await serve(newRoot(), '--framing', 'length')
    copyFileSync(image('echo'), join(root, 'lib/firmware/echo.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'echo.elf')
    await becomes(join(remote(0), 'firmware'), 'echo.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    const path = join(root, 'dev/rpmsg0')
    const socket = await connected(path)
    const answers = received(socket, /^.{8}$/s)
    socket.end(Buffer.from('04000000000a0dff', 'hex'))
    expect(Buffer.from(await answers, 'latin1').toString('hex')).toBe('04000000000a0dff')
  })

  test('closes a connection with a message that no buffer carries, and says so', async () => {
    const { root, remote, printed } = await serve(newRoot())
    copyFileSync(image('echo'), join(root, 'lib/firmware/echo.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'echo.elf')
    await becomes(join(remote(0), 'firmware'), 'echo.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    const path = join(root, 'dev/rpmsg0')
    const first = await connected(path)
    const closed = new Promise((resolve) => first.on('close', resolve))
    const second = connect(path)
    const refused = new Promise((resolve) => second.on('close', resolve))
    second.resume()
    await refused
    await printed(/rpmsg0 .*: EBUSY/)
    first.resume().write(`${'x'.repeat(497)}\n`)
    await closed
    await printed(/rpmsg0 .*: EMSGSIZE: .*496/)
  })

  test('refuses a folder with anything in it, and one that is in use', async () => {
    const other = newRoot()
    mkdirSync(join(other, 'sys'), { recursive: true })
    const full = await openamp(['sysfs', '--root', other])
    expect(full).toMatchObject({
      code: 2,
      stderr: `openamp: ${other} is not empty, and was not made by openamp sysfs\n`,
    })
    expect(readdirSync(other)).toEqual(['sys'])

    const { root, remote } = await serve(newRoot())
    const second = await openamp(['sysfs', '--root', root])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain('the folder is in use')
    expect(read(join(remote(0), 'state'))).toBe('offline')
  })

  test.each([
    ['mps2-an386', 'mps2-an386/echo'],
    ['stm32mp15-m4', 'stm32mp15-m4/echo'],
    ['imx8mp-m7', 'imx8mp-m7/echo'],
    ['am62-m4', 'am62-m4/echo'],
    ['docs/examples/board.json', 'mps2-an386/echo'],
    [FITTING, 'mps2-an386/echo'],
  ])('boots an image on board %s, and refuses one for another core', async (board, name) => {
    const wanted = board === FITTING ? 'm4' : `m4=${board}`
    const { root, remote, printed } = await serve(newRoot(), '--plain', '--remote', wanted)
    copyFileSync(image(name), join(root, 'lib/firmware/m.elf'))
    copyFileSync(image('echo'), join(root, 'lib/firmware/riscv.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'm.elf')
    await becomes(join(remote(0), 'firmware'), 'm.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    const path = join(root, 'dev/rpmsg0')
    const socket = await connected(path)
    const answer = received(socket, /hello\n/)
    socket.end('hello\n')
    expect(await answer).toBe('hello\n')
    writeFileSync(join(remote(0), 'state'), 'stop')
    await becomes(join(remote(0), 'state'), 'offline')
    writeFileSync(join(remote(0), 'firmware'), 'riscv.elf')
    await becomes(join(remote(0), 'firmware'), 'riscv.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    if (board === FITTING) await becomes(join(remote(0), 'state'), 'running')
    else await printed(/state: EINVAL/, 'stderr')
  })

  test('has the links of a board, and debugfs, in plain files as well', async () => {
    const { root, remote, printed } = await serve(newRoot(), '--plain', '--remote', 'mcu')
    const debug = join(root, 'sys/kernel/debug/remoteproc/remoteproc0')
    expect(realpathSync(remote(0))).toBe(
      join(realpathSync(root), 'sys/devices/platform/mcu/remoteproc/remoteproc0'),
    )
    expect(realpathSync(join(remote(0), 'device'))).toMatch(/sys\/devices\/platform\/mcu$/)
    expect(read(join(debug, 'resource_table'))).toBe('No resource table found')
    copyFileSync(image('crash'), join(root, 'lib/firmware/crash.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'crash.elf')
    await becomes(join(remote(0), 'firmware'), 'crash.elf')
    writeFileSync(join(remote(0), 'coredump'), 'enabled')
    await becomes(join(remote(0), 'coredump'), 'enabled')
    writeFileSync(join(remote(0), 'state'), 'start')
    const device = join(root, 'sys/bus/rpmsg/devices/virtio0.crash.-1.1024')
    await until(() => existsSync(device), 'channel')
    const carveouts = join(debug, 'carveout_memories')
    await until(() => read(carveouts).includes('Name: vdev0vring1'), 'carve-outs')
    writeFileSync(join(debug, 'crash'), '1')
    await printed(/crash #1 in mcu: type watchdog/)
    const dump = join(root, 'sys/class/devcoredump/devcd1')
    await until(() => existsSync(dump), 'dump')
    expect(realpathSync(join(dump, 'failing_device'))).toBe(realpathSync(remote(0)))
    writeFileSync(join(dump, 'data'), '1')
    await until(() => !existsSync(dump), 'end of the dump')
    writeFileSync(join(remote(0), 'state'), 'stop')
    await becomes(join(remote(0), 'state'), 'offline')
    const devices = join(root, 'sys/bus/rpmsg/devices')
    await until(() => readdirSync(devices).length === 0, 'end of the channels')
  })

  test('says which boards there are', async () => {
    const { code, stderr } = await openamp(['sysfs', '--root', newRoot(), '--remote', 'm4=none'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^openamp: there is no board "none"; there are virt-rv32, .*\n$/)
  })

  test.skipIf(spawnSync('socat', ['-V']).error !== undefined)('is there for socat', async () => {
    const { root, remote } = await serve(newRoot())
    copyFileSync(image('echo'), join(root, 'lib/firmware/echo.elf'))
    writeFileSync(join(remote(0), 'firmware'), 'echo.elf')
    await becomes(join(remote(0), 'firmware'), 'echo.elf')
    writeFileSync(join(remote(0), 'state'), 'start')
    const path = join(root, 'dev/rpmsg0')
    await until(() => existsSync(path), 'socket')
    const { stdout } = spawnSync('socat', ['-t5', '-', `UNIX-CONNECT:${path}`], {
      input: 'hello\n',
      encoding: 'utf8',
    })
    expect(stdout).toBe('hello\n')
  })
})
