import { Remoteproc } from '../../../dist/index.js'
import { emulated } from '../../../dist/machines/index.js'
import { file } from '../../../dist/node.js'

const firmware = file(new URL('../../../firmware/images/echo.elf', import.meta.url))
await Remoteproc.init({ firmware, machine: emulated({ worker: true }) })
