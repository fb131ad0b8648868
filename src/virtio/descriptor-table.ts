import type { Location } from '../memory/address-space.js'
import type { Region } from '../memory/region.js'
import { DESC } from './defs.js'

/**
 * An array of descriptors in memory: a ring's own, or the indirect table of one chain (virtio 1.2,
 * sections 2.7.5 and 2.7.5.3). Plain accesses, which the index that publishes a chain orders.
 */
export class DescriptorTable {
  /** How many descriptors there are. */
  readonly num: number
  readonly #region: Region
  readonly #at: number

  constructor(num: number, { region, offset }: Location) {
    this.num = num
    this.#region = region
    this.#at = offset
  }

  write(i: number, addr: number, len: number, flags: number, next: number): void {
    const at = this.#at + i * DESC.SIZE
    this.#region.setU64(at + DESC.ADDR, addr)
    this.#region.setU32(at + DESC.LEN, len)
    this.#region.setU16(at + DESC.FLAGS, flags)
    this.#region.setU16(at + DESC.NEXT, next)
  }

  addr(i: number): number {
    return this.#region.getU64(this.#at + i * DESC.SIZE + DESC.ADDR)
  }

  len(i: number): number {
    return this.#region.getU32(this.#at + i * DESC.SIZE + DESC.LEN)
  }

  flags(i: number): number {
    return this.#region.getU16(this.#at + i * DESC.SIZE + DESC.FLAGS)
  }

  next(i: number): number {
    return this.#region.getU16(this.#at + i * DESC.SIZE + DESC.NEXT)
  }

  zero(): void {
    this.#region.bytes.fill(0, this.#at, this.#at + DESC.SIZE * this.num)
  }
}
