import { defineRemote } from 'openamp/remote'

export default defineRemote({
  main: async ({ remote, data, print }) => {
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('square')
    print(`${data.greeting}\n`)
    channel.onMessage((message) => {
      const n = Number(message.text())
      if (Number.isNaN(n)) throw new TypeError(`${message.text()} is no number`)
      channel.trySend(`${n * n}`)
    })
  },
})
