import { emulated } from '../../machines/index.js'
import { Remoteproc } from '../../remoteproc/index.js'
import type { Channel, RpmsgDevice, RxBuffer } from '../../rpmsg/index.js'
import { duration } from '../terminal.js'
import { type Demo, demoImage, type Stage } from './demo.js'

const CHANNEL = 'rpmsg-openamp-demo-channel'
const ROUND_TRIPS = 1000

export const noCopy: Demo = {
  name: 'no-copy',
  summary: 'ping-pong in the shared buffers themselves: fill, send, hold, release in any order',
  run: async (stage) => {
    const { step } = stage
    step('boot an image that sends back what it gets')
    const rproc = await Remoteproc.init({ firmware: demoImage('echo'), machine: emulated() })
    try {
      await rproc.boot()
      const channel = await rproc.channel(CHANNEL)
      const [device] = rproc.rpmsg
      if (device === undefined) return
      stage.say(`  ${buffers(device)}`)
      await lend(stage, device, channel)
      await hold(stage, device, channel)
      await pingPong(stage, channel)
      step('shutdown')
      await rproc.shutdown({ channel })
    } finally {
      await rproc.deinit()
    }
  },
}

function buffers({ stats }: RpmsgDevice): string {
  const { txFree, txHeld, rxHeld } = stats
  return `transmit buffers: ${txFree} free, ${txHeld} taken; receive buffers: ${rxHeld} held`
}

async function lend({ say, step }: Stage, device: RpmsgDevice, channel: Channel): Promise<void> {
  const { endpoint } = channel
  step('take a transmit buffer, fill it where it lies, send it; give another back unsent')
  const ping = await endpoint.getTxPayloadBuffer()
  const unsent = await endpoint.getTxPayloadBuffer()
  say(`  ${buffers(device)}`)
  endpoint.releaseTxBuffer(unsent)
  const { written } = new TextEncoder().encodeInto('ping', ping.bytes)
  const pong = next(channel)
  endpoint.sendNocopy(ping, written)
  const message = await pong
  say(`  "${message.text()}" came back`)
  message.release()
  say(`  ${buffers(device)}`)
}

async function hold({ say, step }: Stage, device: RpmsgDevice, channel: Channel): Promise<void> {
  step('hold three messages beyond their callback, release them in another order')
  const held: RxBuffer[] = []
  for (const text of ['first', 'second', 'third']) {
    const answer = next(channel)
    await channel.send(text)
    held.push(await answer)
  }
  say(`  ${buffers(device)}`)
  for (const i of [1, 2, 0]) {
    const message = held[i]
    if (message === undefined) continue
    say(`  releasing "${message.text()}"`)
    message.release()
  }
  say(`  ${buffers(device)}`)
}

/** The next message, held. */
function next(channel: Channel): Promise<RxBuffer> {
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      channel.onMessage(undefined)
      resolve(message.hold())
    })
  })
}

async function pingPong({ say, step, paint }: Stage, channel: Channel): Promise<void> {
  step(`${ROUND_TRIPS} round trips of one counter, in the buffers`)
  const { endpoint } = channel
  const start = performance.now()
  const last = await new Promise<number>((resolve) => {
    const send = (count: number): void => {
      const buffer = endpoint.tryGetTxPayloadBuffer()
      if (buffer === undefined) return
      new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset).setUint32(0, count, true)
      endpoint.sendNocopy(buffer, 4)
    }
    channel.onMessage(({ data }) => {
      const count = new DataView(data.buffer, data.byteOffset).getUint32(0, true)
      if (count === ROUND_TRIPS) resolve(count)
      else send(count + 1)
    })
    send(1)
  })
  const each = ((performance.now() - start) * 1e6) / last
  channel.onMessage(undefined)
  say(`  counted to ${last}  ${paint.dim(`${duration(each)} each`)}`)
}
