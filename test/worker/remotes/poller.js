import { defineRemote } from '../../../dist/remote.js'
import { echo } from './echo-message.js'

/** Looks at its rings from a loop of its own, a turn of the event loop each. */
export default defineRemote({
  wait: 'poll',
  main: async ({ remote, shutdown }) => {
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('echo')
    channel.onMessage((message) => echo(channel, message))
    while (!shutdown.aborted) {
      rpmsg.poll()
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
})
