import type { Board } from '../../boards/board.js'
import { EmulatedBoard } from '../../boards/emulated-board.js'
import { Region } from '../../memory/region.js'
import type { Command, Report, RunEnd } from './board-link.js'
import { registersOf, Watchdog, withFault } from './board-state.js'
import { ControlBlock } from './control-block.js'
import { DETACH_BIT, SHUTDOWN_BIT } from './doorbells.js'
import { WallPace } from './pace.js'

/** A running remote sees a kick, or its end, after at most this many cycles. */
const SLICE_CYCLES = 5_000
/** A remote that waits in a loop is looked after this often. */
const LOOP_MS = 10
/** How far the wall clock is let run ahead of a remote that was faster than it. */
const LAG_MS = 0.5
/** A running remote is reported as progressed this often: its trace buffers want to be read. */
const REPORT_MS = 10
/** Sleep is reported after this time only, for most of it ends with the next message. */
const QUIET_MS = 1

/** Serves the commands of the host, in whatever kind of worker. @returns the handler of commands */
export function serveBoard(post: (report: Report) => void): (command: Command) => void {
  let thread: BoardThread | undefined
  return (command) => {
    switch (command.type) {
      case 'open': {
        const more = command.more.map((options) => new Region(options))
        const { memory, compile } = command
        const board = new EmulatedBoard(command.board, { memory, more, compile })
        const control = new ControlBlock(command.control)
        thread = new BoardThread(board, control, post, command.watchdog)
        post({ type: 'ready' })
        break
      }
      case 'start':
        thread?.run(command.life, command.entry)
        break
    }
  }
}

/**
 * The board in its own thread. While the remote is up this thread never returns to its event loop:
 * it runs the board in slices and sleeps on the control block when the remote does.
 */
class BoardThread {
  readonly #board: Board
  readonly #control: ControlBlock
  readonly #post: (report: Report) => void
  readonly #pace = new WallPace()
  readonly #nsPerCycle: number
  readonly #watchdog: Watchdog
  #life = 0
  #console: number[] = []
  #reportedAt = 0
  /** The remote has run since the last report. */
  #news = false

  constructor(
    board: Board,
    control: ControlBlock,
    post: (report: Report) => void,
    watchdog: number | undefined,
  ) {
    this.#watchdog = new Watchdog(board, watchdog)
    this.#board = board
    this.#control = control
    this.#post = post
    this.#nsPerCycle = 1e9 / board.cyclesPerSecond
    board.onConsole = (byte) => this.#console.push(byte)
    board.onNote = (text) => post({ type: 'note', life: this.#life, text })
  }

  /** Runs one life of the remote to its end. */
  run(life: number, entry: number): void {
    this.#life = life
    this.#console = []
    this.#board.reset(entry)
    this.#control.begin()
    this.#pace.restart(0)
    this.#post({ type: 'started', life })
    const end = this.#loop()
    this.#flushConsole()
    this.#post({ type: 'ended', life, end, registers: registersOf(this.#board) })
  }

  #loop(): RunEnd {
    const board = this.#board
    const control = this.#control
    for (;;) {
      // Read before anything else is looked at: whatever comes later ends the sleep on it at once.
      const sequence = control.sequence
      if (control.life !== this.#life) return { kind: 'stopped' }
      if (control.suspended) {
        this.#suspend()
        continue
      }
      const ahead = this.#pace.ahead(this.#now)
      if (ahead > 0) {
        control.sleep(sequence, ahead / 1e6 + this.#lag)
        continue
      }
      const stop = this.#watchdog.look(withFault(board, board.run(this.#sliceEnd)))
      if (stop.kind === 'exited' || stop.kind === 'crashed') return stop
      this.#news = true
      if (stop.kind === 'doorbell' && control.ringDoorbell()) this.#tell('doorbell')
      if (control.shutdownExpected && (board.mailbox.occupied() & SHUTDOWN_BIT) === 0) {
        control.shutdownAnswered()
        this.#tell('shutdown acknowledged')
      }
      if (control.detachExpected && (board.mailbox.occupied() & DETACH_BIT) === 0) {
        control.detachAnswered()
        this.#tell('detach acknowledged')
      }
      if (performance.now() - this.#reportedAt >= REPORT_MS) this.#tell('progressed')
      if (stop.kind === 'idle') this.#idle(sequence, stop.until)
    }
  }

  /** Milliseconds that the wall clock is let run ahead: more where the remote only waits in a loop. */
  get #lag(): number {
    const quiet = (this.#board.quietUntil * this.#nsPerCycle - this.#now) / 1e6
    return Math.max(LAG_MS, Math.min(quiet, LOOP_MS))
  }

  /** The cycle at which a slice that begins now ends. A loop that waits is caught up with in one. */
  get #sliceEnd(): number {
    const board = this.#board
    const quiet = this.#pace.wallTime(board.quietUntil * this.#nsPerCycle) / this.#nsPerCycle
    return Math.max(board.cycle + SLICE_CYCLES, Math.floor(quiet))
  }

  /** Stands still until the host lets the board go on, or ends its life. */
  #suspend(): void {
    const control = this.#control
    this.#flushConsole()
    this.#post({ type: 'suspended', life: this.#life })
    for (;;) {
      const sequence = control.sequence
      if (!control.suspended || control.life !== this.#life) break
      control.sleep(sequence, Number.POSITIVE_INFINITY)
    }
    this.#pace.restart(this.#now)
  }

  /** The remote waits; its next timer event is at cycle `until`. */
  #idle(sequence: number, until: number): void {
    const due = until * this.#nsPerCycle
    let told = false
    for (;;) {
      const left = this.#pace.ahead(due) / 1e6
      if (left <= 0) {
        this.#board.skipTo(until)
        return
      }
      if (this.#control.sleep(sequence, told ? left : Math.min(left, QUIET_MS))) break
      if (!told && left > QUIET_MS) this.#tellAsleep(sequence, until)
      told = true
    }
    // Without a timer virtual time stands still; the wall clock did not.
    if (until === Number.POSITIVE_INFINITY) this.#pace.restart(this.#now)
    else this.#board.skipTo(Math.floor(this.#pace.wallTime(due) / this.#nsPerCycle))
  }

  #tellAsleep(sequence: number, until: number): void {
    if (until === Number.POSITIVE_INFINITY) {
      this.#flushConsole()
      this.#post({ type: 'idle', life: this.#life, sequence })
      this.#reported()
    } else if (this.#news) {
      this.#tell('progressed')
    }
  }

  #tell(type: 'doorbell' | 'progressed' | 'shutdown acknowledged' | 'detach acknowledged'): void {
    this.#flushConsole()
    this.#post({ type, life: this.#life })
    if (type === 'progressed') this.#reported()
  }

  #reported(): void {
    this.#reportedAt = performance.now()
    this.#news = false
  }

  #flushConsole(): void {
    if (this.#console.length === 0) return
    this.#post({ type: 'console', life: this.#life, bytes: Uint8Array.from(this.#console) })
    this.#console = []
  }

  /** Virtual time, in nanoseconds since reset. */
  get #now(): number {
    return this.#board.cycle * this.#nsPerCycle
  }
}
