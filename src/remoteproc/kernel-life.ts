import { OpenampError } from '../base/errors.js'
import type { EventSource } from '../base/events.js'
import { Waits } from '../base/waits.js'
import type { DetachOptions } from './attach.js'
import { diagnoseKernel } from './diagnosis.js'
import type { RemoteprocEvent, RemoteprocState } from './events.js'
import type { KernelLinkUp } from './kernel-link.js'
import type { KernelMachine, KernelRemote } from './kernel-machine.js'
import { foreignOptions, type OptionsOfInit } from './kernel-options.js'
import { prepareForKernel } from './kernel-prepare.js'
import { KernelTurns, type Loaded, restingState } from './kernel-turns.js'
import type { LifeOptions } from './life-options.js'
import type { FirmwareSource } from './loader.js'
import type { ImageOptions } from './prepare.js'
import type { RemoteLife } from './remote-life.js'
import { askToEnd, type ShutdownOptions } from './shutdown.js'
import { Standing } from './standing.js'
import { Told } from './told.js'

/**
 * The lives of a remote that a kernel is the host of: what may be asked of it, and when. What becomes of
 * it, asked for or not, is `KernelTurns`'s to see.
 */
export class KernelLife implements RemoteLife {
  readonly #at = new Standing<Loaded>(() => (this.#turns.busy ? 'changing its state' : undefined))
  readonly #told: Told
  readonly #options: LifeOptions
  readonly #turns: KernelTurns
  #releasing: Promise<void> | undefined

  constructor(events: EventSource<RemoteprocEvent>, options: LifeOptions) {
    this.#told = new Told(events)
    this.#options = options
    this.#turns = new KernelTurns(this.#at, this.#told, options)
  }

  get state(): RemoteprocState {
    return this.#at.state
  }

  get links(): readonly KernelLinkUp[] {
    return this.#turns.links
  }

  get up(): boolean {
    return this.#turns.up
  }

  get comingBack(): boolean {
    return this.#turns.comingBack
  }

  /** Takes a remote of the kernel's, with the image that it shall run. Errors as `Remoteproc.init`. */
  async open(machine: KernelMachine, options: OptionsOfInit): Promise<void> {
    const notes: string[] = []
    const remote = await machine.open({
      changed: () => this.#turns.look(),
      note: (text) => {
        if (this.#at.parts === undefined) notes.push(text)
        else this.#told.emit({ type: 'note', text })
      },
    })
    try {
      this.#told.useClock(remote.clock)
      await this.#load(remote, new Waits(remote.clock), options.firmware, options)
      const { coredump } = this.#options
      const dumps = coredump === undefined ? 'disabled' : (coredump.mode ?? 'enabled')
      await remote.setPolicies(this.#turns.kernelRecovers, dumps)
    } catch (error) {
      this.#at.parts = undefined
      this.#at.state = 'offline'
      await remote.close()
      throw error
    }
    for (const text of [...notes, ...foreignOptions(options)]) {
      this.#told.emit({ type: 'note', text })
    }
  }

  async load(firmware: FirmwareSource, options: ImageOptions): Promise<void> {
    const { remote, waits } = this.#at.requireState('load', 'ready', 'stopped')
    await this.#load(remote, waits, firmware, options)
  }

  async #load(
    remote: KernelRemote,
    waits: Waits,
    source: FirmwareSource | undefined,
    options: ImageOptions,
  ): Promise<void> {
    const prepared = await prepareForKernel(remote, source, options)
    this.#at.parts = { ...prepared, remote, waits }
    const { image } = prepared
    this.#at.state = restingState(remote)
    // What a remote that runs has told others by now is no news here.
    if (this.state !== 'ready') for (const trace of this.#at.parts.traces) trace.read()
    this.#told.emit({ type: 'loaded', firmware: image.name, entry: image.entry })
  }

  async boot(): Promise<void> {
    const { remote, firmware } = this.#at.requireState('boot', 'ready', 'stopped')
    this.#turns.restart()
    await this.#turns.change(async () => {
      await this.#turns.subdevices.prepare()
      try {
        if (firmware !== undefined) await remote.place(firmware)
        // A start of a remote that runs would only be counted.
        if (remote.state !== 'offline') {
          const why = `boot: somebody else has started it, ${remote.name} is ${remote.state}`
          throw new OpenampError('ERR_STATE', why)
        }
        await remote.start()
      } catch (error) {
        await this.#turns.subdevices.unprepare()
        throw error
      }
      await this.#turns.begin('booted')
    })
  }

