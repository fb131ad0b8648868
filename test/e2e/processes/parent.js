// A host that spawns its remote, and waits to be killed.
import { Remoteproc } from 'openamp'
import { process as remoteProcess } from 'openamp/process'

const [witness] = process.argv.slice(2)
const machine = remoteProcess({
  module: new URL('./echo.js', import.meta.url),
  env: { WITNESS: witness },
})
const rproc = await Remoteproc.init({ machine })
await rproc.boot()
const channel = await rproc.channel('echo')
await channel.send('hello')
await channel.receive()
console.log('talks')
