import { spawnRemoteThread } from '#remote-thread'
import { spinTime, type WaitStyle } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import type { Machine } from '../../remoteproc/index.js'
import { imageStore } from './layout.js'
import { nameOf } from './link.js'
import { pageMachine } from './page.js'
import { ThreadProcessor } from './thread-processor.js'

export interface ThreadOptions {
  /** How the host's end waits for the remote's; 'sleep' unless given. The module chooses its own. */
  readonly wait?: WaitStyle
  /** Send what `send` is given in one turn of the event loop under one kick; on unless given. */
  readonly coalesce?: boolean
  /** Bytes of memory for rings and buffers, a multiple of 8; 4 MiB unless given. */
  readonly memorySize?: number
  /** Given to the remote's `main`: anything that can be cloned, as for `postMessage`. */
  readonly data?: unknown
  /**
   * Whether the remote has a thread of its own; unless given it has one where memory can be shared,
   * which a page can only if it is cross-origin isolated. In the host's thread it cannot be stopped
   * while it computes, and its errors are seen in `main` and in callbacks of the link only.
   */
  readonly worker?: boolean
}

const MEMORY_SIZE = 0x40_0000

/**
 * A remote that is a TypeScript module in a thread of its own (a worker thread of Node, a Web Worker),
 * over shared memory. The module's default export is what `defineRemote` returns. It brings its own
 * resource table, so `Remoteproc.init` needs no firmware.
 *
 * @example
 * const machine = thread(new URL('./remote.js', import.meta.url))
 * await using rproc = await Remoteproc.init({ machine })
 * @throws ERR_USAGE for `worker: true` where memory cannot be shared, or a time to spin that is none
 */
export function thread(url: URL | string, options: ThreadOptions = {}): Machine {
  const { wait = 'sleep', coalesce = true, memorySize = MEMORY_SIZE, data } = options
  const href = String(url)
  spinTime(wait)
  if (!(options.worker ?? canShare())) return pageMachine(href, data, options.worker === undefined)
  if (!canShare()) {
    throw new OpenampError(
      'ERR_USAGE',
      'thread: a worker needs shared memory, which a page has only if it is cross-origin isolated ' +
        '(headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy)',
    )
  }
  const settings = { url: href, memorySize, data, waiting: { style: wait, coalesce } }
  return {
    kind: 'memory',
    name: `${nameOf(href)} in a worker thread`,
    firmware: imageStore(nameOf(href), () => describe(href)),
    open: async (listener) => new ThreadProcessor(settings, listener),
  }
}

function canShare(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && typeof Atomics.waitAsync === 'function'
}

/** The resource table of a module, which is not imported here but in a thread that ends again. */
async function describe(url: string): Promise<Uint8Array> {
  let end = async (): Promise<void> => {}
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const unusable = (reason: string): void => {
        reject(new OpenampError('ERR_IMAGE', `${nameOf(url)}: ${reason}`))
      }
      const { terminate } = spawnRemoteThread(
        { type: 'describe', url },
        {
          report: (report) => {
            if (report.type === 'described') resolve(report.table)
            else if (report.type === 'unusable') unusable(report.reason)
          },
          ended: unusable,
        },
      )
      end = terminate
    })
  } finally {
    await end()
  }
}
