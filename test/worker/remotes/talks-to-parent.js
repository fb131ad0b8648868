import { parentPort } from 'node:worker_threads'
import { defineRemote } from '../../../dist/remote.js'

/** Posts messages of its own to the thread that has made this one, as a library may, and echoes. */
export default defineRemote({
  main: async ({ remote }) => {
    const foreign = [null, undefined, 'ready', 5, [], {}, { type: 'ready' }]
    const alike = [
      { type: 'crashed' },
      { type: 'crashed', reason: {} },
      { type: 'console', text: 1 },
    ]
    for (const message of [...foreign, ...alike]) parentPort?.postMessage(message)
    const channel = (await remote.whenReady()).announce('echo')
    for await (const message of channel) await channel.send(message.data)
  },
})
