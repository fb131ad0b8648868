// Runs inside the guest: programs against this project's own API, with the guest's kernel as the host of the
// emulated board that is played beside this. Says what came of it; the test outside compares.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { isOpenampError, Remoteproc, type RemoteprocEvent } from '../../../dist/index.js'
import { linux, linuxRemote, linuxRemotes } from '../../../dist/machines/linux/index.js'
import { coredumpFile, file } from '../../../dist/node.js'
import { conversations } from './conversations.js'
import { OurHost } from './our-host.js'
import { SECONDS, say, until } from './told.js'

const [, , part = '', images = '', folder = ''] = process.argv
const DEMO = 'rpmsg-openamp-demo-channel'
const ATTRIBUTES = '/sys/class/remoteproc/remoteproc0'
const MODULE = '/sys/module/openamp_board/parameters'
const DEVICES = '/sys/bus/rpmsg/devices'

const attribute = (name: string): string => readFileSync(`${ATTRIBUTES}/${name}`, 'utf8').trim()
const image = (name: string) => file(`${images}/${name}.elf`)
const soon = { timeout: SECONDS * 1000 }

const calls: unknown[] = []
function seen(driver: string, call: string, count = 1): void {
  calls.push([driver, call, 'ok', count])
}

/** What a promise comes to: its value, or the code of its error. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    return isOpenampError(error) ? error.code : String(error)
  }
}

function recorder(): { events: string[]; observer: (event: RemoteprocEvent) => void } {
  const events: string[] = []
  const observer = (event: RemoteprocEvent): void => {
    if (event.type === 'note') events.push(`note: ${event.text}`)
    else if (event.type !== 'trace') events.push(event.type)
  }
  return { events, observer }
}

async function life(): Promise<void> {
  const { events, observer } = recorder()
  const rproc = await Remoteproc.init({ firmware: image('echo'), machine: linux(), observer })
  say('state at first', rproc.state)
  await rproc.boot()
  say('state after boot', [rproc.state, attribute('state')])
  const channel = await rproc.channel(DEMO, soon)
  let right = 0
  for (let length = 0; length <= 496; length++) {
    const message = Buffer.alloc(length, length)
    await channel.send(message)
    if (message.equals((await channel.receive(soon)).data)) right++
  }
  say('echoes', right)
  seen('rpmsg_char', 'write and read, through openamp/linux', right)
  say('497 bytes', await outcome(channel.send(Buffer.alloc(497))))
  say('a second boot', await outcome(rproc.boot()))
  say('the same channel again', await outcome(rproc.channel(DEMO, soon)))
  say('an image while it runs', await outcome(rproc.load(image('crash'))))
  say('detach from what the kernel has booted', await outcome(rproc.detach()))
  say('trace', rproc.traces[0]?.text().includes('echo: booted'))
  say(
    'notify ids',
    rproc.resourceTable?.vdevs[0]?.vrings.map(({ notifyid }) => notifyid),
  )
  const waiting = outcome(channel.receive())
  await rproc.shutdown()
  say('a reader at the shutdown', await waiting)
  say('state after shutdown', [rproc.state, attribute('state')])
  await rproc.boot()
  const again = await rproc.channel(DEMO, soon)
  await again.send('again')
  say('in the next life', (await again.receive(soon)).text())

  // Somebody else, with the kernel's own words.
  const ended = outcome(again.receive())
  writeFileSync(`${ATTRIBUTES}/state`, 'stop')
  say('a reader when others stop it', await ended)
  say('state then', rproc.state)
  say('an image that is none', await outcome(rproc.load(new Uint8Array(8))))
  await rproc.deinit()
  say('state after deinit', [rproc.state, attribute('state')])
  say('events', events)
  say('remotes', linuxRemotes())
  seen('remoteproc core', 'start, stop, firmware, recovery, through openamp/linux', 2)
}

async function converse(): Promise<void> {
  for (const [name, conversation] of Object.entries(conversations)) {
    const host = await OurHost.boot(images, name, linux())
    say(name, await conversation(host))
    await host.end()
  }
}

const threads = (): number => readdirSync('/proc/self/task').length

async function channels(): Promise<void> {
  const rproc = await Remoteproc.init({ firmware: image('echo'), machine: linux() })
  await rproc.boot()
  const channel = await rproc.channel(DEMO, soon)
  const [rpmsg] = rproc.rpmsg
  if (rpmsg === undefined) return
  const { destination } = channel.endpoint
  const before = threads()
  const answers: string[] = []
  let told = (): void => {}
  const all = new Promise<void>((resolve) => {
    told = resolve
  })
  const endpoints = Array.from({ length: 50 }, (_, i) =>
    rpmsg.createEndpoint({
      name: `many-${i}`,
      destination,
      receive: (message) => {
        answers.push(message.text())
        if (answers.length === 50) told()
      },
    }),
  )
  say('devices of 50 endpoints', readdirSync('/dev').filter((n) => /^rpmsg\d/.test(n)).length - 1)
  await Promise.all(endpoints.map((endpoint, i) => endpoint.send(`hello ${i}`, soon)))
  await all
  say('each answered', new Set(answers).size)
  say('threads for them', threads() - before)
  for (const endpoint of endpoints) endpoint.destroy()
  await until(() => readdirSync('/dev').filter((n) => /^rpmsg\d/.test(n)).length === 1, 'end of 50')
  say('devices after they were destroyed', 1)
  seen('rpmsg_ctrl', 'RPMSG_CREATE_EPT_IOCTL, through openamp/linux', 50)
  seen('rpmsg_char', 'RPMSG_DESTROY_EPT_IOCTL, through openamp/linux', 50)

  // More than the ring takes: who sends waits, nothing is lost.
  const count = 2000
  const sent = (async () => {
    for (let i = 0; i < count; i++) await channel.send(String(i), soon)
  })()
  let inOrder = 0
  for (let i = 0; i < count; i++) if ((await channel.receive(soon)).text() === String(i)) inOrder++
  await sent
  say('a flood comes back in order', inOrder)

  const service = rpmsg.announce('of-the-host')
  say(
    'a service of ours',
    linuxRemotes()[0]?.channels.map(({ name }) => name),
  )
  say('to send on it', await outcome(service.send('x')))
  service.close()
  say(
    'after its end',
    linuxRemotes()[0]?.channels.map(({ name }) => name),
  )
  seen('rpmsg_ctrl', 'RPMSG_CREATE_DEV_IOCTL, through openamp/linux')
  seen('rpmsg_ctrl', 'RPMSG_RELEASE_DEV_IOCTL, through openamp/linux')
  const flow = rpmsg.createEndpoint({ name: 'flow', destination, flowControl: true })
  say('flow control', [
    flow.flowControl,
    await outcome(Promise.resolve().then(() => flow.setFlowControl(true))),
  ])
  flow.destroy()
  say('to somebody else', await outcome(channel.endpoint.sendTo('x', 7)))
  say('a second program', await outcome(other()))
  await rproc.deinit()

  const holder = holding()
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
  say('while its program lives', attribute('state'))
  holder.kill('SIGKILL')
  await until(() => attribute('state') === 'offline', 'end of the remote')
  say('after its program was killed', attribute('state'))
  seen('remoteproc cdev', 'RPROC_SET_SHUTDOWN_ON_RELEASE, through openamp/linux')
}

/** Another one that wants the same channel. */
async function other(): Promise<void> {
  const remote = await linuxRemote()
  try {
    await remote.rpmsg().channel(DEMO, soon)
  } finally {
    await remote.close()
  }
}

