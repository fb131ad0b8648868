import { OpenampError } from '../base/errors.js'
import type { Waits } from '../base/waits.js'
import { type DetachOptions, resetDevices, sayGoodbye } from './attach.js'
import { Coredumps } from './coredump.js'
import { type Crash, describeCrash } from './crash.js'
import type { StopReason } from './events.js'
import { startHeartbeat } from './heartbeat.js'
import { LifeListener } from './life-listener.js'
import type { LifeOptions } from './life-options.js'
import { bringUp, type Link, lastLook } from './links.js'
import type { Fault, Processor } from './machine.js'
import { type Prepared, writeTable, writeToMemory } from './prepare.js'
import { Recovery } from './recovery.js'
import type { Standing } from './standing.js'
import { Subdevices } from './subdevices.js'
import type { Told } from './told.js'

/** An image on its machine, and everything that waits for the remote. */
export interface Loaded extends Prepared {
  readonly waits: Waits
}

/**
 * The two turns of each life of a remote, its beginning and its end, whatever it ends by: what happens
 * there, and in which order. `Life` says when.
 */
export class Turns {
  links: readonly Link[] = []
  /** What the processor is told to talk to. */
  readonly listener: LifeListener
  readonly recovery: Recovery
  readonly dumps: Coredumps
  readonly subdevices: Subdevices
  /** A boot or attach that is under way. */
  beginning: Promise<void> | undefined
  /** While the remote leaves a life; the next one begins after it. */
  halting: Promise<void> | undefined
  /** Told when a life begins. */
  onBegin = (): void => {}
  readonly #at: Standing<Loaded>
  readonly #told: Told
  readonly #options: LifeOptions
  /** Bumped at each boot and end, so that what belongs to an earlier life is recognised. */
  #number = 0
  #bootedAt = 0
  #stopHeartbeat = (): void => {}

  constructor(at: Standing<Loaded>, told: Told, options: LifeOptions) {
    this.#at = at
    this.#told = told
    this.#options = options
    this.recovery = new Recovery(options.recovery)
    this.dumps = new Coredumps(options.coredump, (event) => told.emit(event))
    this.subdevices = new Subdevices(options.subdevices)
    this.listener = new LifeListener(
      {
        links: () => this.links,
        up: () => this.up,
        require: () => this.#at.require(),
        readTraces: () => this.readTraces(),
        ended: (call) => this.#at.ended(call),
        exited: () => this.#noteFailure(this.stop('exited')),
        crashed: (reason, fault) => this.#crash(reason, fault),
      },
      told,
    )
  }

  get up(): boolean {
    const { state } = this.#at
    return state === 'running' || state === 'suspended'
  }

