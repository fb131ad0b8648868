/** `ring-remote`, whose end spins for longer than a core of a virtual machine takes to wake up. */
import { defineRemote } from '../dist/remote.js'
import ring from './ring-remote.js'

export default defineRemote({ wait: { spin: 300 }, main: ring.main })
