import { hex, OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import {
  DeviceQueue,
  hasFeature,
  type TransportQueue,
  VIRTIO_FEATURE,
  type VirtioTransport,
} from '../virtio/index.js'
import { RxBuffer, TxBuffer } from './buffers.js'
import { RPMSG_BUFFER_SIZE, RPMSG_HDR } from './header.js'
import type { RpmsgSink, RpmsgTransport, TransportStats } from './transport.js'

export interface VirtioRpmsgRemoteOptions {
  readonly transport: VirtioTransport
  /** The only memory in which the host's descriptors may point. */
  readonly space: AddressSpace
  /** Bytes of a buffer with its header, for `payloadSize`; 512 unless given. */
  readonly bufferSize?: number
}

const noSink: RpmsgSink = { received() {}, txAvailable() {} }

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
  readonly #rxByHead: RxBuffer[]
  readonly #txByHead: TxBuffer[]
  readonly #txReleased: TxBuffer[] = []
  #polling = false
  #closed = false

  /** @throws ERR_RESOURCE_TABLE for fewer than two rings, ERR_MEMORY where a ring lies nowhere */
  constructor(options: VirtioRpmsgRemoteOptions) {
    const { transport } = options
    const [txQueue, rxQueue] = transport.queues
    if (rxQueue === undefined || txQueue === undefined) {
      throw new OpenampError(
        'ERR_RESOURCE_TABLE',
        `an RPMsg device needs 2 vrings, this one has ${transport.queues.length}`,
      )
    }
    this.#txQueue = txQueue
    this.#rxQueue = rxQueue
    this.#space = options.space
    this.payloadSize = (options.bufferSize ?? RPMSG_BUFFER_SIZE) - RPMSG_HDR.SIZE
    const features = transport.driverFeatures
    this.nameService = hasFeature(features, VIRTIO_FEATURE.RPMSG_NS)
    const eventIndex = hasFeature(features, VIRTIO_FEATURE.RING_EVENT_IDX)
    this.#tx = new DeviceQueue(txQueue.ring(), { eventIndex })
    this.#rx = new DeviceQueue(rxQueue.ring(), { eventIndex })
    this.#rxByHead = Array.from(
      { length: this.#rx.ring.num },
      (_, i) => new RxBuffer(i, (given) => this.#giveBack(given)),
    )
    this.#txByHead = Array.from({ length: this.#tx.ring.num }, (_, i) => new TxBuffer(i))
  }

  getTx(): TxBuffer | undefined {
    if (this.#closed) return undefined
    const released = this.#txReleased.pop()
    if (released !== undefined) {
      released.owned = true
      return released
    }
    const head = this.#tx.take()
    const buffer = this.#txByHead[head]
    if (buffer === undefined) return undefined
    const what = `${this.#tx.ring.name}: transmit buffer ${head}`
    this.#checkBuffer(this.#tx, what)
    if (!this.#tx.writable) {
      throw new OpenampError('ERR_PEER', `${what} is not writable for the device`)
    }
    if (this.#tx.length < this.payloadSize + RPMSG_HDR.SIZE) {
      throw new OpenampError(
        'ERR_PEER',
        `${what} has ${this.#tx.length} bytes, ${this.payloadSize + RPMSG_HDR.SIZE} were agreed`,
      )
    }
    const place = this.#space.locate('pa', this.#tx.address, this.#tx.length, what)
    buffer.place(place, this.payloadSize + RPMSG_HDR.SIZE)
    buffer.owned = true
    return buffer
  }

  send(buffer: TxBuffer, source: number, destination: number, length: number): void {
    if (this.#closed) return
    buffer.writeHeader(source, destination, length)
    buffer.owned = false
    this.#tx.put(buffer.index, RPMSG_HDR.SIZE + length)
    if (this.#tx.publish()) this.#txQueue.notify()
  }

  releaseTx(buffer: TxBuffer): void {
    buffer.owned = false
    this.#txReleased.push(buffer)
  }

  notifyTx(wanted: boolean): boolean {
    if (this.#closed) return false
    if (!wanted) {
      this.#tx.disableNotifications()
      return this.#txReleased.length > 0
    }
    return this.#tx.enableNotifications() || this.#txReleased.length > 0
  }

  poll(): void {
    if (this.#polling || this.#closed) return
    this.#polling = true
    try {
      do {
        this.#rx.disableNotifications()
        for (let head = this.#rx.take(); head >= 0; head = this.#rx.take()) {
          this.#receive(head)
          if (this.#closed) return
        }
        if (this.#rx.publish()) this.#rxQueue.notify()
      } while (this.#rx.enableNotifications())
    } finally {
      this.#polling = false
    }
    if (this.#tx.available > 0) this.sink.txAvailable()
  }

  close(): void {
    this.#closed = true
  }

  stats(): TransportStats {
    return {
      rxHeld: this.#rxByHead.filter((buffer) => buffer.held).length,
      txFree: this.#txReleased.length + this.#tx.available,
    }
  }

  #receive(head: number): void {
    const buffer = this.#rxByHead[head]
    if (buffer === undefined) return
    const what = `${this.#rx.ring.name}: receive buffer ${head}`
    this.#checkBuffer(this.#rx, what)
    const capacity = this.#rx.length
    buffer.place(this.#space.locate('pa', this.#rx.address, capacity, what), capacity)
    const length = buffer.readHeader()
    if (length > capacity - RPMSG_HDR.SIZE) {
      throw new OpenampError(
        'ERR_PEER',
        `${what}: message from ${hex(buffer.source)} has length ${length} in its header, ` +
          `in a buffer of ${capacity} bytes (header 16 included)`,
      )
    }
    buffer.length = length
    buffer.lent = true
    this.sink.received(buffer)
    buffer.lent = false
    if (!buffer.held && !this.#closed) this.#rx.put(head, 0)
  }

  #checkBuffer(queue: DeviceQueue, what: string): void {
    if (queue.rest.length > 0) {
      throw new OpenampError('ERR_PEER', `${what} is a chain; RPMsg uses single descriptors`)
    }
    if (queue.length < RPMSG_HDR.SIZE) {
      throw new OpenampError('ERR_PEER', `${what} has ${queue.length} bytes, less than a header`)
    }
  }

  #giveBack(buffer: RxBuffer): void {
    if (this.#closed) return
    this.#rx.put(buffer.index, 0)
    if (!this.#polling && this.#rx.publish()) this.#rxQueue.notify()
  }
}
