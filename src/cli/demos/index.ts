import { attach } from './attach.js'
import type { Demo } from './demo.js'
import { echo } from './echo.js'
import { fault } from './fault.js'
import { nocopyPingPong } from './nocopy-ping-pong.js'
import { rpc } from './rpc.js'
import { rpmsgLiteDemo } from './rpmsg-lite.js'
import { streams } from './streams.js'
import { virtioConsoleDemo } from './virtio-console.js'

/** Every demo, in the order in which a newcomer would want them. The first is what `demo` alone runs. */
export const demos: readonly [Demo, ...Demo[]] = [
  echo,
  nocopyPingPong,
  streams,
  fault,
  attach,
  rpc,
  rpmsgLiteDemo,
  virtioConsoleDemo,
]
