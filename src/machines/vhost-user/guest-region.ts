import { OpenampError } from '../../base/errors.js'
import type { AddressKind } from '../../memory/address-space.js'
import { Region } from '../../memory/region.js'
import type { Mapping } from './descriptor.js'

/** Views begin and end at multiples of so many bytes: what lies together shares one. */
const VIEW = 2 ** 16

/**
 * Bytes of all views of one table. The garbage collector takes a view for memory of the program, and runs
 * for every few of them; the rings and buffers of one device are a small part of that.
 */
const VIEWS_MAX = 2 ** 28

/** How much of `VIEWS_MAX` a table has used up. */
export interface ViewBudget {
  used: number
}

export interface GuestRegionOptions {
  readonly name: string
  readonly guestAddress: number
  readonly userAddress: number
  readonly size: number
}

/**
 * One region of the front-end's memory. All of it is mapped, which costs nothing; views are made of what
 * is used.
 */
export class GuestRegion {
  readonly name: string
  readonly da: number
  readonly pa: number
  readonly size: number
  readonly #mapping: Mapping
  readonly #budget: ViewBudget
  /** By the multiple of `VIEW` at which they begin. */
  readonly #views = new Map<number, Region>()

  constructor(options: GuestRegionOptions, mapping: Mapping, budget: ViewBudget) {
    this.name = options.name
    this.da = options.userAddress
    this.pa = options.guestAddress
    this.size = options.size
    this.#mapping = mapping
    this.#budget = budget
  }

  /** Whether `[address, address + length)` lies in it; an empty range lies where its address lies. */
  holds(kind: AddressKind, address: number, length: number): boolean {
    const offset = address - this[kind]
    return offset >= 0 && offset < this.size && length >= 0 && offset + length <= this.size
  }

  /**
   * A view that has the range whole.
   * @param offset of a range that it holds
   * @throws ERR_PEER where the views of the table would be larger than a device's rings and buffers are
   */
  view(offset: number, length: number): Region {
    const start = offset - (offset % VIEW)
    const known = this.#views.get(start)
    if (known !== undefined && offset + length <= start + known.size) return known
    const end = Math.max(offset + length, start + 1)
    const size = Math.min(Math.ceil((end - start) / VIEW) * VIEW, this.size - start)
    if (this.#budget.used + size > VIEWS_MAX) {
      throw new OpenampError(
        'ERR_PEER',
        `vhost-user: rings and buffers are spread over more than ${VIEWS_MAX} bytes of memory`,
      )
    }
    this.#budget.used += size
    const view = new Region({
      name: this.name,
      da: this.da + start,
      pa: this.pa + start,
      size,
      ...this.#mapping.view(start, size),
    })
    this.#views.set(start, view)
    return view
  }

  release(): void {
    this.#mapping.release()
  }
}
