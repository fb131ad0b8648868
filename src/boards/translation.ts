import { hex } from '../base/errors.js'
import type { Region } from '../memory/region.js'
import type { Device } from './device.js'

/**
 * The addresses of the system, as a core reaches them through a block that translates its own
 * (`Block.translate`). Memory of the system answers the core at its own address without being asked
 * here: it is mapped into it. Here it answers at the addresses that the image has chosen for it.
 */
export class Translation {
  readonly translate: (address: number) => number | undefined
  readonly #name: string
  readonly #device: Device
  readonly #report: (text: string) => void
  /** Memory that is the system's, not the core's own. */
  readonly #regions: readonly Region[]
  /** Those of it that have been told to be somewhere else now. */
  readonly #moved = new Set<Region>()

  /**
   * @param name the block's
   * @param device the block's registers
   * @param regions the board's memory
   * @param report is told of what is not as on the chip
   */
  constructor(
    name: string,
    device: Device,
    translate: (address: number) => number | undefined,
    regions: readonly Region[],
    report: (text: string) => void,
  ) {
    this.#name = name
    this.#device = device
    this.translate = translate
    this.#report = report
    this.#regions = regions.filter(({ da }) => translate(da) !== undefined)
  }

  /** @returns -1 where there is no memory */
  load(system: number | undefined, size: 1 | 2 | 4): number {
    const region = this.#regionAt(system)
    if (region === undefined || system === undefined) return -1
    const offset = system - region.da
    if (size === 4) return region.getU32(offset)
    return (size === 2 ? region.words16[offset >>> 1] : region.bytes[offset]) ?? -1
  }

  /** @returns false where there is no memory */
  store(system: number | undefined, size: 1 | 2 | 4, value: number): boolean {
    const region = this.#regionAt(system)
    if (region === undefined || system === undefined) return false
    const offset = system - region.da
    if (size === 4) region.setU32(offset, value)
    else if (size === 2) region.words16[offset >>> 1] = value
    else region.bytes[offset] = value
    return true
  }

  /** A register of `device` has been written: tells of memory that is translated to somewhere else now. */
  stored(device: Device): void {
    if (device !== this.#device) return
    for (const region of this.#regions) {
      const { name, da, size } = region
      const at = this.translate(da)
      if (
        (at === da && this.translate(da + size - 1) === da + size - 1) ||
        this.#moved.has(region)
      ) {
        continue
      }
      this.#moved.add(region)
      this.#report(
        `${this.#name}: memory ${name} at ${hex(da, 8)} is translated to ${hex(at ?? da, 8)}, but answers there still`,
      )
    }
  }

  #regionAt(system: number | undefined): Region | undefined {
    if (system === undefined) return undefined
    return this.#regions.find(({ da, size }) => system >= da && system < da + size)
  }
}
