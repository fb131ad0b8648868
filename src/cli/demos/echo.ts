import { emulated } from '../../machines/index.js'
import { Remoteproc, type RemoteprocEvent } from '../../remoteproc/index.js'
import type { Channel } from '../../rpmsg/index.js'
import type { Paint } from '../paint.js'
import { duration } from '../terminal.js'
import { type Demo, demoImage, type Stage, stageReporter } from './demo.js'

const CHANNEL = 'rpmsg-openamp-demo-channel'
const ROUND_TRIPS = 1000

export const echo: Demo = {
  name: 'echo',
  summary: "each step of a remote's life: init, boot, messages there and back, shutdown, deinit",
  run: async (stage) => {
    await life(stage)
    const { say, paint } = stage
    say()
    say(paint.bold('Try next'))
    say('  npx openamp demo --list')
    say('  npx openamp run firmware/images/multi-endpoint.elf --trace')
    say(`  npx openamp run firmware/images/echo.elf --attach ${CHANNEL}`)
    say('  npx openamp run firmware/images/crash.elf --attach crash  (type: illegal)')
    say('  npx openamp inspect firmware/images/echo.elf')
  },
}

async function life({ say, step, paint }: Stage): Promise<void> {
  const reporter = stageReporter({ say, step, paint })
  const observer = (event: RemoteprocEvent): void => {
    // The round trips are counted below; the remote need not tell of each.
    if (event.type !== 'trace' || !muted) reporter.event(event)
  }
  let muted = false

  step('init: read the image, parse its resource table, give everything a place')
  const rproc = await Remoteproc.init({
    firmware: demoImage('echo'),
    machine: emulated(),
    observer,
  })
  try {
    reporter.loaded(rproc.image, rproc.resourceTable)

    step('boot: load, release from reset, bring the rings up')
    await rproc.boot()
    const channel = await rproc.channel(CHANNEL)

    step('messages, there and back')
    for (const text of ['hello, remote', 'how are you?', 'x'.repeat(496)]) {
      await greet(rproc, channel, text, say, paint)
    }
    muted = true
    await measure(rproc, channel, say, paint)
    muted = false

    step('shutdown: the shutdown message, its acknowledgement, reset')
    await rproc.shutdown({ channel })

    step('deinit: free everything')
  } finally {
    await rproc.deinit()
  }
  say(`  state: ${rproc.state}`)
}

async function greet(
  rproc: Remoteproc,
  channel: Channel,
  text: string,
  say: (line: string) => void,
  paint: Paint,
): Promise<void> {
  const virtualStart = rproc.processor.clock.now()
  const start = performance.now()
  await channel.send(text)
  const answer = (await channel.receive()).text()
  const wall = (performance.now() - start) * 1e6
  const virtual = rproc.processor.clock.now() - virtualStart
  const shown = text.length > 20 ? `${text.length} × "${text[0]}"` : `"${text}"`
  const same = answer === text ? 'the same back' : `back: "${answer}"`
  say(
    `  ${shown.padEnd(18)} ${same}  ${paint.dim(`in ${duration(wall)} (${duration(virtual)} on the remote)`)}`,
  )
}

async function measure(
  rproc: Remoteproc,
  channel: Channel,
  say: (line: string) => void,
  paint: Paint,
): Promise<void> {
  const virtualStart = rproc.processor.clock.now()
  const times: number[] = []
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const start = performance.now()
    await channel.send('round trip')
    await channel.receive()
    times.push((performance.now() - start) * 1e6)
  }
  times.sort((a, b) => a - b)
  const median = times[times.length >> 1] ?? 0
  const virtual = (rproc.processor.clock.now() - virtualStart) / ROUND_TRIPS
  say(
    `  ${`${ROUND_TRIPS} round trips`.padEnd(18)} median ${paint.bold(duration(median))}  ${paint.dim(`(${duration(virtual)} on the remote)`)}`,
  )
}
