import { OpenampError } from '../../base/errors.js'
import { VirtRv32 } from '../../boards/virt-rv32/virt-rv32.js'
import type { Region } from '../../memory/region.js'
import type { Machine } from '../../remoteproc/index.js'
import { InThreadProcessor } from './in-thread.js'
import { WorkerProcessor } from './worker-processor.js'

export interface EmulatedOptions {
  /** The board; `virt-rv32` is the one there is. */
  readonly board?: 'virt-rv32'
  /** Bytes of RAM; 32 MiB unless given. */
  readonly ramSize?: number
  /**
   * The same inputs give the same run: time is virtual, jumps while the remote waits, and outside
   * input is taken through `Remoteproc.admit` only. Otherwise (paced) virtual time never runs ahead
   * of the wall clock.
   */
  readonly deterministic?: boolean
  /**
   * The board runs in a worker thread of its own, parallel to the host, over shared memory; a remote
   * that computes does not hold up the host. Deadlines count on the wall clock. In a browser this
   * needs a cross-origin isolated page.
   */
  readonly worker?: boolean
  /**
   * More memory for the remote, at addresses where the board has nothing: one region can be given to
   * several machines, and is where the carve-outs of its name are. Whole pages of 4096 bytes; for
   * `worker` over a SharedArrayBuffer.
   */
  readonly memory?: readonly Region[]
}

/**
 * A remote on an emulated board, in this thread or in a worker thread.
 * @throws ERR_USAGE for `worker` together with `deterministic`
 */
export function emulated(options: EmulatedOptions = {}): Machine {
  const { deterministic = false, worker = false, ramSize, memory = [] } = options
  if (worker && deterministic) {
    throw new OpenampError(
      'ERR_USAGE',
      'emulated: worker and deterministic exclude each other: between threads that run at the same ' +
        'time it is chance at which instruction the remote sees what the host does',
    )
  }
  if (worker) {
    return {
      kind: 'memory',
      name: 'virt-rv32 (emulated, in a worker thread)',
      open: (listener) => WorkerProcessor.open(ramSize, listener, memory),
    }
  }
  return {
    kind: 'memory',
    name: 'virt-rv32 (emulated, in this thread)',
    open: async (listener) =>
      new InThreadProcessor(
        new VirtRv32({ more: memory, ...(ramSize === undefined ? {} : { ramSize }) }),
        deterministic,
        listener,
      ),
  }
}
