import { emulated } from '../../machines/index.js'
import { Remoteproc } from '../../remoteproc/index.js'
import type { Channel, RxBuffer } from '../../rpmsg/index.js'
import { duration } from '../terminal.js'
import { type Demo, demoImage, type Stage } from './demo.js'

const ROUND_TRIPS = 1000
/** Messages on the way at once: fewer than either side has buffers. */
const AT_ONCE = 8

export const nocopyPingPong: Demo = {
  name: 'nocopy-ping-pong',
  summary: 'messages made, read and answered where they lie in shared memory, by both ends',
  run: async ({ say, step, paint }) => {
    step('boot: the remote answers every message with its bytes plus one')
    const rproc = await Remoteproc.init({ firmware: demoImage('ping-pong'), machine: emulated() })
    try {
      await rproc.boot()
      const channel = await rproc.channel('ping-pong')
      say(`  ${channel.name} at 0x${channel.endpoint.destination.toString(16)}`)

      step('one message: filled in a buffer of the ring, read from another')
      await one(channel, say)

      step(`${AT_ONCE} messages at once: the remote holds each until it has made its answer`)
      await several(channel, say)

      step(`${ROUND_TRIPS} round trips without a copy`)
      const time = await measure(channel)
      say(`  ${paint.bold(duration(time / ROUND_TRIPS))} each`)

      step('shutdown: every buffer that was lent is back')
      const [device] = rproc.rpmsg
      say(`  held by this side: ${device?.stats.rxHeld}`)
      await rproc.shutdown()
    } finally {
      await rproc.deinit()
    }
    say(`  state: ${rproc.state}`)
  },
}

/** Sends `length` bytes of `value`, written in place. */
async function ping({ endpoint }: Channel, value: number, length: number): Promise<void> {
  const buffer = await endpoint.getTxPayloadBuffer()
  buffer.bytes.fill(value, 0, length)
  endpoint.sendNocopy(buffer, length)
}

async function one(channel: Channel, say: Stage['say']): Promise<void> {
  const answer = new Promise<RxBuffer>((resolve) => {
    // Lent until the call returns; held, it may be read later.
    channel.onMessage((message) => resolve(message.hold()))
  })
  await ping(channel, 41, 496)
  const message = await answer
  say(`  sent 496 × 41, found ${message.length} × ${message.data[0]} in the buffer with the answer`)
  message.release()
}

async function several(channel: Channel, say: Stage['say']): Promise<void> {
  const held: RxBuffer[] = []
  const all = new Promise<void>((resolve) => {
    channel.onMessage((message) => {
      if (held.push(message.hold()) === AT_ONCE) resolve()
    })
  })
  for (let i = 0; i < AT_ONCE; i++) await ping(channel, 10 * i, 64)
  await all
  say(`  held here: ${held.map((message) => message.data[0]).join(', ')}`)
  for (const message of held) message.release()
}

/** @returns nanoseconds on the wall clock for all round trips */
async function measure(channel: Channel): Promise<number> {
  const start = performance.now()
  let left = ROUND_TRIPS
  await new Promise<void>((resolve, reject) => {
    channel.onMessage(() => {
      left--
      if (left === 0) resolve()
      else ping(channel, left, 16).catch(reject)
    })
    ping(channel, left, 16).catch(reject)
  })
  return (performance.now() - start) * 1e6
}
