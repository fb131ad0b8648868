import { WallClock } from '../../base/clock.js'
import { hex, OpenampError } from '../../base/errors.js'
import { EventSource, type Observer, rethrowLater } from '../../base/events.js'
import type { RpmsgDevice } from '../../rpmsg/index.js'
import { VIRTIO_FEATURE } from '../../virtio/index.js'
import { type Libc, loadLibc } from '../native/libc-node.js'
import { Poller } from '../native/poller-node.js'
import { UnixConnection, UnixListener } from '../native/unix-socket-node.js'
import { FileDescriptor } from './descriptor-node.js'
import { MEMORY_REGIONS_MAX, PAYLOAD_MAX, requestId } from './message.js'
import { MessageReader } from './reader.js'
import { Session } from './session.js'

/** What happens on a vhost-user server, for observers. */
export type VhostUserEvent =
  /** a front-end has connected */
  | { readonly type: 'connected' }
  /** its driver is there: the link is up, and `remote` is called */
  | { readonly type: 'ready'; readonly rpmsg: RpmsgDevice }
  /** the link has ended, and the front-end is still connected: another link may follow */
  | { readonly type: 'stopped'; readonly reason: Error }
  /** the front-end is gone; `reason` is undefined where it has simply left */
  | { readonly type: 'closed'; readonly reason: Error | undefined }

export interface VhostUserOptions {
  /** Path of the Unix socket to listen on. */
  readonly socket: string
  /**
   * The remote: called anew for each link that comes up. What it throws is a crash of the remote,
   * which closes the connection.
   */
  readonly remote: (rpmsg: RpmsgDevice) => void | Promise<void>
  readonly observer?: Observer<VhostUserEvent>
  /** Virtio features to offer; of name service, event index and version 1 all unless given. */
  readonly features?: number
  /**
   * Offer notifications as messages: on unless given. A front-end that knows them (User-Mode Linux)
   * then uses no event descriptors; QEMU does not, and always uses those.
   */
  readonly inband?: boolean
}

const FEATURES =
  2 ** VIRTIO_FEATURE.RPMSG_NS + 2 ** VIRTIO_FEATURE.RING_EVENT_IDX + 2 ** VIRTIO_FEATURE.VERSION_1

/** After a connection could not be accepted. */
const ACCEPT_AGAIN_MS = 100

/** Messages that one turn takes at most, so that a busy front-end cannot hold the program. */
const MESSAGES_PER_TURN = 64

/** A vhost-user back-end that listens for front-ends, and serves one at a time. */
export class VhostUserServer {
  readonly events = new EventSource<VhostUserEvent>()
  readonly #options: VhostUserOptions
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #listener: UnixListener
  readonly #clock = new WallClock()
  #unwatchListener: (() => void) | undefined
  #connection: Connection | undefined
  #closed = false

  /** See `serveVhostUser`. */
  constructor(options: VhostUserOptions, libc: Libc) {
    this.#options = options
    this.#libc = libc
    this.#poller = Poller.shared(libc)
    if (options.observer !== undefined) this.events.observe(options.observer)
    this.#listener = new UnixListener(libc, options.socket)
    this.#listen()
  }

  /** The RPMsg device while a link is up. */
  get rpmsg(): RpmsgDevice | undefined {
    return this.#connection?.rpmsg
  }

  /** Ends the link, telling the driver which channels end, and listens no more. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const endpoint of [...(this.rpmsg?.endpoints ?? [])]) endpoint.destroy()
    this.#connection?.close(undefined)
    this.#unwatchListener?.()
    this.#listener.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Further front-ends wait in the socket's queue until the present one has gone. */
  #listen(): void {
    const { fd } = this.#listener
    this.#unwatchListener = this.#poller.watch(fd, 'readable', () => this.#accept())
  }

  #accept(): void {
    const fd = this.#listener.accept()
    this.#unwatchListener?.()
    if (fd === undefined) {
      // It has gone again, or the process has no descriptor left: not to be asked for at once.
      this.#clock.after(ACCEPT_AGAIN_MS, 'timer', () => {
        if (!this.#closed) this.#listen()
      })
      return
    }
    const { remote, features = FEATURES, inband = true } = this.#options
    const connection = new Connection(this.#libc, this.#poller, fd, {
      features,
      inband,
      clock: this.#clock,
      remote,
      emit: (event) => {
        if (event.type === 'closed') {
          this.#connection = undefined
          if (!this.#closed) this.#listen()
        }
        if (event.type === 'closed' && event.reason !== undefined && !this.events.observed) {
          // Told to nobody, it would be lost.
          if (isOwnFault(event.reason)) rethrowLater(event.reason)
        }
        this.events.emit(event)
      },
    })
    this.#connection = connection
    this.events.emit({ type: 'connected' })
    connection.start()
  }
}

