import type { Clock } from '../base/clock.js'
import { isOpenampError, OpenampError } from '../base/errors.js'
import { EventSource } from '../base/events.js'
import { checkDelay, type WaitOptions } from '../base/waits.js'
import { type FirmwareImage, type ResourceTable, readImage } from '../firmware/index.js'
import type { Channel, ChannelOptions, NameServiceCallbacks, RpmsgDevice } from '../rpmsg/index.js'
import { type DetachOptions, handedOver, Relay, unknownImage } from './attach.js'
import type { BufferOptions } from './buffer-pools.js'
import type { CoredumpOptions } from './coredump.js'
import { diagnose } from './diagnosis.js'
import type { RemoteprocEvent, RemoteprocState } from './events.js'
import { checkHeartbeat, type HeartbeatOptions } from './heartbeat.js'
import { KernelLife } from './kernel-life.js'
import type { KernelMachine } from './kernel-machine.js'
import { Life } from './life.js'
import type { LifeOptions } from './life-options.js'
import { channelOf } from './links.js'
import type { FirmwareSource } from './loader.js'
import type { CrashKind, Machine, Processor } from './machine.js'
import { PersistentChannel } from './persistent-channel.js'
import type { ImageOptions } from './prepare.js'
import type { RecoveryPolicy } from './recovery.js'
import type { ResourceOptions } from './resources.js'
import type { ShutdownOptions } from './shutdown.js'
import type { Subdevice } from './subdevices.js'
import type { TraceReader } from './trace.js'

export interface RemoteprocOptions extends ImageOptions, ResourceOptions, NameServiceCallbacks {
  /**
   * The image; the machine's own unless given, where it has one. It may be left out as well where the
   * machine's remote runs already: then the table's address is to be given, and places in the code
   * have no names.
   */
  readonly firmware?: FirmwareSource
  /** Where it lives; with a kernel as its host (`KernelMachine`) the calls are the same. */
  readonly machine: Machine | KernelMachine
  /** Size and place of the buffers, where the usual ones do not fit. */
  readonly buffers?: BufferOptions
  /** Announce back when an announced channel is bound; on unless given. */
  readonly acknowledge?: boolean
  /** Whether the remote is booted again after a crash; 'disabled' unless given. */
  readonly recovery?: RecoveryPolicy
  /** Where the dump of a crash goes; none is taken unless given. */
  readonly coredump?: CoredumpOptions
  /** By what the remote is to show that it is alive; it need not unless given. */
  readonly heartbeat?: HeartbeatOptions
  /** Hooks around each boot, in order; undone in reverse. */
  readonly subdevices?: readonly Subdevice[]
  /** Told of every event from the beginning; more can be added with `events.observe`. */
  readonly observer?: (event: RemoteprocEvent) => void
}

/**
 * A remote processor and its life: `init`, `boot`, `shutdown`, `deinit`. After a shutdown, or a crash
 * and a shutdown, it can be booted again: image, table, rings and channels are new each time. One that
 * runs can be detached from, and attached to again.
 *
 * @example
 * await using rproc = await Remoteproc.init({ firmware: file('echo.elf'), machine: emulated() })
 * await rproc.boot()
 * const channel = await rproc.channel('rpmsg-openamp-demo-channel')
 */
export class Remoteproc {
  readonly events = new EventSource<RemoteprocEvent>()
  readonly #life: Life | KernelLife
  /** Of a machine whose processor can be handed over. */
  #relay: Relay | undefined

  private constructor(options: RemoteprocOptions) {
    if (options.heartbeat !== undefined) checkHeartbeat(options.heartbeat)
    if (options.observer !== undefined) this.events.observe(options.observer)
    const lifeOptions: LifeOptions = {
      acknowledge: options.acknowledge ?? true,
      resources: { handleRsc: options.handleRsc, devmem: options.devmem },
      buffers: options.buffers,
      nameService: options,
      recovery: options.recovery ?? 'disabled',
      coredump: options.coredump,
      heartbeat: options.heartbeat,
      subdevices: options.subdevices ?? [],
    }
    const kernel = options.machine.kind === 'kernel'
    this.#life = new (kernel ? KernelLife : Life)(this.events, lifeOptions)
  }

  /**
   * Decodes the image, parses a private copy of its resource table, allocates what the table leaves
   * open. The remote stays in reset; one that runs already is `detached`, and its table is the one in
   * its memory.
   * @throws ERR_IMAGE, ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_NO_SPACE, ERR_USAGE, ERR_TIMEOUT,
   *   ERR_ABORTED
   */
  static async init(options: RemoteprocOptions): Promise<Remoteproc> {
    const rproc = new Remoteproc(options)
    const { machine } = options
    if (machine.kind === 'memory') await rproc.#openMemory(machine, options)
    else if (rproc.#life instanceof KernelLife) await rproc.#life.open(machine, options)
    return rproc
  }

  async #openMemory(machine: Machine, options: RemoteprocOptions): Promise<void> {
    const { firmware = machine.firmware } = options
    const life = this.#own('init')
    const image = firmware === undefined ? undefined : await readImage(firmware, options)
    const relay = new Relay(life.listener)
    const processor = await machine.open(relay, image)
    try {
      if (image === undefined && processor.running !== true) {
        const why = 'firmware is missing: there is nothing to boot, and no remote runs there'
        throw new OpenampError('ERR_USAGE', `${machine.name}: ${why}`)
      }
      life.open(image ?? unknownImage(processor), processor, options.resourceTable)
    } catch (error) {
      await processor.close()
      throw error
    }
    this.#relay = relay
  }

