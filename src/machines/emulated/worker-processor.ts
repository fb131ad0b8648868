import { nextTask } from '#next-task'
import { spawnBoardWorker } from '#worker'
import { OpenampError } from '../../base/errors.js'
import type { Board } from '../../boards/board.js'
import type { BoardDescription } from '../../boards/description.js'
import { EmulatedBoard } from '../../boards/emulated-board.js'
import type { MailboxHost } from '../../boards/mailbox-state.js'
import { allocateMemory, type BoardMemory, withRamSize } from '../../boards/memory.js'
import { AddressSpace } from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { CoreRegisters, Processor, ProcessorListener } from '../../remoteproc/index.js'
import type { BoardWorker, Report, RunEnd } from './board-link.js'
import { ControlBlock } from './control-block.js'
import { DETACH_BIT, doorbellBit, eachNotifyId, SHUTDOWN_BIT } from './doorbells.js'
import { HostClock } from './host-clock.js'

/** A worker that has not answered to the end of a life after this many milliseconds is terminated. */
const ANSWER_MS = 1000

/** One life of the remote, from `start` until the worker has left its run loop. */
interface Life {
  readonly number: number
  readonly ended: Promise<void>
  readonly end: () => void
  /** The worker has reset the board; until then it would take what is in the mailbox with it. */
  started: boolean
  /** Channels that were to be set before that. */
  early: number
  stopping: Promise<void> | undefined
  /** Who waits until the remote has had its head start. */
  ahead?: () => void
  /** Who waits for the board to stand still. */
  suspended: (() => void) | undefined
}

export interface WorkerOptions {
  readonly board: BoardDescription
  readonly ramSize?: number | undefined
  /** Milliseconds within which the remote must have slept once; none unless given. */
  readonly watchdog?: number | undefined
  /** False for a core that interprets all of its code. */
  readonly compile?: boolean | undefined
  /** More memory, over SharedArrayBuffers. */
  readonly more?: readonly Region[]
}

/** An emulated board in a worker thread, over shared memory: it runs while the host does. */
export class WorkerProcessor implements Processor {
  readonly architecture: Board['architecture']
  readonly space: AddressSpace
  readonly shared: Board['shared']
  readonly carveouts: readonly Region[]
  readonly renumbers: boolean
  readonly clock = new HostClock(() => this.wake())
  readonly deterministic = false
  /** The core is in another thread, and runs on while one asks. */
  readonly pc = undefined
  readonly #listener: ProcessorListener
  readonly #description: BoardDescription
  readonly #memory: BoardMemory
  readonly #mailbox: MailboxHost
  readonly #control = new ControlBlock()
  #worker: BoardWorker | undefined
  /** Who waits for the first worker to be ready. */
  #opening: { resolve(): void; reject(error: Error): void } | undefined
  #life: Life | undefined
  #lives = 0
  /** The control block's sequence at which the worker has last said that it is idle for ever. */
  #idleAt: number | undefined
  #idleDue = false
  readonly #watchdog: number | undefined
  readonly #compile: boolean | undefined
  #registers: CoreRegisters | undefined

