import { defineRemote } from '../../../dist/remote.js'

export default defineRemote({
  main: async ({ remote }) => {
    const channel = (await remote.whenReady()).announce('echo')
    for await (const message of channel) await channel.send(message.data)
  },
})
