import type { Clock } from '../base/clock.js'
import { hex, OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import {
  DESC_F,
  DeviceQueue,
  hasFeature,
  type TransportQueue,
  VIRTIO_FEATURE,
  type VirtioTransport,
  type Vring,
} from '../virtio/index.js'
import { type MessageBuffer, RxBuffer, TxBuffer } from './buffers.js'
import { payloadSizeOf, RPMSG_BUFFER_SIZE, RPMSG_HDR } from './header.js'
import {
  noSink,
  POLL_BUDGET,
  type RpmsgSink,
  type RpmsgTransport,
  type TransportStats,
} from './transport.js'
import { vringPair } from './vring-pair.js'

export interface VirtioRpmsgRemoteOptions {
  readonly transport: VirtioTransport
  /** The only memory in which the host's descriptors may point. */
  readonly space: AddressSpace
  /** Bytes of a transmit buffer with its header; what the host's descriptors say unless given. */
  readonly bufferSize?: number
  /**
   * How the host uses the rings; as the specification has it unless given. RPMsg-Lite's master sets
   * NO_INTERRUPT on both and needs every kick, gives no notice of the buffers that it returns, takes
   * used.len for the size of the buffer, and may fill vring 1's used ring beforehand.
   */
  readonly habits?: 'virtio' | 'rpmsg-lite'
  /**
   * Return each buffer with its whole length, whatever was written into it: OpenAMP's host takes
   * used.len for the buffer's length when it uses it again, on both rings.
   */
  readonly wholeBuffers?: boolean
  /** Told when a transmit buffer is wanted of a host that gives no notice of those it returns. */
  readonly onStarving?: () => void
  /** For the age of buffers that were taken, in `stats`. */
  readonly clock?: Clock
}

/**
 * RPMsg over virtio, remote role: the virtio device, which uses the host's buffers. It sends through
 * vring 0 and receives through vring 1. Made once the status shows DRIVER_OK.
 */
export class VirtioRpmsgRemote implements RpmsgTransport {
  readonly role = 'remote'
  readonly nameService: boolean
  readonly payloadSize: number
  sink: RpmsgSink = noSink
  readonly #tx: DeviceQueue
  readonly #rx: DeviceQueue
  readonly #txQueue: TransportQueue
  readonly #rxQueue: TransportQueue
  readonly #space: AddressSpace
  readonly #bufferSize: number
  readonly #rpmsgLite: boolean
  readonly #wholeBuffers: boolean
  readonly #onStarving: () => void
  readonly #rxByHead: RxBuffer[]
  readonly #txByHead: TxBuffer[]
  readonly #txReleased: TxBuffer[] = []
  /** By head, the descriptor that placed the buffer last: its address and length. */
  readonly #rxPlaces: Float64Array
  readonly #txPlaces: Float64Array
  /** So many buffers the host gets back at once, while more come in: a quarter of them. */
  readonly #rxBatch: number
  #polling = false
  #closed = false

  /** @throws ERR_RESOURCE_TABLE for fewer than two rings, ERR_MEMORY where a ring lies nowhere, ERR_USAGE */
  constructor(options: VirtioRpmsgRemoteOptions) {
    const { transport, clock } = options
    const [txQueue, rxQueue] = vringPair(transport)
    this.#txQueue = txQueue
    this.#rxQueue = rxQueue
    this.#space = options.space
    this.#rpmsgLite = options.habits === 'rpmsg-lite'
    this.#wholeBuffers = this.#rpmsgLite || options.wholeBuffers === true
    this.#onStarving = options.onStarving ?? (() => {})
    const features = transport.driverFeatures
    this.nameService = hasFeature(features, VIRTIO_FEATURE.RPMSG_NS)
    const eventIndex = hasFeature(features, VIRTIO_FEATURE.RING_EVENT_IDX)
    const txRing = txQueue.ring()
    const rxRing = rxQueue.ring()
    // In rings that were just set up this is 0. A remote that was restarted while its host stayed goes
    // on where it left off, if it had no buffer in hand.
    const queueOptions = { eventIndex, clock, ignoreNoInterrupt: this.#rpmsgLite }
    this.#tx = new DeviceQueue(txRing, { ...queueOptions, base: txQueue.base ?? txRing.usedIdx })
    this.#rx = new DeviceQueue(rxRing, {
      ...queueOptions,
      base: rxQueue.base ?? this.#rxBase(rxRing),
    })
    this.#bufferSize = options.bufferSize ?? offeredSize(txRing)
    this.payloadSize = payloadSizeOf(this.#bufferSize)
    this.#rxBatch = Math.ceil(rxRing.num / 4)
    this.#rxByHead = Array.from(
      { length: this.#rx.ring.num },
      (_, i) => new RxBuffer(i, (given) => this.#giveBack(given)),
    )
    this.#txByHead = Array.from({ length: this.#tx.ring.num }, (_, i) => new TxBuffer(i))
    this.#rxPlaces = new Float64Array(2 * this.#rx.ring.num).fill(Number.NaN)
    this.#txPlaces = new Float64Array(2 * this.#tx.ring.num).fill(Number.NaN)
    // Nobody waits for a transmit buffer yet, so the host need not tell when it returns one.
    this.#tx.disableNotifications()
  }

  getTx(): TxBuffer | undefined {
    if (this.#closed) return undefined
    const released = this.#txReleased.pop()
    if (released !== undefined) {
      released.owner = this
      return released
    }
    const head = this.#tx.take()
    const buffer = this.#txByHead[head]
    if (buffer === undefined) return undefined
    if (!this.#tx.writable) throw lie(this.#tx, buffer, 'is not writable for the device')
    this.#place(this.#tx, this.#txPlaces, buffer, this.#bufferSize, this.#bufferSize)
    buffer.owner = this
    return buffer
  }

  send(buffer: TxBuffer, source: number, destination: number, length: number): void {
    if (this.#closed) return
    buffer.writeHeader(source, destination, length)
    buffer.owner = undefined
    const whole = this.#wholeBuffers
    const used = whole ? lengthAt(this.#txPlaces, buffer.index) : RPMSG_HDR.SIZE + length
    this.#tx.put(buffer.index, used)
  }

  flush(): void {
    if (!this.#closed && this.#tx.publish()) this.#txQueue.notify()
  }

  releaseTx(buffer: TxBuffer): void {
    buffer.owner = undefined
    this.#txReleased.push(buffer)
  }

  notifyTx(wanted: boolean): boolean {
    if (this.#closed) return false
    if (!wanted) {
      this.#tx.disableNotifications()
      return this.#txReleased.length > 0
    }
    const free = this.#tx.enableNotifications() || this.#txReleased.length > 0
    if (!free && this.#rpmsgLite) this.#onStarving()
    return free
  }

  hasNews(tx: boolean): boolean {
    return this.#rx.hasAvailable || (tx && this.#tx.hasAvailable)
  }

  get txFree(): boolean {
    return this.#txReleased.length > 0 || this.#tx.hasAvailable
  }

  poll(arm: boolean): boolean {
    // A callback may lead back here; the loop that is running will see what came in.
    if (this.#polling || this.#closed) return false
    let budget = POLL_BUDGET
    let more = false
    this.#polling = true
    try {
      do {
        this.#rx.disableNotifications()
        for (; budget > 0; budget--) {
          const head = this.#rx.take()
          if (head < 0) break
          this.#receive(head)
          if (this.#closed) return false
          // A host that goes on sending meanwhile needs some of its buffers back.
          if (this.#rx.unpublished >= this.#rxBatch && this.#rx.publish()) this.#rxQueue.notify()
        }
        if (this.#rx.publish()) this.#rxQueue.notify()
        more = arm ? this.#rx.enableNotifications() : this.#rx.hasAvailable
      } while (more && budget > 0)
    } finally {
      this.#polling = false
    }
    if (this.#tx.hasAvailable) this.sink.txAvailable()
    return more
  }

  close(): void {
    this.#closed = true
  }

  /** A host has set the rings up anew, with or without a reset that anybody saw. */
  get ringsWereReset(): boolean {
    return this.#tx.wasReset || this.#rx.wasReset
  }

  /** Messages have come that no `poll` has looked at yet. */
  get hasReceived(): boolean {
    return this.#rx.pending > 0
  }

  stats(): TransportStats {
    return {
      rxHeld: this.#rxByHead.filter((buffer) => buffer.held).length,
      txFree: this.#txReleased.length + (this.#closed ? 0 : this.#tx.pending),
      rings: [
        this.#tx.stats(this.#txQueue.notificationsReceived),
        this.#rx.stats(this.#rxQueue.notificationsReceived),
      ],
    }
  }

  #receive(head: number): void {
    const buffer = this.#rxByHead[head]
    if (buffer === undefined) return
    this.#place(this.#rx, this.#rxPlaces, buffer, RPMSG_HDR.SIZE, this.#rx.length)
    const length = buffer.readHeader()
    if (length > buffer.bytes.length) {
      const what = `holds a message from ${hex(buffer.source)} of ${length} bytes`
      throw lie(this.#rx, buffer, `${what}, and has room for ${buffer.bytes.length}`)
    }
    buffer.length = length
    buffer.lent = true
    this.sink.received(buffer)
    buffer.lent = false
    if (!buffer.held && !this.#closed) this.#putRx(head)
  }

  /**
   * RPMsg-Lite's master hands itself all its transmit buffers through the used ring at the start, so
   * used.idx is ahead by so many. Its descriptors then have WRITE, which no other driver sets there.
   */
  #rxBase(ring: Vring): number {
    const filled = this.#rpmsgLite && (ring.descriptors.flags(0) & DESC_F.WRITE) !== 0
    return (ring.usedIdx - (filled ? ring.num : 0)) & 0xffff
  }

  #putRx(head: number): void {
    this.#rx.put(head, this.#wholeBuffers ? lengthAt(this.#rxPlaces, head) : 0)
  }

  /** Puts the buffer where the descriptor that was just taken says, if that can be believed. */
  #place(
    queue: DeviceQueue,
    places: Float64Array,
    buffer: MessageBuffer,
    needed: number,
    most: number,
  ): void {
    if (queue.rest.length > 0) throw lie(queue, buffer, 'is a chain; RPMsg uses single descriptors')
    // Most hosts give the same places again and again.
    const at = 2 * buffer.index
    if (places[at] === queue.address && places[at + 1] === queue.length) return
    const { address, length } = queue
    if (length < needed) throw lie(queue, buffer, `has ${length} bytes, ${needed} are needed`)
    const location = this.#space.locate('pa', address, length, label(queue, buffer))
    buffer.place(location, Math.min(length, most))
    places[at] = address
    places[at + 1] = length
  }

  #giveBack(buffer: RxBuffer): void {
    if (this.#closed) return
    this.#putRx(buffer.index)
    if (!this.#polling && this.#rx.publish()) this.#rxQueue.notify()
  }
}

/** The size of the buffers in a ring that the host has filled, as the latest of them has it. */
function offeredSize(ring: Vring): number {
  const { availIdx } = ring
  const head = ring.availEntry(availIdx - 1)
  const length = availIdx !== 0 && head < ring.num ? ring.descriptors.len(head) : 0
  return length > RPMSG_HDR.SIZE ? length : RPMSG_BUFFER_SIZE
}

function lengthAt(places: Float64Array, index: number): number {
  return places[2 * index + 1] ?? 0
}

function label(queue: DeviceQueue, buffer: MessageBuffer): string {
  return `${queue.ring.name}: buffer ${buffer.index}`
}

function lie(queue: DeviceQueue, buffer: MessageBuffer, what: string): OpenampError {
  return new OpenampError('ERR_PEER', `${label(queue, buffer)} ${what}`)
}
