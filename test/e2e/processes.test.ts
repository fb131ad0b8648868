import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Remoteproc, type RemoteprocEvent } from '../../dist/index.js'
import { type ProcessOptions, process as remoteProcess } from '../../dist/machines/process/index.js'

// Real processes, which are killed; against the built package.

const path = (name: string): string =>
  fileURLToPath(new URL(`./processes/${name}`, import.meta.url))

/** A process of its own, whose lines of output are waited for. */
function start(name: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [path(name), ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  let look = (): void => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      output += String(bytes)
      look()
    })
  }
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  const says = (line: string, times = 1): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (output.split('\n').filter((other) => other === line).length >= times) resolve()
      }
      look()
    })
  return { child, says, ended, kill: () => child.kill('SIGKILL') }
}

function meetingPlace(): string {
  const folder = mkdtempSync(join(tmpdir(), 'openamp-processes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'meeting.sock')
}

async function host(options: ProcessOptions) {
  const machine = remoteProcess(options)
  let ended = (_: RemoteprocEvent): void => {}
  const rproc = await Remoteproc.init({
    machine,
    observer: (event) => {
      if (event.type === 'crashed' || event.type === 'stopped') ended(event)
    },
  })
  onTestFinished(() => rproc.deinit())
  /** How the present life ends. */
  const end = (): Promise<RemoteprocEvent> =>
    new Promise((resolve) => {
      ended = resolve
    })
  return { rproc, end }
}

async function say(rproc: Remoteproc, text: string): Promise<string> {
  const channel = await rproc.channel('echo')
  await channel.send(text)
  return (await channel.receive()).text()
}

test('a remote that is killed is noticed, and another one comes to the next life', async () => {
  const socket = meetingPlace()
  const { rproc, end } = await host({ socket })
  await rproc.boot()
  const first = start('echo.js', socket)
  expect(await say(rproc, 'first')).toBe('first')
  const waiting = expect(rproc.channel('another')).rejects.toMatchObject({ code: 'ERR_CRASHED' })
  const ended = end()
  first.kill()
  expect(await ended).toMatchObject({ type: 'crashed' })
  await waiting
  await rproc.shutdown()
  await rproc.boot()
  start('echo.js', socket)
  expect(await say(rproc, 'second')).toBe('second')
})

test('a host that is killed is noticed, and the next one replaces its socket', async () => {
  const socket = meetingPlace()
  const remote = start('echo.js', socket)
  const first = start('host.js', socket)
  await first.says('talks')
  const { ino } = statSync(socket)
  first.kill()
  await remote.says('lost')
  expect(statSync(socket).ino).toBe(ino)
  const second = start('host.js', socket)
  await second.says('talks')
  await remote.says('connected', 2)
})

test('a module is spawned at each boot, and ends with each shutdown', async () => {
  const { rproc } = await host({ module: path('echo.js') })
  for (const word of ['first', 'second']) {
    await rproc.boot()
    expect(await say(rproc, word)).toBe(word)
    await rproc.shutdown({ deadline: 10_000 })
    expect(rproc.state).toBe('stopped')
  }
})

test.each([
  ['exit 3', /process \d+ exited with code 3$/],
  ['throw', /process \d+ exited with code 1$/],
])('a spawned remote that ends by %j has crashed, with the reason', async (word, reason) => {
  const { rproc, end } = await host({ module: path('echo.js') })
  await rproc.boot()
  const ended = end()
  await (await rproc.channel('echo')).send(word)
  expect(await ended).toMatchObject({ type: 'crashed', reason: expect.stringMatching(reason) })
})

test('a spawned remote that exits with 0 has powered itself off', async () => {
  const { rproc, end } = await host({ module: path('echo.js') })
  await rproc.boot()
  const ended = end()
  await (await rproc.channel('echo')).send('exit 0')
  expect(await ended).toMatchObject({ type: 'stopped', reason: 'exited' })
})

test('a module that defines a remote for a thread runs in a process, with synchronous waits', async () => {
  const { rproc } = await host({
    module: path('define-remote.js'),
    data: { greeting: 'hello' },
    wait: { spin: 20 },
  })
  await rproc.boot()
  const channel = await rproc.channel('echo')
  for (let i = 0; i < 1000; i++) {
    channel.sendSync(`message ${i}`)
    expect(channel.receiveSync({ timeout: 10_000 }).text()).toBe(`hello, message ${i}`)
  }
  await rproc.shutdown({ deadline: 10_000 })
  expect(rproc.state).toBe('stopped')
})

test('synchronous and asynchronous waits take turns, and neither holds up the event loop', async () => {
  const { rproc } = await host({ module: path('define-remote.js'), data: { greeting: 'hello' } })
  await rproc.boot()
  const channel = await rproc.channel('echo')
  for (let i = 0; i < 100; i++) {
    channel.sendSync('now')
    expect(channel.receiveSync({ timeout: 10_000 }).text()).toBe('hello, now')
    // Nothing comes in this turn, nor in the next one.
    await new Promise((resolve) => setImmediate(resolve))
    await channel.send('later')
    expect((await channel.receive({ timeout: 10_000 })).text()).toBe('hello, later')
  }
})

test('a synchronous wait ends when the remote is killed', async () => {
  const { rproc, end } = await host({ module: path('define-remote.js') })
  await rproc.boot()
  const channel = await rproc.channel('echo')
  const ended = end()
  channel.sendSync('exit')
  expect(() => channel.receiveSync({ timeout: 30_000 })).toThrow(/the other end is gone/)
  expect(await ended).toMatchObject({ type: 'crashed' })
})

test('a program that is not there is a crash', async () => {
  const { rproc, end } = await host({ command: ['/no/such/program'] })
  const ended = end()
  await rproc.boot()
  expect(await ended).toMatchObject({ type: 'crashed', reason: expect.stringMatching(/ENOENT/) })
})

test('a spawned remote does not outlive a host that is killed', async () => {
  const witness = createServer()
  onTestFinished(() => void witness.close())
  const path = `${meetingPlace()}.witness`
  witness.listen(path)
  const gone = new Promise<void>((resolve) => {
    witness.on('connection', (remote) => {
      remote.on('error', () => {})
      remote.on('close', () => resolve())
    })
  })
  const parent = start('parent.js', path)
  await parent.says('talks')
  parent.kill()
  await gone
})
