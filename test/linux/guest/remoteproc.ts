// Runs inside the guest: the kernel's remoteproc core boots images on the emulated board, which
// board.ts plays beside this. Says what came of it; the test outside compares.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { conversations } from './conversations.js'
import { call, Messages, outcome, sayCalls } from './kernel.js'
import { KernelHost, refused } from './kernel-host.js'
import { say, until } from './told.js'

const [, , part = '', argument = ''] = process.argv
const host = new KernelHost()
const DEMO = 'rpmsg-openamp-demo-channel'

async function life(): Promise<void> {
  say('state at first', host.state)
  say(
    'stop while offline',
    refused(() => host.stop()),
  )
  host.firmware = 'there-is-none.elf'
  say(
    'start without firmware',
    refused(() => host.start()),
  )
  host.firmware = 'echo.elf'
  host.start()
  say('state after start', host.state)
  say(
    'start twice',
    refused(() => host.start()),
  )
  say(
    'firmware while running',
    refused(() => (host.firmware = 'crash.elf')),
  )
  say(
    'a word that is none',
    refused(() =>
      call('remoteproc core', 'state < …', () =>
        writeFileSync('/sys/class/remoteproc/remoteproc0/state', 'jump'),
      ),
    ),
  )
  const line = await host.channel(DEMO)
  if (!(line instanceof Messages)) return
  say('echo', line.echo('hello').toString())
  say(
    '497 bytes',
    outcome(() => line.send(Buffer.alloc(497))),
  )
  say(
    'second open',
    outcome(() => new Messages('/dev/rpmsg0')),
  )
  await host.traced('echo: booted')
  say('resource table', host.debug('resource_table'))
  say('carve-outs', host.debug('carveout_memories'))
  host.stop()
  say('state after as many stops as starts but one', host.state)
  host.stop()
  say('state after stop', host.state)
  say(
    'write after stop',
    outcome(() => line.send('x')),
  )
  say('channels after stop', host.announced())
  line.close()
  say(
    'stop twice',
    refused(() => host.stop()),
  )
}

async function cycles(): Promise<void> {
  let right = 0
  for (let i = 0; i < Number(argument); i++) {
    host.start()
    const line = await host.channel(DEMO)
    await line.send(`life ${i}`)
    if (String(await line.receive()) === `life ${i}`) right++
    line.close()
    host.stop()
    if (host.announced().length > 0) throw new Error('a channel was left')
  }
  say('lives', right)
}

async function images(): Promise<void> {
  for (const [image, conversation] of Object.entries(conversations)) {
    host.firmware = `${image}.elf`
    host.start()
    say(image, await conversation(host))
    host.stop()
  }
}

async function crashes(): Promise<void> {
  host.firmware = 'crash.elf'
  host.recovery = 'enabled'
  host.coredump = 'enabled'
  host.start()
  for (const command of ['illegal', 'load', 'fail']) {
    const line = await host.channel('crash')
    await line.send(command)
    const dump = await host.takeCoredump()
    writeFileSync(`${argument}.${command}.core`, dump)
    await host.is('running')
    line.close()
    await until(() => host.announced().includes('crash'), 'channel after the recovery')
    const again = await host.channel('crash')
    await again.send('back')
    say(`after ${command}`, String(await again.receive()))
    again.close()
  }

  host.recovery = 'disabled'
  host.coredump = 'disabled'
  const line = await host.channel('crash')
  await line.send('illegal')
  await host.is('crashed')
  say(
    'firmware while crashed',
    refused(() => (host.firmware = 'echo.elf')),
  )
  say(
    'start while crashed',
    refused(() => host.start()),
  )
  line.close()
  host.recover()
  await host.is('running')
  const again = await host.channel('crash')
  await again.send('back')
  say('after recovery by hand', String(await again.receive()))

  await again.send('exit')
  await until(() => existsSync(join(dirname(argument), 'powered-off')), 'end of the remote')
  say('after it has powered itself off', [host.state, host.announced()])
  again.close()
  host.stop()
}

/** Boots images and says what the kernel did on the way, as the module and its own log have seen it. */
async function record(): Promise<void> {
  for (const image of argument.split(',')) {
    host.firmware = `${image}.elf`
    writeFileSync('/dev/openamp-board-log', '0')
    execFileSync('dmesg', ['--clear'])
    host.start()
    await host.traced(`${image}: host is here`)
    const lines = execFileSync('dmesg', ['--notime'], { encoding: 'utf8' }).split('\n')
    const asked = readFileSync('/dev/openamp-board-log').toString('base64')
    say(image, { asked, lines })
    host.stop()
  }
}

const PLAYED = '/sys/module/openamp_board/parameters/played'
await until(() => readFileSync(PLAYED, 'utf8') === 'Y\n', 'program that plays the board')
const parts: Readonly<Record<string, () => Promise<void>>> = {
  life,
  cycles,
  images,
  crashes,
  record,
}
await parts[part]?.()
sayCalls()
say('done', true)
