import { hex, OpenampError } from '../../base/errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { AVAIL, checkQueueSize, DESC, USED, Vring } from '../../virtio/index.js'
import type { Descriptor } from './descriptor.js'

/** Where a front-end says that a ring is: addresses of its own ("user"). */
export interface RingAddresses {
  readonly descriptors: bigint
  readonly used: bigint
  readonly available: bigint
}

/** What a front-end has said of one queue, and the events that it has given for it. */
export class QueueState {
  readonly index: number
  #num: number | undefined
  #addresses: RingAddresses | undefined
  #ring: Vring | undefined
  /** Index into the available ring at which the device begins to take. */
  base = 0
  enabled = false
  /** A kick has come: the ring is in use. */
  started = false
  #kick: Descriptor | undefined
  #call: Descriptor | undefined
  #error: Descriptor | undefined

  constructor(index: number) {
    this.index = index
  }

  /** Where size and addresses are known. */
  get configured(): boolean {
    return this.#addresses !== undefined
  }

  get call(): Descriptor | undefined {
    return this.#call
  }

  get error(): Descriptor | undefined {
    return this.#error
  }

  /** @throws ERR_RESOURCE_TABLE unless it is a power of two from 1 to 32768 */
  setNum(num: number): void {
    checkQueueSize(num, this.#name)
    this.#num = num
    this.#addresses = undefined
  }

  /** @throws ERR_PEER before the size, ERR_MEMORY, ERR_RESOURCE_TABLE for a ring that lies nowhere */
  setAddresses(addresses: RingAddresses, space: AddressSpace): void {
    this.#addresses = addresses
    try {
      this.open(space)
    } catch (error) {
      this.#addresses = undefined
      throw error
    }
  }

  sameAddresses(other: RingAddresses): boolean {
    const { descriptors, used, available } = this.#addresses ?? {}
    return other.descriptors === descriptors && other.used === used && other.available === available
  }

  /** The ring in the memory that the front-end shares now. @throws as `setAddresses` */
  open(space: AddressSpace): Vring {
    const num = this.#num
    const addresses = this.#addresses
    if (num === undefined || addresses === undefined) {
      throw new OpenampError('ERR_PEER', `vhost-user: ${this.#name} has no size yet`)
    }
    const part = (what: keyof RingAddresses, size: number) => {
      const address = addresses[what]
      if (address > Number.MAX_SAFE_INTEGER) {
        throw new OpenampError('ERR_PEER', `${this.#name}: ${what} at ${hex(address)}`)
      }
      return space.locate('da', Number(address), size, `${this.#name}: ${what}`)
    }
    // Both rings end with a 16-bit event field.
    const parts = {
      descriptors: part('descriptors', DESC.SIZE * num),
      available: part('available', AVAIL.RING + AVAIL.RING_ENTRY * num + 2),
      used: part('used', USED.RING + USED.RING_ENTRY * num + 2),
    }
    this.#ring = new Vring(num, parts, this.#name)
    return this.#ring
  }

  /** The link over this ring has ended: whoever goes on with it takes again what was not returned. */
  leave(): void {
    if (this.#ring !== undefined) this.base = this.#ring.usedIdx
    this.started = false
  }

  setKick(kick: Descriptor | undefined): void {
    this.#kick?.close()
    this.#kick = kick
  }

  setCall(call: Descriptor | undefined): void {
    this.#call?.close()
    this.#call = call
  }

  setError(error: Descriptor | undefined): void {
    this.#error?.close()
    this.#error = error
  }

  closeEvents(): void {
    this.setKick(undefined)
    this.setCall(undefined)
    this.setError(undefined)
  }

  get #name(): string {
    return `vring ${this.index}`
  }
}
