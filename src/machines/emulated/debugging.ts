import type { Board } from '../../boards/board.js'
import type { CoreDebug, DebugStop } from '../../cores/debug.js'
import type { Region } from '../../memory/region.js'
import type { Stop } from './board-state.js'
import type { DebugHalt, DebugListener, DebugTarget } from './debug-target.js'

/** What a debugger makes its processor do. */
export interface DebugHost {
  /** The remote may go on: the wall clock has not stood still. */
  resumed(): void
  /** Something has changed that the processor may be asleep over. */
  wake(): void
  /** The remote ends here, for the reason given; with `reset` it is booted again. */
  crash(reason: string, reset: boolean): void
}

/** The debugger's hold on a board that runs in slices. */
export class Debugging implements DebugTarget {
  readonly name: string
  readonly core: CoreDebug
  readonly cyclesPerSecond: number
  readonly regions: readonly Region[]
  readonly #board: Board
  readonly #host: DebugHost
  #listener: DebugListener | undefined
  #halt: DebugHalt | undefined
  #off = true
  #waits: boolean
  #stepping = false
  #before = 0

  /** @param waits the first life begins halted, though no debugger is there yet */
  constructor(board: Board, core: CoreDebug, waits: boolean, host: DebugHost) {
    this.name = board.name
    this.core = core
    this.cyclesPerSecond = board.cyclesPerSecond
    this.regions = board.regions
    this.#board = board
    this.#waits = waits
    this.#host = host
  }

  get halt(): DebugHalt | undefined {
    return this.#halt
  }

  get off(): boolean {
    return this.#off
  }

  attach(listener: DebugListener): void {
    this.#listener = listener
    this.core.control.catchFaults = true
    if (this.#halt === undefined) this.#stand({ kind: 'halted' })
  }

  detach(): void {
    this.#listener = undefined
    this.#waits = false
    this.core.control.clear()
    this.resume()
    // Who is idle may say so now.
    this.#host.wake()
  }

  stop(): void {
    if (this.#halt === undefined) this.#stand({ kind: 'halted' })
  }

  resume(): void {
    if (this.#halt === undefined) return
    const { kind } = this.#halt
    this.#halt = undefined
    if (kind !== 'halted' && kind !== 'started') this.core.control.passing = this.#board.pc
    this.#host.resumed()
  }

  step(): void {
    if (this.#halt === undefined) return
    this.#halt = undefined
    this.#stepping = true
    this.core.control.passing = this.#board.pc
    this.#host.resumed()
  }

  reset(): void {
    if (this.#off) return
    this.#halt = undefined
    this.#host.crash('the debugger has reset it', true)
  }

  kill(): void {
    this.core.control.clear()
    this.#halt = undefined
    if (!this.#off) this.#host.crash('the debugger has killed it', false)
  }

  // ---- for the processor

  /** The remote is at a debugger's disposal, so it is never idle for ever. */
  get watched(): boolean {
    return this.#waits || this.#listener !== undefined
  }

  /** A life begins. */
  started(): void {
    this.#off = false
    this.#stepping = false
    this.#halt = undefined
    if (this.watched) this.#stand({ kind: 'started' })
  }

  /** The remote is in reset. */
  ended(): void {
    this.#off = true
    if (this.#halt?.kind !== 'halted') this.#halt = undefined
    this.#stepping = false
  }

  /**
   * It has crashed or powered itself off, or its machine is gone (`closed`). The debugger has nothing
   * there any more; a life that begins after this one waits for it to come again.
   */
  gone(closed: boolean): void {
    const listener = this.#listener
    this.#waits ||= listener !== undefined
    this.#listener = undefined
    this.core.control.clear()
    this.ended()
    listener?.ended(closed)
  }

  /** The last cycle of the run that is about to begin, at most `cycle`. */
  limit(cycle: number): number {
    this.#before = this.#board.cycle
    return this.#stepping ? this.#before + 1 : cycle
  }

  /** What has become of that run. @returns whether the remote is to be held here */
  look(stop: Stop): boolean {
    const stepped = this.#stepping && this.#board.cycle > this.#before
    if (stop.kind === 'debug' && this.#passes(stop.stop)) return false
    if (stop.kind === 'debug') this.#stand(stop.stop)
    else if (stop.kind === 'crashed' && this.#listener !== undefined) {
      this.#stand({ kind: 'crashed', reason: stop.reason, signal: signalOf(stop) })
    } else if (stepped && stop.kind !== 'exited' && stop.kind !== 'crashed') {
      this.#stand({ kind: 'stepped' })
    } else return false
    return true
  }

  /** A breakpoint that is none here and now: its instruction is executed next. */
  #passes({ kind }: DebugStop): boolean {
    const { pc } = this.#board
    if (kind !== 'breakpoint' || this.#listener?.stopsAt(pc) !== false) return false
    this.core.control.passing = pc
    return true
  }

  #stand(halt: DebugHalt): void {
    this.#halt = halt
    this.#stepping = false
    this.#host.wake()
    this.#listener?.halted(halt)
  }
}

/** A fault is told of as such; what else ends a remote is its own doing. */
function signalOf(stop: Stop & { readonly kind: 'crashed' }): 'SIGSEGV' | 'SIGABRT' {
  return stop.fault.kind === 'fault' ? 'SIGSEGV' : 'SIGABRT'
}
