import { closeSync, ftruncateSync, readdirSync } from 'node:fs'
import koffi from 'koffi'
import { type Libc, loadLibc } from '../../src/machines/native/libc-node.js'
import { Poller } from '../../src/machines/native/poller-node.js'
import { UnixConnection } from '../../src/machines/native/unix-socket-node.js'
import { type RequestName, requestId } from '../../src/machines/vhost-user/message.js'
import type { RpmsgDevice } from '../../src/rpmsg/index.js'
import {
  bringUp,
  driver,
  FEATURES,
  FILE_SIZE,
  INBAND,
  memoryTable,
  message,
  NEED_REPLY,
  PROTOCOL,
  words,
} from './vhost-user.js'

const c = koffi.load(null)
const memfdCreate: (name: string, flags: number) => number = c.func(
  'int memfd_create(const char *, uint32_t)',
)
const sendmsg: (fd: number, message: Uint8Array, flags: number) => number = c.func(
  'intptr_t sendmsg(int, void *, int)',
)
const socketpair: (domain: number, type: number, protocol: number, fds: Uint8Array) => number =
  c.func('int socketpair(int, int, int, void *)')

/** Descriptors that this process has open. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length

/** A file in memory; `mapped` bytes of it are. */
export function memfd(
  libc: Libc,
  size: number,
  mapped = size,
): { fd: number; buffer: ArrayBuffer } {
  const fd = memfdCreate('front-end', 1)
  ftruncateSync(fd, size)
  if (mapped === 0) return { fd, buffer: new ArrayBuffer(0) }
  const address = libc.mmap(0, mapped, 3, 1, fd, 0)
  return { fd, buffer: libc.view(address, mapped) }
}

/** Sends raw bytes with any number of descriptors; false where the other end is gone. */
export function sendFiles(fd: number, bytes: Uint8Array, fds: readonly number[]): boolean {
  const control = new DataView(new ArrayBuffer(16 + Math.ceil((4 * fds.length) / 8) * 8))
  control.setBigUint64(0, BigInt(16 + 4 * fds.length), true)
  control.setUint32(8, 1, true)
  control.setUint32(12, 1, true)
  fds.forEach((fd, i) => {
    control.setInt32(16 + 4 * i, fd, true)
  })
  const data = new Uint8Array(new ArrayBuffer(Math.max(bytes.length, 1)))
  data.set(bytes)
  const iov = new BigUint64Array(new ArrayBuffer(16))
  iov.set([koffi.address(data), BigInt(bytes.length)])
  const header = new BigUint64Array(new ArrayBuffer(56))
  header.set([0n, 0n, koffi.address(iov), 1n])
  if (fds.length > 0) header.set([koffi.address(control), BigInt(control.byteLength)], 4)
  return sendmsg(fd, new Uint8Array(header.buffer), 0x4040) === bytes.length
}

/** A front-end with a real socket, memory and events; it closes what it has opened. */
export class FrontEnd {
  readonly libc: Libc
  readonly poller: Poller
  readonly #fds: number[] = []
  readonly #stops: (() => void)[] = []
  readonly #socket: UnixConnection
  #received = new Uint8Array(0)
  #wake: () => void = () => {}
  ended = false

