import { OpenampError } from '../base/errors.js'
import type { RemoteprocState } from './events.js'
import { KernelDumps } from './kernel-dumps.js'
import { type KernelLinkUp, takeUpLink } from './kernel-link.js'
import type { KernelRemote } from './kernel-machine.js'
import type { PreparedForKernel } from './kernel-prepare.js'
import { followUnnoticed } from './kernel-unnoticed.js'
import { runs, verdictOn } from './kernel-verdict.js'
import type { LifeOptions } from './life-options.js'
import { Recovery } from './recovery.js'
import type { RemoteParts } from './remote-life.js'
import type { Standing } from './standing.js'
import { Subdevices } from './subdevices.js'
import type { Told } from './told.js'

export interface Loaded extends RemoteParts, PreparedForKernel {
  readonly remote: KernelRemote
}

/** Milliseconds after which a remote without channels that is neither recovered nor stopped has ended. */
const UNDECIDED = 2000

const NOT_AGAIN = 'the kernel could not boot it again'

/**
 * The turns of the lives that a kernel gives a remote. It does what is asked, and other things at other
 * times: so at each sign of a change the present state is compared with what was last known.
 */
export class KernelTurns {
  links: readonly KernelLinkUp[] = []
  readonly subdevices: Subdevices
  readonly dumps: KernelDumps
  /** Ours, where it has bounds: the kernel knows none, and does it only when it is told to. */
  readonly recovery: Recovery
  readonly #at: Standing<Loaded>
  readonly #told: Told
  readonly #options: LifeOptions
  /** A call of ours that changes the state is under way, and looks when it is done. */
  #busy = false
  /** The kernel is at a recovery that we have told it to do. */
  #recovering = false
  /** It runs again, and is being taken up. */
  #again = false
  #undecided: (() => void) | undefined
  /** Recoveries of the kernel's own, since the last boot. */
  #recoveries = 0
  #begunAt = 0
  #stopTimers = (): void => {}

  constructor(at: Standing<Loaded>, told: Told, options: LifeOptions) {
    this.#at = at
    this.#told = told
    this.#options = options
    this.subdevices = new Subdevices(options.subdevices)
    this.dumps = new KernelDumps(options.coredump, (event) => told.emit(event))
    const { recovery } = options
    this.recovery = new Recovery(typeof recovery === 'object' ? recovery : 'disabled')
  }

  get busy(): boolean {
    return this.#busy
  }

  get up(): boolean {
    return this.#at.state === 'running'
  }

  get comingBack(): boolean {
    const { state } = this.#at
    if (state === 'crashed') return this.kernelRecovers || this.recovery.pending || this.#again
    return state === 'detached'
  }

  /** The kernel boots it again by itself, at once and each time. */
  get kernelRecovers(): boolean {
    return this.#options.recovery === 'enabled'
  }

  /** A row of crashes ends here: somebody begins a life on purpose. */
  restart(): void {
    this.#recoveries = 0
    this.recovery.restart()
  }

  /** Runs what changes the state; what the kernel tells meanwhile is looked at after it. */
  async change(what: () => Promise<void>): Promise<void> {
    if (this.#busy) throw new OpenampError('ERR_STATE', 'the remote is changing its state')
    this.#busy = true
    try {
      await what()
    } finally {
      this.#busy = false
      this.look()
    }
  }

  async begin(type: 'booted' | 'attached'): Promise<void> {
    this.#takeUp(type)
    try {
      await this.subdevices.start()
    } catch (error) {
      const { remote } = this.#at.require()
      await remote.stop()
      const reason = error instanceof Error ? error : new Error(String(error))
      await this.leave('stopped', reason)
      this.#told.emit({ type: 'stopped', reason: 'reset' })
      throw error
    }
  }

  /** The kernel has brought the remote up: so do we. */
  #takeUp(type: 'booted' | 'attached'): void {
    const { remote, waits, traces } = this.#at.require()
    this.#at.ending = undefined
    this.#told.restart()
    this.#begunAt = waits.clock.now()
    const link = takeUpLink(remote, waits, this.#options.nameService, this.#told, () => this.look())
    this.links = [link]
    this.#at.state = 'running'
    if (type === 'booted') for (const trace of traces) trace.restart()
    this.#told.emit({ type })
    const { heartbeat } = this.#options
    this.#stopTimers = followUnnoticed({
      ...{ clock: waits.clock, device: link.device, heartbeat },
      look: traces.length > 0 ? () => this.#told.traces(traces) : undefined,
      dead: (reason) => {
        this.#told.emit({ type: 'note', text: reason })
        remote.crash().catch((error: unknown) => this.#noteError(error))
      },
    })
    link.device.poll()
  }

