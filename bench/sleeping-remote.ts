/** `ring-remote`, whose end sleeps at once where there is nothing to do. */
import { defineRemote } from '../dist/remote.js'
import ring from './ring-remote.js'

export default defineRemote({ main: ring.main })