function holding(): ChildProcess {
  const program = fileURLToPath(import.meta.url)
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  return spawn(process.execPath, [program, 'hold', images], { stdio: [...stdio] })
}

async function hold(): Promise<void> {
  const machine = linux({ stopOnExit: true })
  const rproc = await Remoteproc.init({ firmware: image('echo'), machine })
  await rproc.boot()
  console.log('booted')
  await rproc.whenStopped()
}

async function attach(): Promise<void> {
  const { events, observer } = recorder()
  // Somebody has started it before Linux.
  writeFileSync(`${ATTRIBUTES}/state`, 'start')
  await until(() => readdirSync(DEVICES).some((name) => name.includes(DEMO)), 'announcement')
  writeFileSync(`${MODULE}/keep`, '1')
  writeFileSync(`${ATTRIBUTES}/state`, 'stop')
  writeFileSync(`${MODULE}/keep`, '0')
  writeFileSync(`${MODULE}/detached`, '1')

  const rproc = await Remoteproc.init({ firmware: image('echo'), machine: linux(), observer })
  say('state at first', [rproc.state, attribute('state')])
  say('a boot', await outcome(rproc.boot()))
  await rproc.attach()
  say('state when attached', [rproc.state, attribute('state')])
  const channel = await rproc.channel(DEMO, { ...soon, persist: true })
  await channel.send('attached')
  say('an echo', (await channel.receive(soon)).text())
  await rproc.detach()
  say('state when detached', [rproc.state, attribute('state')])
  const waiting = channel.receive(soon)
  await rproc.attach()
  await channel.send('again', soon)
  say('an echo on the same handle', (await waiting).text())
  seen('remoteproc core', 'attach, detach, through openamp/linux', 2)
  await rproc.shutdown()
  say('state after shutdown', [rproc.state, attribute('state')])
  await rproc.deinit()
  say('events', events)
}

