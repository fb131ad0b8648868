import type { Libc } from '../native/libc-node.js'
import { Poller } from '../native/poller-node.js'

/** Milliseconds between two looks at a device, where nothing can wait for it. */
const LOOK = 5

/** Tells when there may be something to read. */
export interface Readiness {
  /**
   * @param told also tell of what is no message: the kernel's flow control
   * @returns ends it; undefined for a file that cannot be waited for
   */
  watch(fd: number, ready: () => void, told?: boolean): (() => void) | undefined
}

/**
 * One thread for all of them, asleep in epoll, where koffi is installed; else a look every few
 * milliseconds: Node waits for pipes and sockets alone, and a thread of its pool for each device would
 * leave it none after the fourth.
 */
export function readiness(libc: Libc | undefined): Readiness {
  if (libc === undefined) return looking
  const poller = Poller.shared(libc)
  return {
    watch: (fd, ready, told = false) => poller.watch(fd, told ? 'told' : 'readable', ready),
  }
}

const looking: Readiness = {
  watch: (_, ready) => {
    const timer = setInterval(ready, LOOK)
    return () => clearInterval(timer)
  },
}
