// A remote that echoes, and says on standard output what happens to it.
import { connect } from 'node:net'
import { serveProcess } from 'openamp/process'

const [socket] = process.argv.slice(2)

// Who listens there sees this process end.
const { WITNESS } = process.env
if (WITNESS !== undefined) {
  connect(WITNESS)
    .on('error', () => {})
    .unref()
}

await serveProcess({
  ...(socket === undefined ? {} : { socket }),
  observer: (event) => console.log(event.type),
  remote: async (rpmsg) => {
    const channel = rpmsg.announce('echo')
    for await (const message of channel) {
      const text = message.text()
      if (text === 'exit 3') process.exit(3)
      if (text === 'exit 0') process.exit(0)
      if (text === 'throw') throw new Error('on purpose')
      await channel.send(text)
    }
  },
})
