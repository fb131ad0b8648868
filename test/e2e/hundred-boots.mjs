// Boots and frees a remote a hundred times, in this thread and in a worker; prints what is alive after
// 20 and after 100. Run with --expose-gc.
import { Remoteproc } from '../../dist/index.js'
import { emulated } from '../../dist/machines/index.js'
import { file } from '../../dist/node.js'

const firmware = file(new URL('../../firmware/images/echo.elf', import.meta.url))

async function life(machine) {
  const rproc = await Remoteproc.init({ firmware, machine })
  await rproc.boot()
  const channel = await rproc.channel('rpmsg-openamp-demo-channel')
  await channel.send('hello')
  const { length } = (await channel.receive()).data
  if (length !== 5) throw new Error(`an echo of ${length} bytes`)
  await rproc.shutdown({ channel })
  await rproc.deinit()
}

async function alive() {
  // What was freed last is still on its way out.
  for (let i = 0; i < 5; i++) {
    await new Promise(setImmediate)
    gc()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo().sort()
  return { handles, heap: heapUsed, buffers: arrayBuffers }
}

const seen = {}
for (let boot = 1; boot <= 100; boot++) {
  await life(emulated(boot % 10 === 0 ? { worker: true } : { deterministic: boot % 2 === 0 }))
  if (boot === 20) seen.at20 = await alive()
  if (boot === 100) seen.at100 = await alive()
}
process.stdout.write(JSON.stringify(seen))
