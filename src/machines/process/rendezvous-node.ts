import { closeSync, fstatSync } from 'node:fs'
import { OpenampError } from '../../base/errors.js'
import type { Libc } from '../native/libc-node.js'
import { Poller } from '../native/poller-node.js'
import { UnixConnection, UnixListener } from '../native/unix-socket-node.js'
import { Connector, type Greeting } from './connector-node.js'
import type { Meeting } from './meeting.js'
import {
  checkSealed,
  createFresh,
  createSealed,
  type MadeFile,
  type MappedMemory,
  openExisting,
  openKept,
  removeOwn,
} from './memory-node.js'
import { BELL, SocketBell } from './socket-bell-node.js'

export interface RendezvousListener {
  /** The memory's file is at hand: to be laid under the memory, which is to be made ready for it. */
  attach(fd: number, listens: boolean): void
  /** The other end is there, and the memory is shared with it. */
  connected(bell: SocketBell): void
  rung(): void
  told(byte: number): void
  /** The other end is gone; nobody else is waited for. */
  lost(reason: OpenampError): void
}

/**
 * One end's part in coming together: it listens or connects, has the memory laid under, and knows when
 * the other end is gone. For one meeting; the next one takes another of these.
 */
export class Rendezvous {
  readonly #libc: Libc
  readonly #poller: Poller
  readonly #meeting: Meeting
  readonly #memory: MappedMemory
  readonly #listener: RendezvousListener
  #socket: UnixListener | undefined
  #unwatch: (() => void) | undefined
  #connector: Connector | undefined
  /** The memory without a name that whoever connects is given. */
  #sealed: number | undefined
  /** The file that was made for this meeting. */
  #made: MadeFile | undefined
  #bell: SocketBell | undefined
  #closed = false

  constructor(
    libc: Libc,
    meeting: Meeting,
    role: 'host' | 'remote',
    memory: MappedMemory,
    listener: RendezvousListener,
  ) {
    this.#libc = libc
    this.#poller = Poller.shared(libc)
    this.#meeting = meeting
    this.#memory = memory
    this.#listener = listener
    try {
      if (meeting.listens === role) this.#listen()
      else this.#connect()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The connection to the other end, while it is there. */
  get bell(): SocketBell | undefined {
    return this.#bell
  }

  /** Cuts the other end off: the memory stays as it is, but nobody else writes into it any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#bell?.close()
    this.#bell = undefined
    this.#connector?.close()
    this.#unwatch?.()
    this.#socket?.close()
    if (this.#sealed !== undefined) closeSync(this.#sealed)
    if (this.#made !== undefined) removeOwn(this.#made)
    this.#memory.detach()
  }

  #listen(): void {
    const { socket } = this.#meeting
    this.#socket = new UnixListener(this.#libc, socket, () => {
      const fd = this.#create()
      try {
        this.#listener.attach(fd, true)
      } finally {
        if (fd !== this.#sealed) closeSync(fd)
      }
    })
    this.#unwatch = this.#poller.watch(this.#socket.fd, 'readable', () => this.#accept())
  }

  #create(): number {
    const { region, plain, layout } = this.#meeting
    if (region === undefined) {
      this.#sealed = createSealed(this.#libc, layout.size)
      return this.#sealed
    }
    if (plain) return openKept(this.#libc, region, layout.size)
    const fd = createFresh(this.#libc, region, layout.size)
    this.#made = { path: region, inode: fstatSync(fd).ino }
    return fd
  }

  #accept(): void {
    const fd = this.#socket?.accept()
    if (fd === undefined) return
    // There are two ends; the socket stays open so that everybody sees whose it is.
    if (this.#bell !== undefined) {
      closeSync(fd)
      return
    }
    try {
      if (this.#sealed !== undefined) this.#greet(fd, this.#sealed)
    } catch {
      // It has gone again.
      closeSync(fd)
      return
    }
    this.#meet(fd)
  }

  #greet(fd: number, memory: number): void {
    new UnixConnection(this.#libc, fd, 'openamp/process', 1, 0).sendDescriptor(BELL.KICK, memory)
  }

  #connect(): void {
    const { socket, plain } = this.#meeting
    const connected = (greeting: Greeting): void => this.#greeted(greeting)
    this.#connector = new Connector(this.#libc, this.#poller, socket, !plain, connected)
  }

  #greeted({ fd, memory }: Greeting): void {
    try {
      const file = this.#open(memory)
      try {
        this.#listener.attach(file, false)
      } finally {
        closeSync(file)
      }
    } catch (error) {
      closeSync(fd)
      this.#lost(error)
      return
    }
    this.#meet(fd)
  }

  #open(received: number | undefined): number {
    const { region, layout } = this.#meeting
    if (region !== undefined) {
      if (received !== undefined) closeSync(received)
      return openExisting(this.#libc, region, layout.size)
    }
    if (received === undefined) {
      throw new OpenampError('ERR_PEER', 'the other end has sent no memory: it uses a file')
    }
    try {
      checkSealed(this.#libc, received, layout.size)
    } catch (error) {
      closeSync(received)
      throw error
    }
    return received
  }

  #meet(fd: number): void {
    const bell = new SocketBell(this.#libc, fd, {
      rung: () => this.#listener.rung(),
      told: (byte) => this.#listener.told(byte),
      closed: () => this.#lost(new OpenampError('ERR_CRASHED', 'it has closed the connection')),
    })
    this.#bell = bell
    // It may have gone to sleep before what it waits for was there.
    bell.ring()
    this.#listener.connected(bell)
  }

  #lost(error: unknown): void {
    if (this.#closed) return
    if (!(error instanceof OpenampError)) throw error
    this.#listener.lost(error)
  }
}
