import { OpenampError } from '../../base/errors.js'
import type { Board } from '../../boards/board.js'
import { boardNamed } from '../../boards/catalogue/index.js'
import type { BoardDescription } from '../../boards/description.js'
import { EmulatedBoard } from '../../boards/emulated-board.js'
import type { Region } from '../../memory/region.js'
import type { Machine, ProcessorListener } from '../../remoteproc/index.js'
import { boardToRun } from './board-to-run.js'
import type { Debugger } from './debug-target.js'
import { Debugging } from './debugging.js'
import { InThreadProcessor } from './in-thread.js'
import { VirtioBus, type VirtioPlug } from './virtio-bus.js'
import { WorkerProcessor } from './worker-processor.js'

export interface EmulatedOptions {
  /**
   * The board: one of those that there are (`boards`) by its name, or a description of one. The image
   * says which unless given: `mps2-an386` for Arm, `virt-rv32` for RISC-V.
   */
  readonly board?: string | BoardDescription
  /** Bytes of the board's memory `ram`, where it has one of that name; as the board says unless given. */
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
  /** Devices for the board's virtio-mmio slots, from the first on: at most 8, not with `worker`. */
  readonly virtio?: readonly VirtioPlug[]
  /** 2 unless given; 1 is the legacy interface, which older drivers know alone. */
  readonly virtioVersion?: 1 | 2
  /**
   * Milliseconds of virtual time: a remote that has run for so long without sleeping once (`wfi`) has
   * crashed. Not for remotes that poll. None unless given.
   */
  readonly watchdog?: number
  /**
   * False for a core that interprets all of its code. Unless said, hot code is compiled to WebAssembly where
   * that can be had: what comes of it is the same, instruction for instruction.
   */
  readonly compile?: boolean
  /**
   * More memory for the remote, at addresses where the board has nothing: one region can be given to
   * several machines, and is where the carve-outs of its name are. Whole pages of 4096 bytes; for
   * `worker` over a SharedArrayBuffer.
   */
  readonly memory?: readonly Region[]
  /** What debugs the remote, such as `gdbServer` of `openamp/node`; not with `worker`. */
  readonly debug?: Debugger | undefined
}

/**
 * A remote on an emulated board, in this thread or in a worker thread.
 * @throws ERR_USAGE for a board that there is not, `worker` together with `deterministic`, `virtio` or
 *   `debug`, or a watchdog of no time
 */
export function emulated(options: EmulatedOptions = {}): Machine {
  const { deterministic = false, worker = false, ramSize, watchdog, compile } = options
  const { memory = [], virtio = [] } = options
  if (watchdog !== undefined && !(watchdog > 0)) {
    throw new OpenampError('ERR_USAGE', `emulated: a watchdog of ${watchdog} ms, expected above 0`)
  }
  if (worker && deterministic) {
    throw new OpenampError(
      'ERR_USAGE',
      'emulated: worker and deterministic exclude each other: between threads that run at the same ' +
        'time it is chance at which instruction the remote sees what the host does',
    )
  }
  if (worker && virtio.length > 0) {
    throw new OpenampError(
      'ERR_USAGE',
      'emulated: worker and virtio exclude each other: the devices are served in the thread of the ' +
        'host, between two stretches of the remote',
    )
  }
  if (worker && options.debug !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      'emulated: worker and debug exclude each other: the debugger holds a remote in its own thread',
    )
  }
  const chosen = typeof options.board === 'string' ? boardNamed(options.board) : options.board
  const name = chosen?.name ?? 'a board for the image'
  if (worker) {
    return {
      kind: 'memory',
      name: `${name} (emulated, in a worker thread)`,
      open: (listener, image) => {
        const board = boardToRun(chosen, image)
        return WorkerProcessor.open({ board, ramSize, watchdog, compile, more: memory }, listener)
      },
    }
  }
  return {
    kind: 'memory',
    name: `${name} (emulated, in this thread)`,
    open: async (listener, image) => openInThread(boardToRun(chosen, image), options, listener),
  }
}

function openInThread(
  description: BoardDescription,
  options: EmulatedOptions,
  listener: ProcessorListener,
): InThreadProcessor {
  const { deterministic = false, ramSize, compile, memory: more = [], virtio = [] } = options
  const { virtioVersion: version = 2 } = options
  const board = new EmulatedBoard(description, { virtioVersion: version, more, ramSize, compile })
  const processor = new InThreadProcessor(board, deterministic, listener, options.watchdog)
  if (options.debug !== undefined) attachDebugger(options.debug, board, processor)
  if (virtio.length > 0) {
    const { space, clock } = processor
    processor.devices = new VirtioBus(board, virtio, {
      ...{ version, deterministic, space, clock },
      wake: () => processor.wake(),
      note: (text) => listener.note(text),
      console: (bytes) => processor.writeConsole(bytes),
    })
  }
  return processor
}

function attachDebugger(to: Debugger, board: Board, processor: InThreadProcessor): void {
  if (board.debug === undefined) {
    throw new OpenampError('ERR_USAGE', `emulated: the core of ${board.name} cannot be debugged`)
  }
  processor.debugging = new Debugging(board, board.debug, to.waits, {
    resumed: () => processor.goOn(),
    wake: () => processor.wake(),
    crash: (reason, reset) =>
      processor.crash(reason, { kind: reset ? 'reset' : 'failure', pc: board.pc }),
  })
  to.add(processor.debugging)
}
