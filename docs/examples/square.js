import { defineRemote } from 'openamp/remote'

export default defineRemote({
  main: async ({ remote, data }) => {
    const rpmsg = await remote.whenReady()
    const channel = rpmsg.announce('square')
    channel.onMessage((message) => {
      const n = Number(message.text())
      if (Number.isNaN(n)) throw new TypeError(`${message.text()} is no number`)
      channel.trySend(`${n ** data.power}`)
    })
  },
})
