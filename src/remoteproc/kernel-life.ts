import { OpenampError } from '../base/errors.js'
import type { EventSource } from '../base/events.js'
import { Waits } from '../base/waits.js'
import { RpmsgDevice } from '../rpmsg/index.js'
import type { DetachOptions } from './attach.js'
import type { RemoteprocEvent, RemoteprocState } from './events.js'
import { KernelDumps } from './kernel-dumps.js'
import type { KernelMachine, KernelRemote } from './kernel-machine.js'
import { foreignOptions, type OptionsOfInit } from './kernel-options.js'
import { type PreparedForKernel, prepareForKernel } from './kernel-prepare.js'
import { followUnnoticed } from './kernel-unnoticed.js'
import type { LifeOptions } from './life.js'
import type { FirmwareSource } from './loader.js'
import type { ImageOptions } from './prepare.js'
import type { RemoteLife, RemoteParts } from './remote-life.js'
import { askToEnd, type ShutdownOptions } from './shutdown.js'
import { Subdevices } from './subdevices.js'
import { Told } from './told.js'

interface Loaded extends RemoteParts, PreparedForKernel {
  readonly remote: KernelRemote
}

interface KernelLinkUp {
  readonly device: RpmsgDevice
  /** `KernelRemote.life` of it. */
  readonly life: string | undefined
  /** `KernelRemote.asked` when it began. */
  readonly asked: number
}

/** Milliseconds after which a remote without channels that is neither recovered nor stopped has ended. */
const UNDECIDED = 2000

/**
 * The lives of a remote that a kernel is the host of. The kernel does what is asked, and other things at
 * other times: so at each sign of a change the present state is compared with what was last known.
 */
export class KernelLife implements RemoteLife {
  state: RemoteprocState = 'offline'
  links: readonly KernelLinkUp[] = []
  readonly #told: Told
  readonly #options: LifeOptions
  readonly #subdevices: Subdevices
  readonly #dumps: KernelDumps
  #loaded: Loaded | undefined
  /** A call of ours that changes the state is under way, and looks when it is done. */
  #busy = false
  #ending: Error | undefined
  #undecided: (() => void) | undefined
  #crashes = 0
  #releasing: Promise<void> | undefined
  #stopTimers = (): void => {}

  constructor(events: EventSource<RemoteprocEvent>, options: LifeOptions) {
    this.#told = new Told(events)
    this.#options = options
    this.#subdevices = new Subdevices(options.subdevices)
    this.#dumps = new KernelDumps(options.coredump, (event) => this.#told.emit(event))
  }

  get up(): boolean {
    return this.state === 'running'
  }

  get comingBack(): boolean {
    return (this.state === 'crashed' && this.#recovers) || this.state === 'detached'
  }

  get #recovers(): boolean {
    return this.#options.recovery !== 'disabled'
  }

  /** Takes a remote of the kernel's, with the image that it shall run. Errors as `Remoteproc.init`. */
  async open(machine: KernelMachine, options: OptionsOfInit): Promise<void> {
    const notes: string[] = []
    const remote = await machine.open({
      changed: () => this.#look(),
      note: (text) => {
        if (this.#loaded === undefined) notes.push(text)
        else this.#told.emit({ type: 'note', text })
      },
    })
    try {
      this.#told.useClock(remote.clock)
      await this.#load(remote, new Waits(remote.clock), options.firmware, options)
      const { coredump } = this.#options
      const dumps = coredump === undefined ? 'disabled' : (coredump.mode ?? 'enabled')
      await remote.setPolicies(this.#recovers, dumps)
    } catch (error) {
      this.#loaded = undefined
      this.state = 'offline'
      await remote.close()
      throw error
    }
    for (const text of [...notes, ...foreignOptions(options)]) {
      this.#told.emit({ type: 'note', text })
    }
  }

  async load(firmware: FirmwareSource, options: ImageOptions): Promise<void> {
    const { remote, waits } = this.#requireState('load', 'ready', 'stopped')
    await this.#load(remote, waits, firmware, options)
  }

  async #load(
    remote: KernelRemote,
    waits: Waits,
    source: FirmwareSource | undefined,
    options: ImageOptions,
  ): Promise<void> {
    const prepared = await prepareForKernel(remote, source, options)
    this.#loaded = { ...prepared, remote, waits }
    const { image } = prepared
    this.state = restingState(remote)
    // What a remote that runs has told others by now is no news here.
    if (this.state !== 'ready') for (const trace of this.#loaded.traces) trace.read()
    this.#told.emit({ type: 'loaded', firmware: image.name, entry: image.entry })
  }

  async boot(): Promise<void> {
    const { remote, firmware } = this.#requireState('boot', 'ready', 'stopped')
    this.#crashes = 0
    await this.#change(async () => {
      await this.#subdevices.prepare()
      try {
        if (firmware !== undefined) await remote.place(firmware)
        // A start of a remote that runs would only be counted.
        if (remote.state !== 'offline') {
          const why = `boot: somebody else has started it, ${remote.name} is ${remote.state}`
          throw new OpenampError('ERR_STATE', why)
        }
        await remote.start()
      } catch (error) {
        await this.#subdevices.unprepare()
        throw error
      }
      await this.#begin('booted')
    })
  }

