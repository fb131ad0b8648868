import type { Clock } from '../../base/clock.js'
import { isOpenampError, OpenampError } from '../../base/errors.js'
import { Region } from '../../memory/region.js'
import type { KernelLink } from '../../remoteproc/index.js'
import {
  noSink,
  RPMSG_ADDR_ANY,
  RPMSG_HDR,
  RPMSG_NS_ADDR,
  type RpmsgSink,
  type RpmsgTransport,
  RxBuffer,
  type TransportEndpoint,
  type TransportStats,
  TxBuffer,
  writeNameServiceMessage,
} from '../../rpmsg/index.js'
import { channelsOf, lifeOf } from './channels-node.js'
import type { Endpoints, KernelEndpoint } from './endpoints-node.js'
import type { Ioctls } from './message-file-node.js'
import type { Readiness } from './readiness-node.js'
import type { Tree } from './tree-node.js'

/** Transmit buffers of this end's, before the kernel's. */
const TX_BUFFERS = 16
/** Room for a received message: no kernel's buffers are larger. */
const RX_ROOM = 0x4000
/** Messages that are read from one device before the others have their turn. */
const READS = 256
/** Messages that the program may hold before we leave what comes to the kernel's queue. */
const HELD_MAX = 512
/** Milliseconds between tries to send where the kernel has no buffer: the first, and the longest. */
const RETRY_FIRST = 1
const RETRY_LONGEST = 32

interface Open extends KernelEndpoint {
  /** undefined while it is not read from, because too much is held. */
  unwatch: (() => void) | undefined
  lost: boolean
  /** Told when the peer pauses or resumes us, where the kernel has flow control. */
  told: ((paused: boolean) => void) | undefined
}

interface Unsent {
  readonly buffer: TxBuffer
  readonly source: number
  readonly length: number
}

export interface TransportOptions {
  readonly tree: Tree
  /** "remoteproc0" */
  readonly remote: string
  readonly endpoints: Endpoints
  readonly readiness: Readiness
  /** For flow control; undefined without koffi. */
  readonly ioctls: Ioctls | undefined
  readonly clock: Clock
  /** Bytes of the largest message. */
  readonly payloadSize: number
}

/**
 * RPMsg over the kernel's devices: an endpoint is a file of `rpmsg_char` or a line of `rpmsg_tty`, what the
 * remote announces appears on the RPMsg bus. The device above is told of it in the messages of the name
 * service, as over virtio. What cannot be had through the kernel: the address of whoever has sent a message
 * (it is taken to be the peer), and to send to somebody else than the peer.
 */
export class KernelTransport implements RpmsgTransport, KernelLink {
  readonly role = 'host'
  /** The kernel announces what is this end's. */
  readonly nameService = false
  readonly payloadSize: number
  readonly transport = this
  sink: RpmsgSink = noSink
  onLost = (): void => {}
  onNote: (text: string) => void = () => {}
  readonly #options: TransportOptions
  readonly #life: string | undefined
  readonly #open = new Map<number, Open>()
  /** What has been announced, by its device on the bus. */
  readonly #known = new Map<string, { readonly name: string; readonly address: number }>()
  readonly #free: TxBuffer[] = []
  readonly #spare: RxBuffer[] = []
  #rxCount = 0
  /** In the order of sending: no message overtakes one for which the kernel had no buffer. */
  readonly #unsent: Unsent[] = []
  #retry: (() => void) | undefined
  #wanted = false
  #closed = false

  constructor(options: TransportOptions) {
    this.#options = options
    this.payloadSize = options.payloadSize
    this.#life = lifeOf(options.tree, options.remote)
    const room = Math.ceil((options.payloadSize + RPMSG_HDR.SIZE) / 8) * 8
    for (let index = 0; index < TX_BUFFERS; index++) {
      const buffer = new TxBuffer(index)
      const region = new Region({ name: 'message', da: 0, size: room })
      buffer.place({ region, offset: 0 }, options.payloadSize + RPMSG_HDR.SIZE)
      this.#free.push(buffer)
    }
  }

  openEndpoint(endpoint: TransportEndpoint): number {
    const made = this.#options.endpoints.open(endpoint, new Set(this.#open.keys()))
    const open = { ...made, lost: false, unwatch: undefined, told: undefined }
    this.#open.set(made.address, open)
    this.#watch(open)
    return made.address
  }