  private constructor(options: WorkerOptions, listener: ProcessorListener) {
    const { ramSize, watchdog, more = [] } = options
    this.#listener = listener
    this.#watchdog = watchdog
    this.#compile = options.compile
    this.#description = withRamSize(options.board, ramSize)
    this.#memory = allocateMemory(this.#description, true)
    // The host's view of the board: its map and its end of the mailbox. This one never runs.
    const board = new EmulatedBoard(this.#description, {
      memory: this.#memory,
      more,
      compile: false,
    })
    this.architecture = board.architecture
    this.shared = board.shared
    this.carveouts = more
    this.renumbers = board.renumbers
    this.space = new AddressSpace(board.regions)
    this.#mailbox = board.mailbox
  }

  /** @throws ERR_USAGE where memory cannot be shared, ERR_CRASHED where no worker can be had */
  static async open(options: WorkerOptions, listener: ProcessorListener): Promise<WorkerProcessor> {
    if (typeof SharedArrayBuffer === 'undefined') {
      throw new OpenampError(
        'ERR_USAGE',
        'worker: true needs SharedArrayBuffer, which a page has only if it is cross-origin ' +
          'isolated (headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy)',
      )
    }
    for (const { name, bytes } of options.more ?? []) {
      if (bytes.buffer instanceof SharedArrayBuffer) continue
      throw new OpenampError(
        'ERR_USAGE',
        `worker: true needs a SharedArrayBuffer under the memory ${name}`,
      )
    }
    const processor = new WorkerProcessor(options, listener)
    await processor.#open()
    return processor
  }

  get running(): boolean {
    return this.#life !== undefined && this.#life.stopping === undefined
  }

  /** Those of the life that has ended last. */
  get registers(): CoreRegisters | undefined {
    return this.#registers
  }

  carries(notifyId: number): boolean {
    return doorbellBit(notifyId) !== 0
  }

  start(entry: number): void | Promise<void> {
    if (this.#life !== undefined) {
      throw new OpenampError('ERR_STATE', 'the board has not left its last life yet')
    }
    const worker = this.#worker ?? this.#spawn()
    const number = ++this.#lives
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const stopping = undefined
    this.#life = { number, ended, end, started: false, early: 0, stopping, suspended: undefined }
    this.#idleAt = undefined
    this.#registers = undefined
    this.clock.resume()
    this.#control.setSuspended(false)
    // What the last life has left there is none of this one's; the board, whose memory is the host's,
    // leaves the channels to the host.
    this.#mailbox.reset()
    this.#control.setLife(number)
    worker.keepAlive(true)
    worker.post({ type: 'start', life: number, entry })
    const life = this.#life
    if (this.#description.headStart === undefined) return
    return new Promise((resolve) => {
      life.ahead = resolve
    })
  }

  async stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    life.stopping ??= this.#stop(life)
    await life.stopping
  }

  kick(notifyId: number): void {
    const bit = doorbellBit(notifyId)
    if (bit === 0) {
      throw new OpenampError('ERR_USAGE', `notify id ${notifyId} has no doorbell here`)
    }
    this.#set(bit)
  }

  requestShutdown(): void {
    this.#set(SHUTDOWN_BIT)
  }

  requestDetach(): void {
    this.#set(DETACH_BIT)
  }

  async suspend(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.clock.suspend()
    this.#control.setSuspended(true)
    await Promise.race([
      life.ended,
      new Promise<void>((resolve) => {
        life.suspended = resolve
      }),
    ])
  }

  resume(): void {
    this.clock.resume()
    this.#control.setSuspended(false)
    // A board that had not come to stand still yet never will, nor say so.
    this.#life?.suspended?.()
  }

  wake(): void {
    // The worker reports each new sleep by itself; only one that is known already is told again.
    if (this.#idleDue || !this.#idle) return
    this.#idleDue = true
    void nextTask().then(() => {
      this.#idleDue = false
      if (this.#idle) this.#listener.idle()
    })
  }

  async admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#discard()
  }

  async #open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#opening = { resolve, reject }
      this.#spawn()
    })
    this.#worker?.keepAlive(false)
  }

  #spawn(): BoardWorker {
    const worker = spawnBoardWorker({
      // A worker that was given up may have something to say still.
      report: (report) => {
        if (worker === this.#worker) this.#receive(report)
      },
      failed: (reason) => {
        if (worker === this.#worker) this.#failed(reason)
      },
    })
    this.#worker = worker
    const more = this.carveouts.map(({ name, da, pa, size, bytes }) => ({
      ...{ name, da, pa, size },
      buffer: bytes.buffer,
      offset: bytes.byteOffset,
    }))
    const control = this.#control.buffer
    const watchdog = this.#watchdog
    const compile = this.#compile
    const board = this.#description
    worker.post({ type: 'open', board, memory: this.#memory, more, control, watchdog, compile })
    return worker
  }

  #receive(report: Report): void {
    if (report.type === 'ready') {
      this.#opening?.resolve()
      this.#opening = undefined
      return
    }
    const life = this.#life
    if (life === undefined || report.life !== life.number) return
    if (report.type === 'ended') {
      this.#registers = report.registers
      this.#end(life, report.end)
      return
    }
    if (life.stopping !== undefined) return
    switch (report.type) {
      case 'started':
        life.started = true
        if (life.ahead !== undefined) {
          this.clock.after(this.#description.headStart ?? 0, 'timer', life.ahead)
        }
        if (life.early !== 0) this.#set(life.early)
        break
      case 'doorbell':
        this.#doorbell()
        break
      case 'progressed':
        this.#listener.progressed()
        break
      case 'idle':
        this.#idleAt = report.sequence
        this.#listener.progressed()
        if (this.#idle) this.#listener.idle()
        break
      case 'shutdown acknowledged':
        this.#listener.shutdownAcknowledged()
        break
      case 'detach acknowledged':
        this.#listener.detachAcknowledged()
        break
      case 'suspended':
        life.suspended?.()
        break
      case 'console':
        this.#listener.console(report.bytes)
        break
      case 'note':
        this.#listener.note(report.text)
        break
    }
  }

  #doorbell(): void {
    this.#control.takeDoorbell()
    const bits = this.#mailbox.received()
    if (bits === 0) return
    // Cleared first: a kick that comes while the rings are looked at is a new one.
    this.#mailbox.clear(bits)
    // The remote may have slept until the channel came free.
    this.#control.wake()
    eachNotifyId(bits, (notifyId) => this.#listener.kicked(notifyId))
  }

  #set(bits: number): void {
    const life = this.#life
    if (life === undefined) return
    if (!life.started) {
      life.early |= bits
      return
    }
    this.#mailbox.set(bits)
    if ((bits & SHUTDOWN_BIT) !== 0) this.#control.expectShutdown()
    if ((bits & DETACH_BIT) !== 0) this.#control.expectDetach()
    this.#control.wake()
  }

  /** The remote is idle for ever, and the host has done nothing since that could change it. */
  get #idle(): boolean {
    const life = this.#life
    const up = life !== undefined && life.stopping === undefined && !this.clock.suspended
    return up && this.#idleAt === this.#control.sequence && !this.clock.timerPending
  }

  async #stop(life: Life): Promise<void> {
    this.#control.setLife(0)
    let deadline: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => {
      deadline = setTimeout(() => resolve('late'), ANSWER_MS)
    })
    const answer = await Promise.race([life.ended, late])
    clearTimeout(deadline)
    if (answer === 'late') {
      await this.#discard()
      this.#end(life, { kind: 'stopped' })
    }
  }

  #end(life: Life, end: RunEnd): void {
    this.#life = undefined
    this.#worker?.keepAlive(false)
    life.end()
    life.ahead?.()
    if (life.stopping !== undefined) return
    if (end.kind === 'crashed') this.#listener.crashed(end.reason, end.fault)
    else if (end.kind === 'exited') this.#listener.exited()
  }

  #failed(why: string): void {
    void this.#discard()
    const reason = `the worker thread of the board failed: ${why}`
    this.#opening?.reject(new OpenampError('ERR_CRASHED', reason))
    this.#opening = undefined
    const fault = { kind: 'machine' } as const
    if (this.#life !== undefined) this.#end(this.#life, { kind: 'crashed', reason, fault })
  }

  /** Does without the worker from now on; a later start makes a new one. */
  async #discard(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}
