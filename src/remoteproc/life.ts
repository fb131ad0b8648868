import { OpenampError } from '../base/errors.js'
import type { EventSource } from '../base/events.js'
import { Waits } from '../base/waits.js'
import type { FirmwareImage } from '../firmware/index.js'
import type { NameServiceCallbacks } from '../rpmsg/index.js'
import { type DetachOptions, resetDevices, sayGoodbye } from './attach.js'
import type { BufferOptions } from './buffer-pools.js'
import { type CoredumpOptions, Coredumps } from './coredump.js'
import { type Crash, describeCrash } from './crash.js'
import type { RemoteprocEvent, RemoteprocState, StopReason } from './events.js'
import { type HeartbeatOptions, startHeartbeat } from './heartbeat.js'
import { Holds } from './holds.js'
import { idle } from './idle.js'
import { bringUp, type Link, lastLook } from './links.js'
import type { Fault, Processor, ProcessorListener } from './machine.js'
import { type Prepared, prepare, type TableChoice, writeTable, writeToMemory } from './prepare.js'
import { Recovery, type RecoveryPolicy } from './recovery.js'
import type { ResourceOptions } from './resources.js'
import { askToEnd, type ShutdownOptions } from './shutdown.js'
import { type Subdevice, Subdevices } from './subdevices.js'
import { Told } from './told.js'

export interface LifeOptions {
  readonly acknowledge: boolean
  readonly resources: ResourceOptions
  readonly buffers: BufferOptions | undefined
  readonly nameService: NameServiceCallbacks
  readonly recovery: RecoveryPolicy
  readonly coredump: CoredumpOptions | undefined
  readonly heartbeat: HeartbeatOptions | undefined
  readonly subdevices: readonly Subdevice[]
}

/** An image on its machine, and everything that waits for the remote. */
export interface Loaded extends Prepared {
  readonly waits: Waits
}

/**
 * The lives of one remote, one after the other: what happens at each turn, and in which order.
 * `Remoteproc` is its face.
 */
export class Life {
  state: RemoteprocState = 'offline'
  links: readonly Link[] = []
  readonly holds = new Holds()
  readonly #told: Told
  readonly #options: LifeOptions
  readonly #recovery: Recovery
  readonly #dumps: Coredumps
  readonly #subdevices: Subdevices
  #loaded: Loaded | undefined
  /** Where the resource table of that image is. */
  #choice: TableChoice | undefined
  /** Bumped at each boot and end, so that what belongs to an earlier life is recognised. */
  #number = 0
  #bootedAt = 0
  /** Why the last life has ended. */
  #ending: Error | undefined
  /** A boot or attach that is under way. */
  #beginning: Promise<void> | undefined
  /** While the remote leaves a life; the next one begins after it. */
  #halting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #releasing: Promise<void> | undefined
  /** What the machine said of a crash, which counts for more than what the rings look like then. */
  #failure: { readonly reason: string; readonly fault: Fault } | undefined
  #stopHeartbeat = (): void => {}
  #onAcknowledged = { shutdown: (): void => {}, detach: (): void => {} }

  constructor(events: EventSource<RemoteprocEvent>, options: LifeOptions) {
    this.#told = new Told(events)
    this.#options = options
    this.#recovery = new Recovery(options.recovery)
    this.#dumps = new Coredumps(options.coredump, (event) => this.#told.emit(event))
    this.#subdevices = new Subdevices(options.subdevices)
  }

  /** The remote lives, and this host is the one it has. */
  get up(): boolean {
    return this.state === 'running' || this.state === 'suspended'
  }

  /** Channels of a remote that is not up may come back. */
  get comingBack(): boolean {
    return this.#recovery.pending || this.state === 'detached'
  }

  /** Takes a machine that has just been opened, with the image that it shall run, or runs. */
  open(image: FirmwareImage, processor: Processor, choice: TableChoice | undefined): void {
    const waits = new Waits(processor.clock)
    waits.onAdded = () => processor.wake()
    this.#told.useClock(processor.clock)
    this.#load(image, processor, waits, choice, processor.running === true)
  }

  /** Takes another image for the boots that follow; the one before stays where it is refused. */
  async load(read: () => Promise<FirmwareImage>, choice: TableChoice | undefined): Promise<void> {
    this.#requireState('load', 'ready', 'stopped')
    const image = await read()
    const { processor, waits } = this.#requireState('load', 'ready', 'stopped')
    this.#load(image, processor, waits, choice, false)
  }

