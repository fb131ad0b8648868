// A remote that stops its thread until something comes, as it could in a worker thread.
import { defineRemote } from 'openamp/remote'

export default defineRemote({
  wait: { spin: 20 },
  main: async ({ remote, data }) => {
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('echo')
    for (;;) {
      const text = channel.receiveSync().text()
      if (text === 'exit') process.kill(process.pid, 'SIGKILL')
      channel.sendSync(`${data?.greeting}, ${text}`)
    }
  },
})
