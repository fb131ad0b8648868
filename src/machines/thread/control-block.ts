import { Bell } from './bell.js'

// Words of the block, each on a cache line of its own: two threads write them.
const LINE = 16
const TO_REMOTE = 0
const TO_HOST = LINE
const STATE = 2 * LINE
const WORDS = 3 * LINE

/** Bits of the state. */
const STATE_BIT = {
  /** host: the remote shall come to an end */
  SHUTDOWN: 1,
  /** host: the remote is being reset */
  RESET: 2,
  /** remote: it has crashed, or its thread has ended */
  ENDED: 4,
} as const

/** What the two threads tell each other without a message, which none reads while it is stopped. */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer
  /** Rung by the host. */
  readonly toRemote: Bell
  /** Rung by the remote. */
  readonly toHost: Bell
  readonly #words: Int32Array

  constructor(buffer = new SharedArrayBuffer(4 * WORDS)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
    this.toRemote = new Bell(this.#words, TO_REMOTE)
    this.toHost = new Bell(this.#words, TO_HOST)
  }

  get shutdownRequested(): boolean {
    return this.#has(STATE_BIT.SHUTDOWN)
  }

  get reset(): boolean {
    return this.#has(STATE_BIT.RESET)
  }

  get ended(): boolean {
    return this.#has(STATE_BIT.ENDED)
  }

  /** The host's, before a life begins. */
  begin(): void {
    Atomics.store(this.#words, STATE, 0)
  }

  requestShutdown(): void {
    Atomics.or(this.#words, STATE, STATE_BIT.SHUTDOWN)
    this.toRemote.ring()
  }

  setReset(): void {
    Atomics.or(this.#words, STATE, STATE_BIT.RESET)
    this.toRemote.ring()
  }

  /** The remote's. */
  setEnded(): void {
    Atomics.or(this.#words, STATE, STATE_BIT.ENDED)
    this.toHost.ring()
  }

  #has(bit: number): boolean {
    return (Atomics.load(this.#words, STATE) & bit) !== 0
  }
}
