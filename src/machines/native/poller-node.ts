import { readSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { rethrowLater } from '../../base/events.js'
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  type Libc,
  systemError,
} from './libc-node.js'

/**
 * What is waited for: `readable` for as long as it is, `signalled` each time that more has come,
 * `writable` once there is room; `told` is `readable`, or something else is to be asked for (EPOLLPRI).
 */
export type Interest = 'readable' | 'signalled' | 'writable' | 'told'

const EVENTS: Record<Interest, number> = {
  readable: EPOLLIN,
  signalled: EPOLLIN + EPOLLET,
  writable: EPOLLOUT + EPOLLET,
  told: EPOLLIN + EPOLLPRI,
}

interface Watch {
  readonly fd: number
  readonly ready: () => void
}

/** struct epoll_event is packed on x86-64 only. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16
const EVENT_DATA = process.arch === 'x64' ? 4 : 8
const EVENTS_MAX = 32

/**
 * The end of a thread waits for what it has in the pool, and is told to nobody before: in a worker the
 * sleep has an end of its own.
 */
const TIMEOUT_MS = isMainThread ? -1 : 500

const one = new Uint8Array(new BigUint64Array([1n]).buffer)

/**
 * Waits for file descriptors which Node's own event loop does not take. One thread of libuv's pool
 * sleeps in epoll_wait while anything is watched, and keeps the program running as a timer would.
 * The program has one, for threads of the pool are few: `Poller.shared`.
 */
export class Poller {
  readonly #libc: Libc
  readonly #epoll: number
  /** An eventfd that ends the sleep. */
  readonly #wake: number
  readonly #watches = new Map<number, Watch>()
  readonly #events = new DataView(new ArrayBuffer(EVENTS_MAX * EVENT_BYTES))
  #lastToken = 0
  #sleeping = false
  readonly #onExit = (): void => this.#rouse()

  static #shared: Poller | undefined

  static shared(libc: Libc): Poller {
    Poller.#shared ??= new Poller(libc)
    return Poller.#shared
  }

  private constructor(libc: Libc) {
    this.#libc = libc
    this.#epoll = libc.epoll_create1(EPOLL_CLOEXEC)
    this.#wake = libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)
    if (this.#epoll < 0 || this.#wake < 0) throw systemError(libc, 'epoll')
    this.#add(this.#wake, 0, EPOLLIN)
  }

  /**
   * Calls `ready` until the returned function is called, which is to be done before `fd` is closed.
   * @returns undefined for a file that cannot be waited for
   */
  watch(fd: number, interest: Interest, ready: () => void): (() => void) | undefined {
    // A token, not the number of the file: that may be another one's by the time the event is read.
    const token = ++this.#lastToken
    if (!this.#add(fd, token, EVENTS[interest])) return undefined
    this.#watches.set(token, { fd, ready })
    this.#sleep()
    return () => {
      if (!this.#watches.delete(token)) return
      this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd, this.#event(0, 0))
      if (this.#watches.size === 0) this.#rouse()
    }
  }

  #sleep(): void {
    if (this.#sleeping) return
    this.#sleeping = true
    // The end of the process waits for the threads of the pool.
    process.once('exit', this.#onExit)
    const bytes = new Uint8Array(this.#events.buffer)
    this.#libc.epoll_wait(this.#epoll, bytes, EVENTS_MAX, TIMEOUT_MS, (_, count) =>
      this.#woke(count),
    )
  }

  #woke(count: number): void {
    this.#sleeping = false
    process.off('exit', this.#onExit)
    for (let i = 0; i < count; i++) {
      const token = this.#events.getUint32(i * EVENT_BYTES + EVENT_DATA, true)
      if (token === 0) this.#drainWake()
      try {
        this.#watches.get(token)?.ready()
      } catch (error) {
        rethrowLater(error)
      }
    }
    if (this.#watches.size > 0) this.#sleep()
  }

  #add(fd: number, token: number, events: number): boolean {
    const event = this.#event(events, token)
    return this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, event) === 0
  }

  #event(events: number, token: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(EVENT_BYTES))
    view.setUint32(0, events, true)
    view.setUint32(EVENT_DATA, token, true)
    return new Uint8Array(view.buffer)
  }

  #rouse(): void {
    if (this.#sleeping) writeSync(this.#wake, one)
  }

  #drainWake(): void {
    readSync(this.#wake, new Uint8Array(8))
  }
}