  async attach(): Promise<void> {
    const { remote } = this.#at.requireState('attach', 'detached')
    this.#turns.restart()
    await this.#turns.change(async () => {
      await this.#turns.subdevices.prepare()
      try {
        if (remote.state === 'detached') await remote.start()
      } catch (error) {
        await this.#turns.subdevices.unprepare()
        throw error
      }
      await this.#turns.begin('attached')
    })
  }

  async detach(_options: DetachOptions): Promise<void> {
    const { remote } = this.#at.requireState('detach', 'running')
    await this.#turns.change(async () => {
      if (remote.state === 'running') {
        const why = 'the kernel detaches only from a remote that it has attached to'
        throw new OpenampError('ERR_USAGE', `detach: ${why}; it has booted this one`)
      }
      await this.#turns.subdevices.stop(false)
      await remote.detach()
      await this.#turns.leave(
        'detached',
        new OpenampError('ERR_STOPPED', 'the remote was detached from'),
      )
      this.#told.emit({ type: 'detached', acknowledged: false })
    })
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    const { remote, waits } = this.require()
    if (this.state === 'ready' || this.state === 'stopped') return
    // Whatever crashes from here on stays down.
    this.#turns.recovery.end()
    await this.#turns.change(async () => {
      let acknowledged = false
      if (this.up) {
        await this.#turns.subdevices.stop(false)
        if (options.channel !== undefined) {
          const never = { requestShutdown: (): void => {} }
          acknowledged = await askToEnd(never, waits, options, () => {})
        }
      }
      // One that is recovered meanwhile is stopped all the same.
      if (remote.state !== 'offline') await remote.stop()
      const reason = acknowledged ? 'acknowledged' : 'reset'
      const how = acknowledged ? 'was shut down' : 'was reset'
      await this.#turns.leave('stopped', new OpenampError('ERR_STOPPED', `the remote ${how}`))
      this.#told.emit({ type: 'stopped', reason })
      if (remote.state === 'offline') return
      this.#at.state = 'detached'
      const others = 'others have started it as well, and the kernel counts: it runs on'
      this.#told.emit({ type: 'note', text: `${remote.name}: ${others}` })
    })
  }

  async release(): Promise<void> {
    this.#releasing ??= this.#release()
    this.#at.leaving = true
    await this.#releasing
  }

  async reportCrash(): Promise<void> {
    this.requireUp('reportCrash')
    await this.require().remote.crash()
  }

  async admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  require(): Loaded {
    return this.#at.require()
  }

  requireUp(call: string): Loaded {
    const loaded = this.require()
    if (this.up) return loaded
    throw this.#at.ended(call)
  }

  /** As `Remoteproc.diagnose`, as far as the kernel tells. */
  diagnose(): readonly string[] {
    const { remote } = this.require()
    return diagnoseKernel(remote, this.links)
  }

  async #release(): Promise<void> {
    const { remote, waits } = this.require()
    try {
      // A recovery of the kernel's that is under way goes on behind our back unless it is called off.
      if (this.state === 'running' || this.state === 'crashed') await this.shutdown({})
      await this.#turns.dumps.written()
    } finally {
      this.#turns.decided()
      waits.rejectAll(() => new OpenampError('ERR_STOPPED', 'the host has let go'))
      this.#at.parts = undefined
      this.#at.state = 'offline'
      await remote.close()
    }
  }
}
