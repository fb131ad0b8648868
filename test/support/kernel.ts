import { VirtualClock } from '../../src/base/clock.js'
import type {
  KernelDump,
  KernelLink,
  KernelListener,
  KernelMachine,
  KernelRemote,
  KernelState,
  TraceReader,
} from '../../src/remoteproc/index.js'
import { noSink, type RpmsgTransport } from '../../src/rpmsg/index.js'

/** A kernel's remote that does nothing by itself: the test says what the kernel has done. */
export class PlayedKernel implements KernelRemote, KernelMachine {
  readonly kind = 'kernel'
  readonly name = 'remoteproc0 (played)'
  readonly clock = new VirtualClock()
  state: KernelState = 'offline'
  life: string | undefined
  asked = 0
  /** What was asked of the kernel, in order. */
  readonly calls: string[] = []
  /** Thrown by the next start. */
  refusal: Error | undefined
  /** Coredumps that it keeps. */
  readonly keeps: KernelDump[] = []
  /** What the next reading of one waits for. */
  reading: Promise<void> = Promise.resolve()
  /** How often it was started: it takes as many stops. */
  power = 0
  #listener: KernelListener | undefined
  readonly #taken = new Set<KernelDump>()
  #lives = 0

  async open(listener: KernelListener): Promise<KernelRemote> {
    this.#listener = listener
    return this
  }

  /** The kernel, or somebody else, has done something. */
  becomes(state: KernelState, { life = this.life, asked = false } = {}): void {
    this.state = state
    this.life = life
    if (asked) this.asked++
    this.changed()
  }

  changed(): void {
    this.#listener?.changed()
  }

  /** The name of another life. */
  another(): string {
    return `virtio0:${++this.#lives}`
  }

  async firmware(): Promise<undefined> {
    return undefined
  }

  async place({ name }: { readonly name: string }): Promise<void> {
    this.calls.push(`place ${name}`)
  }

  async start(): Promise<void> {
    this.calls.push('start')
    if (this.refusal !== undefined) throw this.refusal
    this.power++
    this.life = this.another()
    this.state = this.state === 'detached' ? 'attached' : 'running'
  }

  async stop(): Promise<void> {
    this.calls.push('stop')
    if (--this.power > 0) return
    this.state = 'offline'
    this.life = undefined
  }

  async detach(): Promise<void> {
    this.calls.push('detach')
    this.power = 0
    this.state = 'detached'
    this.life = undefined
  }

  async setPolicies(recovery: boolean, coredump: string): Promise<void> {
    this.calls.push(`recovery ${recovery}, coredump ${coredump}`)
  }

  /** As a kernel that can, unless `refusal` says that it cannot. */
  async recover(): Promise<void> {
    this.calls.push('recover')
    if (this.state !== 'crashed') return
    const booted = this.refusal === undefined
    this.state = booted ? 'running' : 'offline'
    this.life = booted ? this.another() : undefined
  }

  async crash(): Promise<void> {
    this.calls.push('crash')
  }

  get dumps(): readonly string[] {
    return this.keeps.map(({ name }) => name)
  }

  async takeCoredump(): Promise<KernelDump | undefined> {
    const dump = this.keeps.find((each) => !this.#taken.has(each))
    if (dump === undefined) return undefined
    this.#taken.add(dump)
    await this.reading
    return dump
  }

  traces(): readonly TraceReader[] {
    return []
  }

  openLink(): KernelLink {
    const transport: RpmsgTransport = {
      ...{ role: 'host', nameService: false, payloadSize: 496, sink: noSink, txFree: false },
      getTx: () => undefined,
      send: () => {},
      flush: () => {},
      releaseTx: () => {},
      notifyTx: () => false,
      poll: () => false,
      hasNews: () => false,
      close: () => {},
      stats: () => ({ rxHeld: 0, txFree: 0, rings: [] }),
    }
    return { transport, onLost: () => {}, onNote: () => {} }
  }

  async close(): Promise<void> {
    this.calls.push('close')
  }
}
