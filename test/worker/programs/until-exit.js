import { Remoteproc } from '../../../dist/index.js'
import { emulated } from '../../../dist/machines/index.js'
import { file } from '../../../dist/node.js'

const firmware = file(new URL('../../../firmware/images/crash.elf', import.meta.url))
const remote = await Remoteproc.init({ firmware, machine: emulated({ worker: true }) })
remote.events.observe((event) => {
  if (event.type === 'stopped') console.log(event.reason)
})
await remote.boot()
const channel = await remote.channel('crash')
await channel.send('exit')
// Nothing is awaited any more, and nothing is closed.