/** Front-ends come and go, and what they do wrong is theirs; what the remote throws is ours. */
function isOwnFault(reason: Error): boolean {
  return !(reason instanceof OpenampError) || reason.code === 'ERR_CRASHED'
}

interface ConnectionOptions {
  readonly features: number
  readonly inband: boolean
  readonly clock: WallClock
  readonly remote: VhostUserOptions['remote']
  readonly emit: (event: VhostUserEvent) => void
}

/** One front-end's connection: its socket, and the session on it. */
class Connection {
  rpmsg: RpmsgDevice | undefined
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #socket: UnixConnection
  readonly #options: ConnectionOptions
  readonly #reader = new MessageReader()
  readonly #session: Session
  #unwatch: (() => void) | undefined
  #closed = false

  constructor(libc: Libc, poller: Poller, fd: number, options: ConnectionOptions) {
    this.#libc = libc
    this.#poller = poller
    this.#options = options
    this.#socket = new UnixConnection(libc, fd, 'vhost-user', PAYLOAD_MAX, MEMORY_REGIONS_MAX)
    const { features, inband, clock, emit } = options
    this.#session = new Session({
      features,
      inband,
      clock,
      send: (bytes) => {
        if (!this.#closed) this.#socket.send(bytes)
      },
      ready: (rpmsg) => this.#ready(rpmsg),
      stopped: (reason) => {
        this.rpmsg = undefined
        emit({ type: 'stopped', reason })
      },
      failed: (error) => this.close(error),
    })
  }

  start(): void {
    this.#unwatch = this.#poller.watch(this.#socket.fd, 'readable', () => this.#readable())
  }

  /** Ends the connection; `reason` is undefined where nothing was wrong. */
  close(reason: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.rpmsg = undefined
    this.#session.close(reason ?? new OpenampError('ERR_STOPPED', 'the connection was closed'))
    this.#reader.close()
    this.#unwatch?.()
    this.#socket.close()
    this.#options.emit({ type: 'closed', reason })
  }

  #readable(): void {
    try {
      for (let i = 0; i < MESSAGES_PER_TURN && !this.#closed; ) {
        const received = this.#socket.receive(this.#reader.wanted)
        if (received.type === 'nothing') return
        if (received.type === 'ended') {
          this.close(undefined)
          return
        }
        const { bytes, fds } = received
        const files = fds.map((fd) => new FileDescriptor(this.#libc, this.#poller, fd))
        const message = this.#reader.push(bytes, files)
        if (message === undefined) continue
        this.#session.receive(message)
        // To map memory takes the longest of all.
        i += message.request === requestId('SET_MEM_TABLE') ? MESSAGES_PER_TURN : 1
      }
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #ready(rpmsg: RpmsgDevice): void {
    this.rpmsg = rpmsg
    const { emit, remote } = this.#options
    emit({ type: 'ready', rpmsg })
    const crashed = (cause: unknown): void => {
      // What a link that has ended makes of its users is no news.
      if (this.rpmsg !== rpmsg) return
      const what = cause instanceof Error ? cause.message : String(cause)
      this.close(new OpenampError('ERR_CRASHED', `the remote crashed: ${what}`, { cause }))
    }
    const run = async (): Promise<void> => remote(rpmsg)
    void run().catch(crashed)
  }
}

/**
 * Serves a remote to whatever speaks vhost-user: User-Mode Linux, QEMU, any other virtual machine
 * monitor. Its guest sees a virtio device for RPMsg (device id 7), whose driver it brings along.
 *
 * @example
 * const server = await serveVhostUser({
 *   socket: '/tmp/rpmsg.sock',
 *   remote: async (rpmsg) => {
 *     const channel = rpmsg.announce('rpmsg-raw')
 *     for await (const message of channel) await channel.send(message.data)
 *   },
 * })
 * @throws ERR_USAGE for a path that is too long or features that there are not, ERR_STATE where somebody listens on it already,
 *   ERR_SYSTEM where the system refuses, or the optional package koffi is not installed
 */
export async function serveVhostUser(options: VhostUserOptions): Promise<VhostUserServer> {
  const { features = FEATURES } = options
  const known = BigInt(FEATURES)
  if (!Number.isSafeInteger(features) || features < 0 || (BigInt(features) & ~known) !== 0n) {
    throw new OpenampError('ERR_USAGE', `features ${features} are not among ${hex(FEATURES)}`)
  }
  return new VhostUserServer(options, await loadLibc('vhost-user'))
}
