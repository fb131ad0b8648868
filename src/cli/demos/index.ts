import type { Demo } from './demo.js'
import { echo } from './echo.js'
import { rpmsgLiteDemo } from './rpmsg-lite.js'

/** Every demo, in the order in which a newcomer would want them. The first is what `demo` alone runs. */
export const demos: readonly [Demo, ...Demo[]] = [echo, rpmsgLiteDemo]
