import { closeSync, fchmodSync, lstatSync, openSync, statSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { OpenampError } from '../../base/errors.js'
import {
  AF_UNIX,
  ERRNO,
  F_SETFL,
  type Libc,
  LOCK_EX,
  LOCK_NB,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  systemError,
} from './libc-node.js'

const SOCKET = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
/** struct sockaddr_un. */
const ADDRESS_BYTES = 110
const PATH_MAX = 107

/** A listening Unix socket, which only its owner can connect to. */
export class UnixListener {
  readonly fd: number
  readonly #libc: Libc
  readonly #path: string
  readonly #inode: number

  /**
   * Listens at `path`. A socket that nobody listens on any more is replaced; nothing else is.
   * @param prepare is called once the path is ours, before anybody can connect
   * @throws ERR_USAGE for a path that is too long, ERR_STATE where it is in use, ERR_SYSTEM
   */
  constructor(libc: Libc, path: string, prepare: () => void = () => {}) {
    const address = socketAddress(path)
    const fd = libc.socket(AF_UNIX, SOCKET, 0)
    if (fd < 0) throw systemError(libc, 'socket')
    let lock: number | undefined
    try {
      lock = lockFolder(libc, dirname(path))
      // The mode of the file that `bind` makes.
      fchmodSync(fd, 0o600)
      const bind = (): boolean => libc.bind(fd, address, ADDRESS_BYTES) === 0
      if (!bind()) {
        if (libc.errno() !== ERRNO.EADDRINUSE) throw systemError(libc, path)
        removeStale(libc, path, address)
        if (!bind()) throw systemError(libc, path)
      }
      this.#inode = lstatSync(path).ino
      prepare()
      if (libc.listen(fd, 1) !== 0) throw systemError(libc, path)
    } catch (error) {
      closeSync(fd)
      throw error
    } finally {
      if (lock !== undefined) closeSync(lock)
    }
    this.fd = fd
    this.#libc = libc
    this.#path = path
  }

  /** A connection that has come in. */
  accept(): number | undefined {
    const fd = this.#libc.accept4(this.fd, null, null, SOCK_CLOEXEC)
    return fd < 0 ? undefined : fd
  }

  close(): void {
    closeSync(this.fd)
    // Somebody else's by now, or gone: not ours to remove.
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) {
      unlinkSync(this.#path)
    }
  }
}

function socketAddress(path: string): Uint8Array {
  const bytes = new TextEncoder().encode(path)
  if (bytes.length === 0 || bytes.length > PATH_MAX || bytes.includes(0)) {
    throw new OpenampError(
      'ERR_USAGE',
      `socket path ${JSON.stringify(path)} does not fit ${PATH_MAX} bytes`,
    )
  }
  const address = new Uint8Array(ADDRESS_BYTES)
  address[0] = AF_UNIX
  address.set(bytes, 2)
  return address
}

/** Who listens has the lock for less than that. */
const LOCK_TRIES = 50
const LOCK_AGAIN_MS = 10

/**
 * Between the look whether a socket is stale and its replacement nobody else may replace it. In a folder
 * that others can enter, they could keep the lock for ever, so there is none there.
 * @throws ERR_STATE where some other program of this user keeps it
 */
function lockFolder(libc: Libc, folder: string): number | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (stat === undefined || stat.uid !== process.geteuid?.() || (stat.mode & 0o077) !== 0) {
    return undefined
  }
  const fd = openSync(folder, 'r')
  const word = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < LOCK_TRIES; i++) {
    if (libc.flock(fd, LOCK_EX + LOCK_NB) === 0) return fd
    Atomics.wait(word, 0, 0, LOCK_AGAIN_MS)
  }
  closeSync(fd)
  throw new OpenampError('ERR_STATE', `${folder} is kept locked by another program`)
}

/** A connection to whoever listens at `path`; undefined where nobody does. */
export function connectUnix(libc: Libc, path: string): number | undefined {
  const address = socketAddress(path)
  const fd = libc.socket(AF_UNIX, SOCKET, 0)
  if (fd < 0) throw systemError(libc, 'socket')
  if (libc.connect(fd, address, ADDRESS_BYTES) !== 0) {
    closeSync(fd)
    return undefined
  }
  // It may be waited on with a call that blocks; all others say that they shall not.
  libc.fcntl(fd, F_SETFL, 0)
  return fd
}

function removeStale(libc: Libc, path: string, address: Uint8Array): void {
  if (!lstatSync(path).isSocket()) {
    throw new OpenampError('ERR_STATE', `${path} exists and is no socket`)
  }
  const fd = libc.socket(AF_UNIX, SOCKET, 0)
  if (fd < 0) throw systemError(libc, 'socket')
  const refused =
    libc.connect(fd, address, ADDRESS_BYTES) !== 0 && libc.errno() === ERRNO.ECONNREFUSED
  closeSync(fd)
  if (!refused) throw new OpenampError('ERR_STATE', `somebody listens on ${path} already`)
  unlinkSync(path)
}

/** What a connection has delivered. */
export type Received =
  | { readonly type: 'nothing' }
  | { readonly type: 'ended' }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly fds: readonly number[] }

