import { hex, OpenampError } from '../base/errors.js'
import { AVAIL_F_NO_INTERRUPT, DESC_F, USED_F_NO_NOTIFY } from './defs.js'
import type { ChainElement, QueueOptions } from './driver-queue.js'
import { passedEvent, type Vring } from './vring.js'

export interface DeviceQueueOptions extends QueueOptions {
  /**
   * Where in the available ring to begin, for a ring that another device has worked on before;
   * `used.idx` is then what the ring says. Both are 0 unless given.
   */
  readonly base?: number | undefined
  /** Interrupt for all that is used, whatever `avail.flags` say: for drivers that do not mean them. */
  readonly ignoreNoInterrupt?: boolean
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
  #lastAvailIdx = 0
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
    if (options.base !== undefined) {
      this.#lastAvailIdx = options.base
      this.#usedIdx = ring.usedIdx
      this.#publishedIdx = this.#usedIdx
    }
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
    return count
  }

  /**
   * Takes the next available chain; `address`, `length`, `writable` and `rest` then describe it.
   * @returns its head, -1 where there is none
   * @throws ERR_PEER for an index beyond the ring, a head given twice, a chain that does not end
   */
  take(): number {
    if (this.available === 0) return -1
    const head = this.ring.availEntry(this.#lastAvailIdx)
    if (head >= this.ring.num) {
      throw this.#lie(`available entry names descriptor ${head} of ${this.ring.num}`, '2.7.6')
    }
    if (this.#taken[head] === 1) {
      throw this.#lie(`descriptor ${head} made available twice`, '2.7.13.1')
    }
    let flags = this.#readFlags(head)
    this.address = this.ring.descriptorAddr(head)
    this.length = this.ring.descriptorLen(head)
    this.writable = (flags & DESC_F.WRITE) !== 0
    if (this.rest.length > 0) this.rest.length = 0
    let index = head
    while ((flags & DESC_F.NEXT) !== 0) {
      // A chain has at most as many elements as the ring has descriptors, so a loop ends here.
      if (this.rest.length + 2 > this.ring.num) {
        throw this.#lie(`the chain at descriptor ${head} does not end`, '2.7.5.1')
      }
      index = this.ring.descriptorNext(index)
      if (index >= this.ring.num) {
        throw this.#lie(`chain at ${head}: next is ${index} of ${this.ring.num}`, '2.7.5')
      }
      flags = this.#readFlags(index)
      const writable = (flags & DESC_F.WRITE) !== 0
      const address = this.ring.descriptorAddr(index)
      this.rest.push({ address, length: this.ring.descriptorLen(index), writable })
    }
    this.#taken[head] = 1
    this.#lastAvailIdx = (this.#lastAvailIdx + 1) & 0xffff
    return head
  }

  /** Gives back a chain with `length` bytes written into it; the driver sees it after `publish`. */
  put(head: number, length: number): void {
    if (this.#taken[head] !== 1) {
      throw new OpenampError('ERR_USAGE', `${this.ring.name}: descriptor ${head} was not taken`)
    }
    this.#taken[head] = 0
    this.ring.setUsedElem(this.#usedIdx, head, length)
    this.#usedIdx = (this.#usedIdx + 1) & 0xffff
  }

  /** Makes what was put visible. @returns whether the driver wants an interrupt */
  publish(): boolean {
    const old = this.#publishedIdx
    if (old === this.#usedIdx) return false
    this.#publishedIdx = this.#usedIdx
    this.ring.usedIdx = this.#usedIdx
    if (this.#ignoreNoInterrupt) return true
    if (this.#eventIndex) return passedEvent(this.ring.usedEvent, this.#usedIdx, old)
    return (this.ring.availFlags & AVAIL_F_NO_INTERRUPT) === 0
  }

  /** Asks the driver for no more kicks on this ring (a hint: it may send some anyway). */
  disableNotifications(): void {
    if (this.#eventIndex) this.ring.availEvent = (this.#lastAvailIdx - 1) & 0xffff
    else this.ring.usedFlags = USED_F_NO_NOTIFY
  }

  /**
   * Asks for a kick for the next available chain.
   * @returns true where one has come in already: look again, no kick may follow for it
   */
  enableNotifications(): boolean {
    if (this.#eventIndex) this.ring.availEvent = this.#lastAvailIdx
    else this.ring.usedFlags = 0
    return this.available > 0
  }

  #readFlags(index: number): number {
    const flags = this.ring.descriptorFlags(index)
    if ((flags & DESC_F.INDIRECT) !== 0) {
      throw this.#lie(
        `descriptor ${index} has flags ${hex(flags)}: indirect, never offered`,
        '2.7.5.3',
      )
    }
    return flags
  }

  #lie(what: string, section: string): OpenampError {
    return new OpenampError('ERR_PEER', `${this.ring.name}: ${what} (virtio 1.2, ${section})`)
  }
}
