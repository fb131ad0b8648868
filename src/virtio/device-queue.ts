import { hex, OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import { AVAIL_F_NO_INTERRUPT, DESC, DESC_F, USED_F_NO_NOTIFY } from './defs.js'
import { DescriptorTable } from './descriptor-table.js'
import type { ChainElement, QueueOptions } from './driver-queue.js'
import { ChainAges, type RingStats } from './ring-stats.js'
import { passedEvent, type Vring } from './vring.js'

export interface DeviceQueueOptions extends QueueOptions {
  /**
   * Where in the available ring to begin, for a ring that another device has worked on before;
   * `used.idx` is then what the ring says. Both are 0 unless given.
   */
  readonly base?: number | undefined
  /** Interrupt for all that is used, whatever `avail.flags` say: for drivers that do not mean them. */
  readonly ignoreNoInterrupt?: boolean
  /** VIRTIO_F_INDIRECT_DESC was negotiated: the memory in which indirect tables may lie. */
  readonly indirect?: AddressSpace | undefined
}

/**
 * The device's end of a virtqueue: it takes chains that the driver made available, and returns them
 * used. The descriptor is read once, when the chain is taken; what the driver writes into it
 * afterwards changes nothing.
 *
 * @example
 * for (let head = queue.take(); head >= 0; head = queue.take()) {
 *   const written = handle(queue.address, queue.length)
 *   queue.put(head, written)
 * }
 * if (queue.publish()) interrupt()
 */
export class DeviceQueue {
  readonly ring: Vring
  readonly #eventIndex: boolean
  readonly #ignoreNoInterrupt: boolean
  /** 1 for each head that was taken and not put back. */
  readonly #taken: Uint8Array
  readonly #indirect: AddressSpace | undefined
  readonly #ages: ChainAges
  #takenCount = 0
  #kicksSent = 0
  #kicksSuppressed = 0
  #lastAvailIdx = 0
  /** avail.idx as it was read last: it is read again when all up to there was taken. */
  #seenAvailIdx = 0
  /** The driver was asked for kicks. With rings of zeros it is, whatever is negotiated. */
  #armed = true
  #usedIdx = 0
  #publishedIdx = 0
  /** The first element of the chain that `take` returned last. */
  address = 0
  length = 0
  writable = false
  /** Elements that follow the first one; empty for chains of one descriptor. */
  readonly rest: ChainElement[] = []

  constructor(ring: Vring, options: DeviceQueueOptions = {}) {
    this.ring = ring
    this.#eventIndex = options.eventIndex ?? false
    this.#ignoreNoInterrupt = options.ignoreNoInterrupt ?? false
    this.#taken = new Uint8Array(ring.num)
    this.#indirect = options.indirect
    this.#ages = new ChainAges(ring.num, options.clock)
    if (options.base !== undefined) {
      this.#lastAvailIdx = options.base
      this.#seenAvailIdx = options.base
      this.#usedIdx = ring.usedIdx
      this.#publishedIdx = this.#usedIdx
    }
  }

  /** Chains that were put and not published. */
  get unpublished(): number {
    return (this.#usedIdx - this.#publishedIdx) & 0xffff
  }

  /** Whether `take` would give a chain, or find out that the driver lies. */
  get hasAvailable(): boolean {
    return this.#seenAvailIdx !== this.#lastAvailIdx || this.ring.availIdx !== this.#lastAvailIdx
  }

  /** Like `available`, for diagnosis: what a lying driver says is cut to the size of the ring. */
  get pending(): number {
    return Math.min((this.ring.availIdx - this.#lastAvailIdx) & 0xffff, this.ring.num)
  }

  /**
   * The ring in memory is no longer the one that this queue has worked on: `used.idx` is the device's
   * alone, so where it differs a driver has set the ring up anew (a host that was restarted).
   */
  get wasReset(): boolean {
    return this.ring.usedIdx !== this.#publishedIdx
  }

  /**
   * Chains that the driver has made available and `take` has not given out yet.
   * @throws ERR_PEER where that is more than the ring holds
   */
  get available(): number {
    const availIdx = this.ring.availIdx
    const count = (availIdx - this.#lastAvailIdx) & 0xffff
    if (count > this.ring.num) {
      throw this.#lie(`avail.idx went from ${this.#lastAvailIdx} to ${availIdx}`, '2.7.6')
    }
    this.#seenAvailIdx = availIdx
    return count
  }

  /**
   * Takes the next available chain; `address`, `length`, `writable` and `rest` then describe it.
   * @returns its head, -1 where there is none
   * @throws ERR_PEER for an index beyond the ring, a head given twice, a chain that does not end
   */
  take(): number {
    if (this.#seenAvailIdx === this.#lastAvailIdx && this.available === 0) return -1
    const head = this.ring.availEntry(this.#lastAvailIdx)
    if (head >= this.ring.num) {
      throw this.#lie(`available entry names descriptor ${head} of ${this.ring.num}`, '2.7.6')
    }
    if (this.#taken[head] === 1) {
      throw this.#lie(`descriptor ${head} made available twice`, '2.7.13.1')
    }
    if (this.rest.length > 0) this.rest.length = 0
    const { descriptors } = this.ring
    const flags = descriptors.flags(head)
    if ((flags & (DESC_F.NEXT | DESC_F.INDIRECT)) === 0) {
      this.address = descriptors.addr(head)
      this.length = descriptors.len(head)
      this.writable = (flags & DESC_F.WRITE) !== 0
    } else {
      this.#walk(head, flags)
    }
    this.#taken[head] = 1
    this.#takenCount++
    this.#ages.begin(head)
    this.#lastAvailIdx = (this.#lastAvailIdx + 1) & 0xffff
    return head
  }

  /** Gives back a chain with `length` bytes written into it; the driver sees it after `publish`. */
  put(head: number, length: number): void {
    if (this.#taken[head] !== 1) {
      throw new OpenampError('ERR_USAGE', `${this.ring.name}: descriptor ${head} was not taken`)
    }
    this.#taken[head] = 0
    this.#takenCount--
    this.ring.setUsedElem(this.#usedIdx, head, length)
    this.#usedIdx = (this.#usedIdx + 1) & 0xffff
  }

  /** Makes what was put visible. @returns whether the driver wants an interrupt */
  publish(): boolean {
    const old = this.#publishedIdx
    if (old === this.#usedIdx) return false
    // A host that is restarted in this very moment must not find its new ring written over.
    if (!this.ring.advanceUsedIdx(old, this.#usedIdx)) return false
    this.#publishedIdx = this.#usedIdx
    const wanted = this.#wantsInterrupt(old)
    if (wanted) this.#kicksSent++
    else this.#kicksSuppressed++
    return wanted
  }

  /** @param notificationsReceived as the transport has counted them */
  stats(notificationsReceived?: number): RingStats {
    return {
      kicksSent: this.#kicksSent,
      kicksSuppressed: this.#kicksSuppressed,
      notificationsReceived,
      inFlight: this.#takenCount,
      oldestAge: this.#ages.oldest((head) => this.#taken[head] === 1),
    }
  }

  /** Asks the driver for no more kicks on this ring (a hint: it may send some anyway). */
  disableNotifications(): void {
    if (!this.#armed) return
    this.#armed = false
    if (this.#eventIndex) this.ring.availEvent = (this.#lastAvailIdx - 1) & 0xffff
    else this.ring.usedFlags = USED_F_NO_NOTIFY
  }

  /**
   * Asks for a kick for the next available chain.
   * @returns true where one has come in already: look again, no kick may follow for it
   */
  enableNotifications(): boolean {
    this.#armed = true
    if (this.#eventIndex) this.ring.availEvent = this.#lastAvailIdx
    else this.ring.usedFlags = 0
    return this.available > 0
  }

  /** Whether the driver wants to be told of what was used since `old`. */
  #wantsInterrupt(old: number): boolean {
    if (this.#ignoreNoInterrupt) return true
    if (this.#eventIndex) return passedEvent(this.ring.usedEvent, this.#usedIdx, old)
    return (this.ring.availFlags & AVAIL_F_NO_INTERRUPT) === 0
  }

  /** Reads a chain of several elements, in the ring's descriptors or in a table of its own. */
  #walk(head: number, headFlags: number): void {
    let table = this.ring.descriptors
    let index = head
    let flags = headFlags
    let elements = 0
    let writable = false
    for (;;) {
      // At most once: there is no table in a table.
      while ((flags & DESC_F.INDIRECT) !== 0) {
        table = this.#openIndirect(table, index, flags)
        index = 0
        flags = table.flags(0)
      }
      // A chain has at most as many elements as the ring has descriptors, so a loop ends here.
      if (elements === this.ring.num) {
        throw this.#lie(`the chain at descriptor ${head} does not end`, '2.7.5.1, 2.7.5.3.1')
      }
      const writes = (flags & DESC_F.WRITE) !== 0
      if (writable && !writes) {
        throw this.#lie(`chain at ${head}: readable after writable elements`, '2.7.4.2')
      }
      writable = writes
      const address = table.addr(index)
      const length = table.len(index)
      if (elements++ === 0) {
        this.address = address
        this.length = length
        this.writable = writable
      } else {
        this.rest.push({ address, length, writable })
      }
      if ((flags & DESC_F.NEXT) === 0) return
      index = table.next(index)
      if (index >= table.num) {
        throw this.#lie(`chain at ${head}: next is ${index} of ${table.num}`, '2.7.5')
      }
      flags = table.flags(index)
    }
  }

  /** The table that descriptor `index` of `table` stands for, if that can be believed. */
  #openIndirect(table: DescriptorTable, index: number, flags: number): DescriptorTable {
    const what = `descriptor ${index} has flags ${hex(flags)}`
    if (this.#indirect === undefined) {
      throw this.#lie(`${what}: indirect, never offered`, '2.7.5.3')
    }
    if (table !== this.ring.descriptors) {
      throw this.#lie(`${what}: indirect, in an indirect table`, '2.7.5.3.1')
    }
    if ((flags & DESC_F.NEXT) !== 0) {
      throw this.#lie(`${what}: indirect and next together`, '2.7.5.3.1')
    }
    const length = table.len(index)
    const num = length / DESC.SIZE
    if (!Number.isInteger(num) || num < 1 || num > this.ring.num) {
      const most = `1 to ${this.ring.num} descriptors of ${DESC.SIZE}`
      throw this.#lie(`${what}: a table of ${length} bytes, not ${most}`, '2.7.5.3.1')
    }
    const name = `${this.ring.name}: indirect table of descriptor ${index}`
    return new DescriptorTable(num, this.#indirect.locate('pa', table.addr(index), length, name))
  }

  #lie(what: string, section: string): OpenampError {
    return new OpenampError('ERR_PEER', `${this.ring.name}: ${what} (virtio 1.2, ${section})`)
  }
}