  /** Where this library is the host itself, and has the remote's memory in its hands. */
  #own(call: string): Life {
    if (this.#life instanceof Life) return this.#life
    throw new OpenampError('ERR_USAGE', `${call}: the kernel keeps the remote's memory to itself`)
  }

  get state(): RemoteprocState {
    return this.#life.state
  }

  get image(): FirmwareImage {
    return this.#life.require().image
  }

  /** The table as the remote sees it after boot; undefined where the image has none. */
  get resourceTable(): ResourceTable | undefined {
    return this.#life.require().table
  }

  /** The trace buffers of the table, in its order: what is in them now, also after a crash. */
  get traces(): readonly TraceReader[] {
    return this.#life.require().traces
  }

  /** The machine's memory, for tools. @throws ERR_USAGE where a kernel keeps it */
  get processor(): Processor {
    return this.#own('processor').require().processor
  }

  /** The time that deadlines count on. */
  get clock(): Clock {
    return this.#life.require().waits.clock
  }

  /** The clock is virtual, and the same inputs give the same run. */
  get deterministic(): boolean {
    return this.#life instanceof Life && this.#life.require().processor.deterministic
  }

  /** The RPMsg devices of the running remote, in the order of the table. */
  get rpmsg(): readonly RpmsgDevice[] {
    return this.#life.links.map((link) => link.device)
  }

  /** What the remote has announced and not destroyed. */
  get announcements() {
    return this.#life.links.flatMap(({ device }) => device.announcements)
  }

  /**
   * Takes another image for the boots that follow (remoteproc_load). Its resource table may differ in
   * everything: memory is given anew. Where it is refused, the image before it stays.
   * @throws ERR_STATE unless ready or stopped; else as `init`
   */
  async load(firmware: FirmwareSource, options: ImageOptions = {}): Promise<void> {
    await this.#life.load(firmware, options)
  }

  /**
   * Loads the segments, writes the table over its place, releases the remote from reset and brings
   * the rings up, in Linux's order; sub-devices are prepared before, and started after that.
   * @throws ERR_STATE unless ready or stopped; what a sub-device throws
   */
  async boot(): Promise<void> {
    await this.#life.boot()
  }

  /**
   * Takes up a remote that runs, and that this host or another one has detached from: reads the table
   * in its memory and brings its rings up anew, as Linux's rproc_attach does.
   * @throws ERR_STATE unless detached, ERR_RESOURCE_TABLE, ERR_MEMORY, ERR_NO_SPACE
   */
  async attach(): Promise<void> {
    await this.#life.attach()
  }

  /**
   * Lets go of the remote and leaves it running (rproc_detach): resets its devices, tells it through
   * the machine where that has a way to. Channels end with ERR_STOPPED.
   * @throws ERR_STATE unless running
   */
  async detach(options: DetachOptions = {}): Promise<void> {
    await this.#life.detach(options)
  }

  /**
   * Gives a remote that was detached from to another host in this process; this one is `offline` then.
   * @returns the machine on which the other one finds it running
   * @throws ERR_STATE unless detached, ERR_USAGE where a kernel has it
   */
  async handOver(): Promise<Machine> {
    const life = this.#own('handOver')
    const { processor } = life.require()
    const relay = this.#relay
    if (this.state !== 'detached' || relay === undefined) {
      throw new OpenampError('ERR_STATE', `handOver: the remote is ${this.state}, not detached`)
    }
    await life.release(true)
    return handedOver(processor, relay)
  }

  /**
   * Stops the remote and its clock where they are. Messages to it wait in its rings; whatever has a
   * deadline on its clock waits with it.
   * @throws ERR_STATE unless running, ERR_USAGE where the machine cannot be suspended
   */
  async suspend(): Promise<void> {
    await this.#own('suspend').suspend()
  }

  /** Lets a suspended remote go on, as if no time had passed. @throws ERR_STATE unless suspended */
  resume(): void {
    this.#own('resume').resume()
  }

