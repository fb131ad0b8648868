// A host whose remote is on QEMU, for as long as it lives.
import { readFileSync } from 'node:fs'
import { Remoteproc } from '../../../dist/index.js'
import { qemu } from '../../../dist/machines/qemu/index.js'

const image = new URL('../../../firmware/images/qemu-virt/echo.elf', import.meta.url)
const rproc = await Remoteproc.init({
  firmware: readFileSync(image),
  machine: qemu({ machine: 'virt' }),
})
await rproc.boot()
await rproc.channel('rpmsg-openamp-demo-channel')
console.log('here')