  flowControl(
    address: number,
    told: (paused: boolean) => void,
  ): ((pause: boolean) => void) | undefined {
    const { ioctls } = this.#options
    const open = this.#open.get(address)
    // A peer that is not paused is resumed to no effect: so it is seen whether it can be.
    if (open === undefined || !ioctls || !open.file.pausePeer(ioctls, false)) return undefined
    open.told = told
    open.unwatch?.()
    this.#watch(open)
    return (pause) => {
      if (open.lost || this.#open.get(address) !== open) return
      if (!open.file.pausePeer(ioctls, pause)) {
        this.onNote(`${open.file.path}: the peer could not be ${pause ? 'paused' : 'resumed'}`)
      }
    }
  }

  closeEndpoint(address: number): void {
    const open = this.#open.get(address)
    if (open === undefined) return
    this.#open.delete(address)
    open.unwatch?.()
    try {
      if (!open.lost) open.release()
    } finally {
      open.file.close()
    }
    this.#sendOn()
  }

  getTx(): TxBuffer | undefined {
    if (!this.txFree) return undefined
    const buffer = this.#free.pop()
    if (buffer !== undefined) buffer.owner = this
    return buffer
  }

  send(buffer: TxBuffer, source: number, destination: number, length: number): void {
    const open = this.#open.get(source)
    try {
      if (open === undefined || open.destination !== destination) {
        const what = 'the kernel sends from an endpoint of its own to the peer of that alone'
        throw new OpenampError('ERR_ADDRESS', what)
      }
      if (this.#unsent.length === 0 && this.#write(open, buffer, length)) {
        this.releaseTx(buffer)
        // Somebody may wait for the one that has come back.
        if (this.#wanted) queueMicrotask(() => this.#offer())
        return
      }
    } catch (error) {
      this.releaseTx(buffer)
      throw error
    }
    buffer.owner = undefined
    this.#unsent.push({ buffer, source, length })
    this.#retryIn(RETRY_FIRST)
  }

  flush(): void {}

  releaseTx(buffer: TxBuffer): void {
    buffer.owner = undefined
    this.#free.push(buffer)
  }

  notifyTx(wanted: boolean): boolean {
    this.#wanted = wanted
    return wanted && this.txFree
  }

  /** Looks at the bus: what was announced, and what is gone. */
  poll(_arm: boolean): boolean {
    const { tree, remote } = this.#options
    // What is gone with the whole remote is not destroyed by it.
    if (this.#closed || lifeOf(tree, remote) !== (this.#life ?? lifeOf(tree, remote))) return false
    const now = channelsOf(tree, remote)
    const there = new Set(now.map(({ device }) => device))
    for (const [device, { name, address }] of [...this.#known]) {
      if (there.has(device)) continue
      this.#known.delete(device)
      this.#tell(name, address, true)
    }
    for (const { device, name, destination } of now) {
      if (destination === RPMSG_ADDR_ANY || this.#known.has(device)) continue
      this.#known.set(device, { name, address: destination })
      this.#tell(name, destination, false)
    }
    this.#endLost()
    return false
  }

  hasNews(tx: boolean): boolean {
    return tx && this.txFree
  }

  get txFree(): boolean {
    return !this.#closed && this.#unsent.length === 0 && this.#free.length > 0
  }

  close(): void {
    this.#closed = true
    this.#retry?.()
    this.#retry = undefined
    this.#unsent.length = 0
    for (const address of [...this.#open.keys()]) this.closeEndpoint(address)
  }

  stats(): TransportStats {
    return {
      rxHeld: this.#held,
      txFree: this.#free.length,
      rings: [],
    }
  }

  #watch(open: Open): void {
    const { address, file, told } = open
    const ready = (): void => this.#ready(address)
    open.unwatch = this.#options.readiness.watch(file.fd, ready, told !== undefined)
  }

  get #held(): number {
    return this.#rxCount - this.#spare.length
  }

  /** Goes on reading where too much was held. */
  #readOn(): void {
    for (const open of this.#open.values()) {
      if (open.unwatch !== undefined || open.lost) continue
      this.#watch(open)
    }
  }

  /** Endpoints that somebody else has destroyed, while the channel stays. */
  #endLost(): void {
    for (const open of [...this.#open.values()]) {
      if (!open.lost) continue
      for (const [device, { name, address }] of [...this.#known]) {
        if (address !== open.destination) continue
        this.#known.delete(device)
        this.#tell(name, address, true)
      }
    }
  }

  #ready(address: number): void {
    const open = this.#open.get(address)
    const { ioctls } = this.#options
    if (open?.told !== undefined && ioctls !== undefined) {
      const paused = open.file.pausedByPeer(ioctls)
      if (paused !== undefined) open.told(paused)
    }
    this.#readable(address)
  }

  #readable(address: number): void {
    const open = this.#open.get(address)
    for (let i = 0; i < READS && open !== undefined && !open.lost; i++) {
      if (this.#held >= HELD_MAX) {
        open.unwatch?.()
        open.unwatch = undefined
        return
      }
      const buffer = this.#spare.pop() ?? this.#newRx()
      let length: number | undefined
      try {
        length = open.file.read(buffer.bytes)
      } catch (error) {
        this.#spare.push(buffer)
        this.#lose(open, error)
        return
      }
      if (length === undefined) {
        this.#spare.push(buffer)
        return
      }
      this.#receive(buffer, length, open.destination, address)
      // Its reader may have closed it.
      if (this.#open.get(address) !== open) return
    }
  }

  #receive(buffer: RxBuffer, length: number, source: number, destination: number): void {
    buffer.length = length
    buffer.source = source
    buffer.destination = destination
    buffer.lent = true
    this.sink.received(buffer)
    buffer.lent = false
    if (!buffer.held) this.#spare.push(buffer)
  }

  #newRx(): RxBuffer {
    const buffer = new RxBuffer(this.#rxCount, (back) => {
      this.#spare.push(back)
      if (this.#held < HELD_MAX / 2) this.#readOn()
    })
    const region = new Region({ name: 'message', da: 0, size: RX_ROOM })
    buffer.place({ region, offset: 0 }, RX_ROOM)
    this.#rxCount++
    return buffer
  }

  /** In the words of the name service. */
  #tell(name: string, address: number, destroy: boolean): void {
    const message = writeNameServiceMessage({ name, address, destroy })
    const buffer = this.#spare.pop() ?? this.#newRx()
    buffer.bytes.set(message)
    this.#receive(buffer, message.length, address, RPMSG_NS_ADDR)
  }

  /** @returns false where it is to be tried again. @throws what the kernel refuses for good */
  #write(open: Open, buffer: TxBuffer, length: number): boolean {
    if (open.lost) return false
    try {
      return open.file.write(buffer.bytes.subarray(0, length))
    } catch (error) {
      if (!isOpenampError(error, 'ERR_CLOSED')) throw error
      this.#lose(open, error)
      // Gone by itself: whoever sends is told. With the whole remote: all are told, by its owner.
      if (!this.#open.has(open.address)) throw error
      return false
    }
  }

  /** The endpoint is gone, alone or with the remote: whoever knows the remote looks first. */
  #lose(open: Open, error: unknown): void {
    if (!isOpenampError(error, 'ERR_CLOSED')) throw error
    if (open.lost) return
    open.lost = true
    open.unwatch?.()
    this.onLost()
  }

  #retryIn(milliseconds: number): void {
    if (this.#retry !== undefined || this.#closed) return
    this.#retry = this.#options.clock.after(milliseconds, 'timer', () => {
      this.#retry = undefined
      this.#sendOn()
      if (this.#unsent.length > 0) this.#retryIn(Math.min(2 * milliseconds, RETRY_LONGEST))
    })
  }

  /** Sends what had to wait. */
  #sendOn(): void {
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const open = this.#open.get(first.source)
      try {
        if (open !== undefined && !this.#write(open, first.buffer, first.length)) return
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        this.onNote(`a message of ${first.length} bytes could not be sent: ${why}`)
      }
      if (this.#unsent[0] !== first) return
      this.#unsent.shift()
      this.releaseTx(first.buffer)
    }
    this.#offer()
  }

  #offer(): void {
    if (this.#wanted && this.txFree) this.sink.txAvailable()
  }
}
