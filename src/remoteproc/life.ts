import { OpenampError } from '../base/errors.js'
import type { EventSource } from '../base/events.js'
import { Waits } from '../base/waits.js'
import { type FirmwareImage, readImage } from '../firmware/index.js'
import type { DetachOptions } from './attach.js'
import type { RemoteprocEvent, RemoteprocState } from './events.js'
import { Holds } from './holds.js'
import type { LifeOptions } from './life-options.js'
import type { Link } from './links.js'
import type { FirmwareSource } from './loader.js'
import type { CrashKind, Processor, ProcessorListener } from './machine.js'
import { type ImageOptions, prepare, type TableChoice } from './prepare.js'
import type { RemoteLife } from './remote-life.js'
import { askToEnd, type ShutdownOptions } from './shutdown.js'
import { Standing } from './standing.js'
import { Told } from './told.js'
import { type Loaded, pcOf, Turns } from './turns.js'

/**
 * The lives of one remote, one after the other: what may be asked of it, and when. What happens at the
 * beginning and the end of each is `Turns`'s. `Remoteproc` is its face.
 */
export class Life implements RemoteLife {
  readonly holds = new Holds()
  readonly #at = new Standing<Loaded>(() =>
    this.#turns.beginning === undefined ? undefined : 'beginning a life',
  )
  readonly #told: Told
  readonly #options: LifeOptions
  readonly #turns: Turns
  /** Where the resource table of the image is. */
  #choice: TableChoice | undefined
  #stopping: Promise<void> | undefined
  #releasing: Promise<void> | undefined

  constructor(events: EventSource<RemoteprocEvent>, options: LifeOptions) {
    this.#told = new Told(events)
    this.#options = options
    this.#turns = new Turns(this.#at, this.#told, options)
    this.#turns.onBegin = () => {
      this.#stopping = undefined
    }
  }

  get listener(): ProcessorListener {
    return this.#turns.listener
  }

  get links(): readonly Link[] {
    return this.#turns.links
  }

  get state(): RemoteprocState {
    return this.#at.state
  }

  /** The remote lives, and this host is the one it has. */
  get up(): boolean {
    return this.#turns.up
  }

  /** Channels of a remote that is not up may come back. */
  get comingBack(): boolean {
    return this.#turns.recovery.pending || this.state === 'detached'
  }

  /** Takes a machine that has just been opened, with the image that it shall run, or runs. */
  open(image: FirmwareImage, processor: Processor, choice: TableChoice | undefined): void {
    const waits = new Waits(processor.clock)
    waits.onAdded = () => processor.wake()
    this.#told.useClock(processor.clock)
    this.#load(image, processor, waits, choice, processor.running === true)
  }

  /** Takes another image for the boots that follow; the one before stays where it is refused. */
  async load(firmware: FirmwareSource, options: ImageOptions): Promise<void> {
    this.#at.requireState('load', 'ready', 'stopped')
    const image = await readImage(firmware, options)
    const { processor, waits } = this.#at.requireState('load', 'ready', 'stopped')
    this.#load(image, processor, waits, options.resourceTable, false)
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
    this.#at.parts = { ...prepared, waits }
    this.#at.state = running ? 'detached' : 'ready'
    // What a remote that runs has told others by now is no news here.
    if (running) for (const trace of prepared.traces) trace.read()
    this.#told.emit({ type: 'loaded', firmware: image.name, entry: image.entry })
    for (const text of prepared.notes) this.#told.emit({ type: 'note', text })
  }

  async boot(): Promise<void> {
    this.#at.requireState('boot', 'ready', 'stopped')
    if (this.#turns.halting !== undefined) await this.#turns.halting
    this.#at.requireState('boot', 'ready', 'stopped')
    this.#turns.recovery.restart()
    await this.#turns.begin(false)
  }

  async attach(): Promise<void> {
    this.#at.requireState('attach', 'detached')
    if (this.#turns.halting !== undefined) await this.#turns.halting
    const { image, processor, traces, waits } = this.#at.requireState('attach', 'detached')
    const { resources, buffers } = this.#options
    const found = prepare(image, processor, this.#choice, resources, buffers, true)
    // The buffers have been written on meanwhile, and are read on where that ended.
    this.#at.parts = { ...found, traces, waits }
    await this.#turns.begin(true)
  }

  async detach(options: DetachOptions): Promise<void> {
    this.#at.requireState('detach', 'running')
    if (this.#turns.subdevices.any) await this.#turns.subdevices.stop(false)
    this.#at.requireState('detach', 'running')
    await this.#turns.letGo(options)
  }

  async suspend(): Promise<void> {
    const { processor } = this.#at.requireState('suspend', 'running')
    if (this.#stopping !== undefined) {
      // The answer is waited for in the remote's time, which would stand still.
      throw new OpenampError('ERR_STATE', 'suspend: the remote is being shut down')
    }
    if (processor.suspend === undefined || processor.resume === undefined) {
      throw new OpenampError('ERR_USAGE', 'suspend: this machine cannot be suspended')
    }
    this.#at.state = 'suspended'
    await processor.suspend()
    if (this.state !== 'suspended') throw this.#at.ended('suspend')
    this.#turns.readTraces()
    this.#told.emit({ type: 'suspended' })
  }

  resume(): void {
    const { processor } = this.#at.requireState('resume', 'suspended')
    this.#at.state = 'running'
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
    this.#at.leaving = true
    await this.#releasing
  }

  async reportCrash(reason: string, kind: CrashKind): Promise<void> {
    const { processor } = this.requireUp('reportCrash')
    this.#turns.listener.crashed(reason, { kind, ...pcOf(processor) })
  }

  /** Input from outside: a remote that is being shut down does not wait for it. */
  async admit<T>(input: Promise<T>): Promise<T> {
    const { processor } = this.require()
    return this.#stopping === undefined ? this.holds.admit(processor, input) : input
  }

  require(): Loaded {
    return this.#at.require()
  }

  requireUp(call: string): Loaded {
    const loaded = this.require()
    if (this.up) return loaded
    throw this.#at.ended(call)
  }

  async #shutDown(options: ShutdownOptions): Promise<void> {
    const { processor, waits } = this.require()
    const { subdevices } = this.#turns
    this.holds.release()
    this.#endRecovery(waits)
    // A boot that waits for the same has come first; its life is the one to end.
    if (this.#turns.halting !== undefined) await this.#turns.halting
    this.#endRecovery(waits)
    if (this.#turns.beginning !== undefined && !this.up) await this.#turns.beginning.catch(() => {})
    if (this.state === 'suspended') this.resume()
    if (this.state === 'running' || this.state === 'detached') {
      if (subdevices.any && this.up) await subdevices.stop(false)
      const acknowledged = await askToEnd(processor, waits, options, (onAcknowledged) => {
        this.#turns.listener.onAcknowledged.shutdown = onAcknowledged
      })
      // It may have crashed or gone while we waited.
      await this.#turns.stop(acknowledged ? 'acknowledged' : 'reset')
    }
    if (this.state === 'crashed') {
      if (this.#turns.halting !== undefined) await this.#turns.halting
      await processor.stop()
      this.#at.state = 'stopped'
    }
  }

  /** The remote shall end: from here on no crash, not even one on the way, brings it back. */
  #endRecovery(waits: Waits): void {
    if (!this.#turns.recovery.end()) return
    const error = new OpenampError('ERR_STOPPED', 'the remote was shut down before it came back')
    waits.rejectAll(() => error)
  }

  async #release(keep: boolean): Promise<void> {
    const { processor } = this.require()
    try {
      if (this.state === 'detached') await this.#turns.beginning?.catch(() => {})
      // A remote that is detached from is nobody's here; it ends where its machine does.
      if (this.state !== 'detached') await this.shutdown({})
      else if (this.#turns.halting !== undefined) await this.#turns.halting
      await this.#turns.dumps.written()
    } finally {
      this.require().waits.rejectAll(() => new OpenampError('ERR_STOPPED', 'the host has let go'))
      this.#at.parts = undefined
      this.#at.state = 'offline'
      if (!keep) await processor.close()
    }
  }
}