  /**
   * The channel that the remote announces as `name`; waits for the announcement, binds to it and
   * acknowledges. With `persist` it comes back by itself after a recovery, or an attach.
   * @throws ERR_STATE (not running, or bound already), ERR_IDLE, ERR_TIMEOUT, ERR_ABORTED,
   *   ERR_CRASHED, ERR_STOPPED
   */
  async channel(
    name: string,
    options: ChannelOptions & WaitOptions & { readonly persist: true },
  ): Promise<PersistentChannel>
  async channel(
    name: string,
    options?: ChannelOptions & WaitOptions & { readonly persist?: false },
  ): Promise<Channel>
  async channel(
    name: string,
    options: ChannelOptions & WaitOptions & { readonly persist?: boolean } = {},
  ): Promise<Channel | PersistentChannel> {
    const { persist = false, ...rest } = options
    const channel = await this.#bind(name, rest)
    if (!persist) return channel
    const { timeout: _, signal: __, ...lasting } = rest
    return new PersistentChannel(channel, {
      comesBack: () => this.#life.comingBack,
      bindAgain: async (until) => {
        await this.whenRunning({ signal: until })
        return this.#bind(name, { ...lasting, signal: until })
      },
      waits: this.#life.require().waits,
    })
  }

  /** Resolves once the remote has announced anything. Errors as `channel`. */
  async whenAnnounced(options: WaitOptions = {}): Promise<void> {
    const { waits } = this.#life.requireUp('whenAnnounced')
    if (this.announcements.length > 0) return
    const wait = waits.add<void>('announcement', 'announcement', options)
    const unobserve = this.events.observe((event) => {
      if (event.type === 'announced') wait.resolve()
    })
    await wait.promise.finally(unobserve)
  }

  /**
   * Resolves once the remote runs: at once, or after its recovery, or when it is attached to.
   * @throws ERR_STATE, ERR_CRASHED, ERR_STOPPED where it will not by itself; ERR_TIMEOUT, ERR_ABORTED
   */
  async whenRunning(options: WaitOptions = {}): Promise<void> {
    const { waits } = this.#life.require()
    if (!this.#life.comingBack) this.#life.requireUp('whenRunning')
    if (this.#life.up) return
    const wait = waits.add<void>('end', 'remote to run again', options)
    const unobserve = this.events.observe(({ type }) => {
      if (type === 'booted' || type === 'attached') wait.resolve()
    })
    await wait.promise.finally(unobserve)
  }

  /**
   * Resolves when the remote has stopped: by `shutdown`, or because it powered itself off.
   * @throws ERR_CRASHED, ERR_IDLE (it waits for ever), ERR_TIMEOUT, ERR_ABORTED
   */
  async whenStopped(options: WaitOptions = {}): Promise<void> {
    const { waits } = this.#life.requireUp('whenStopped')
    const wait = waits.add<void>('end', 'end of the remote', options)
    await wait.promise.catch((error: unknown) => {
      if (!isOpenampError(error, 'ERR_STOPPED')) throw error
    })
  }

  /**
   * Says that the remote is to be taken for crashed (rproc_report_crash), by whoever has found that out in a
   * way of his own: everything goes on as after any crash.
   * @param reason one line, of which a kernel as the host has no use
   * @throws ERR_STATE where the remote does not run; ERR_SYSTEM where the kernel is the host, and debugfs is
   *   not mounted or not to be written
   */
  async reportCrash(reason: string, kind: CrashKind = 'failure'): Promise<void> {
    await this.#life.reportCrash(reason, kind)
  }

  /**
   * How far the remote and its links have come, in lines for a person: where the core is, what the
   * status says, what went through each ring. For a link on which nothing happens.
   */
  diagnose(): readonly string[] {
    if (this.#life instanceof KernelLife) return this.#life.diagnose()
    const { image, processor } = this.#life.require()
    return diagnose(image, processor.pc, this.#life.links)
  }

  /** Waits until `milliseconds` of the machine's time have passed. @throws ERR_STOPPED, ERR_CRASHED */
  async sleep(milliseconds: number): Promise<void> {
    const { waits } = this.#life.requireUp('sleep')
    checkDelay(milliseconds)
    const wait = waits.add<void>('timer', `end of ${milliseconds} ms`)
    const cancel = waits.clock.after(milliseconds, 'timer', () => wait.resolve())
    await wait.promise.finally(cancel)
  }

  /**
   * Input from outside: in the deterministic mode the remote stands still until it has settled. A
   * shutdown does not wait for it.
   */
  async admit<T>(input: Promise<T>): Promise<T> {
    return this.#life.admit(input)
  }

  /**
   * Ends the remote: asks it to come to an end, over a channel or through the machine; resets it when
   * it has acknowledged, or at the deadline. Channels end with ERR_STOPPED. Does nothing where the
   * remote does not run; after a crash it calls off the recovery, and makes the remote ready to boot
   * again. A call while another one waits for the remote joins it, and cuts it short with a deadline
   * of 0.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    await this.#life.shutdown(options)
  }

  /**
   * Frees the machine; a running remote is shut down first. One that is detached from is left alone:
   * it lives on where its memory does, and ends with that of an emulated machine.
   */
  async deinit(): Promise<void> {
    await this.#life.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deinit()
  }

  async #bind(name: string, options: ChannelOptions & WaitOptions): Promise<Channel> {
    const { image } = this.#life.requireUp('channel')
    if (this.#life.links.length === 0) {
      const why = 'the resource table has no RPMsg device, so there are no channels'
      throw new OpenampError('ERR_RESOURCE_TABLE', `${image.name}: ${why}`)
    }
    return channelOf(this.rpmsg, name, options)
  }
}
