import { Remoteproc } from '../../../dist/index.js'
import { thread } from '../../../dist/machines/index.js'

const machine = thread(new URL('../remotes/echo.js', import.meta.url))
const rproc = await Remoteproc.init({ machine })
await rproc.boot()
const channel = await rproc.channel('echo')
await channel.send('hello')
console.log((await channel.receive()).text())
await rproc.deinit()
