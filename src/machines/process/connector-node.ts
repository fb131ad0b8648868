import { closeSync, type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isOpenampError, OpenampError } from '../../base/errors.js'
import type { Libc } from '../native/libc-node.js'
import type { Poller } from '../native/poller-node.js'
import { connectUnix, type Received, UnixConnection } from '../native/unix-socket-node.js'

/** Who listens binds first: between the two nobody answers yet, and no event follows. */
const AGAIN_MS = 20
const AGAIN_TIMES = 10
/** After a connection that was given nothing: the other end has a peer already. */
const REFUSED_MS = 200

/** The first message of one who listens: it may bring the memory along. */
export interface Greeting {
  /** The connection. */
  readonly fd: number
  /** The memory, where it came with it. */
  readonly memory: number | undefined
}

/**
 * Connects to whoever listens at a path, now or later: it is told by the folder when a socket appears
 * there.
 */
export class Connector {
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #path: string
  readonly #greeted: boolean
  readonly #connected: (greeting: Greeting) => void
  #watcher: FSWatcher | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #connection: UnixConnection | undefined
  #unwatch: (() => void) | undefined

  /**
   * @param greeted the one who listens sends a first message; before it nothing begins
   * @param connected is called once, from the event loop; `fd` is the caller's then
   * @throws ERR_SYSTEM where there is no such folder
   */
  constructor(
    libc: Libc,
    poller: Poller,
    path: string,
    greeted: boolean,
    connected: (greeting: Greeting) => void,
  ) {
    this.#libc = libc
    this.#poller = poller
    this.#path = path
    this.#greeted = greeted
    this.#connected = connected
    try {
      this.#watcher = watch(dirname(path), (_, name) => {
        if (name === null || name === basename(path)) this.#tryLater(0, AGAIN_TIMES)
      })
    } catch (cause) {
      throw new OpenampError('ERR_SYSTEM', `${dirname(path)} cannot be watched`, { cause })
    }
    this.#tryLater(0, AGAIN_TIMES)
  }

  close(): void {
    this.#watcher?.close()
    clearTimeout(this.#timer)
    this.#dropConnection()
  }

  #tryLater(milliseconds: number, times: number): void {
    if (this.#connection !== undefined) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#try(times), milliseconds)
  }

  #try(times: number): void {
    const fd = connectUnix(this.#libc, this.#path)
    if (fd === undefined) {
      if (times > 0) this.#tryLater(AGAIN_MS, times - 1)
    } else if (this.#greeted) {
      this.#awaitGreeting(fd)
    } else {
      this.#done({ fd, memory: undefined })
    }
  }

  #awaitGreeting(fd: number): void {
    const connection = new UnixConnection(this.#libc, fd, 'openamp/process', 1, 2)
    this.#connection = connection
    this.#unwatch = this.#poller.watch(fd, 'readable', () => {
      const received = receiveGreeting(connection)
      if (received.type === 'nothing') return
      if (received.type === 'ended') {
        this.#dropConnection()
        this.#tryLater(REFUSED_MS, AGAIN_TIMES)
        return
      }
      this.#unwatch?.()
      this.#unwatch = undefined
      this.#connection = undefined
      const [memory, ...more] = received.fds
      for (const other of more) closeSync(other)
      this.#done({ fd, memory })
    })
  }

  #done(greeting: Greeting): void {
    this.close()
    this.#connected(greeting)
  }

  #dropConnection(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#connection?.close()
    this.#connection = undefined
  }
}

/** Whoever sends more than a greeting brings is none of ours: as one that ends. */
function receiveGreeting(connection: UnixConnection): Received {
  try {
    return connection.receive(1)
  } catch (error) {
    if (isOpenampError(error, 'ERR_PEER')) return { type: 'ended' }
    throw error
  }
}