async function crashes(): Promise<void> {
  const { events, observer } = recorder()
  const rproc = await Remoteproc.init({
    firmware: image('crash'),
    machine: linux(),
    recovery: 'enabled',
    coredump: coredumpFile(`${folder}/through-openamp.core`),
    observer,
  })
  await rproc.boot()
  const channel = await rproc.channel('crash', { ...soon, persist: true })
  for (const command of ['illegal', 'load', 'fail']) {
    await channel.send('before')
    say(`before ${command}`, (await channel.receive(soon)).text())
    const dumped = new Promise<void>((resolve) => {
      const end = rproc.events.observe(({ type }) => {
        if (type !== 'coredump') return
        end()
        resolve()
      })
    })
    await channel.send(command)
    await dumped
    await rproc.whenRunning(soon)
    await channel.whenBack(soon)
    await channel.send('after')
    say(`after ${command}`, (await channel.receive(soon)).text())
  }
  seen('devcoredump', 'read and released, through openamp/linux', 3)
  // Whether a dump is written before the next life or after it began is nobody's promise.
  const dumps = events.filter((type) => type === 'coredump').length
  say('coredumps', dumps)
  say(
    'events',
    events.filter((type) => type !== 'coredump'),
  )
  await rproc.deinit()
  say('policies after deinit', [attribute('recovery'), attribute('coredump')])

  const alone = await Remoteproc.init({ firmware: image('crash'), machine: linux() })
  await alone.boot()
  const plain = await alone.channel('crash', soon)
  const waiting = outcome(plain.receive())
  await plain.send('illegal')
  say('a reader at a crash', await waiting)
  say('state then', [alone.state, attribute('state')])
  await alone.shutdown()
  say('after its shutdown', [alone.state, attribute('state')])
  await alone.boot()
  const again = await alone.channel('crash', soon)
  await again.send('back')
  say('in the next life', (await again.receive(soon)).text())
  await alone.deinit()

  const { events: ofBounded, observer: bound } = recorder()
  const bounded = await Remoteproc.init({
    firmware: image('crash'),
    machine: linux(),
    recovery: { attempts: 1 },
    coredump: { mode: 'inline', write: async () => {} },
    observer: bound,
  })
  await bounded.boot()
  const channelWithin = await bounded.channel('crash', { ...soon, persist: true })
  say('policy with bounds', attribute('recovery'))
  const first = new Promise<void>((resolve) => {
    bounded.events.observe(({ type }) => type === 'crashed' && resolve())
  })
  await channelWithin.send('illegal')
  await first
  await channelWithin.whenBack(soon)
  await channelWithin.send('once more', soon)
  say('after a crash within the bounds', (await channelWithin.receive(soon)).text())
  const over = outcome(channelWithin.receive())
  await channelWithin.send('illegal')
  say('a reader at the last crash', await over)
  say('state after the last attempt', [bounded.state, attribute('state')])
  say('events with bounds', ofBounded)
  await bounded.deinit()
  seen('remoteproc core', 'recover, at bounds of our own, through openamp/linux')

  const watched = await Remoteproc.init({
    firmware: image('watched'),
    machine: linux(),
    recovery: 'enabled',
    heartbeat: { within: 2000 },
  })
  await watched.boot()
  const line = await watched.channel('watched', { ...soon, persist: true })
  const crashed = new Promise<void>((resolve) => {
    watched.events.observe(({ type }) => type === 'crashed' && resolve())
  })
  await line.send('hang')
  await crashed
  await watched.whenRunning(soon)
  await line.send('alive', soon)
  say('after a heartbeat was missing', (await line.receive(soon)).text())
  seen('remoteproc core', 'debugfs crash, through openamp/linux')
  await watched.deinit()
}

