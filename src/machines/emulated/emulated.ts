import { VirtRv32 } from '../../boards/virt-rv32/virt-rv32.js'
import type { Machine } from '../../remoteproc/index.js'
import { InThreadProcessor } from './in-thread.js'

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
}

/** A remote on an emulated board, in this thread. */
export function emulated(options: EmulatedOptions = {}): Machine {
  const { deterministic = false, ramSize } = options
  return {
    kind: 'memory',
    name: 'virt-rv32 (emulated, in this thread)',
    open: async (listener) =>
      new InThreadProcessor(
        new VirtRv32(ramSize === undefined ? {} : { ramSize }),
        deterministic,
        listener,
      ),
  }
}