  async begin(attach: boolean): Promise<void> {
    const beginning = this.#beginLife(attach).finally(() => {
      this.beginning = undefined
    })
    this.beginning = beginning
    await beginning
  }

  async #beginLife(attach: boolean): Promise<void> {
    const loaded = this.#at.require()
    const { processor } = loaded
    const { heartbeat } = this.#options
    const { subdevices } = this
    if (subdevices.any) await subdevices.prepare()
    try {
      // Meanwhile the host may have let go of a remote that it had not attached to yet.
      if (attach && this.#at.leaving) {
        throw new OpenampError('ERR_STATE', 'attach: the remote is being deinitialised')
      }
      if (attach) writeTable(loaded)
      else writeToMemory(loaded)
    } catch (error) {
      await subdevices.unprepare()
      throw error
    }
    const number = ++this.#number
    this.#at.ending = undefined
    this.listener.failure = undefined
    this.onBegin()
    this.#told.restart()
    this.#bootedAt = processor.clock.now()
    this.#at.state = 'running'
    try {
      if (!attach) await processor.start(loaded.image.entry)
      if (number !== this.#number) throw this.#at.ended('boot')
      for (const plan of loaded.vdevs) this.links = [...this.links, this.#bringUp(plan, loaded)]
      this.#told.emit({ type: attach ? 'attached' : 'booted' })
      if (subdevices.any) await subdevices.start()
    } catch (error) {
      if (number === this.#number) await (attach ? this.letGo({}) : this.stop('reset', error))
      throw error
    }
    if (number !== this.#number) throw this.#at.ended('boot')
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
        const { reason, fault } = this.listener.failure ?? {
          reason: error.message,
          fault: { kind: 'protocol', ...pcOf(processor) },
        }
        this.#crash(reason, fault)
      },
      onEvent: (event) => this.#told.emit(event),
    })
  }

  /** @param cause what the boot that ends here has failed of */
  async stop(reason: StopReason, cause?: unknown): Promise<void> {
    lastLook(this.links)
    if (!this.up && this.#at.state !== 'detached') return
    const how = { exited: 'powered itself off', acknowledged: 'was shut down', reset: 'was reset' }
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const error = new OpenampError('ERR_STOPPED', `the remote ${how[reason]}${why}`, { cause })
    await this.#end('stopped', error, undefined, () => this.#told.emit({ type: 'stopped', reason }))
  }

  #crash(what: string, fault: Fault): void {
    if (!this.up && this.#at.state !== 'detached') return
    const { image, processor, waits } = this.#at.require()
    const crash = describeCrash(what, fault, image)
    const lasted = (processor.clock.now() - this.#bootedAt) / 1e6
    const delay = this.recovery.crashed(lasted, fault.kind === 'reset')
    const error = new OpenampError('ERR_CRASHED', `the remote crashed: ${crash.reason}`)
    const halting = this.#end('crashed', error, crash)
    this.#told.emit({ type: 'crashed', reason: crash.reason, crash })
    if (delay === undefined || !this.recovery.pending) {
      this.#noteFailure(halting)
      return
    }
    void this.recovery.run(delay, halting, {
      waits,
      begin: () => this.begin(false),
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
    const { processor } = this.#at.require()
    // First, so that whoever boots from within what follows waits for it.
    return this.#leave(state, error, async () => {
      try {
        await processor.stop()
      } finally {
        if (this.subdevices.any) {
          await this.subdevices.stop(true)
          await this.subdevices.unprepare()
        }
      }
      if (crash !== undefined) await this.dumps.take(processor, this.#at.require().image, crash)
      onHalted()
    })
  }

  /** Detaches: the device is reset and the table is as new, as Linux has it, and the remote is told. */
  letGo(options: DetachOptions): Promise<void> {
    const loaded = this.#at.require()
    const { processor, waits } = loaded
    lastLook(this.links)
    resetDevices(this.links)
    writeTable(loaded)
    const error = new OpenampError('ERR_STOPPED', 'the remote was detached from')
    return this.#leave('detached', error, async () => {
      // What waits now ends with the link; the answer is waited for after that.
      await Promise.resolve()
      const acknowledged = await sayGoodbye(processor, waits, options, (onAcknowledged) => {
        this.listener.onAcknowledged.detach = onAcknowledged
      })
      await this.subdevices.unprepare()
      this.#told.emit({ type: 'detached', acknowledged })
    })
  }

  #leave(
    state: 'stopped' | 'crashed' | 'detached',
    error: Error,
    halt: () => Promise<void>,
  ): Promise<void> {
    const { waits } = this.#at.require()
    this.readTraces()
    this.#stopHeartbeat()
    this.#at.state = state
    this.#at.ending = error
    this.#number++
    const links = this.links
    this.links = []
    const halting = halt().finally(() => {
      if (this.halting === halting) this.halting = undefined
    })
    this.halting = halting
    for (const { device } of links) device.close(error)
    waits.rejectAll(() => error)
    return halting
  }

  readTraces(): void {
    if (this.up) this.#told.traces(this.#at.require().traces)
  }
}

/** Where the core is, where that can be seen. */
export function pcOf({ pc }: Processor): { readonly pc?: number } {
  return pc === undefined ? {} : { pc }
}
