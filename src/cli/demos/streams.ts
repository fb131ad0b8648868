import { inProcess, inProcessFirmware, inProcessTable } from '../../machines/in-process.js'
import { Remoteproc } from '../../remoteproc/index.js'
import { resourceInit } from '../../remoteproc/remote.js'
import type { Channel } from '../../rpmsg/index.js'
import type { Demo, Stage } from './demo.js'

const options = { maxMessageSize: 1 << 20, flowControl: true, queue: 8 } as const

export const streams: Demo = {
  name: 'streams',
  summary: 'messages larger than a buffer, flow control and Web Streams between two ends of ours',
  run: async (stage) => {
    const { step, say } = stage
    step('boot a remote written in TypeScript: it answers with what it gets, in capitals')
    const rproc = await Remoteproc.init({
      firmware: inProcessFirmware(),
      machine: inProcess(async (place) => {
        const remote = resourceInit({ ...place, tableAddress: inProcessTable })
        place.onKick = () => remote.kicked()
        const rpmsg = await remote.whenReady()
        const service = rpmsg.announce('capitals', options)
        for await (const message of service) await service.send(message.text().toUpperCase())
      }),
    })
    try {
      await rproc.boot()
      const channel = await rproc.channel('capitals', options)
      say(`  a buffer carries ${channel.payloadSize} bytes`)
      await large(stage, channel)
      await pausing(stage, channel)
      await piping(stage, channel)
      step('shutdown')
      channel.close()
      await rproc.shutdown()
    } finally {
      await rproc.deinit()
    }
  },
}

async function large({ step, say }: Stage, channel: Channel): Promise<void> {
  step('a message that needs many buffers')
  await channel.send('x'.repeat(300_000))
  const { data } = await channel.receive()
  say(`  300000 bytes there, ${data.length} back; at most ${channel.maxMessageSize} were agreed`)
}

async function pausing({ step, say }: Stage, channel: Channel): Promise<void> {
  step('pause the remote: its answers wait until it is resumed')
  channel.pause()
  await channel.send('are you there?')
  const silence = await channel.receive({ timeout: 20 }).catch(() => undefined)
  say(`  after 20 ms: ${silence?.text() ?? 'nothing'}`)
  channel.resume()
  say(`  resumed: ${(await channel.receive()).text()}`)
}

async function piping({ step, say }: Stage, channel: Channel): Promise<void> {
  step('pipe a stream through the channel')
  const words = ['firmware', 'meets', 'streams']
  const source = new ReadableStream<string>({
    pull: (controller) => {
      const word = words.shift()
      if (word === undefined) controller.close()
      else controller.enqueue(word)
    },
  })
  const reader = source.pipeThrough(channel).getReader()
  for (let i = 0; i < 3; i++) {
    const { value } = await reader.read()
    say(`  ${new TextDecoder().decode(value)}`)
  }
  await reader.cancel()
}
