import { spawnRemoteThread } from '#remote-thread'
import { WallClock } from '../../base/clock.js'
import { type Doorbell, spinTime, type Waiting } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { Processor, ProcessorListener } from '../../remoteproc/index.js'
import { VIRTIO_FEATURE } from '../../virtio/index.js'
import { CheckedBell } from './bell.js'
import { ControlBlock } from './control-block.js'
import { allocateMemory, mapMemory } from './layout.js'
import { type RemoteThread, tell } from './link.js'

export interface ThreadProcessorOptions {
  readonly url: string
  /** Bytes for rings and buffers. */
  readonly memorySize: number
  readonly waiting: Omit<Waiting, 'doorbell'>
  readonly data: unknown
}

/** A remote that is a module in a worker thread. Each life is a new thread over the same memory. */
export class ThreadProcessor implements Processor {
  readonly architecture = undefined
  readonly pc = undefined
  readonly deterministic = false
  readonly features = 1 << VIRTIO_FEATURE.RING_EVENT_IDX
  readonly clock = new WallClock()
  readonly space: AddressSpace
  readonly shared: Region
  readonly waiting: Waiting
  readonly #options: ThreadProcessorOptions
  readonly #listener: ProcessorListener
  readonly #memory: SharedArrayBuffer
  readonly #control = new ControlBlock()
  #thread: RemoteThread | undefined
  #unlisten = (): void => {}

  constructor(options: ThreadProcessorOptions, listener: ProcessorListener) {
    this.#options = options
    this.#listener = listener
    this.#memory = allocateMemory(options.memorySize)
    const { space, shared } = mapMemory(this.#memory)
    this.space = space
    this.shared = shared
    const doorbell: Doorbell = new CheckedBell(this.#control.toHost, () => this.#requireAlive())
    this.waiting = { ...options.waiting, doorbell }
  }

  get running(): boolean {
    return this.#thread !== undefined
  }

  carries(): boolean {
    return true
  }

  start(): void {
    const { url, data, waiting } = this.#options
    this.#control.begin()
    const task = {
      type: 'run',
      url,
      data,
      memory: this.#memory,
      control: this.#control.buffer,
    } as const
    this.#thread = spawnRemoteThread(task, {
      report: (report) => tell(this.#listener, report),
      ended: (reason) => this.#listener.crashed(reason, { kind: 'fault' }),
    })
    if (waiting.style === 'poll') return
    const kicked = (): void => this.#listener.kicked(0)
    this.#unlisten = this.#control.toHost.listen(spinTime(waiting.style), kicked)
  }

  async stop(): Promise<void> {
    const thread = this.#thread
    if (thread === undefined) return
    this.#thread = undefined
    this.#unlisten()
    this.#control.setReset()
    await thread.terminate()
  }

  kick(): void {
    this.#control.toRemote.ring()
  }

  requestShutdown(): void {
    this.#control.requestShutdown()
  }

  // A thread cannot be seen to be idle for ever: it may have timers.
  wake(): void {}

  async admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    await this.stop()
  }

  #requireAlive(): boolean {
    if (!this.#control.ended) return false
    throw new OpenampError('ERR_CRASHED', 'the remote’s thread has ended while it was waited for')
  }
}
