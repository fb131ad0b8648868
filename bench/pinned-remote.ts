/** `ring-remote` on a core of its own. */
import { defineRemote } from '../dist/remote.js'
import { pin } from './pin.js'
import ring from './ring-remote.js'

pin(1)

export default defineRemote({ wait: { spin: 300 }, main: ring.main })