/** What needs no ioctl, where koffi is not installed. */
async function bare(): Promise<void> {
  const { events, observer } = recorder()
  const rproc = await Remoteproc.init({
    firmware: image('crash'),
    machine: linux(),
    recovery: 'enabled',
    observer,
  })
  await rproc.boot()
  const channel = await rproc.channel('crash', { ...soon, persist: true })
  await channel.send('without koffi')
  say('an echo', (await channel.receive(soon)).text())
  const [rpmsg] = rproc.rpmsg
  await Promise.resolve()
    .then(() => rpmsg?.createEndpoint({ name: 'x', destination: 1 }))
    .catch((error: unknown) => say('an endpoint through rpmsg_ctrl', String(error)))
  const crashed = new Promise<void>((resolve) => {
    rproc.events.observe(({ type }) => type === 'crashed' && resolve())
  })
  await channel.send('illegal')
  await crashed
  await channel.whenBack(soon)
  await channel.send('back')
  say('after a crash', (await channel.receive(soon)).text())
  await rproc.deinit()
  say('events', events)
}

/** As a user whom the rules of `openamp linux udev` let. */
async function user(): Promise<void> {
  say('root', process.getuid?.() === 0)
  const rproc = await Remoteproc.init({ firmware: image('echo'), machine: linux() })
  await rproc.boot()
  const channel = await rproc.channel(DEMO, soon)
  await channel.send('by a user')
  say('an echo', (await channel.receive(soon)).text())
  say('traces', rproc.traces.length)
  await rproc.deinit()
  say('state after deinit', attribute('state'))
}

/** As one whom nothing lets. */
async function stranger(): Promise<void> {
  const rproc = Remoteproc.init({ firmware: image('echo'), machine: linux() })
  await rproc.catch((error: unknown) => say('a stranger', String(error)))
}

const PLAYED = `${MODULE}/played`
await until(() => readFileSync(PLAYED, 'utf8') === 'Y\n', 'program that plays the board')
const parts: Readonly<Record<string, () => Promise<void>>> = {
  life,
  converse,
  channels,
  hold,
  attach,
  crashes,
  bare,
  user,
  stranger,
}
try {
  for (const each of part.split(',')) await parts[each]?.()
  if (calls.length > 0) say('calls', calls)
  say('done', true)
} catch (error) {
  say('done', inspect(error))
  process.exit(1)
}
