// A host that sends one message after the other, and says on standard output what happens to it.
import { Remoteproc } from 'openamp'
import { process as remoteProcess } from 'openamp/process'

const [socket] = process.argv.slice(2)
const machine = remoteProcess({ socket })
const rproc = await Remoteproc.init({ machine })
await rproc.boot()
console.log('booted')
const channel = await rproc.channel('echo')
for (let i = 0; ; i++) {
  await channel.send(`message ${i}`)
  await channel.receive()
  if (i === 0) console.log('talks')
}
