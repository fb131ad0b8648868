import { closeSync } from 'node:fs'
import type { Doorbell } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import {
  ERRNO,
  type Libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_RCVTIMEO,
  SOL_SOCKET,
} from '../native/libc-node.js'
import type { Poller } from '../native/poller-node.js'

/** What a byte on the socket says. OpenAMP's machine sends 1 and looks at none. */
export const BELL = {
  /** Look at the status and at all rings. */
  KICK: 1,
  /** From the host: come to an end. From the remote: it has done so. */
  SHUTDOWN: 2,
} as const

/** A doorbell that stays the same over all connections. */
export function doorbellOf(bell: () => SocketBell | undefined): Doorbell {
  return {
    get count() {
      return bell()?.count ?? 0
    },
    wait: (count, milliseconds) => {
      const present = bell()
      if (present !== undefined) return present.wait(count, milliseconds)
      throw new OpenampError('ERR_STATE', 'the other end is not there: nobody will ring')
    },
  }
}

export interface BellListener {
  /** The other end has kicked, once or more. */
  rung(): void
  /** A byte that is no kick. */
  told(byte: number): void
  /** The other end is gone. Called once, and never from within a call of the bell's. */
  closed(): void
}

/** Bytes that are read at a time; so many kicks are one. */
const READ_BYTES = 64

/**
 * A connection between two processes on which each byte is a kick. It costs nothing while nobody rings;
 * a socket that is closed, by a process that is killed too, is noticed at once.
 */
export class SocketBell {
  readonly #libc: Libc
  readonly #fd: number
  readonly #listener: BellListener
  readonly #bytes = new Uint8Array(READ_BYTES)
  readonly #kick = Uint8Array.of(BELL.KICK)
  readonly #timeout = new DataView(new ArrayBuffer(16))
  readonly #timeoutBytes = new Uint8Array(this.#timeout.buffer)
  /** Milliseconds that a blocking read waits at most; 0 is for ever. */
  #timeoutSet = 0
  #count = 0
  #unwatch: (() => void) | undefined
  #state: 'open' | 'gone' | 'closed' = 'open'

  /** Takes `fd` over, and closes it. */
  constructor(libc: Libc, poller: Poller, fd: number, listener: BellListener) {
    this.#libc = libc
    this.#fd = fd
    this.#listener = listener
    this.#unwatch = poller.watch(fd, 'readable', () => this.#readable())
  }

  /** How often it has rung; see `Doorbell`. */
  get count(): number {
    return this.#count
  }

  /** Rings. Where the other end has not read what it was sent before, it has still to look. */
  ring(): void {
    this.#send(this.#kick)
  }

  /** Tells the other end something; only ends of ours understand. */
  tell(byte: number): void {
    this.#send(Uint8Array.of(byte))
  }

  /**
   * Stops the thread until it rings; see `Doorbell`.
   * @throws ERR_STOPPED where the other end is gone
   */
  wait(count: number, milliseconds: number): boolean {
    if (count !== this.#count) return true
    if (this.#state === 'open') {
      this.#setTimeout(milliseconds)
      if (!this.#read(0)) return false
    }
    if (this.#state !== 'open') throw new OpenampError('ERR_STOPPED', 'the other end is gone')
    return true
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#stopWatching()
    closeSync(this.#fd)
  }

  #readable(): void {
    if (this.#state === 'open') {
      const before = this.#count
      this.#read(MSG_DONTWAIT)
      if (this.#count !== before) this.#listener.rung()
    }
    if (this.#state !== 'gone') return
    this.#stopWatching()
    this.#listener.closed()
  }

  /** @returns false where nothing came */
  #read(flags: number): boolean {
    const count = this.#libc.recv(this.#fd, this.#bytes, READ_BYTES, flags)
    if (count > 0) {
      this.#count++
      for (let i = 0; i < count; i++) {
        const byte = this.#bytes[i] ?? BELL.KICK
        if (byte !== BELL.KICK) this.#listener.told(byte)
      }
      return true
    }
    const errno = count === 0 ? ERRNO.EPIPE : this.#libc.errno()
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return false
    // The poller finds it readable still, so that the listener hears of it in a turn of its own.
    this.#state = 'gone'
    return true
  }

  #send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#libc.send(this.#fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)
  }

  #setTimeout(milliseconds: number): void {
    // A deadline that has passed is a look; for ever is 0 for the system.
    const wanted = Number.isFinite(milliseconds) ? Math.max(milliseconds, 0.001) : 0
    if (wanted === this.#timeoutSet) return
    this.#timeoutSet = wanted
    const seconds = Math.floor(wanted / 1000)
    this.#timeout.setBigInt64(0, BigInt(seconds), true)
    this.#timeout.setBigInt64(8, BigInt(Math.round((wanted - 1000 * seconds) * 1000)), true)
    const { length } = this.#timeoutBytes
    this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, this.#timeoutBytes, length)
  }

  #stopWatching(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }
}
