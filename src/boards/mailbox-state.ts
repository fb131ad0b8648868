import type { MailboxPort } from './board.js'

/** Channels in each direction. */
export const CHANNELS = 6
const ALL = (1 << CHANNELS) - 1

/**
 * Which mailbox channel (bit n = channel n + 1) carries the kicks of which notify id, as ST's
 * remoteproc driver for Linux has it: channels 1 and 2 for the two vrings, 3 and 4 for shutdown and
 * detach. Notify ids 2 and 3, for a second vdev, take the two that are left.
 */
export const CHANNEL_OF_NOTIFY_ID = [0, 1, 4, 5] as const

/** Where in the status towards processor 2 the remembered kicks are, above the occupied bits. */
const REMEMBERED_SHIFT = 8

const TO_REMOTE = 0
const TO_HOST = 1

/** 32-bit words of a mailbox's state. */
export const MAILBOX_WORDS = 2

/**
 * The status of a mailbox, which host and remote share, each perhaps in a thread of its own:
 *
 * - word 0, host → remote: bits 5:0 occupied (C1TOC2SR), bits 13:8 kicks that came while the channel
 *   was occupied. They stand in one word so that clearing a channel and setting it again for a
 *   remembered kick is one atomic step, between which and a kick nothing can be lost.
 * - word 1, remote → host: bits 5:0 occupied (C2TOC1SR).
 */
export class MailboxState {
  readonly #words: Int32Array

  /** @param words at least MAILBOX_WORDS of them, over a SharedArrayBuffer if threads share them */
  constructor(words: Int32Array) {
    this.#words = words
  }

  reset(): void {
    Atomics.store(this.#words, TO_REMOTE, 0)
    Atomics.store(this.#words, TO_HOST, 0)
  }

  get towardsRemote(): number {
    return Atomics.load(this.#words, TO_REMOTE) & ALL
  }

  get towardsHost(): number {
    return Atomics.load(this.#words, TO_HOST) & ALL
  }

  /** The host's kick; one on an occupied channel is remembered. @returns what was occupied */
  kickRemote(bits: number): number {
    const kicks = bits & ALL
    for (;;) {
      const old = Atomics.load(this.#words, TO_REMOTE)
      const occupied = old & kicks
      const value = old | kicks | (occupied << REMEMBERED_SHIFT)
      if (Atomics.compareExchange(this.#words, TO_REMOTE, old, value) === old) return occupied
    }
  }

  /** The remote has handled these channels; those with a remembered kick are occupied again. */
  clearByRemote(bits: number): void {
    const cleared = bits & ALL
    for (;;) {
      const old = Atomics.load(this.#words, TO_REMOTE)
      const again = (old >>> REMEMBERED_SHIFT) & cleared
      const value = (old & ~cleared & ~(cleared << REMEMBERED_SHIFT)) | again
      if (Atomics.compareExchange(this.#words, TO_REMOTE, old, value) === old) return
    }
  }

  /** The remote's kick. @returns what was occupied already */
  kickHost(bits: number): number {
    return Atomics.or(this.#words, TO_HOST, bits & ALL) & bits & ALL
  }

  clearByHost(bits: number): void {
    Atomics.and(this.#words, TO_HOST, ~(bits & ALL))
  }
}

/** The host's side of a mailbox. It may live in another thread than the board. */
export class MailboxHost implements MailboxPort {
  readonly #state: MailboxState

  constructor(words: Int32Array) {
    this.#state = new MailboxState(words)
  }

  /** Frees all channels and forgets all kicks, as before the remote's first instruction. */
  reset(): void {
    this.#state.reset()
  }

  set(bits: number): number {
    return this.#state.kickRemote(bits)
  }

  received(): number {
    return this.#state.towardsHost
  }

  clear(bits: number): void {
    this.#state.clearByHost(bits)
  }

  occupied(): number {
    return this.#state.towardsRemote
  }
}
