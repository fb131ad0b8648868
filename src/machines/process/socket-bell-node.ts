import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import type { Doorbell } from '../../base/doorbell.js'
import { OpenampError } from '../../base/errors.js'
import {
  ERRNO,
  F_GETFL,
  F_SETFL,
  type Libc,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_NONBLOCK,
  SO_RCVTIMEO,
  SOL_SOCKET,
} from '../native/libc-node.js'

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

/** struct timeval of 64-bit Linux. */
const timeval = { SIZE: 16, SECONDS: 0, MICROSECONDS: 8 } as const

/**
 * A connection between two processes on which each byte is a kick. It costs nothing while nobody rings;
 * a socket that is closed, by a process that is killed too, is noticed at once. In the event loop Node
 * itself waits for it; a thread that stops for it waits in recv(2), which is woken up sooner than poll(2).
 */
export class SocketBell {
  readonly #libc: Libc
  readonly #fd: number
  readonly #socket: Socket
  readonly #listener: BellListener
  readonly #bytes = new Uint8Array(READ_BYTES)
  readonly #kick = Uint8Array.of(BELL.KICK)
  readonly #timeout = new DataView(new ArrayBuffer(timeval.SIZE))
  readonly #timeoutBytes = new Uint8Array(this.#timeout.buffer)
  /** Milliseconds that a blocking read waits at most; 0 is for ever. */
  #timeoutSet = 0
  /** What Node has set for the open file, while reads of it block. */
  #flags: number | undefined
  #count = 0
  #state: 'open' | 'gone' | 'closed' = 'open'

  /** Takes `fd` over, and closes it. */
  constructor(libc: Libc, fd: number, listener: BellListener) {
    this.#libc = libc
    this.#fd = fd
    this.#listener = listener
    const callback = (count: number, bytes: Uint8Array): boolean => {
      this.#heard(bytes.subarray(0, count))
      if (this.#state === 'open') listener.rung()
      return true
    }
    const onread = { buffer: new Uint8Array(READ_BYTES), callback }
    // Documented for the constructor, too.
    const options: SocketConstructorOpts & ConnectOpts = { fd, onread }
    this.#socket = new Socket(options)
    // Why it has ended makes no difference: it is closed after it.
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#ended())
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
      this.#block()
      this.#setTimeout(milliseconds)
      if (!this.#read()) return false
    }
    if (this.#state !== 'open') throw new OpenampError('ERR_STOPPED', 'the other end is gone')
    return true
  }

  close(): void {
    this.#state = 'closed'
    this.#socket.destroy()
  }

  #ended(): void {
    if (this.#state === 'closed') return
    this.#state = 'gone'
    this.#listener.closed()
  }

  /** @returns false where nothing came */
  #read(): boolean {
    const count = this.#libc.recv(this.#fd, this.#bytes, READ_BYTES, 0)
    if (count > 0) {
      this.#heard(this.#bytes.subarray(0, count))
      return true
    }
    const errno = count === 0 ? ERRNO.EPIPE : this.#libc.errno()
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return false
    // The event loop finds it ended still, so that the listener hears of it in a turn of its own.
    this.#state = 'gone'
    return true
  }

  #heard(bytes: Uint8Array): void {
    this.#count++
    for (const byte of bytes) if (byte !== BELL.KICK) this.#listener.told(byte)
  }

  /** Lets reads block until this turn of the event loop is over, in which Node does not read. */
  #block(): void {
    if (this.#flags !== undefined) return
    const flags = this.#libc.fcntl(this.#fd, F_GETFL, 0)
    this.#flags = flags
    this.#libc.fcntl(this.#fd, F_SETFL, flags & ~O_NONBLOCK)
    queueMicrotask(() => {
      this.#flags = undefined
      // What had its number may be another file by now.
      if (!this.#socket.destroyed) this.#libc.fcntl(this.#fd, F_SETFL, flags)
    })
  }

  #setTimeout(milliseconds: number): void {
    // A deadline that has passed is a look; for ever is 0 for the system.
    const wanted = Number.isFinite(milliseconds) ? Math.max(milliseconds, 0.001) : 0
    if (wanted === this.#timeoutSet) return
    this.#timeoutSet = wanted
    const seconds = Math.floor(wanted / 1000)
    this.#timeout.setBigInt64(timeval.SECONDS, BigInt(seconds), true)
    const microseconds = Math.round((wanted - 1000 * seconds) * 1000)
    this.#timeout.setBigInt64(timeval.MICROSECONDS, BigInt(microseconds), true)
    const { length } = this.#timeoutBytes
    this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, this.#timeoutBytes, length)
  }

  #send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    this.#libc.send(this.#fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)
  }
}
