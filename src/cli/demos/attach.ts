import { emulated } from '../../machines/index.js'
import { Remoteproc } from '../../remoteproc/index.js'
import type { Channel } from '../../rpmsg/index.js'
import { type Demo, demoImage, stageReporter } from './demo.js'

const CHANNEL = 'rpmsg-openamp-demo-channel'

export const attach: Demo = {
  name: 'attach',
  summary: 'a remote that stays up while its hosts go and come: detach, attach, hand over',
  run: async ({ say, step, paint }) => {
    const reporter = stageReporter({ say, step, paint })
    const observer = (event: Parameters<typeof reporter.event>[0]): void => reporter.event(event)
    const talk = async (rproc: Remoteproc, text: string): Promise<Channel> => {
      const channel = await rproc.channel(CHANNEL)
      await channel.send(text)
      say(`  "${text}" comes back: "${(await channel.receive()).text()}"`)
      return channel
    }

    step('the first host boots the remote')
    const first = await Remoteproc.init({
      firmware: demoImage('echo'),
      machine: emulated(),
      observer,
    })
    let second: Remoteproc | undefined
    try {
      await first.boot()
      await talk(first, 'one')

      step('it detaches, and the remote runs on')
      await first.detach()
      say(`  state: ${first.state}`)

      step('it attaches again: the table in the remote’s memory says where the rings are')
      await first.attach()
      await talk(first, 'two')

      step('another host takes over, and knows no more than the address of that table')
      const address = first.resourceTable?.da ?? 0
      await first.detach()
      second = await Remoteproc.init({
        machine: await first.handOver(),
        resourceTable: { address },
        observer,
      })
      await second.attach()
      const channel = await talk(second, 'three')

      step('it suspends the remote: time stands still there, and what is sent waits')
      await second.suspend()
      await channel.send('four')
      const answer = channel.receive()
      second.resume()
      say(`  "four" comes back: "${(await answer).text()}"`)

      step('and shuts it down')
      await second.shutdown()
    } finally {
      await second?.deinit()
      await first.deinit()
    }
  },
}
