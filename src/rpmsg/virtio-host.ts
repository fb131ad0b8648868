import type { Clock } from '../base/clock.js'
import { hex, OpenampError } from '../base/errors.js'
import type { Region } from '../memory/region.js'
import {
  DriverQueue,
  driverOk,
  hasFeature,
  negotiate,
  type TransportQueue,
  VIRTIO_FEATURE,
  VIRTIO_STATUS,
  type VirtioTransport,
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

/** Where buffers lie, and of what size they are. */
export interface BufferPool {
  readonly region: Region
  /** Bytes from the region's start. */
  readonly offset: number
  /** Bytes, for as many buffers as the pool's rings have descriptors. */
  readonly size: number
  /** Bytes of one buffer with its header; 512 unless given. */
  readonly bufferSize?: number
  /** Bytes from one buffer to the next; `bufferSize` in whole words unless given. */
  readonly stride?: number
}

export interface VirtioRpmsgHostOptions {
  readonly transport: VirtioTransport
  /** The receive buffers; behind them the transmit buffers, where those have no pool of their own. */
  readonly pool: BufferPool
  /** The transmit buffers, where they lie elsewhere or are of another size (split_shpool in OpenAMP). */
  readonly txPool?: BufferPool | undefined
  /** Feature bits that the host accepts of those offered; the name service unless given. */
  readonly features?: number
  /** For the age of buffers in flight, in `stats`. */
  readonly clock?: Clock
}

/**
 * RPMsg over virtio, host role: the virtio driver, which owns every buffer. vring 0 brings messages
 * from the remote, vring 1 takes messages to it (Linux drivers/rpmsg/virtio_rpmsg_bus.c).
 */
export class VirtioRpmsgHost implements RpmsgTransport {
  readonly role = 'host'
  readonly nameService: boolean
  readonly payloadSize: number
  sink: RpmsgSink = noSink
  readonly #rx: DriverQueue
  readonly #tx: DriverQueue
  readonly #rxQueue: TransportQueue
  readonly #txQueue: TransportQueue
  readonly #rxBuffers: RxBuffer[] = []
  readonly #rxByHead: RxBuffer[] = []
  readonly #txByHead: (TxBuffer | undefined)[] = []
  readonly #txFree: TxBuffer[] = []
  readonly #transport: VirtioTransport
  readonly #rxSize: number
  /** So many buffers the remote has to get back at once, while more come in: half of them. */
  readonly #rxBatch: number
  #polling = false
  #closed = false

  /**
   * Brings the device up in Linux's order: reset, ACKNOWLEDGE, DRIVER, features, rings zeroed,
   * receive buffers offered, DRIVER_OK, first kick of vring 0.
   * @throws ERR_RESOURCE_TABLE for fewer than two rings, ERR_NO_SPACE for too small a pool,
   *   ERR_USAGE for buffers that do not even hold a header, ERR_PEER as `negotiate`
   */
  constructor(options: VirtioRpmsgHostOptions) {
    const { transport, pool, txPool, clock } = options
    const [rxQueue, txQueue] = vringPair(transport)
    this.#transport = transport
    this.#rxQueue = rxQueue
    this.#txQueue = txQueue
    this.#rxSize = bufferSizeOf(pool)
    payloadSizeOf(this.#rxSize)
    this.payloadSize = payloadSizeOf(bufferSizeOf(txPool ?? pool))

    const wanted = options.features ?? 1 << VIRTIO_FEATURE.RPMSG_NS
    const features = negotiate(transport, wanted)
    this.nameService = hasFeature(features, VIRTIO_FEATURE.RPMSG_NS)
    const eventIndex = hasFeature(features, VIRTIO_FEATURE.RING_EVENT_IDX)

    const rxRing = rxQueue.ring()
    const txRing = txQueue.ring()
    rxRing.zero()
    txRing.zero()
    this.#rx = new DriverQueue(rxRing, { eventIndex, clock })
    this.#rxBatch = Math.ceil(rxRing.num / 2)
    this.#tx = new DriverQueue(txRing, { eventIndex, clock })
    this.#placeBuffers(pool, txPool)
    // Nobody waits for a transmit buffer yet, so the remote need not tell when it returns one.
    this.#tx.disableInterrupts()
    this.#rx.publish()
    driverOk(transport)
    // For the remote this kick is the news that DRIVER_OK is set, so it is sent whatever the flags.
    rxQueue.notify()
  }

  getTx(): TxBuffer | undefined {
    if (this.#closed) return undefined
    if (this.#txFree.length === 0) this.#reclaim()
    const buffer = this.#txFree.pop()
    if (buffer !== undefined) buffer.owner = this
    return buffer
  }

  send(buffer: TxBuffer, source: number, destination: number, length: number): void {
    if (this.#closed) return
    buffer.writeHeader(source, destination, length)
    buffer.owner = undefined
    const head = this.#tx.add(buffer.address ?? 0, RPMSG_HDR.SIZE + length, false)
    this.#txByHead[head] = buffer
  }

  flush(): void {
    if (!this.#closed && this.#tx.publish()) this.#txQueue.notify()
  }

  releaseTx(buffer: TxBuffer): void {
    buffer.owner = undefined
    this.#txFree.push(buffer)
  }

  notifyTx(wanted: boolean): boolean {
    if (this.#closed) return false
    if (!wanted) this.#tx.disableInterrupts()
    else if (this.#tx.enableInterrupts()) this.#reclaim()
    return this.#txFree.length > 0
  }

  hasNews(tx: boolean): boolean {
    return this.#rx.hasUsed || (tx && this.#tx.hasUsed)
  }

  get txFree(): boolean {
    return this.#txFree.length > 0 || this.#tx.hasUsed
  }

  poll(arm: boolean): boolean {
    // A callback may lead back here; the loop that is running will see what came in.
    if (this.#polling || this.#closed) return false
    if ((this.#transport.status & VIRTIO_STATUS.DEVICE_NEEDS_RESET) !== 0) throw needsReset()
    let budget = POLL_BUDGET
    let more = false
    this.#polling = true
    try {
      do {
        this.#rx.disableInterrupts()
        for (; budget > 0; budget--) {
          const head = this.#rx.takeUsed()
          if (head < 0) break
          this.#receive(head, this.#rx.usedLength)
          if (this.#closed) return false
          if (this.#rx.unpublished >= this.#rxBatch && this.#rx.publish()) this.#rxQueue.notify()
        }
        if (this.#rx.publish()) this.#rxQueue.notify()
        more = arm ? this.#rx.enableInterrupts() : this.#rx.hasUsed
      } while (more && budget > 0)
    } finally {
      this.#polling = false
    }
    if (this.#tx.hasUsed) {
      this.#reclaim()
      this.sink.txAvailable()
    }
    return more
  }

  close(): void {
    this.#closed = true
  }

  stats(): TransportStats {
    const rxHeld = this.#rxBuffers.filter((buffer) => buffer.held).length
    const rings = [
      this.#rx.stats(this.#rxQueue.notificationsReceived),
      this.#tx.stats(this.#txQueue.notificationsReceived),
    ]
    return { rxHeld, txFree: this.#txFree.length, rings }
  }

  #receive(head: number, usedLength: number): void {
    const buffer = this.#rxByHead[head]
    if (buffer === undefined) return
    const length = buffer.readHeader()
    // used.len covers the header (16 + payload), or is the whole buffer's length (OpenAMP).
    if (length + RPMSG_HDR.SIZE > usedLength) {
      throw new OpenampError(
        'ERR_PEER',
        `${this.#rx.ring.name}: message from ${hex(buffer.source)} has length ${length} in its header, ` +
          `in a buffer used for ${usedLength} bytes (header 16 included)`,
      )
    }
    buffer.length = length
    buffer.lent = true
    this.sink.received(buffer)
    buffer.lent = false
    if (!buffer.held && !this.#closed) this.#offer(buffer)
  }

  #placeBuffers(pool: BufferPool, txPool: BufferPool | undefined): void {
    const rxCount = this.#rx.ring.num
    const txCount = this.#tx.ring.num
    if (txPool === undefined) {
      checkRoom(pool, rxCount + txCount)
    } else {
      checkRoom(pool, rxCount)
      checkRoom(txPool, txCount)
    }
    for (let i = 0; i < rxCount; i++) {
      const buffer = new RxBuffer(i, (given) => this.#giveBack(given))
      place(buffer, pool, i)
      this.#rxBuffers.push(buffer)
      this.#offer(buffer)
    }
    for (let i = txCount - 1; i >= 0; i--) {
      const buffer = new TxBuffer(i)
      place(buffer, txPool ?? pool, txPool === undefined ? rxCount + i : i)
      this.#txFree.push(buffer)
    }
  }

  #offer(buffer: RxBuffer): void {
    const head = this.#rx.add(buffer.address ?? 0, this.#rxSize, true)
    this.#rxByHead[head] = buffer
  }

  #giveBack(buffer: RxBuffer): void {
    if (this.#closed) return
    this.#offer(buffer)
    if (!this.#polling && this.#rx.publish()) this.#rxQueue.notify()
  }

  #reclaim(): void {
    for (let head = this.#tx.takeUsed(); head >= 0; head = this.#tx.takeUsed()) {
      const buffer = this.#txByHead[head]
      this.#txByHead[head] = undefined
      if (buffer !== undefined) this.#txFree.push(buffer)
    }
  }
}

function needsReset(): OpenampError {
  const why = 'the remote has met an error from which only a reset of the device leads'
  return new OpenampError('ERR_PEER', `status DEVICE_NEEDS_RESET (virtio 1.2, 2.1): ${why}`)
}

/** Bytes from one buffer to the next: headers lie on whole words, for cores that want it so. */
export function strideOf(bufferSize: number, align = 1): number {
  const to = Math.max(align, 4)
  return Math.ceil(bufferSize / to) * to
}

function bufferSizeOf({ bufferSize = RPMSG_BUFFER_SIZE }: BufferPool): number {
  return bufferSize
}

function checkRoom(pool: BufferPool, count: number): void {
  const bufferSize = bufferSizeOf(pool)
  const needed = count * (pool.stride ?? strideOf(bufferSize))
  const room = Math.min(pool.size, pool.region.size - pool.offset)
  if (room >= needed) return
  throw new OpenampError(
    'ERR_NO_SPACE',
    `the buffers' carve-out has ${hex(room)} bytes, ${count} buffers of ${bufferSize} need ${hex(needed)}`,
  )
}

function place(buffer: MessageBuffer, pool: BufferPool, index: number): void {
  const bufferSize = bufferSizeOf(pool)
  const offset = pool.offset + index * (pool.stride ?? strideOf(bufferSize))
  buffer.place({ region: pool.region, offset }, bufferSize)
  buffer.address = pool.region.pa + offset
}