  #load(
    image: FirmwareImage,
    processor: Processor,
    waits: Waits,
    choice: TableChoice | undefined,
    running: boolean,
  ): void {
    const { resources, buffers } = this.#options
    const prepared = prepare(image, processor, choice, resources, buffers, running)
    this.#choice = choice
    this.#loaded = { ...prepared, waits }
    this.state = running ? 'detached' : 'ready'
    // What a remote that runs has told others by now is no news here.
    if (running) for (const trace of prepared.traces) trace.read()
    this.#told.emit({ type: 'loaded', firmware: image.name, entry: image.entry })
    for (const text of prepared.notes) this.#told.emit({ type: 'note', text })
  }

  async boot(): Promise<void> {
    this.#requireState('boot', 'ready', 'stopped')
    if (this.#halting !== undefined) await this.#halting
    this.#requireState('boot', 'ready', 'stopped')
    this.#recovery.restart()
    await this.#begin(false)
  }

  async attach(): Promise<void> {
    this.#requireState('attach', 'detached')
    if (this.#halting !== undefined) await this.#halting
    const { image, processor, traces, waits } = this.#requireState('attach', 'detached')
    const { resources, buffers } = this.#options
    const found = prepare(image, processor, this.#choice, resources, buffers, true)
    // The buffers have been written on meanwhile, and are read on where that ended.
    this.#loaded = { ...found, traces, waits }
    await this.#begin(true)
  }

  async detach(options: DetachOptions): Promise<void> {
    this.#requireState('detach', 'running')
    if (this.#subdevices.any) await this.#subdevices.stop(false)
    this.#requireState('detach', 'running')
    await this.#letGo(options)
  }

  async suspend(): Promise<void> {
    const { processor } = this.#requireState('suspend', 'running')
    if (processor.suspend === undefined || processor.resume === undefined) {
      throw new OpenampError('ERR_USAGE', 'suspend: this machine cannot be suspended')
    }
    this.state = 'suspended'
    await processor.suspend()
    if (this.state !== 'suspended') throw this.#ended('suspend')
    this.#readTraces()
    this.#told.emit({ type: 'suspended' })
  }

  resume(): void {
    const { processor } = this.#requireState('resume', 'suspended')
    this.state = 'running'
    this.#told.emit({ type: 'resumed' })
    processor.resume?.()
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    const { waits } = this.require()
    if (options.deadline === 0) {
      const short = new OpenampError('ERR_STOPPED', 'the remote shall be reset at once')
      waits.rejectAll(() => short, ['shutdown'])
    }
    if (this.#stopping === undefined) {
      const stopping = this.#shutDown(options).finally(() => {
        // A boot may have begun another life, with an end of its own.
        if (this.#stopping === stopping) this.#stopping = undefined
      })
      this.#stopping = stopping
    }
    await this.#stopping
  }

  /** Frees the machine, or with `keep` leaves it to somebody else. */
  async release(keep = false): Promise<void> {
    this.#releasing ??= this.#release(keep)
    await this.#releasing
  }

  /** Input from outside: a remote that is being shut down does not wait for it. */
  async admit<T>(input: Promise<T>): Promise<T> {
    const { processor } = this.require()
    return this.#stopping === undefined ? this.holds.admit(processor, input) : input
  }

  require(): Loaded {
    if (this.#loaded !== undefined) return this.#loaded
    throw new OpenampError('ERR_STATE', 'the remote processor was deinitialised')
  }

  requireUp(call: string): Loaded {
    const loaded = this.require()
    if (this.up) return loaded
    throw this.#ended(call)
  }

  /** Why there is no remote to do `call` with. */
  #ended(call: string): Error {
    return this.#ending ?? new OpenampError('ERR_STATE', `${call}: the remote is ${this.state}`)
  }

  #requireState(call: string, ...states: readonly RemoteprocState[]): Loaded {
    const loaded = this.require()
    const busy = this.#releasing !== undefined ? 'being deinitialised' : undefined
    const state = busy ?? (this.#beginning === undefined ? this.state : 'beginning a life')
    if (states.some((allowed) => allowed === state)) return loaded
    throw new OpenampError(
      'ERR_STATE',
      `${call}: the remote is ${state}, not ${states.join(' or ')}`,
    )
  }

  async #begin(attach: boolean): Promise<void> {
    const beginning = this.#beginLife(attach).finally(() => {
      this.#beginning = undefined
    })
    this.#beginning = beginning
    await beginning
  }

  async #beginLife(attach: boolean): Promise<void> {
    const loaded = this.require()
    const { processor } = loaded
    const { heartbeat } = this.#options
    const subdevices = this.#subdevices
    if (subdevices.any) await subdevices.prepare()
    try {
      // Meanwhile the host may have let go of a remote that it had not attached to yet.
      if (attach && this.#releasing !== undefined) {
        throw new OpenampError('ERR_STATE', 'attach: the remote is being deinitialised')
      }
      if (attach) writeTable(loaded)
      else writeToMemory(loaded)
    } catch (error) {
      await subdevices.unprepare()
      throw error
    }
    const number = ++this.#number
    this.#ending = undefined
    this.#failure = undefined
    this.#stopping = undefined
    this.#told.restart()
    this.#bootedAt = processor.clock.now()
    this.state = 'running'
    try {
      if (!attach) await processor.start(loaded.image.entry)
      if (number !== this.#number) throw this.#ended('boot')
      for (const plan of loaded.vdevs) this.links = [...this.links, this.#bringUp(plan, loaded)]
      this.#told.emit({ type: attach ? 'attached' : 'booted' })
      if (subdevices.any) await subdevices.start()
    } catch (error) {
      if (number === this.#number) await (attach ? this.#letGo({}) : this.#stop('reset', error))
      throw error
    }
    if (number !== this.#number) throw this.#ended('boot')
    if (heartbeat === undefined) return
    const devices = this.links.map(({ device }) => device)
    this.#stopHeartbeat = startHeartbeat(heartbeat, processor, devices, (reason) =>
      this.#crash(reason, { kind: 'heartbeat', ...pcOf(processor) }),
    )
  }

  #bringUp(plan: Loaded['vdevs'][number], { tableAt, processor, waits }: Loaded): Link {
    if (tableAt === undefined) throw new OpenampError('ERR_STATE', 'there is no resource table')
    const number = this.#number
    return bringUp({
      plan,
      tableAt,
      space: processor.space,
      features: processor.features,
      waiting: processor.waiting,
      waits,
      acknowledge: this.#options.acknowledge,
      nameService: this.#options.nameService,
      kick: (notifyId) => {
        if (number === this.#number) processor.kick(notifyId)
      },
      onPeerFault: (error) => {
        if (number !== this.#number) return
        const { reason, fault } = this.#failure ?? {
          reason: error.message,
          fault: { kind: 'protocol', ...pcOf(processor) },
        }
        this.#crash(reason, fault)
      },
      onEvent: (event) => this.#told.emit(event),
    })
  }

  async #shutDown(options: ShutdownOptions): Promise<void> {
    const { processor, waits } = this.require()
    const subdevices = this.#subdevices
    this.holds.release()
    this.#endRecovery(waits)
    // A boot that waits for the same has come first; its life is the one to end.
    if (this.#halting !== undefined) await this.#halting
    this.#endRecovery(waits)
    if (this.#beginning !== undefined && !this.up) await this.#beginning.catch(() => {})
    if (this.state === 'suspended') this.resume()
    if (this.state === 'running' || this.state === 'detached') {
      if (subdevices.any && this.up) await subdevices.stop(false)
      const acknowledged = await askToEnd(processor, waits, options, (onAcknowledged) => {
        this.#onAcknowledged.shutdown = onAcknowledged
      })
      // It may have crashed or gone while we waited.
      await this.#stop(acknowledged ? 'acknowledged' : 'reset')
    }
    if (this.state === 'crashed') {
      if (this.#halting !== undefined) await this.#halting
      await processor.stop()
      this.state = 'stopped'
    }
  }

  /** The remote shall end: from here on no crash, not even one on the way, brings it back. */
  #endRecovery(waits: Waits): void {
    if (!this.#recovery.end()) return
    const error = new OpenampError('ERR_STOPPED', 'the remote was shut down before it came back')
    waits.rejectAll(() => error)
  }

  async #release(keep: boolean): Promise<void> {
    const { processor } = this.require()
    try {
      if (this.state === 'detached') await this.#beginning?.catch(() => {})
      // A remote that is detached from is nobody's here; it ends where its machine does.
      if (this.state !== 'detached') await this.shutdown({})
      else if (this.#halting !== undefined) await this.#halting
      await this.#dumps.written()
    } finally {
      this.require().waits.rejectAll(() => new OpenampError('ERR_STOPPED', 'the host has let go'))
      this.#loaded = undefined
      this.state = 'offline'
      if (!keep) await processor.close()
    }
  }

  /** @param cause what the boot that ends here has failed of */
  async #stop(reason: StopReason, cause?: unknown): Promise<void> {
    lastLook(this.links)
    if (!this.up && this.state !== 'detached') return
    const how = { exited: 'powered itself off', acknowledged: 'was shut down', reset: 'was reset' }
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const error = new OpenampError('ERR_STOPPED', `the remote ${how[reason]}${why}`, { cause })
    await this.#end('stopped', error, undefined, () => this.#told.emit({ type: 'stopped', reason }))
  }

  #crash(what: string, fault: Fault): void {
    if (!this.up && this.state !== 'detached') return
    const { image, processor, waits } = this.require()
    const crash = describeCrash(what, fault, image)
    const lasted = (processor.clock.now() - this.#bootedAt) / 1e6
    const delay = this.#recovery.crashed(lasted, fault.kind === 'reset')
    const error = new OpenampError('ERR_CRASHED', `the remote crashed: ${crash.reason}`)
    const halting = this.#end('crashed', error, crash)
    this.#told.emit({ type: 'crashed', reason: crash.reason, crash })
    if (delay === undefined || !this.#recovery.pending) {
      this.#noteFailure(halting)
      return
    }
    void this.#recovery.run(delay, halting, {
      waits,
      begin: () => this.#begin(false),
      emit: (event) => this.#told.emit(event),
    })
  }

  /** Nobody awaits the end of a remote that ends by itself, so what goes wrong there is told. */
  #noteFailure(halting: Promise<void>): void {
    halting.catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      this.#told.emit({ type: 'note', text: `the remote could not be put into reset: ${why}` })
    })
  }

  /**
   * Puts the remote into reset; everything that belongs to the life that ends here ends with `error`.
   * @returns resolves once the remote touches memory no more, its sub-devices are undone, its dump is
   *   taken, and `onHalted` has been called
   */
  #end(
    state: 'stopped' | 'crashed',
    error: Error,
    crash: Crash | undefined,
    onHalted: () => void = () => {},
  ): Promise<void> {
    const { processor } = this.require()
    // First, so that whoever boots from within what follows waits for it.
    return this.#leave(state, error, async () => {
      try {
        await processor.stop()
      } finally {
        if (this.#subdevices.any) {
          await this.#subdevices.stop(true)
          await this.#subdevices.unprepare()
        }
      }
      if (crash !== undefined) await this.#dumps.take(processor, this.require().image, crash)
      onHalted()
    })
  }

  /** Detaches: the device is reset and the table is as new, as Linux has it, and the remote is told. */
  #letGo(options: DetachOptions): Promise<void> {
    const loaded = this.require()
    const { processor, waits } = loaded
    lastLook(this.links)
    resetDevices(this.links)
    writeTable(loaded)
    const error = new OpenampError('ERR_STOPPED', 'the remote was detached from')
    return this.#leave('detached', error, async () => {
      // What waits now ends with the link; the answer is waited for after that.
      await Promise.resolve()
      const acknowledged = await sayGoodbye(processor, waits, options, (onAcknowledged) => {
        this.#onAcknowledged.detach = onAcknowledged
      })
      await this.#subdevices.unprepare()
      this.#told.emit({ type: 'detached', acknowledged })
    })
  }

  #leave(
    state: 'stopped' | 'crashed' | 'detached',
    error: Error,
    halt: () => Promise<void>,
  ): Promise<void> {
    const { waits } = this.require()
    this.#readTraces()
    this.#stopHeartbeat()
    this.state = state
    this.#ending = error
    this.#number++
    const links = this.links
    this.links = []
    const halting = halt().finally(() => {
      if (this.#halting === halting) this.#halting = undefined
    })
    this.#halting = halting
    for (const { device } of links) device.close(error)
    waits.rejectAll(() => error)
    return halting
  }

  #readTraces(): void {
    if (this.up) this.#told.traces(this.require().traces)
  }

  /** What the processor is told to talk to. */
  listener(): ProcessorListener {
    return {
      kicked: (notifyId) => {
        // Of all rings: a look in vain costs little, and some peers use one doorbell for all.
        for (const { vdev } of this.links) vdev.countKick(notifyId)
        for (const { device } of this.links) device.poll()
      },
      shutdownAcknowledged: () => this.#onAcknowledged.shutdown(),
      detachAcknowledged: () => this.#onAcknowledged.detach(),
      progressed: () => {
        this.#readTraces()
        // Some peers (RPMsg-Lite) give no notice when they return a transmit buffer.
        for (const { device } of this.links) if (device.starving) device.poll()
      },
      idle: () => {
        const { processor, waits } = this.require()
        if (this.up) idle(processor, waits, this.links)
        // What it has not answered by now it never will.
        else waits.rejectAll(() => this.#ended('idle'), ['shutdown'])
      },
      exited: () => this.#noteFailure(this.#stop('exited')),
      crashed: (reason, fault = { kind: 'failure' }) => {
        this.#failure = { reason, fault }
        lastLook(this.links)
        this.#crash(reason, fault)
      },
      console: (bytes) => this.#told.console(bytes),
      note: (text) => this.#told.emit({ type: 'note', text }),
    }
  }
}

function pcOf({ pc }: Processor): { readonly pc?: number } {
  return pc === undefined ? {} : { pc }
}
