import { OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import { AVAIL, DESC, USED } from './defs.js'
import { MMIO, MMIO_LEGACY, MMIO_MODERN, type MmioVersion } from './mmio-defs.js'
import { Vring } from './vring.js'

/** What a driver that says nothing of it means: the page size of virtio-mmio's first drivers. */
const DEFAULT_ALIGN = 4096

/** The registers of one queue of a virtio-mmio device, as the driver has written them. */
export class MmioQueue {
  readonly index: number
  readonly numMax: number
  #num = 0
  #align = DEFAULT_ALIGN
  #pfn = 0
  #pageSize = 0
  #ready = false
  /** Addresses by their LOW register; the HIGH one follows it. */
  readonly #addresses = new Map<number, number>()
  /** Times that the driver has written this queue to QUEUE_NOTIFY; another object after a reset. */
  notifications = { count: 0 }

  constructor(index: number, numMax: number) {
    this.index = index
    this.numMax = numMax
  }

  reset(): void {
    this.#num = 0
    this.#align = DEFAULT_ALIGN
    this.#pfn = this.#pageSize = 0
    this.#ready = false
    this.#addresses.clear()
    this.notifications = { count: 0 }
  }

  /** The driver has set it up. */
  get ready(): boolean {
    return this.#ready
  }

  load(register: number, version: MmioVersion): number {
    if (register === MMIO.QUEUE_NUM_MAX) return this.numMax
    if (version === 1) return register === MMIO_LEGACY.QUEUE_PFN ? this.#pfn : 0
    return register === MMIO_MODERN.QUEUE_READY && this.#ready ? 1 : 0
  }

  /** @param pageSize what GUEST_PAGE_SIZE says, for version 1 */
  store(register: number, version: MmioVersion, value: number, pageSize: number): void {
    if (register === MMIO.QUEUE_NUM) this.#num = value
    else if (version === 1) this.#storeLegacy(register, value, pageSize)
    else if (register === MMIO_MODERN.QUEUE_READY) this.#ready = (value & 1) === 1
    else this.#addresses.set(register, value)
  }

  /**
   * The ring where the driver has put it.
   * @throws ERR_PEER where it is not set up, or of a size that was not offered; ERR_MEMORY,
   *   ERR_RESOURCE_TABLE for a ring that lies nowhere
   */
  open(space: AddressSpace, version: MmioVersion, name: string): Vring {
    if (!this.#ready) throw new OpenampError('ERR_PEER', `${name} is not set up by the driver`)
    const num = this.#num
    if (num > this.numMax) {
      throw new OpenampError('ERR_PEER', `${name}: size ${num}, of at most ${this.numMax}`)
    }
    if (version === 1) {
      return Vring.legacy(space, 'pa', this.#pfn * this.#pageSize, num, this.#align, name)
    }
    const part = (what: string, low: number, size: number) => {
      const high = this.#addresses.get(low + 4) ?? 0
      const address = high * 2 ** 32 + (this.#addresses.get(low) ?? 0)
      return space.locate('pa', address, size, `${name}: ${what}`)
    }
    // Both rings end with a 16-bit event field.
    const available = AVAIL.RING + AVAIL.RING_ENTRY * num + 2
    const used = USED.RING + USED.RING_ENTRY * num + 2
    const parts = {
      descriptors: part('descriptors', MMIO_MODERN.QUEUE_DESC_LOW, DESC.SIZE * num),
      available: part('available ring', MMIO_MODERN.QUEUE_DRIVER_LOW, available),
      used: part('used ring', MMIO_MODERN.QUEUE_DEVICE_LOW, used),
    }
    return new Vring(num, parts, name)
  }

  #storeLegacy(register: number, value: number, pageSize: number): void {
    if (register === MMIO_LEGACY.QUEUE_ALIGN) this.#align = value
    if (register !== MMIO_LEGACY.QUEUE_PFN) return
    this.#pfn = value
    this.#pageSize = pageSize
    this.#ready = value !== 0
  }
}