  private constructor(libc: Libc, fd: number) {
    this.libc = libc
    this.poller = Poller.shared(libc)
    this.#socket = new UnixConnection(libc, fd, 'test', 4096, 0)
    this.#fds.push(fd)
    this.watch(fd, 'readable', () => this.#readable())
  }

  static async connect(path: string): Promise<FrontEnd> {
    const libc = await loadLibc('a test')
    const fd = libc.socket(1, 1, 0)
    const address = new Uint8Array(110)
    address[0] = 1
    address.set(new TextEncoder().encode(path), 2)
    if (libc.connect(fd, address, 110) !== 0) throw new Error(`connect: ${libc.errno()}`)
    return new FrontEnd(libc, fd)
  }

  watch(fd: number, interest: 'readable' | 'signalled', ready: () => void): void {
    const stop = this.poller.watch(fd, interest, ready)
    if (stop === undefined) throw new Error('cannot watch')
    this.#stops.push(stop)
  }

  file(fd: number): number {
    this.#fds.push(fd)
    return fd
  }

  event(): number {
    return this.file(this.libc.eventfd(0, 0x80800))
  }

  pair(): readonly [number, number] {
    const fds = new Uint8Array(8)
    socketpair(1, 0x80801, 0, fds)
    const view = new DataView(fds.buffer)
    return [this.file(view.getInt32(0, true)), this.file(view.getInt32(4, true))]
  }

  /** Sends raw bytes with descriptors; false where the other end is gone. */
  send(bytes: Uint8Array, fds: readonly number[] = []): boolean {
    return sendFiles(this.#socket.fd, bytes, fds)
  }

  /** Sends a message, and waits for its reply's payload. */
  async call(name: RequestName | number, payload = words(), fds: readonly number[] = []) {
    const id = typeof name === 'number' ? name : requestId(name)
    this.send(message(id, payload, NEED_REPLY), fds)
    for (;;) {
      const bytes = this.#received
      const size = bytes.length < 12 ? 0 : new DataView(bytes.buffer).getUint32(8, true)
      if (bytes.length >= 12 + size) {
        this.#received = bytes.slice(12 + size)
        return bytes.slice(12, 12 + size)
      }
      if (this.ended) throw new Error('the connection was closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async whenEnded(): Promise<void> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Goes all the way to the first kick. */
  async start(how: 'inband' | 'events'): Promise<RpmsgDevice> {
    const protocol = how === 'inband' ? PROTOCOL | INBAND : PROTOCOL
    this.send(message('SET_OWNER'))
    await this.call('GET_FEATURES')
    this.send(message('SET_PROTOCOL_FEATURES', words(protocol & ~(1n << 16n))))
    await this.call('SET_FEATURES', words(FEATURES))
    const [ours, theirs] = this.pair()
    await this.call('SET_BACKEND_REQ_FD', words(), [theirs])
    const { fd, buffer } = memfd(this.libc, FILE_SIZE)
    this.file(fd)
    await this.call('SET_MEM_TABLE', memoryTable, [fd, fd])
    for (const [name, payload] of bringUp()) await this.call(name, payload)
    const kicks = [this.event(), this.event()]
    const calls = [this.event(), this.event()]
    let device: RpmsgDevice | undefined
    for (const i of [0, 1]) {
      if (how === 'events') {
        await this.call('SET_VRING_KICK', words(i, 0), [kicks[i] ?? -1])
        await this.call('SET_VRING_CALL', words(i, 0), [calls[i] ?? -1])
        const call = calls[i] ?? -1
        this.watch(call, 'signalled', () => device?.poll())
      }
      await this.call('SET_VRING_ENABLE', words(i, 1))
    }
    const requests = new UnixConnection(this.libc, ours, 'test', 4096, 0)
    this.watch(ours, 'readable', () => {
      if (requests.receive(4096).type === 'bytes') device?.poll()
    })
    device = driver(buffer, (queue) => {
      if (how === 'inband') this.send(message('VRING_KICK', words(queue, 0)))
      else this.signal(kicks[queue] ?? -1)
    })
    device.poll()
    return device
  }

  /** Reads no more of what the back-end says. */
  deafen(): void {
    this.#stops.shift()?.()
  }

  signal(fd: number): void {
    const one = new BigUint64Array(new ArrayBuffer(8))
    one[0] = 1n
    write(fd, new Uint8Array(one.buffer), 8)
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    for (const fd of this.#fds.splice(0)) closeSync(fd)
  }

  #readable(): void {
    const received = this.#socket.receive(4096)
    if (received.type === 'bytes') {
      this.#received = Uint8Array.of(...this.#received, ...received.bytes)
    } else if (received.type === 'ended') {
      this.ended = true
      this.#stops.shift()?.()
    }
    this.#wake()
  }
}

const write: (fd: number, bytes: Uint8Array, length: number) => number = c.func(
  'intptr_t write(int, void *, size_t)',
)