  /** Compares what the kernel says with what was last known. */
  look(): void {
    if (this.#at.parts === undefined || this.#busy || this.#at.leaving) return
    const { remote } = this.#at.parts
    const { state } = remote
    const [link] = this.links
    void this.dumps.look(remote, this.#at.parts.image, (name) => this.#dumped(name))
    if (link !== undefined) this.#lookAtLink(link, remote)
    else if (this.#at.state === 'crashed') {
      if (this.#recovering) return
      if (runs(state)) this.#recovered()
      else if (state === 'offline') this.#decideLater(() => this.#goneAfterCrash())
    } else if (this.#at.state !== 'offline') this.#at.state = restingState(remote, this.#at.state)
  }

  /** Of a remote without devices nothing else may tell, and of one that is between two lives nothing yet. */
  #dumped(name: string): void {
    const [link] = this.links
    // One of a crash before this life may be found as late as in this one.
    if (link === undefined || link.dumpsBefore.has(name)) return
    this.#crashed()
    this.look()
  }

  #lookAtLink(link: KernelLinkUp, remote: KernelRemote): void {
    const verdict = verdictOn(link, remote)
    switch (verdict.kind) {
      case 'goes on':
        this.decided()
        // Its devices have come by now: the kernel makes them after the start, if it has to load drivers. Only
        // then: what is another life by now, a moment after the verdict, is for the next look.
        if (link.life === undefined) this.links = [{ ...link, life: remote.life }]
        link.device.poll()
        break
      case 'crashed':
        this.#crashed()
        break
      case 'recovered':
        this.#crashed()
        this.look()
        break
      case 'ended':
        this.#endedElsewhere(verdict.state, verdict.how)
        break
      case 'on its way':
        if (!verdict.decide) break
        this.#decideLater(() => {
          if (remote.state === 'offline') this.#endedElsewhere('stopped', 'has ended')
          else this.look()
        })
    }
  }

  #decideLater(decide: () => void): void {
    if (this.#undecided !== undefined) return
    const { waits } = this.#at.require()
    this.#undecided = waits.clock.after(UNDECIDED, 'deadline', () => {
      this.#undecided = undefined
      if (!this.#busy) decide()
    })
  }

  decided(): void {
    this.#undecided?.()
    this.#undecided = undefined
  }

  #crashed(): void {
    if (!this.up) return
    const { waits } = this.#at.require()
    const delay = this.recovery.crashed((waits.clock.now() - this.#begunAt) / 1e6)
    const reason = 'the kernel has found it crashed'
    const error = new OpenampError('ERR_CRASHED', `the remote crashed: ${reason}`)
    const left = this.leave('crashed', error, true)
    const crash = { reason, kind: 'failure' } as const
    this.#told.emit({ type: 'crashed', reason, crash })
    if (delay !== undefined && this.recovery.pending) {
      void this.recovery.run(delay, left, {
        waits,
        begin: () => this.#recover(),
        emit: (event) => this.#told.emit(event),
      })
      return
    }
    left.catch((error: unknown) => this.#noteError(error))
    if (this.kernelRecovers) {
      this.#told.emit({ type: 'recovering', attempt: ++this.#recoveries, delay: 0 })
    }
  }

  /** Has the kernel boot it again, once. */
  async #recover(): Promise<void> {
    const { remote } = this.#at.require()
    const before = remote.state
    // Others have been faster: what they have done is looked at by itself.
    if (before !== 'crashed') return
    this.#recovering = true
    try {
      await remote.recover()
    } finally {
      this.#recovering = false
    }
    // It may have been ended meanwhile.
    if (!this.recovery.pending) return
    if (remote.state === 'offline') {
      this.#at.state = 'stopped'
      throw new OpenampError('ERR_CRASHED', `the remote crashed, and ${NOT_AGAIN}`)
    }
    await this.#beginAgain()
  }

  /** The kernel has it running again. */
  #recovered(): void {
    this.decided()
    this.#beginAgain().catch((error: unknown) => this.#noteError(error))
    this.recovery.cancel()
  }

  async #beginAgain(): Promise<void> {
    this.#again = true
    try {
      await this.change(async () => {
        await this.subdevices.prepare()
        await this.begin('booted')
      })
    } finally {
      this.#again = false
    }
  }

  #goneAfterCrash(): void {
    if (this.#at.state !== 'crashed' || this.#at.require().remote.state !== 'offline') return
    this.#at.state = 'stopped'
    const { waits } = this.#at.require()
    if (this.kernelRecovers) {
      this.#told.emit({ type: 'recovery failed', reason: NOT_AGAIN })
      const error = new OpenampError('ERR_CRASHED', `the remote crashed, and ${NOT_AGAIN}`)
      waits.rejectAll(() => error)
    } else {
      this.recovery.cancel()
      this.#told.emit({ type: 'stopped', reason: 'reset' })
      waits.rejectAll(() => new OpenampError('ERR_STOPPED', 'the remote was stopped by others'))
    }
  }

  #endedElsewhere(state: 'stopped' | 'detached', how: string): void {
    this.decided()
    const error = new OpenampError('ERR_STOPPED', `the remote ${how}`)
    void this.leave(state, error, true).catch((error: unknown) => this.#noteError(error))
    if (state === 'stopped') this.#told.emit({ type: 'stopped', reason: 'reset' })
    else this.#told.emit({ type: 'detached', acknowledged: false })
  }

  /** The remote is out of our hands: what belongs to its life ends with `error`. */
  async leave(
    state: 'stopped' | 'crashed' | 'detached',
    error: Error,
    gone = false,
  ): Promise<void> {
    const { waits, traces } = this.#at.require()
    this.decided()
    if (this.up) this.#told.traces(traces)
    this.#stopTimers()
    this.#stopTimers = () => {}
    this.#at.state = state
    this.#at.ending = error
    const { links } = this
    this.links = []
    for (const { device } of links) device.close(error)
    waits.rejectAll(() => error)
    if (gone) await this.subdevices.stop(true)
    await this.subdevices.unprepare()
  }

  #noteError(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#told.emit({ type: 'note', text })
  }
}

/** The state of a remote that this host has nothing to do with just now. */
export function restingState(
  { state }: KernelRemote,
  before: RemoteprocState = 'ready',
): RemoteprocState {
  if (state === 'offline')
    return before === 'stopped' || before === 'detached' ? 'stopped' : 'ready'
  return state === 'crashed' ? 'crashed' : 'detached'
}
