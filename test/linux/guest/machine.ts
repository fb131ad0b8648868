// Runs inside the guest: programs against this project's own API, with the guest's kernel as the host of the
// emulated board that board.ts plays beside this. Says what came of it; the test outside compares.
import { readFileSync } from 'node:fs'
import { isOpenampError, Remoteproc, type RemoteprocEvent } from '../../../dist/index.js'
import { linux, linuxRemotes } from '../../../dist/machines/linux/index.js'
import { file } from '../../../dist/node.js'
import { say, sayCalls, until } from './kernel.js'

const [, , part = '', images = ''] = process.argv
const DEMO = 'rpmsg-openamp-demo-channel'
const ATTRIBUTES = '/sys/class/remoteproc/remoteproc0'

const attribute = (name: string): string => readFileSync(`${ATTRIBUTES}/${name}`, 'utf8').trim()
const image = (name: string) => file(`${images}/${name}.elf`)

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
    if (event.type !== 'trace')
      events.push(event.type === 'note' ? `note: ${event.text}` : event.type)
  }
  return { events, observer }
}

async function life(): Promise<void> {
  const { events, observer } = recorder()
  const rproc = await Remoteproc.init({ firmware: image('echo'), machine: linux(), observer })
  say('state at first', rproc.state)
  await rproc.boot()
  say('state after boot', [rproc.state, attribute('state')])
  const channel = await rproc.channel(DEMO, { timeout: 5000 })
  let right = 0
  for (let length = 1; length <= 496; length++) {
    const message = Buffer.alloc(length, length)
    await channel.send(message)
    if (message.equals((await channel.receive({ timeout: 5000 })).data)) right++
  }
  say('echoes', right)
  say('497 bytes', await outcome(channel.send(Buffer.alloc(497))))
  say('a second boot', await outcome(rproc.boot()))
  say('a second of the same channel', await outcome(rproc.channel(DEMO, { timeout: 100 })))
  const [trace] = rproc.traces
  say('trace', trace?.text().includes('echo: booted'))
  const waiting = outcome(channel.receive())
  await rproc.shutdown()
  say('a reader at the shutdown', await waiting)
  say('state after shutdown', [rproc.state, attribute('state')])
  await rproc.boot()
  const again = await rproc.channel(DEMO, { timeout: 5000 })
  await again.send('again')
  say('in the next life', (await again.receive({ timeout: 5000 })).text())
  await rproc.deinit()
  say('state after deinit', [rproc.state, attribute('state')])
  say('events', events)
  say('remotes', linuxRemotes())
}

const PLAYED = '/sys/module/openamp_board/parameters/played'
await until(() => readFileSync(PLAYED, 'utf8') === 'Y\n', 'program that plays the board')
const parts: Readonly<Record<string, () => Promise<void>>> = { life }
await parts[part]?.()
sayCalls()
say('done', true)
