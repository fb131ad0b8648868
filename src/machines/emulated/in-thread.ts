import { nextTask } from '#next-task'
import { OpenampError } from '../../base/errors.js'
import type { Board } from '../../boards/board.js'
import { AddressSpace } from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { CoreRegisters, Fault, Processor, ProcessorListener } from '../../remoteproc/index.js'
import { registersOf, type Stop, Watchdog, withFault } from './board-state.js'
import type { Debugging } from './debugging.js'
import { DETACH_BIT, doorbellBit, eachNotifyId, SHUTDOWN_BIT } from './doorbells.js'
import { Nap } from './nap.js'
import { TimerSlack, WallPace } from './pace.js'
import { RousingClock } from './rousing-clock.js'

/** Virtual milliseconds that the remote runs before the host's thread gets a turn. */
const SLICE_MS = 1

/** A remote that waits in a loop is looked after this often, on the wall clock. */
const LOOP_MS = 10
/** Bytes of a device's for the console that wait for the next report at most. */
const CONSOLE_MAX = 0x1_0000

/** Devices that the host has plugged into the board, and serves between two slices. */
export interface HostedDevices {
  serve(): void
  /** The life of the remote has ended. */
  end(): void
  /** Why the remote cannot go on, where one of them says so. */
  readonly fault: string | undefined
}

/**
 * An emulated board in the host's own thread. It runs in slices; between two of them everything that
 * the host has to do is done, promises included, so that host and remote act at fixed points of
 * virtual time. A doorbell of the remote ends the slice at that instruction.
 */
export class InThreadProcessor implements Processor {
  readonly architecture: Board['architecture']
  readonly space: AddressSpace
  readonly shared: Board['shared']
  readonly carveouts: readonly Region[]
  readonly renumbers: boolean
  readonly clock = new RousingClock(
    (kind) => this.#entered(kind),
    () => this.#present(),
  )
  readonly deterministic: boolean
  /** To be set before the first start. */
  devices: HostedDevices | undefined
  /** Likewise. */
  debugging: Debugging | undefined
  readonly #board: Board
  readonly #listener: ProcessorListener
  readonly #pace: WallPace | undefined
  readonly #nap: Nap
  readonly #slack = new TimerSlack()
  /** The remote sleeps, perhaps beyond its next timer event. */
  #slackened = false
  readonly #nsPerCycle: number
  readonly #watchdog: Watchdog
  /** Bumped by start and stop: a pump of an earlier life sees it and ends. */
  #life = 0
  #pump: Promise<void> = Promise.resolve()
  /** Ends the wait for the head start of the board. */
  #ahead = (): void => {}
  /** The clock's time at which the board was reset last. */
  #bootedAt = 0
  #holds = 0
  #shutdownRequested = false
  #detachRequested = false
  #running = false
  #suspended = false
  /** The remote is in reset, and a timer of the host's keeps the clock going. */
  #resting = false
  #console: number[] = []
  #roused = false

  /** @param watchdog milliseconds within which the remote must have slept once; none unless given */
  constructor(
    board: Board,
    deterministic: boolean,
    listener: ProcessorListener,
    watchdog?: number,
  ) {
    this.#watchdog = new Watchdog(board, watchdog)
    this.#board = board
    this.#listener = listener
    this.deterministic = deterministic
    this.architecture = board.architecture
    this.shared = board.shared
    this.carveouts = board.more ?? []
    this.renumbers = board.renumbers ?? false
    this.space = new AddressSpace(board.regions)
    this.#nsPerCycle = 1e9 / board.cyclesPerSecond
    this.#pace = deterministic ? undefined : new WallPace()
    this.#nap = new Nap(this.#pace)
    board.onConsole = (byte) => this.#console.push(byte)
    board.onNote = (text) => listener.note(text)
  }

  get pc(): number {
    return this.#board.pc
  }

  get running(): boolean {
    return this.#running
  }

