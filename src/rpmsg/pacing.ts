import { spinTime, type Waiting } from '../base/doorbell.js'
import { OpenampError } from '../base/errors.js'
import type { Senders } from './senders.js'
import type { RpmsgTransport } from './transport.js'

/** Messages that wait for the end of the turn at most before they are sent on their way together. */
export const COALESCE_MAX = 64

/** So many microtasks without a message are the end of a turn: an `await` or two takes a few. */
const QUIET_MICROTASKS = 8

/**
 * Spins in vain that are timed, for how long a look takes; the engine compiles it meanwhile. No more of
 * them, because asking for the time allocates.
 */
const MEASUREMENTS = 20

/** Spins in vain after which only each so many-th time is tried. */
const VAIN_MAX = 32

/** Microseconds of a look, before it was measured; and the least, below which the clock is coarse. */
const LOOK = 0.02
const FASTEST_LOOK = 0.001

/**
 * Microseconds for which an end looks that then sleeps: less than to fall asleep and be woken costs, and
 * where messages come close together long enough for the next one.
 */
const BRIEFLY = 5

const asleep: Waiting = { style: 'sleep', coalesce: false }

/** Whether what is waited for is there. No closure: a wait allocates nothing. */
function isDone(waiter: Waiter, tx: boolean, received: number): boolean {
  return tx ? waiter.senders.free : waiter.received !== received
}

/** What `waitSync` asks of the device that it waits for. */
export interface Waiter {
  /** Messages that have come in. */
  readonly received: number
  readonly senders: Senders
  /** As if the peer had kicked. */
  poll(): void
  /** Looks at the rings; `arm` asks the peer for a kick when more comes. */
  look(arm: boolean): void
  /** @throws the error that ended the link */
  requireOpen(): void
}

/**
 * When what was sent is published and the peer kicked, and how a thread waits for the peer: everything
 * about a link that is a matter of time.
 */
