import { isOpenampError, OpenampError } from '../base/errors.js'
import { EventSource } from '../base/events.js'
import { checkDelay, type WaitOptions, Waits } from '../base/waits.js'
import { type FirmwareImage, type ResourceTable, readImage } from '../firmware/index.js'
import type { Channel, ChannelOptions, RpmsgDevice } from '../rpmsg/index.js'
import type { BufferOptions } from './buffer-pools.js'
import type { VdevPlan } from './carveouts.js'
import { diagnose, withPlace } from './diagnosis.js'
import type { RemoteprocEvent, RemoteprocState, StopReason, Untimed } from './events.js'
import { Holds } from './holds.js'
import { idle } from './idle.js'
import { bringUp, channelOf, type Link, lastLook } from './links.js'
import type { FirmwareSource } from './loader.js'
import type { Machine, Processor, ProcessorListener } from './machine.js'
import {
  type ImageOptions,
  type Prepared,
  prepare,
  type TableChoice,
  writeToMemory,
} from './prepare.js'
import type { ResourceOptions } from './resources.js'
import { askToEnd, type ShutdownOptions } from './shutdown.js'
import type { TraceReader } from './trace.js'

export interface RemoteprocOptions extends ImageOptions, ResourceOptions {
  /** The image; the machine's own unless given, where it has one. */
  readonly firmware?: FirmwareSource
  readonly machine: Machine
  /** Size and place of the buffers, where the usual ones do not fit. */
  readonly buffers?: BufferOptions
  /** Announce back when an announced channel is bound; on unless given. */
  readonly acknowledge?: boolean
  /** Told of every event from the beginning; more can be added with `events.observe`. */
  readonly observer?: (event: RemoteprocEvent) => void
}

interface Started {
  readonly processor: Processor
  readonly waits: Waits
}

interface Loaded extends Prepared, Started {}

/**
 * A remote processor and its life: `init`, `boot`, `shutdown`, `deinit`. After a shutdown, or a crash
 * and a shutdown, it can be booted again: image, table, rings and channels are new each time.
 *
 * @example
 * await using rproc = await Remoteproc.init({ firmware: file('echo.elf'), machine: emulated() })
 * await rproc.boot()
 * const channel = await rproc.channel('rpmsg-openamp-demo-channel')
 */
export class Remoteproc {
  readonly events = new EventSource<RemoteprocEvent>()
  readonly #acknowledge: boolean
  readonly #resources: ResourceOptions
  readonly #buffers: BufferOptions | undefined
  #state: RemoteprocState = 'offline'
  #loaded: Loaded | undefined
  #links: readonly Link[] = []
  readonly #holds = new Holds()
  #stopping: Promise<void> | undefined
  /** Bumped at each boot and stop, so that what belongs to an earlier life is recognised. */
  #life = 0
  #ending: Error | undefined
  /** While the processor leaves a life; the next one begins after it. */
  #halting: Promise<void> | undefined
  #deinitialising: Promise<void> | undefined
  /** What the machine said of a crash, which counts for more than what the rings look like then. */
  #failure: string | undefined
  /** A character may come in pieces. */
  #console = new TextDecoder()
  #onShutdownAcknowledged: () => void = () => {}

  private constructor(options: RemoteprocOptions) {
    this.#acknowledge = options.acknowledge ?? true
    this.#resources = { handleRsc: options.handleRsc, devmem: options.devmem }
    this.#buffers = options.buffers
    if (options.observer !== undefined) this.events.observe(options.observer)
  }

