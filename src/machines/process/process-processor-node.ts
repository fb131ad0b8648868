import { WallClock } from '../../base/clock.js'
import type { Waiting } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { Processor, ProcessorListener } from '../../remoteproc/index.js'
import { VIRTIO_FEATURE } from '../../virtio/index.js'
import type { Libc } from '../native/libc-node.js'
import { Child, type ChildEnd, type ChildOptions } from './child-node.js'
import { checkTable, type HostFields, hostFields, layoutRegions, layoutTable } from './layout.js'
import type { Meeting } from './meeting.js'
import { MappedMemory } from './memory-node.js'
import { Rendezvous } from './rendezvous-node.js'
import { BELL, doorbellOf, type SocketBell } from './socket-bell-node.js'

/** A process whose connection has ended is given so long to end as well, before it is killed. */
const END_MS = 500

interface Life {
  readonly rendezvous: Rendezvous
  readonly child: Child | undefined
  /** The remote was asked to come to an end, and has said that it has. */
  acknowledged: boolean
  /** The listener was told how it ended, or has ended it itself. */
  over: boolean
}

/** A remote that is another process, over memory that both have mapped. */
export class ProcessProcessor implements Processor {
  readonly architecture = undefined
  readonly pc = undefined
  readonly space: AddressSpace
  readonly shared: Region
  readonly clock = new WallClock()
  readonly deterministic = false
  /** OpenAMP's C library must not be given the event index, even where its table offers it. */
  readonly features: number
  readonly waiting: Waiting
  readonly #libc: Libc
  readonly #meeting: Meeting
  readonly #command: ChildOptions | undefined
  readonly #listener: ProcessorListener
  readonly #memory: MappedMemory
  readonly #fields: HostFields
  #life: Life | undefined

  constructor(
    libc: Libc,
    meeting: Meeting,
    command: ChildOptions | undefined,
    waiting: Waiting,
    listener: ProcessorListener,
  ) {
    this.#libc = libc
    this.#meeting = meeting
    this.#command = command
    this.#listener = listener
    this.features = meeting.plain ? 0 : 2 ** VIRTIO_FEATURE.RING_EVENT_IDX
    const soon = meeting.plain ? setImmediate : undefined
    this.waiting = { ...waiting, doorbell: doorbellOf(() => this.#bell), soon }
    this.#memory = new MappedMemory(libc, meeting.layout.size)
    this.#fields = hostFields(meeting.layout)
    const { space, shared } = layoutRegions(meeting.layout, this.#memory.buffer)
    this.space = space
    this.shared = shared
  }

  carries(): boolean {
    return true
  }

  /**
   * What the host has prepared lies in memory that nobody else sees; it is moved into the memory that
   * is shared when that is at hand.
   */
  start(): void {
    if (this.#life !== undefined) {
      throw new OpenampError('ERR_STATE', 'the process has not left its last life yet')
    }
    const rendezvous = new Rendezvous(this.#libc, this.#meeting, 'host', this.#memory, {
      attach: (fd, listens) => this.#attach(fd, listens),
      connected: () => {},
      rung: () => this.#listener.kicked(this.#meeting.layout.vrings[0].notifyid),
      told: (byte) => this.#told(byte),
      lost: (reason) => void this.#lost(life, reason),
    })
    const child = this.#command && new Child(this.#command, (bytes) => this.#console(life, bytes))
    const life: Life = { rendezvous, child, acknowledged: false, over: false }
    this.#life = life
    void child?.ended.then((end) => this.#ended(life, end))
  }

  async stop(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.over = true
    // To a remote of ours the end of the connection is its reset; nobody else reaches the memory now.
    life.rendezvous.close()
    const { child } = life
    if (child === undefined) return
    if (life.acknowledged) await this.#within(child.ended)
    child.kill()
    await child.ended
  }

  kick(): void {
    this.#bell?.ring()
  }

  requestShutdown(): void {
    if (!this.#meeting.plain) this.#bell?.tell(BELL.SHUTDOWN)
  }

  wake(): void {}

  admit<T>(input: Promise<T>): Promise<T> {
    return input
  }

  async close(): Promise<void> {
    await this.stop()
  }

  get #bell(): SocketBell | undefined {
    return this.#life?.rendezvous.bell
  }

  #attach(fd: number, listens: boolean): void {
    const memory = this.#memory
    const content = memory.bytes.slice()
    const status = content[this.#fields.status] ?? 0
    content[this.#fields.status] = 0
    memory.attach(fd)
    if (!listens) {
      // The table is the other end's, which may read it already: only the host's fields are written.
      checkTable(this.#meeting.layout, memory.bytes)
      const { table } = this.#meeting.layout
      const { gfeatures } = this.#fields
      const accepted = content.slice(gfeatures, gfeatures + 4)
      const end = table + layoutTable(this.#meeting.layout).length
      content.set(memory.bytes.subarray(table, end), table)
      content.set(accepted, gfeatures)
    }
    memory.bytes.set(content)
    Atomics.store(memory.bytes, this.#fields.status, status)
  }

  #told(byte: number): void {
    const life = this.#life
    if (byte !== BELL.SHUTDOWN || life === undefined || life.acknowledged) return
    life.acknowledged = true
    queueMicrotask(() => {
      if (this.#life === life) this.#listener.shutdownAcknowledged()
    })
  }

  #console(life: Life, bytes: Uint8Array): void {
    if (!life.over) this.#listener.console(bytes)
  }

  /** The connection has ended, or could not be used. Why, the end of the process may tell. */
  async #lost(life: Life, reason: OpenampError): Promise<void> {
    const { child } = life
    const end = child && (await this.#within(child.ended))
    if (end !== undefined) this.#ended(life, end)
    else this.#over(life, life.acknowledged, `the other end is gone: ${reason.message}`)
  }

  #ended(life: Life, { inOrder, how }: ChildEnd): void {
    this.#over(life, inOrder, how)
  }

  #over(life: Life, inOrder: boolean, reason: string): void {
    if (life.over) return
    life.over = true
    if (inOrder) this.#listener.exited()
    else this.#listener.crashed(reason)
  }

  async #within<T>(promise: Promise<T>): Promise<T | undefined> {
    let cancel = (): void => {}
    const late = new Promise<undefined>((resolve) => {
      cancel = this.clock.after(END_MS, 'timer', () => resolve(undefined))
    })
    return Promise.race([promise, late]).finally(cancel)
  }
}
