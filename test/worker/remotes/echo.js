import { defineRemote } from '../../../dist/remote.js'
import { echo } from './echo-message.js'

/** Echoes; some messages make it do something else first. */
export default defineRemote({
  main: async ({ remote, data, print, exit, shutdown }) => {
    shutdown.addEventListener('abort', () => print('asked to end\n'))
    if (data?.print !== undefined) print(data.print)
    const channel = (await remote.whenReady()).announce('echo')
    channel.onMessage((message) => {
      switch (message.text()) {
        case 'throw':
          throw new TypeError('as I was told')
        case 'reject':
          void Promise.reject(new Error('nobody handles this'))
          return
        case 'process.exit':
          process.exit(3)
          return
        case 'exit':
          exit()
          return
        case 'hang':
          for (;;);
        default:
          echo(channel, message)
      }
    })
  },
})