  get registers(): CoreRegisters {
    return registersOf(this.#board)
  }

  carries(notifyId: number): boolean {
    return doorbellBit(notifyId) !== 0
  }

  start(entry: number): void | Promise<void> {
    this.#board.reset(entry)
    this.#bootedAt = this.clock.now()
    this.#shutdownRequested = false
    this.#detachRequested = false
    this.#suspended = false
    this.#running = true
    // A rest sees by the life that it is over.
    this.#nap.rouse()
    this.#pace?.restart(this.#bootedAt)
    this.#slack.heard(this.#bootedAt)
    const life = ++this.#life
    this.debugging?.started()
    this.#pump = this.#run(life)
    const { headStart } = this.#board
    if (headStart === undefined) return
    return new Promise((resolve) => {
      this.#ahead = resolve
      this.clock.after(headStart, 'timer', resolve)
    })
  }

  async stop(): Promise<void> {
    this.#over()
    this.wake()
    this.devices?.end()
    this.debugging?.ended()
    // A host callback that stops the remote is itself called by the pump, which ends after it; only
    // the board must not run any more, and it never runs while the host does.
  }

  kick(notifyId: number): void {
    const bit = doorbellBit(notifyId)
    if (bit === 0) {
      throw new OpenampError('ERR_USAGE', `notify id ${notifyId} has no doorbell here`)
    }
    this.#board.mailbox.set(bit)
    this.wake()
  }

  requestShutdown(): void {
    this.#shutdownRequested = true
    this.#board.mailbox.set(SHUTDOWN_BIT)
    this.wake()
  }

  requestDetach(): void {
    this.#detachRequested = true
    this.#board.mailbox.set(DETACH_BIT)
    this.wake()
  }

  async suspend(): Promise<void> {
    // Between two slices, which is where the host is.
    this.#suspended = true
    this.wake()
  }

  resume(): void {
    this.#suspended = false
    this.goOn()
  }

  /** After a stand: what has passed on the wall clock is not to be made up for. */
  goOn(): void {
    this.#pace?.restart(this.clock.now())
    this.wake()
  }

  wake(): void {
    this.#roused = true
    this.#slack.heard(this.clock.now())
    this.#nap.rouse()
  }

  #entered(kind: 'timer' | 'deadline'): void {
    if (kind === 'timer' && !this.#running) void this.#rest()
    else if (kind === 'timer' || this.clock.next() < this.#nap.end) this.wake()
  }

  async admit<T>(input: Promise<T>): Promise<T> {
    this.#holds++
    try {
      return await input
    } finally {
      this.#holds--
      this.wake()
    }
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#pump
    this.debugging?.gone(true)
  }

  /** Ends the life of a remote that cannot, or shall not, go on. */
  crash(reason: string, fault: Fault): void {
    this.#over()
    if (fault.kind === 'reset') this.debugging?.ended()
    else this.debugging?.gone(false)
    this.wake()
    this.#listener.crashed(reason, fault)
  }

  #over(): void {
    this.#life++
    this.#running = false
    // In reset no time passes for who waits for a head start.
    this.#ahead()
  }

  async #run(life: number): Promise<void> {
    for (;;) {
      // A task, not a microtask: every promise that the last slice settled has run its course.
      await nextTask()
      if (life !== this.#life) return
      if (this.#held) {
        await this.#nap.untilRoused()
        continue
      }
      const stop = this.#slice()
      if (stop === undefined) {
        await this.#nap.until(this.#nextLook())
        continue
      }
      this.#report(stop)
      if (life !== this.#life) return
      const fault = this.devices?.fault
      const end: Stop =
        fault === undefined || stop.kind === 'crashed'
          ? stop
          : { kind: 'crashed', reason: fault, fault: { kind: 'protocol' } }
      if (this.debugging?.look(end)) {
        while (this.#held && life === this.#life) await this.#nap.untilRoused()
        if (life !== this.#life) return
      }
      if (end.kind === 'crashed') {
        this.crash(end.reason, end.fault)
        return
      }
      if (end.kind === 'exited') {
        this.#over()
        this.debugging?.gone(false)
        this.#listener.exited()
        return
      }
      if (stop.kind === 'idle') await this.#idle(stop.until, life)
    }
  }

  /** Runs the board for a while. @returns undefined where it is ahead of the wall clock */
  #slice(): Stop | undefined {
    const board = this.#board
    const now = this.clock.now()
    if (this.#pace !== undefined && this.#pace.ahead(now) > 0) return undefined
    const until = this.#sliceEnd()
    this.#roused = false
    const cycle = Math.min(this.#cycleAt(until), this.#watchdog.dueCycle)
    const end = Math.max(cycle, board.cycle + 1)
    const stop = board.run(this.debugging?.limit(end) ?? end)
    this.clock.advanceTo(this.#timeOf(board.cycle))
    return this.#watchdog.look(withFault(board, stop))
  }

  /**
   * The time at which a slice that begins now ends: one in which the remote only waits in a loop is as
   * long as that. Paced, it does not run ahead of the wall clock.
   */
  #sliceEnd(): number {
    const end = this.clock.now() + SLICE_MS * 1e6
    const quiet = this.#timeOf(this.#board.quietUntil)
    const long = this.#pace === undefined ? quiet : this.#pace.wallTime(quiet)
    return Math.min(Math.max(end, long), this.clock.next())
  }

  /** The time until which a remote that is ahead of the wall clock is left alone. */
  #nextLook(): number {
    const now = this.clock.now()
    const quiet = Math.min(this.#timeOf(this.#board.quietUntil), now + LOOP_MS * 1e6)
    return Math.max(now + SLICE_MS * 1e6, Math.min(quiet, this.clock.next()))
  }

  #report(stop: Stop): void {
    const mailbox = this.#board.mailbox
    this.#flushConsole()
    const bits = mailbox.received()
    if (bits !== 0) {
      this.#slack.heard(this.clock.now())
      // Cleared first: a kick that comes while the rings are looked at is a new one.
      mailbox.clear(bits)
      // The remote may have slept until the channel came free.
      this.#roused = true
      eachNotifyId(bits, (notifyId) => this.#listener.kicked(notifyId))
    }
    this.devices?.serve()
    this.#flushConsole()
    if (stop.kind !== 'exited' && stop.kind !== 'crashed') this.#listener.progressed()
    if (this.#shutdownRequested && (mailbox.occupied() & SHUTDOWN_BIT) === 0) {
      this.#shutdownRequested = false
      this.#listener.shutdownAcknowledged()
    }
    if (this.#detachRequested && (mailbox.occupied() & DETACH_BIT) === 0) {
      this.#detachRequested = false
      this.#listener.detachAcknowledged()
    }
  }

  /** Bytes for the console of the machine, to be told of with the next report. */
  writeConsole(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#console.push(byte)
    if (this.#console.length >= CONSOLE_MAX) this.#flushConsole()
  }

  #flushConsole(): void {
    if (this.#console.length === 0) return
    this.#slack.heard(this.clock.now())
    const bytes = Uint8Array.from(this.#console)
    this.#console = []
    this.#listener.console(bytes)
  }

  /** The remote waits; its next timer event is at cycle `until`. */
  async #idle(until: number, life: number): Promise<void> {
    // Before time moves on, host code that the last slice set going has its turn: it may send.
    await nextTask()
    if (life !== this.#life || this.#roused || this.#held) return
    const timer = Math.min(this.#timeOf(until), this.clock.next('timer'))
    if (timer === Number.POSITIVE_INFINITY) {
      if (!this.debugging?.watched) this.#listener.idle()
      // What it is told may lead to a kick at once, before there is a sleep to end.
      if (this.#roused) return
    }
    // Paced, a wait that an idle remote does not end is ended by its deadline, as time goes by.
    const next =
      this.#pace === undefined
        ? timer
        : Math.min(timer + this.#slack.at(this.clock.now()), this.clock.next())
    if (next === Number.POSITIVE_INFINITY) {
      await this.#nap.untilRoused()
      // Virtual time stood still; the wall clock did not.
      this.#pace?.restart(this.clock.now())
      return
    }
    this.#slackened = next > timer
    const reached = await this.#nap.until(next)
    this.#slackened = false
    // Who stopped the remote meanwhile may have started it anew: that clock is not ours to move.
    if (life !== this.#life) return
    this.#skipTo(reached || this.#pace === undefined ? next : this.#pace.wallTime(next), until)
  }

  /** Virtual time stands still: the remote is suspended, or input from outside is awaited. */
  get #held(): boolean {
    if (this.#suspended || this.debugging?.halt !== undefined) return true
    return this.deterministic && this.#holds > 0
  }

  /**
   * Keeps the clock going for timers of the host's while the remote is in reset: at once in the
   * deterministic mode, where nothing else takes time, else with the wall clock.
   */
  async #rest(): Promise<void> {
    if (this.#resting) {
      this.wake()
      return
    }
    this.#resting = true
    const life = this.#life
    this.#pace?.restart(this.clock.now())
    for (;;) {
      await nextTask()
      if (life !== this.#life || this.#running) break
      const next = this.#pace === undefined ? this.clock.next('timer') : this.clock.next()
      if (this.clock.next('timer') === Number.POSITIVE_INFINITY) break
      if (await this.#nap.until(next)) {
        if (life === this.#life) this.clock.advanceTo(next)
      }
    }
    this.#resting = false
    // What has ended this rest may have been set before it had.
    if (!this.#running && this.clock.next('timer') !== Number.POSITIVE_INFINITY) void this.#rest()
  }

  /** Moves the clock to `time`; the board waits until then, or until its own event at cycle `until`. */
  #skipTo(time: number, until: number): void {
    const target = Math.max(this.clock.now(), Math.min(time, this.clock.next()))
    this.#board.skipTo(Math.min(until, this.#cycleAt(target)))
    this.clock.advanceTo(target)
  }

  /** The host looks at the clock while the remote is left to its ticks: its time is that of the wall clock. */
  #present(): number {
    return this.#slackened ? (this.#pace?.wallTime(Number.POSITIVE_INFINITY) ?? 0) : 0
  }

  #cycleAt(time: number): number {
    return Math.floor((time - this.#bootedAt) / this.#nsPerCycle)
  }

  #timeOf(cycle: number): number {
    return this.#bootedAt + cycle * this.#nsPerCycle
  }
}
