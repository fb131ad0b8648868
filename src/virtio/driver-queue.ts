import type { Clock } from '../base/clock.js'
import { OpenampError } from '../base/errors.js'
import { AVAIL_F_NO_INTERRUPT, DESC_F, USED_F_NO_NOTIFY } from './defs.js'
import { ChainAges, type RingStats } from './ring-stats.js'
import { passedEvent, type Vring } from './vring.js'

/** One element of a descriptor chain as the driver hands it over. */
export interface ChainElement {
  /** The address by which the device reaches the bytes. */
  readonly address: number
  readonly length: number
  /** True where the device writes, false where it reads. */
  readonly writable: boolean
}

/**
 * A device may say that it wrote into a chain which it could only read: the length is then of no
 * meaning (RPMsg-Lite and OpenAMP return the buffer's length on the transmit ring).
 */
const UNCHECKED = Number.POSITIVE_INFINITY

/** How both ends of a queue keep notifications down. */
export interface QueueOptions {
  /** VIRTIO_F_EVENT_IDX was negotiated: event indices instead of the flags. */
  readonly eventIndex?: boolean
  /** For the age of what is in flight (`stats`). */
  readonly clock?: Clock | undefined
}

/**
 * The driver's end of a virtqueue: it owns the buffers, makes them available, and takes back what
 * the device has used. Everything it needs to know again it keeps to itself; of what the device
 * wrote it believes nothing that it has not checked.
 *
 * @example
 * const queue = new DriverQueue(ring)
 * const head = queue.add(0x1000, 512, true)
 * if (queue.publish()) kick()
 * // on the interrupt:
 * for (let id = queue.takeUsed(); id >= 0; id = queue.takeUsed()) handle(id, queue.usedLength)
 */
export class DriverQueue {
  readonly ring: Vring
  readonly #eventIndex: boolean
  /** Free descriptors, linked by #next. */
  #freeHead = 0
  #freeCount: number
  readonly #next: Uint16Array
  /** Descriptors in the chain that begins here while the device has it, else 0. */
  readonly #chainLength: Uint16Array
  /**
   * What `add` has written into each descriptor: its address, and twice its length, odd where it is
   * writable. What is still there is not written again, for the device has that cache line as well.
   */
  readonly #address: Float64Array
  readonly #extent: Float64Array
  /** The largest length that the device may return for the chain that begins here. */
  readonly #capacity: Float64Array
  #inFlight = 0
  #availIdx = 0
  #publishedIdx = 0
  #lastUsedIdx = 0
  /** used.idx as it was read last: it is read again when all up to there was taken. */
  #seenUsedIdx = 0
  /** The device was asked for interrupts. With rings of zeros it is, whatever is negotiated. */
  #armed = true
  readonly #ages: ChainAges
  #kicksSent = 0
  #kicksSuppressed = 0
  /** `len` of the element that `takeUsed` returned last: bytes written by the device. */
  usedLength = 0

  /** The ring must be zeroed (`Vring.zero`) or freshly allocated. */
  constructor(ring: Vring, options: QueueOptions = {}) {
    this.ring = ring
    this.#eventIndex = options.eventIndex ?? false
    this.#freeCount = ring.num
    this.#next = Uint16Array.from({ length: ring.num }, (_, i) => i + 1)
    this.#chainLength = new Uint16Array(ring.num)
    this.#address = new Float64Array(ring.num).fill(Number.NaN)
    this.#extent = new Float64Array(ring.num)
    this.#capacity = new Float64Array(ring.num)
    this.#ages = new ChainAges(ring.num, options.clock)
  }

  /** Descriptors that `add` can still take. */
  get free(): number {
    return this.#freeCount
  }

  /** Chains that the device has not returned yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /**
   * Adds one buffer as a chain of one descriptor; the device sees it after `publish`.
   * @returns the head, by which `takeUsed` returns it
   * @throws ERR_NO_BUFFER where no descriptor is free
   */
  add(address: number, length: number, writable: boolean): number {
    this.#requireFree(1)
    const head = this.#takeDescriptor()
    const extent = 2 * length + (writable ? 1 : 0)
    if (this.#address[head] !== address || this.#extent[head] !== extent) {
      this.ring.descriptors.write(head, address, length, writable ? DESC_F.WRITE : 0, 0)
      this.#address[head] = address
      this.#extent[head] = extent
    }
    this.#offer(head, 1, writable ? length : UNCHECKED)
    return head
  }