  async attach(): Promise<void> {
    const { remote } = this.#requireState('attach', 'detached')
    await this.#change(async () => {
      await this.#subdevices.prepare()
      try {
        if (remote.state === 'detached') await remote.start()
      } catch (error) {
        await this.#subdevices.unprepare()
        throw error
      }
      await this.#begin('attached')
    })
  }

  async detach(_options: DetachOptions): Promise<void> {
    const { remote } = this.#requireState('detach', 'running')
    await this.#change(async () => {
      if (remote.state === 'running') {
        const why = 'the kernel detaches only from a remote that it has attached to'
        throw new OpenampError('ERR_USAGE', `detach: ${why}; it has booted this one`)
      }
      await this.#subdevices.stop(false)
      await remote.detach()
      await this.#leave('detached', new OpenampError('ERR_STOPPED', 'the remote was detached from'))
      this.#told.emit({ type: 'detached', acknowledged: false })
    })
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    const { remote, waits } = this.require()
    if (this.state === 'ready' || this.state === 'stopped') return
    await this.#change(async () => {
      let acknowledged = false
      if (this.up) {
        await this.#subdevices.stop(false)
        if (options.channel !== undefined) {
          const never = { requestShutdown: (): void => {} }
          acknowledged = await askToEnd(never, waits, options, () => {})
        }
      }
      // One that is recovered meanwhile is stopped all the same.
      if (remote.state !== 'offline') await remote.stop()
      const reason = acknowledged ? 'acknowledged' : 'reset'
      const how = acknowledged ? 'was shut down' : 'was reset'
      await this.#leave('stopped', new OpenampError('ERR_STOPPED', `the remote ${how}`))
      this.#told.emit({ type: 'stopped', reason })
      if (remote.state === 'offline') return
      this.state = 'detached'
      const others = 'others have started it as well, and the kernel counts: it runs on'
      this.#told.emit({ type: 'note', text: `${remote.name}: ${others}` })
    })
  }

  async release(): Promise<void> {
    this.#releasing ??= this.#release()
    await this.#releasing
  }

  async admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  require(): Loaded {
    if (this.#loaded !== undefined) return this.#loaded
    throw new OpenampError('ERR_STATE', 'the remote processor was deinitialised')
  }

  requireUp(call: string): Loaded {
    const loaded = this.require()
    if (this.up) return loaded
    throw this.#ending ?? new OpenampError('ERR_STATE', `${call}: the remote is ${this.state}`)
  }

  /** As `Remoteproc.diagnose`, as far as the kernel tells. */
  diagnose(): readonly string[] {
    const { remote } = this.require()
    const lines = [`the kernel says that ${remote.name} is ${remote.state}`]
    for (const { device } of this.links) {
      const { sent, received, dropped, sendersWaiting } = device.stats
      const counts = `${sent} sent, ${received} received, ${dropped} dropped`
      lines.push(`messages: ${counts}; ${sendersWaiting} senders waiting`)
    }
    return lines
  }

  #requireState(call: string, ...states: readonly RemoteprocState[]): Loaded {
    const loaded = this.require()
    const state = this.#busy ? 'changing its state' : this.state
    if (states.some((allowed) => allowed === state)) return loaded
    const wanted = states.join(' or ')
    throw new OpenampError('ERR_STATE', `${call}: the remote is ${state}, not ${wanted}`)
  }

  /** Runs what changes the state; what the kernel tells meanwhile is looked at after it. */
  async #change(what: () => Promise<void>): Promise<void> {
    if (this.#busy) throw new OpenampError('ERR_STATE', 'the remote is changing its state')
    this.#busy = true
    try {
      await what()
    } finally {
      this.#busy = false
      this.#look()
    }
  }

  async #begin(type: 'booted' | 'attached'): Promise<void> {
    this.#takeUp(type)
    try {
      await this.#subdevices.start()
    } catch (error) {
      const { remote } = this.require()
      await remote.stop()
      const reason = error instanceof Error ? error : new Error(String(error))
      await this.#leave('stopped', reason)
      this.#told.emit({ type: 'stopped', reason: 'reset' })
      throw error
    }
  }

  /** The kernel has brought the remote up: so do we. */
  #takeUp(type: 'booted' | 'attached'): void {
    const { remote, waits, traces } = this.require()
    this.#ending = undefined
    this.#told.restart()
    const link = remote.openLink()
    const device = new RpmsgDevice(link.transport, {
      waits,
      acknowledge: false,
      nsBind: this.#options.nameService.nsBind,
      nsUnbind: this.#options.nameService.nsUnbind,
    })
    device.events.observe((event) => this.#told.emit(event))
    link.onLost = () => this.#look()
    link.onNote = (text) => this.#told.emit({ type: 'note', text })
    this.links = [{ device, life: remote.life, asked: remote.asked }]
    this.state = 'running'
    if (type === 'booted') for (const trace of traces) trace.restart()
    this.#told.emit({ type })
    const { heartbeat } = this.#options
    this.#stopTimers = followUnnoticed({
      ...{ clock: waits.clock, device, heartbeat },
      look: traces.length > 0 ? () => this.#told.traces(traces) : undefined,
      dead: (reason) => {
        this.#told.emit({ type: 'note', text: reason })
        remote.crash().catch((error: unknown) => this.#noteError(error))
      },
    })
    device.poll()
  }

  /** Compares what the kernel says with what was last known. */
  #look(): void {
    if (this.#loaded === undefined || this.#busy || this.#releasing !== undefined) return
    const { remote } = this.#loaded
    const { state } = remote
    const runs = state === 'running' || state === 'attached' || state === 'suspended'
    const [link] = this.links
    void this.#dumps.look(remote, this.#loaded.image, () => {
      // Of a remote without devices nothing else may tell.
      if (link === undefined || link !== this.links[0] || link.life !== undefined) return
      this.#crashed()
      this.#look()
    })
    if (link !== undefined) this.#lookAtLink(link, remote, runs)
    else if (this.state === 'crashed') {
      if (runs) this.#recovered()
      else if (state === 'offline') this.#decideLater(() => this.#recoveryFailed())
    } else if (this.state !== 'offline') this.state = restingState(remote, this.state)
  }

  #lookAtLink(link: KernelLinkUp, remote: KernelRemote, runs: boolean): void {
    const { state, life } = remote
    if (state === 'crashed') this.#crashed()
    else if (state === 'detached') this.#endedElsewhere('detached', 'was detached from by others')
    else if (runs && (life === link.life || link.life === undefined)) {
      this.#decided()
      // Its devices have come by now: the kernel makes them after the start, if it has to load drivers.
      if (life !== link.life) this.links = [{ ...link, life }]
      link.device.poll()
    } else if (remote.asked !== link.asked) {
      // Somebody has asked for it: no crash.
      if (runs && life !== undefined) this.#endedElsewhere('detached', 'was started anew by others')
      else if (state === 'offline') this.#endedElsewhere('stopped', 'was stopped by others')
    } else if (runs && life !== undefined) {
      // It has other devices now, and nobody has asked for them: the kernel has recovered it.
      this.#crashed()
      this.#look()
    } else {
      // On its way to another life, or to its end.
      this.#decideLater(() => {
        if (remote.state === 'offline') this.#endedElsewhere('stopped', 'has ended')
        else this.#look()
      })
    }
  }

  #decideLater(decide: () => void): void {
    if (this.#undecided !== undefined) return
    const { waits } = this.require()
    this.#undecided = waits.clock.after(UNDECIDED, 'deadline', () => {
      this.#undecided = undefined
      if (!this.#busy) decide()
    })
  }

  #decided(): void {
    this.#undecided?.()
    this.#undecided = undefined
  }

  #crashed(): void {
    if (!this.up) return
    const reason = 'the kernel has found it crashed'
    const error = new OpenampError('ERR_CRASHED', `the remote crashed: ${reason}`)
    void this.#leave('crashed', error, true).catch((error: unknown) => this.#noteError(error))
    const crash = { reason, kind: 'failure' } as const
    this.#told.emit({ type: 'crashed', reason, crash })
    if (this.#recovers) {
      this.#told.emit({ type: 'recovering', attempt: ++this.#crashes, delay: 0 })
    }
  }

  #recovered(): void {
    this.#decided()
    void this.#change(async () => {
      await this.#subdevices.prepare()
      await this.#begin('booted')
    }).catch((error: unknown) => this.#noteError(error))
  }

  #recoveryFailed(): void {
    if (this.state !== 'crashed' || this.require().remote.state !== 'offline') return
    const reason = 'the kernel could not boot it again'
    this.state = 'stopped'
    this.#told.emit({ type: 'recovery failed', reason })
    const error = new OpenampError('ERR_CRASHED', `the remote crashed, and ${reason}`)
    this.require().waits.rejectAll(() => error)
  }

  #endedElsewhere(state: 'stopped' | 'detached', how: string): void {
    this.#decided()
    const error = new OpenampError('ERR_STOPPED', `the remote ${how}`)
    void this.#leave(state, error, true).catch((error: unknown) => this.#noteError(error))
    if (state === 'stopped') this.#told.emit({ type: 'stopped', reason: 'reset' })
    else this.#told.emit({ type: 'detached', acknowledged: false })
  }

  /** The remote is out of our hands: what belongs to its life ends with `error`. */
  async #leave(
    state: 'stopped' | 'crashed' | 'detached',
    error: Error,
    gone = false,
  ): Promise<void> {
    const { waits, traces } = this.require()
    this.#decided()
    if (this.up) this.#told.traces(traces)
    this.#stopTimers()
    this.#stopTimers = () => {}
    this.state = state
    this.#ending = error
    const { links } = this
    this.links = []
    for (const { device } of links) device.close(error)
    waits.rejectAll(() => error)
    if (gone) await this.#subdevices.stop(true)
    await this.#subdevices.unprepare()
  }

  async #release(): Promise<void> {
    const { remote, waits } = this.require()
    try {
      // A recovery of the kernel's that is under way goes on behind our back unless it is called off.
      if (this.state === 'running' || this.state === 'crashed') await this.shutdown({})
      await this.#dumps.written()
    } finally {
      this.#decided()
      waits.rejectAll(() => new OpenampError('ERR_STOPPED', 'the host has let go'))
      this.#loaded = undefined
      this.state = 'offline'
      await remote.close()
    }
  }

  #noteError(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#told.emit({ type: 'note', text })
  }
}

/** The state of a remote that this host has nothing to do with just now. */
function restingState({ state }: KernelRemote, before: RemoteprocState = 'ready'): RemoteprocState {
  if (state === 'offline')
    return before === 'stopped' || before === 'detached' ? 'stopped' : 'ready'
  return state === 'crashed' ? 'crashed' : 'detached'
}
