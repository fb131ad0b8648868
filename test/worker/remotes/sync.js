import { defineRemote } from '../../../dist/remote.js'

/** Never returns to its event loop once the link is up. */
export default defineRemote({
  wait: { spin: 20 },
  main: async ({ remote }) => {
    const channel = (await remote.whenReady()).announce('echo')
    for (;;) channel.sendSync(channel.receiveSync().data)
  },
})