export class Pacing {
  readonly #transport: RpmsgTransport
  readonly #waiting: Waiting
  readonly #spin: number
  /** Looks that fit into the time to spin: a guess at first, then measured. */
  #looks: number
  /** Microseconds of one, the fastest that was measured. */
  #perLook = Number.POSITIVE_INFINITY
  #measurements = MEASUREMENTS
  /** Times in a row that it has spun in vain, or not at all because of that. */
  #vain = 0
  #batches = 0
  /** Sent and neither published nor kicked yet. */
  #unsent = 0
  #unsentBefore = 0
  #quiet = 0
  #scheduled = false
  #polling = false
  readonly #atEndOfTurn = (): void => this.#endOfTurn()
  #toLook: Waiter | undefined
  readonly #lookSoon = (): void => {
    const waiter = this.#toLook
    this.#toLook = undefined
    waiter?.poll()
  }
  #toArm: Waiter | undefined
  readonly #armNow = (): void => {
    const waiter = this.#toArm
    this.#toArm = undefined
    waiter?.look(this.arms)
  }

  constructor(transport: RpmsgTransport, waiting: Waiting = asleep) {
    this.#transport = transport
    this.#waiting = waiting
    this.#spin = waiting.style === 'sleep' ? BRIEFLY : spinTime(waiting.style)
    this.#looks = Math.ceil(this.#spin / LOOK)
  }

  /** The peer is asked for kicks when nothing is left to do. */
  get arms(): boolean {
    return this.#waiting.style !== 'poll'
  }

  /**
   * The peer has kicked. While more comes with each turn of the event loop, it is asked for no more
   * kicks.
   */
  kicked(waiter: Waiter): void {
    const { soon } = this.#waiting
    if (soon === undefined || !this.arms) {
      waiter.look(this.arms)
      return
    }
    const news = this.#transport.hasNews(waiter.senders.waiting > 0)
    waiter.senders.quiet = news
    waiter.look(!news)
    if (!news || this.#toLook !== undefined) return
    this.#toLook = waiter
    soon(this.#lookSoon)
  }

  /** What is sent while `callback` runs goes out under one kick. */
  batch<T>(callback: () => T): T {
    this.#batches++
    try {
      return callback()
    } finally {
      this.#batches--
      if (this.#batches === 0) this.flush()
    }
  }

  /** A message was handed to the transport; the peer learns of it now. */
  sent(): void {
    if (this.#batches === 0) this.flush()
  }

  /** A message was handed to the transport; the peer learns of it by the end of the turn. */
  sentSoon(): void {
    if (!this.#waiting.coalesce) {
      this.sent()
      return
    }
    this.#unsent++
    if (this.#batches > 0) return
    if (this.#unsent >= COALESCE_MAX) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#unsentBefore = 0
      queueMicrotask(this.#atEndOfTurn)
    }
  }

  flush(): void {
    this.#unsent = 0
    this.#transport.flush()
  }

  /** `RpmsgTransport.poll`; nothing where a callback of it leads back here. */
  poll(arm: boolean): boolean {
    if (this.#polling) return false
    this.#polling = true
    try {
      return this.#transport.poll(arm)
    } finally {
      this.#polling = false
    }
  }

  /**
   * Stops the thread until a message has come in, or (`tx`) a transmit buffer is free. Callbacks run
   * meanwhile.
   * @returns false where `timeout` milliseconds have passed first
   */
  wait(waiter: Waiter, tx: boolean, timeout: number): boolean {
    const { doorbell } = this.#waiting
    if (doorbell === undefined) {
      throw new OpenampError('ERR_USAGE', 'this machine has no doorbell that a thread can wait for')
    }
    if (this.#polling && !tx) {
      const why = 'the next message is not looked at before it has returned'
      throw new OpenampError('ERR_STATE', `a callback cannot stop the thread for a message: ${why}`)
    }
    // The turn of the event loop in which it would be looked again may be long in coming.
    waiter.senders.quiet = false
    const deadline = timeout === Number.POSITIVE_INFINITY ? timeout : performance.now() + timeout
    const received = waiter.received
    this.flush()
    for (;;) {
      if (this.#looks > 0 && this.#spinUntilNews(tx)) {
        waiter.look(false)
        this.#armLater(waiter)
      }
      if (tx) waiter.senders.serveWaiting()
      if (isDone(waiter, tx, received)) return true
      // Read before both rings are armed and looked at again: what comes later moves it.
      const { count } = doorbell
      if (tx) waiter.senders.notify(true)
      waiter.look(true)
      if (tx) waiter.senders.serveWaiting()
      waiter.requireOpen()
      if (isDone(waiter, tx, received)) return true
      const left = deadline === timeout ? timeout : deadline - performance.now()
      if (left <= 0) return false
      doorbell.wait(count, left)
    }
  }

  /** Whoever goes on in the event loop is to be kicked again, which a thread that spins is not. */
  #armLater(waiter: Waiter): void {
    if (this.#toArm !== undefined) return
    this.#toArm = waiter
    queueMicrotask(this.#armNow)
  }

  /**
   * Where it was in vain several times, the other end sleeps or has no processor of its own; then it is
   * only tried now and then.
   */
  #spinUntilNews(tx: boolean): boolean {
    if (this.#vain >= VAIN_MAX && ++this.#vain % VAIN_MAX !== 0) return false
    const news = this.#spinOnce(tx)
    this.#vain = news ? 0 : this.#vain + 1
    return news
  }

  #spinOnce(tx: boolean): boolean {
    if (this.#measurements === 0) return this.#look(tx)
    const begun = performance.now()
    if (this.#look(tx)) return true
    const microseconds = (performance.now() - begun) * 1000
    this.#measurements--
    // The fastest counts: in the others the thread was put off, or the engine had not compiled it yet.
    this.#perLook = Math.min(this.#perLook, microseconds / this.#looks)
    this.#looks = Math.ceil(this.#spin / Math.max(this.#perLook, FASTEST_LOOK))
    return false
  }

  #look(tx: boolean): boolean {
    for (let i = this.#looks; i > 0; i--) if (this.#transport.hasNews(tx)) return true
    return false
  }

  #endOfTurn(): void {
    if (this.#unsent > 0 && this.#quiet < QUIET_MICROTASKS) {
      this.#quiet = this.#unsent === this.#unsentBefore ? this.#quiet + 1 : 0
      this.#unsentBefore = this.#unsent
      queueMicrotask(this.#atEndOfTurn)
      return
    }
    this.#scheduled = false
    this.#quiet = 0
    if (this.#unsent > 0) this.flush()
  }
}
