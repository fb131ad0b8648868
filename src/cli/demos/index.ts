import type { Demo } from './demo.js'
import { echo } from './echo.js'
import { nocopyPingPong } from './nocopy-ping-pong.js'
import { rpc } from './rpc.js'

/** Every demo, in the order in which a newcomer would want them. The first is what `demo` alone runs. */
export const demos: readonly [Demo, ...Demo[]] = [echo, rpc, nocopyPingPong]
