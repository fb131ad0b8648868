import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { OpenampError } from '../../base/errors.js'
import type { Libc } from '../native/libc-node.js'
import { openPatiently } from './open-node.js'
import { errnoOf, refusal } from './refused-node.js'

const FLAGS = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY

// Requests of include/uapi/linux/rpmsg.h: _IO and _IOR of type 0xb5.
const DESTROY_EPT = 0xb502
const GET_OUTGOING_FLOWCONTROL = 0x8004_b505
const SET_INCOMING_FLOWCONTROL = 0x8004_b506

/** What flow control takes of the C library. */
export type Ioctls = Pick<Libc, 'ioctl' | 'ioctlValue'>

/** A character device that carries messages, opened so that nothing on it blocks. */
export class MessageFile {
  readonly path: string
  /** It is a serial line, which keeps no bounds of messages. */
  readonly tty: boolean
  readonly #fd: number
  #closed = false

  /**
   * @throws ERR_STATE where somebody else has it (EBUSY), ERR_ADDRESS where its address is in use,
   *   ERR_CLOSED, ERR_SYSTEM
   */
  constructor(path: string) {
    this.path = path
    this.tty = /\/tty[^/]*$/.test(path)
    this.#fd = openPatiently(path, FLAGS, {
      EINVAL: ['ERR_ADDRESS', 'the kernel could not make the endpoint: its address is in use'],
      ENOENT: ['ERR_CLOSED', 'there is no such device (any more)'],
    })
    if (this.tty) makeRaw(path)
  }

  get fd(): number {
    return this.#fd
  }

  /**
   * A message that has come.
   * @param into is large enough for any: the kernel cuts off what does not fit
   * @returns its length, or undefined where there is none
   * @throws ERR_CLOSED where the endpoint is gone, ERR_SYSTEM
   */
  read(into: Uint8Array): number | undefined {
    try {
      const length = readSync(this.#fd, into, 0, into.length, null)
      // A serial line that was hung up reads as its end.
      if (length === 0 && this.tty) throw new OpenampError('ERR_CLOSED', `${this.path}: hung up`)
      return length
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return undefined
      throw refusal(error, this.path)
    }
  }

  /**
   * Sends a message.
   * @returns false where no buffer is free: the kernel gives no notice of the next one
   * @throws ERR_MESSAGE_SIZE, ERR_CLOSED, ERR_ADDRESS where it knows no peer, ERR_SYSTEM
   */
  write(message: Uint8Array): boolean {
    try {
      const length = writeSync(this.#fd, message)
      if (length < message.length) {
        const what = `a message of ${message.length} bytes, of which ${length} were sent`
        throw new OpenampError('ERR_MESSAGE_SIZE', `${this.path}: ${what}`)
      }
      return true
    } catch (error) {
      const errno = errnoOf(error)
      // rpmsg_tty hands on what the ring says: ENOMEM.
      if (errno === 'EAGAIN' || (this.tty && errno === 'ENOMEM')) return false
      throw refusal(error, this.path, {
        EINVAL: ['ERR_ADDRESS', 'the kernel knows no peer of this endpoint to send to'],
      })
    }
  }

  /** RPMSG_DESTROY_EPT_IOCTL: the device goes with the endpoint. */
  destroyEndpoint(libc: Libc): void {
    libc.ioctl(this.#fd, DESTROY_EPT, null)
  }

  /**
   * RPMSG_SET_INCOMING_FLOWCONTROL (Linux 6.6 and later): has the peer pause or resume.
   * @returns false where the kernel knows no such request (EINVAL), its transport cannot (EOPNOTSUPP: all but
   *   Qualcomm's GLINK), or the endpoint is gone
   */
  pausePeer({ ioctlValue }: Ioctls, pause: boolean): boolean {
    // Unlike what its number says it takes the value itself.
    return !this.tty && ioctlValue(this.#fd, SET_INCOMING_FLOWCONTROL, pause ? 1 : 0) === 0
  }

  /** RPMSG_GET_OUTGOING_FLOWCONTROL: whether the peer has paused us; undefined where that cannot be said. */
  pausedByPeer({ ioctl }: Ioctls): boolean | undefined {
    const word = new Int32Array(1)
    const known = ioctl(this.#fd, GET_OUTGOING_FLOWCONTROL, new Uint8Array(word.buffer)) === 0
    return known ? word[0] !== 0 : undefined
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }
}

/** Bytes go through as they are: rpmsg_tty begins with a line discipline that turns CR into NL. */
export function makeRaw(path: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  const line = new ReadStream(fd)
  line.setRawMode(true)
  line.destroy()
}
