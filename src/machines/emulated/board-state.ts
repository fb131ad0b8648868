import { hex } from '../../base/errors.js'
import type { Board, BoardStop } from '../../boards/board.js'
import type { CoreRegisters, Fault } from '../../remoteproc/index.js'

/** A board's stop, with what is known of a crash. */
export type Stop =
  | Exclude<BoardStop, { kind: 'crashed' }>
  | { readonly kind: 'crashed'; readonly reason: string; readonly fault: Fault }

/**
 * The registers of a core that stands still: at its exception, where it has not returned from one,
 * for the handler that reports it is not what a person looks for.
 */
export function registersOf(board: Board): CoreRegisters {
  const { pc, registers } = board.fault ?? board.core
  return { pc, general: registers }
}

/** Adds what the core knows to a crash that the board reports. */
export function withFault(board: Board, stop: BoardStop): Stop {
  if (stop.kind !== 'crashed') return stop
  const { fault, pc } = board
  if (fault === undefined) return { ...stop, fault: { kind: 'failure', pc } }
  const { cause, address } = fault
  const where = address === undefined ? { pc: fault.pc } : { pc: fault.pc, address }
  return { ...stop, fault: { kind: 'fault', cause, ...where } }
}

/**
 * Bites a remote that has run for `timeout` milliseconds of its time without waiting for an interrupt
 * once: a remote that is well sleeps (`wfi`) when it has nothing to do.
 */
export class Watchdog {
  readonly #board: Board
  readonly #timeout: number | undefined
  readonly #cycles: number

  /** @param timeout milliseconds; undefined for none */
  constructor(board: Board, timeout: number | undefined) {
    this.#board = board
    this.#timeout = timeout
    this.#cycles = ((timeout ?? Number.POSITIVE_INFINITY) * board.cyclesPerSecond) / 1000
  }

  /** The cycle at which it bites, unless the remote has slept before. */
  get dueCycle(): number {
    return this.#board.waitedAt + this.#cycles
  }

  /** What has become of a run of the board. */
  look(stop: Stop): Stop {
    const { cycle, pc } = this.#board
    if (stop.kind !== 'budget' && stop.kind !== 'doorbell') return stop
    if (cycle < this.dueCycle) return stop
    return {
      kind: 'crashed',
      reason: `watchdog: the remote has not slept for ${this.#timeout} ms, at pc ${hex(pc, 8)}`,
      fault: { kind: 'watchdog', pc },
    }
  }
}
