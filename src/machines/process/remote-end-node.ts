import { type Clock, WallClock } from '../../base/clock.js'
import { spinTime, type Waiting, type WaitStyle } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import { EventSource, type Observer } from '../../base/events.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { type Libc, loadLibc } from '../native/libc-node.js'
import { type HostFields, hostFields, layoutRegions, layoutTable } from './layout.js'
import type { Meeting } from './meeting.js'
import { MappedMemory } from './memory-node.js'
import { type MeetingOptions, meetingOf, spawnedMeeting } from './place-node.js'
import { Rendezvous } from './rendezvous-node.js'
import { BELL, doorbellOf } from './socket-bell-node.js'

/** What happens to a remote's connection, for observers. */
export type RemoteEndEvent =
  /** a host is there; its driver may come up later */
  | { readonly type: 'connected' }
  /**
   * the host is gone, or nobody can come where it was; unless this process belongs to it, the next one is
   * waited for
   */
  | { readonly type: 'lost'; readonly reason: OpenampError }
  /** the host was caught lying; nothing goes over the link until it begins anew */
  | { readonly type: 'broken'; readonly reason: OpenampError }

export interface RemoteEndOptions extends MeetingOptions {
  /** How the remote's end waits for the host's; 'sleep' unless given. */
  readonly wait?: WaitStyle
  /** Send what `send` is given in one turn of the event loop under one kick; on unless given. */
  readonly coalesce?: boolean
  readonly observer?: Observer<RemoteEndEvent>
}

/** After a host has gone, so that one that does not stay is not asked for again at once. */
const AGAIN_MS = 20
/** After it could not go where the next one will come: somebody else listens there, the folder is gone. */
const REFUSED_MS = 1000

/**
 * A remote's end of the memory that it shares with a host in another process: what `resourceInit`
 * needs. Made by `connectHost`. It keeps the process running until it is closed.
 */
export class RemoteEnd {
  readonly events = new EventSource<RemoteEndEvent>()
  readonly space: AddressSpace
  readonly tableAddress: number
  readonly clock: Clock = new WallClock()
  readonly waiting: Waiting
  /** To be set: called when the host has kicked, has come, or has gone. */
  onKick: () => void = () => {}
  /**
   * To be set: called when the host asks the remote to come to an end, from within a synchronous wait
   * too; see `acknowledge`.
   */
  onShutdown: () => void = () => {}
  readonly #libc: Libc
  readonly #meeting: Meeting
  readonly #memory: MappedMemory
  readonly #fields: HostFields
  readonly #belongs: boolean
  readonly #reset = new AbortController()
  #rendezvous: Rendezvous | undefined
  #timer: (() => void) | undefined
  #closed = false

  /** @param belongs the process was spawned by its host, and ends with it */
  constructor(libc: Libc, meeting: Meeting, belongs: boolean, waiting: Waiting) {
    const soon = meeting.plain ? setImmediate : undefined
    this.waiting = { ...waiting, doorbell: doorbellOf(() => this.#rendezvous?.bell), soon }
    this.#libc = libc
    this.#meeting = meeting
    this.#belongs = belongs
    this.#memory = new MappedMemory(libc, meeting.layout.size)
    this.#fields = hostFields(meeting.layout)
    this.space = layoutRegions(meeting.layout, this.#memory.buffer).space
    this.tableAddress = meeting.layout.table
    this.#memory.bytes.set(layoutTable(meeting.layout), meeting.layout.table)
    this.#meet()
  }

  /** Aborted when the host that has spawned this process resets it, or is gone. */
  get reset(): AbortSignal {
    return this.#reset.signal
  }

  get connected(): boolean {
    return this.#rendezvous?.bell !== undefined
  }

  /** For `resourceInit`. */
  readonly onPeerFault = (reason: OpenampError): void => {
    this.events.emit({ type: 'broken', reason })
  }

  /** Kicks the host, whatever the ring. */
  readonly kick = (): void => {
    this.#rendezvous?.bell?.ring()
  }

  /** Tells the host that the remote has come to an end, as it was asked to. */
  acknowledge(): void {
    if (!this.#meeting.plain) this.#rendezvous?.bell?.tell(BELL.SHUTDOWN)
  }

  /** Leaves; the host sees the connection end. `resourceDeinit` is to be called before. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.()
    this.#rendezvous?.close()
  }

  #meet(): void {
    this.#rendezvous = new Rendezvous(this.#libc, this.#meeting, 'remote', this.#memory, {
      attach: (fd, listens) => this.#attach(fd, listens),
      connected: () => {
        this.events.emit({ type: 'connected' })
        this.onKick()
      },
      rung: () => this.onKick(),
      told: (byte) => {
        if (byte === BELL.SHUTDOWN) this.onShutdown()
      },
      lost: (reason) => this.#lost(reason),
    })
  }

  #attach(fd: number, listens: boolean): void {
    const { bytes } = this.#memory
    if (!listens) {
      this.#memory.attach(fd)
      return
    }
    this.#memory.attach(fd)
    // Whoever listens writes the table, before anybody can connect.
    bytes.set(layoutTable(this.#meeting.layout), this.#meeting.layout.table)
  }

  #lost(reason: OpenampError): void {
    this.#rendezvous?.close()
    this.#rendezvous = undefined
    // In what is left of the memory there is no driver any more, and no lie of the last host's.
    const { bytes } = this.#memory
    Atomics.store(bytes, this.#fields.status, 0)
    bytes.set(layoutTable(this.#meeting.layout), this.#meeting.layout.table)
    if (this.#belongs) {
      this.#closed = true
      this.#reset.abort()
    }
    this.events.emit({ type: 'lost', reason })
    this.onKick()
    if (this.#closed) return
    this.#meetIn(AGAIN_MS)
  }

  #meetIn(milliseconds: number, told = false): void {
    this.#timer = this.clock.after(milliseconds, 'timer', () => {
      try {
        this.#meet()
      } catch (error) {
        if (!(error instanceof OpenampError)) throw error
        // Others of this user can do that to it at any time, and mend it.
        if (!told) this.events.emit({ type: 'lost', reason: error })
        if (!this.#closed) this.#meetIn(REFUSED_MS, true)
      }
    })
  }
}

/**
 * A remote's way to its host in another process. Without options it is the host that has spawned this
 * process; with options any that meets there, one after the other, now or later.
 *
 * @example
 * const host = await connectHost({ name: 'sensors' })
 * const remote = resourceInit(host)
 * host.onKick = () => remote.kicked()
 * const rpmsg = await remote.whenReady()
 * @throws ERR_USAGE, ERR_STATE (somebody listens there already), ERR_SYSTEM
 */
export async function connectHost(options: RemoteEndOptions = {}): Promise<RemoteEnd> {
  const { observer, wait = 'sleep', coalesce = true } = options
  spinTime(wait)
  const named = options.name !== undefined || options.socket !== undefined
  const spawned = named ? undefined : spawnedMeeting()
  const meeting = meetingOf({ ...spawned, ...options })
  const libc = await loadLibc('openamp/process')
  const end = new RemoteEnd(libc, meeting, spawned !== undefined, { style: wait, coalesce })
  if (observer !== undefined) end.events.observe(observer)
  return end
}