// struct msghdr, struct iovec and struct cmsghdr of 64-bit machines.
const MSGHDR = { IOV: 16, IOV_COUNT: 24, CONTROL: 32, CONTROL_BYTES: 40, FLAGS: 48, BYTES: 56 }
const CMSGHDR = { LEN: 0, LEVEL: 8, TYPE: 12, BYTES: 16 }

/** A connection that brings file descriptors along with bytes. */
export class UnixConnection {
  readonly fd: number
  readonly #libc: Libc
  /** Whose protocol it is, for messages. */
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly #control: DataView
  readonly #iov = new BigUint64Array(2)
  readonly #message = new DataView(new ArrayBuffer(MSGHDR.BYTES))

  /** `most` bytes and `fdsMost` descriptors, a multiple of 2, are received at a time. */
  constructor(libc: Libc, fd: number, name: string, most: number, fdsMost: number) {
    this.#libc = libc
    this.fd = fd
    this.#name = name
    this.#bytes = new Uint8Array(most)
    this.#control = new DataView(new ArrayBuffer(CMSGHDR.BYTES + 4 * fdsMost))
    this.#iov[0] = libc.address(this.#bytes)
    const iov = libc.address(new Uint8Array(this.#iov.buffer))
    const control = libc.address(new Uint8Array(this.#control.buffer))
    this.#message.setBigUint64(MSGHDR.IOV, iov, true)
    this.#message.setBigUint64(MSGHDR.IOV_COUNT, 1n, true)
    this.#message.setBigUint64(MSGHDR.CONTROL, control, true)
  }

  /**
   * Up to `size` bytes that are there already.
   * @throws ERR_PEER where more descriptors came than there is room for; none of them stays open
   */
  receive(size: number): Received {
    this.#iov[1] = BigInt(size)
    this.#message.setBigUint64(MSGHDR.CONTROL_BYTES, BigInt(this.#control.byteLength), true)
    const message = new Uint8Array(this.#message.buffer)
    const count = this.#libc.recvmsg(this.fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)
    if (count < 0) {
      const errno = this.#libc.errno()
      return { type: errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ? 'nothing' : 'ended' }
    }
    const fds = this.#descriptors()
    if ((this.#message.getUint32(MSGHDR.FLAGS, true) & MSG_CTRUNC) !== 0) {
      for (const fd of fds) closeSync(fd)
      throw new OpenampError('ERR_PEER', `${this.#name}: too many file descriptors in one message`)
    }
    if (count === 0) return { type: 'ended' }
    return { type: 'bytes', bytes: this.#bytes.slice(0, count), fds }
  }

  /** @throws ERR_PEER where the other end does not read what it is sent */
  send(bytes: Uint8Array): void {
    const sent = this.#libc.send(this.fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)
    if (sent === bytes.length) return
    throw new OpenampError('ERR_PEER', `${this.#name}: the other end does not read what it is sent`)
  }

  /** Sends one byte together with a descriptor. @throws ERR_PEER */
  sendDescriptor(byte: number, descriptor: number): void {
    const libc = this.#libc
    const bytes = Uint8Array.of(byte)
    const iov = new Uint8Array(new BigUint64Array([libc.address(bytes), 1n]).buffer)
    const control = new DataView(new ArrayBuffer(CMSGHDR.BYTES + 8))
    control.setBigUint64(CMSGHDR.LEN, BigInt(CMSGHDR.BYTES + 4), true)
    control.setInt32(CMSGHDR.LEVEL, SOL_SOCKET, true)
    control.setInt32(CMSGHDR.TYPE, SCM_RIGHTS, true)
    control.setInt32(CMSGHDR.BYTES, descriptor, true)
    const controlBytes = new Uint8Array(control.buffer)
    const message = new DataView(new ArrayBuffer(MSGHDR.BYTES))
    message.setBigUint64(MSGHDR.IOV, libc.address(iov), true)
    message.setBigUint64(MSGHDR.IOV_COUNT, 1n, true)
    message.setBigUint64(MSGHDR.CONTROL, libc.address(controlBytes), true)
    message.setBigUint64(MSGHDR.CONTROL_BYTES, BigInt(controlBytes.length), true)
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL
    const sent = libc.sendmsg(this.fd, new Uint8Array(message.buffer), flags)
    // They were reached by address only: this keeps them.
    bytes.fill(0)
    iov.fill(0)
    controlBytes.fill(0)
    if (sent === 1) return
    throw new OpenampError('ERR_PEER', `${this.#name}: the other end takes no descriptor`)
  }

  close(): void {
    closeSync(this.fd)
  }

  #descriptors(): number[] {
    const fds: number[] = []
    const control = this.#control
    const end = Number(this.#message.getBigUint64(MSGHDR.CONTROL_BYTES, true))
    for (let at = 0; at + CMSGHDR.BYTES <= end; ) {
      const length = Number(control.getBigUint64(at + CMSGHDR.LEN, true))
      if (length < CMSGHDR.BYTES) break
      const level = control.getInt32(at + CMSGHDR.LEVEL, true)
      const rights =
        level === SOL_SOCKET && control.getInt32(at + CMSGHDR.TYPE, true) === SCM_RIGHTS
      for (let p = at + CMSGHDR.BYTES; rights && p + 4 <= at + length; p += 4) {
        fds.push(control.getInt32(p, true))
      }
      at += Math.ceil(length / 8) * 8
    }
    return fds
  }
}
