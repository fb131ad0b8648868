import { Remoteproc } from '../../../dist/index.js'
import { emulated } from '../../../dist/machines/index.js'
import { file } from '../../../dist/node.js'

const firmware = file(new URL('../../../firmware/images/echo.elf', import.meta.url))

async function live() {
  const remote = await Remoteproc.init({ firmware, machine: emulated({ worker: true }) })
  await remote.boot()
  const channel = await remote.channel('rpmsg-openamp-demo-channel')
  await channel.send('hello')
  await channel.receive()
  await remote.deinit()
}

const resources = () => process.getActiveResourcesInfo().sort()

// What comes with the first is there to stay (standard output, the pool of file readers).
await live()
const before = resources()
for (let i = 0; i < (Number(process.argv[2]) || 20); i++) await live()
console.log(JSON.stringify({ before, after: resources() }))