  /**
   * Decodes the image, parses a private copy of its resource table, allocates what the table leaves
   * open. The remote stays in reset.
   * @throws ERR_IMAGE, ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_NO_SPACE, ERR_TIMEOUT, ERR_ABORTED
   */
  static async init(options: RemoteprocOptions): Promise<Remoteproc> {
    const rproc = new Remoteproc(options)
    const { machine, firmware = machine.firmware } = options
    if (firmware === undefined) {
      throw new OpenampError('ERR_USAGE', `${machine.name}: firmware is missing`)
    }
    const image = await readImage(firmware, options)
    const processor = await machine.open(rproc.#listener())
    try {
      const waits = new Waits(processor.clock)
      waits.onAdded = () => processor.wake()
      rproc.#load(image, { processor, waits }, options.resourceTable)
    } catch (error) {
      await processor.close()
      throw error
    }
    return rproc
  }

  get state(): RemoteprocState {
    return this.#state
  }

  get image(): FirmwareImage {
    return this.#require().image
  }

  /** The table as the remote sees it after boot; undefined where the image has none. */
  get resourceTable(): ResourceTable | undefined {
    return this.#require().table
  }

  /** The trace buffers of the table, in its order: what is in them now, also after a crash. */
  get traces(): readonly TraceReader[] {
    return this.#require().traces
  }

  /** The machine's time and memory, for tools. */
  get processor(): Processor {
    return this.#require().processor
  }

  /** The RPMsg devices of the running remote, in the order of the table. */
  get rpmsg(): readonly RpmsgDevice[] {
    return this.#links.map((link) => link.device)
  }

  /** What the remote has announced and not destroyed. */
  get announcements() {
    return this.#links.flatMap(({ device }) => device.announcements)
  }

  /**
   * Takes another image for the boots that follow (remoteproc_load). Its resource table may differ in
   * everything: memory is given anew. Where it is refused, the image before it stays.
   * @throws ERR_STATE unless ready or stopped; else as `init`
   */
  async load(firmware: FirmwareSource, options: ImageOptions = {}): Promise<void> {
    this.#requireBootable('load')
    const image = await readImage(firmware, options)
    this.#load(image, this.#requireBootable('load'), options.resourceTable)
  }

  /**
   * Loads the segments, writes the table over its place, releases the remote from reset and brings
   * the rings up, in Linux's order.
   * @throws ERR_STATE unless ready or stopped
   */
  async boot(): Promise<void> {
    this.#requireBootable('boot')
    if (this.#halting !== undefined) await this.#halting
    const loaded = this.#requireBootable('boot')
    writeToMemory(loaded)
    this.#life++
    this.#ending = undefined
    this.#failure = undefined
    this.#stopping = undefined
    this.#console = new TextDecoder()
    this.#state = 'running'
    try {
      loaded.processor.start(loaded.image.entry)
      this.#links = loaded.vdevs.map((plan) => this.#bringUp(plan, loaded))
    } catch (error) {
      await this.#stop('reset')
      throw error
    }
    this.#emit({ type: 'booted' })
  }

  /**
   * The channel that the remote announces as `name`; waits for the announcement, binds to it and
   * acknowledges.
   * @throws ERR_STATE (not running, or bound already), ERR_IDLE, ERR_TIMEOUT, ERR_ABORTED,
   *   ERR_CRASHED, ERR_STOPPED
   */
  async channel(name: string, options: ChannelOptions & WaitOptions = {}): Promise<Channel> {
    const { image } = this.#requireRunning('channel')
    if (this.#links.length === 0) throw noChannels(image)
    return channelOf(this.rpmsg, name, options)
  }

  /** Resolves once the remote has announced anything. Errors as `channel`. */
  async whenAnnounced(options: WaitOptions = {}): Promise<void> {
    const { waits } = this.#requireRunning('whenAnnounced')
    if (this.announcements.length > 0) return
    const wait = waits.add<void>('announcement', 'announcement', options)
    const unobserve = this.events.observe((event) => {
      if (event.type === 'announced') wait.resolve()
    })
    await wait.promise.finally(unobserve)
  }

  /**
   * Resolves when the remote has stopped: by `shutdown`, or because it powered itself off.
   * @throws ERR_CRASHED, ERR_IDLE (it waits for ever), ERR_TIMEOUT, ERR_ABORTED
   */
  async whenStopped(options: WaitOptions = {}): Promise<void> {
    const { waits } = this.#requireRunning('whenStopped')
    const wait = waits.add<void>('end', 'end of the remote', options)
    await wait.promise.catch((error: unknown) => {
      if (!isOpenampError(error, 'ERR_STOPPED')) throw error
    })
  }

  /**
   * How far the remote and its links have come, in lines for a person: where the core is, what the
   * status says, what went through each ring. For a link on which nothing happens.
   */
  diagnose(): readonly string[] {
    const { image, processor } = this.#require()
    return diagnose(image, processor.pc, this.#links)
  }

  /** Waits until `milliseconds` of the machine's time have passed. @throws ERR_STOPPED, ERR_CRASHED */
  async sleep(milliseconds: number): Promise<void> {
    const { processor, waits } = this.#requireRunning('sleep')
    checkDelay(milliseconds)
    const wait = waits.add<void>('timer', `end of ${milliseconds} ms`)
    const cancel = processor.clock.after(milliseconds, 'timer', () => wait.resolve())
    await wait.promise.finally(cancel)
  }

  /**
   * Input from outside: in the deterministic mode the remote stands still until it has settled. A
   * shutdown does not wait for it.
   */
  async admit<T>(input: Promise<T>): Promise<T> {
    const { processor } = this.#require()
    return this.#stopping === undefined ? this.#holds.admit(processor, input) : input
  }

  /**
   * Ends the remote: asks it to come to an end, over a channel or through the machine; resets it when
   * it has acknowledged, or at the deadline. Channels end with ERR_STOPPED. Does nothing where the
   * remote does not run; after a crash it makes the remote ready to boot again. A call while another
   * one waits for the remote joins it, and cuts it short with a deadline of 0.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const { waits } = this.#require()
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

  /** Frees the machine; a running remote is shut down first. */
  async deinit(): Promise<void> {
    this.#deinitialising ??= this.#deinit()
    await this.#deinitialising
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deinit()
  }

  #load(
    image: FirmwareImage,
    { processor, waits }: Started,
    choice: TableChoice | undefined,
  ): void {
    const prepared = prepare(image, processor, choice, this.#resources, this.#buffers)
    this.#loaded = { ...prepared, waits }
    this.#state = 'ready'
    const { name, entry } = image
    this.#emit({ type: 'loaded', firmware: name, entry })
    for (const text of prepared.notes) this.#emit({ type: 'note', text })
  }

  async #deinit(): Promise<void> {
    const { processor } = this.#require()
    try {
      await this.shutdown()
    } finally {
      this.#loaded = undefined
      this.#state = 'offline'
      await processor.close()
    }
  }

  async #shutDown(options: ShutdownOptions): Promise<void> {
    this.#holds.release()
    // A boot that waits for the same has come first; its life is the one to end.
    if (this.#halting !== undefined) await this.#halting
    if (this.#state === 'running') {
      const { processor, waits } = this.#require()
      const acknowledged = await askToEnd(processor, waits, options, (onAcknowledged) => {
        this.#onShutdownAcknowledged = onAcknowledged
      })
      // It may have crashed or gone while we waited.
      if (this.#state === 'running') await this.#stop(acknowledged ? 'acknowledged' : 'reset')
    }
    if (this.#state === 'crashed') {
      await this.#require().processor.stop()
      this.#state = 'stopped'
    }
  }

  #bringUp(plan: VdevPlan, { tableAt, processor, waits }: Loaded): Link {
    if (tableAt === undefined) throw notInitialised()
    const life = this.#life
    return bringUp({
      plan,
      tableAt,
      space: processor.space,
      features: processor.features,
      waiting: processor.waiting,
      waits,
      acknowledge: this.#acknowledge,
      kick: (notifyId) => {
        if (life === this.#life) processor.kick(notifyId)
      },
      onPeerFault: (error) => {
        if (life === this.#life) this.#crash(this.#failure ?? error.message)
      },
      onEvent: (event) => this.#emit(event),
    })
  }

  #listener(): ProcessorListener {
    return {
      kicked: () => {
        // A kick says which ring has changed, but a ring that is looked at in vain costs little, and
        // some peers use one doorbell for all.
        for (const { device } of this.#links) device.poll()
      },
      shutdownAcknowledged: () => this.#onShutdownAcknowledged(),
      progressed: () => {
        this.#readTraces()
        // Some peers (RPMsg-Lite) give no notice when they return a transmit buffer.
        for (const { device } of this.#links) if (device.starving) device.poll()
      },
      idle: () => {
        const { processor, waits } = this.#require()
        idle(processor, waits, this.#links)
      },
      exited: () => {
        if (this.#state === 'running') void this.#stop('exited')
      },
      crashed: (reason) => {
        this.#failure = reason
        lastLook(this.#links)
        this.#crash(reason)
      },
      console: (bytes) => {
        this.#emit({ type: 'console', text: this.#console.decode(bytes, { stream: true }) })
      },
      note: (text) => this.#emit({ type: 'note', text }),
    }
  }

  async #stop(reason: StopReason): Promise<void> {
    lastLook(this.#links)
    if (this.#state !== 'running') return
    const how = { exited: 'powered itself off', acknowledged: 'was shut down', reset: 'was reset' }
    const error = new OpenampError('ERR_STOPPED', `the remote ${how[reason]}`)
    await this.#end('stopped', error, () => this.#emit({ type: 'stopped', reason }))
  }

  #crash(what: string): void {
    if (this.#state !== 'running') return
    const reason = withPlace(what, this.image)
    void this.#end('crashed', new OpenampError('ERR_CRASHED', `the remote crashed: ${reason}`))
    this.#emit({ type: 'crashed', reason })
  }

  /**
   * Puts the remote into reset; everything that belongs to the life that ends here ends with `error`.
   * @returns resolves once the remote touches memory no more and `onHalted` has been called
   */
  #end(state: 'stopped' | 'crashed', error: Error, onHalted: () => void = () => {}): Promise<void> {
    const { processor, waits } = this.#require()
    this.#readTraces()
    this.#state = state
    this.#ending = error
    this.#life++
    // First, so that whoever boots from within what follows waits for it.
    const halting = processor
      .stop()
      .then(onHalted)
      .finally(() => {
        this.#halting = undefined
      })
    this.#halting = halting
    const links = this.#links
    this.#links = []
    for (const { device } of links) device.close(error)
    waits.rejectAll(() => error)
    return halting
  }

  #readTraces(): void {
    if (!this.events.observed || this.#state !== 'running') return
    const { traces } = this.#require()
    for (const trace of traces) {
      const text = trace.read()
      if (text === '') continue
      this.#emit({ type: 'trace', buffer: trace.name, text })
    }
  }

  #emit(event: Untimed<RemoteprocEvent>): void {
    this.events.emit({ ...event, time: this.#loaded?.processor.clock.now() ?? 0 })
  }

  #require(): Loaded {
    if (this.#loaded === undefined) throw notInitialised()
    return this.#loaded
  }

  #requireBootable(call: string): Loaded {
    const loaded = this.#require()
    const state = this.#deinitialising !== undefined ? 'being deinitialised' : this.#state
    if (state === 'ready' || state === 'stopped') return loaded
    throw new OpenampError('ERR_STATE', `${call}: the remote is ${state}, not ready or stopped`)
  }

  #requireRunning(call: string): Loaded {
    const loaded = this.#require()
    if (this.#state === 'running') return loaded
    throw this.#ending ?? new OpenampError('ERR_STATE', `${call}: the remote is ${this.#state}`)
  }
}

function noChannels({ name }: FirmwareImage): OpenampError {
  const why = 'the resource table has no RPMsg device, so there are no channels'
  return new OpenampError('ERR_RESOURCE_TABLE', `${name}: ${why}`)
}

function notInitialised(): OpenampError {
  return new OpenampError('ERR_STATE', 'the remote processor was deinitialised')
}