  /** Adds a chain: the elements that the device reads must come before those that it writes. */
  addChain(elements: readonly ChainElement[]): number {
    this.#requireFree(elements.length)
    if (elements.length === 0) throw new OpenampError('ERR_USAGE', 'an empty descriptor chain')
    if (elements.some((e, i) => e.writable && elements[i + 1]?.writable === false)) {
      throw new OpenampError(
        'ERR_USAGE',
        'readable elements after writable ones (virtio 1.2, 2.7.4.2)',
      )
    }
    const head = this.#freeHead
    let capacity = 0
    let writes = false
    elements.forEach(({ address, length, writable }, i) => {
      const index = this.#takeDescriptor()
      const more = i + 1 < elements.length
      const flags = (writable ? DESC_F.WRITE : 0) | (more ? DESC_F.NEXT : 0)
      this.ring.descriptors.write(index, address, length, flags, more ? this.#freeHead : 0)
      this.#address[index] = Number.NaN
      if (writable) capacity += length
      writes ||= writable
    })
    this.#offer(head, elements.length, writes ? capacity : UNCHECKED)
    return head
  }

  /** Makes what was added visible to the device. @returns whether the device wants a kick */
  publish(): boolean {
    const old = this.#publishedIdx
    if (old === this.#availIdx) return false
    this.#publishedIdx = this.#availIdx
    this.ring.availIdx = this.#availIdx
    const wanted = this.#eventIndex
      ? passedEvent(this.ring.availEvent, this.#availIdx, old)
      : (this.ring.usedFlags & USED_F_NO_NOTIFY) === 0
    if (wanted) this.#kicksSent++
    else this.#kicksSuppressed++
    return wanted
  }

  /** Chains that were added and not published. */
  get unpublished(): number {
    return (this.#availIdx - this.#publishedIdx) & 0xffff
  }

  /** Whether the device has returned something that `takeUsed` has not given out yet. */
  get hasUsed(): boolean {
    return this.#seenUsedIdx !== this.#lastUsedIdx || this.ring.usedIdx !== this.#lastUsedIdx
  }

  /**
   * Takes the next chain that the device has returned; `usedLength` is then its length.
   * @returns its head, -1 where there is none
   * @throws ERR_PEER where the device returned more than it has, or what it does not have
   */
  takeUsed(): number {
    if (this.#seenUsedIdx === this.#lastUsedIdx && !this.#readUsedIdx()) return -1
    const id = this.ring.usedId(this.#lastUsedIdx)
    const length = this.ring.usedLen(this.#lastUsedIdx)
    const chainLength = id < this.ring.num ? (this.#chainLength[id] ?? 0) : 0
    if (chainLength === 0) {
      throw this.#lie(`used element ${this.#lastUsedIdx} names descriptor ${id}, not in flight`)
    }
    const capacity = this.#capacity[id] ?? 0
    if (length > capacity) {
      throw this.#lie(`used element of descriptor ${id}: length ${length} of at most ${capacity}`)
    }
    this.#lastUsedIdx = (this.#lastUsedIdx + 1) & 0xffff
    this.#takeBack(id)
    this.usedLength = length
    return id
  }

  /** Looks how far the device has come. @returns whether it has returned something */
  #readUsedIdx(): boolean {
    const usedIdx = this.ring.usedIdx
    const count = (usedIdx - this.#lastUsedIdx) & 0xffff
    if (count === 0) return false
    // The device cannot have used what was added but not published.
    const published = this.#inFlight - this.unpublished
    if (count > published) {
      throw this.#lie(
        `used.idx went from ${this.#lastUsedIdx} to ${usedIdx} with ${published} chains in flight`,
      )
    }
    this.#seenUsedIdx = usedIdx
    return true
  }

  /**
   * Takes back a chain that the device has not returned: once the device was reset, when it touches
   * none of them any more (virtqueue_detach_unused_buf in Linux).
   * @returns its head, -1 where all are back
   */
  detachUnused(): number {
    const head = this.#chainLength.findIndex((length) => length > 0)
    if (head >= 0) this.#takeBack(head)
    return head
  }

  /**
   * What the device has returned is not in flight, whether `takeUsed` has seen it or not.
   * @param notificationsReceived as the transport has counted them
   */
  stats(notificationsReceived?: number): RingStats {
    const returned = new Set<number>()
    const count = Math.min((this.ring.usedIdx - this.#lastUsedIdx) & 0xffff, this.ring.num)
    for (let i = 0; i < count; i++) returned.add(this.ring.usedId(this.#lastUsedIdx + i))
    const inFlight = (head: number): boolean =>
      (this.#chainLength[head] ?? 0) > 0 && !returned.has(head)
    return {
      kicksSent: this.#kicksSent,
      kicksSuppressed: this.#kicksSuppressed,
      notificationsReceived,
      inFlight: this.#chainLength.reduce((sum, _, head) => sum + (inFlight(head) ? 1 : 0), 0),
      oldestAge: this.#ages.oldest(inFlight),
    }
  }

  /** Asks the device for no more interrupts on this ring (a hint: it may send some anyway). */
  disableInterrupts(): void {
    if (!this.#armed) return
    this.#armed = false
    if (this.#eventIndex) this.ring.usedEvent = (this.#lastUsedIdx - 1) & 0xffff
    else this.ring.availFlags = AVAIL_F_NO_INTERRUPT
  }

  /**
   * Asks for an interrupt for the next used buffer.
   * @returns true where one has come in already: look again, no interrupt may follow for it
   */
  enableInterrupts(): boolean {
    this.#armed = true
    if (this.#eventIndex) this.ring.usedEvent = this.#lastUsedIdx
    else this.ring.availFlags = 0
    return this.hasUsed
  }

  #requireFree(count: number): void {
    if (this.#freeCount < count) {
      throw new OpenampError(
        'ERR_NO_BUFFER',
        `${this.ring.name}: ${count} descriptors wanted, ${this.#freeCount} of ${this.ring.num} free`,
      )
    }
  }

  #takeDescriptor(): number {
    const index = this.#freeHead
    this.#freeHead = this.#next[index] ?? 0
    this.#freeCount--
    return index
  }

  #offer(head: number, chainLength: number, capacity: number): void {
    this.#chainLength[head] = chainLength
    this.#capacity[head] = capacity
    this.#ages.begin(head)
    this.#inFlight++
    this.ring.setAvailEntry(this.#availIdx, head)
    this.#availIdx = (this.#availIdx + 1) & 0xffff
  }

  #takeBack(head: number): void {
    const chainLength = this.#chainLength[head] ?? 0
    this.#inFlight--
    this.#chainLength[head] = 0
    // #next still links the chain in the order in which it was taken from the free list.
    let last = head
    for (let i = 1; i < chainLength; i++) last = this.#next[last] ?? 0
    this.#next[last] = this.#freeHead
    this.#freeHead = head
    this.#freeCount += chainLength
  }

  #lie(what: string): OpenampError {
    return new OpenampError('ERR_PEER', `${this.ring.name}: ${what} (virtio 1.2, 2.7.8)`)
  }
}
