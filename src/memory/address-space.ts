import { hex, OpenampError } from '../base/errors.js'
import type { Region } from './region.js'

/** A place in a region: what a checked address turns into. */
export interface Location {
  readonly region: Region
  /** Bytes from the region's start. */
  readonly offset: number
}

/** Which of the two address kinds a number is. */
export type AddressKind = 'da' | 'pa'

/**
 * The regions through which one remote and its host meet. Every address that was read from memory
 * goes through `locate`, which either finds the whole range inside one region or refuses it.
 */
export class AddressSpace {
  readonly regions: readonly Region[]

  /** @throws ERR_MEMORY where two regions overlap in device or physical addresses */
  constructor(regions: readonly Region[]) {
    checkOverlap(regions)
    this.regions = regions
  }

  /**
   * The region that holds `[address, address + length)` whole, or undefined. An empty range lies
   * where its address lies, so the end of one region is not taken for the start of the next.
   */
  find(kind: AddressKind, address: number, length: number): Region | undefined {
    // Infinity and NaN fail these comparisons, so no separate check is needed for them.
    for (const region of this.regions) {
      const base = region[kind]
      const end = base + region.size
      if (address >= base && address < end && length >= 0 && address + length <= end) return region
    }
    return undefined
  }

  /**
   * Where `[address, address + length)` lies.
   * @param what names the range in the error ("vring 0 of vdev 0")
   * @throws ERR_MEMORY where no region holds it whole
   */
  locate(kind: AddressKind, address: number, length: number, what: string): Location {
    const region = this.find(kind, address, length)
    if (region === undefined) {
      const known = this.regions
        .map((r) => `${r.name} ${hex(r[kind])}..${hex(r[kind] + r.size - 1)}`)
        .join(', ')
      throw new OpenampError(
        'ERR_MEMORY',
        `${what}: ${kind} ${hex(address)} + ${hex(length)} bytes lies in no memory region (${known || 'there are none'})`,
      )
    }
    return { region, offset: address - region[kind] }
  }

  /** Device address → physical address. @throws ERR_MEMORY outside every region */
  daToPa(da: number): number {
    const { region, offset } = this.locate('da', da, 0, 'translation')
    return region.pa + offset
  }

  /** Physical address → device address. @throws ERR_MEMORY outside every region */
  paToDa(pa: number): number {
    const { region, offset } = this.locate('pa', pa, 0, 'translation')
    return region.da + offset
  }
}

/** @throws ERR_MEMORY where two regions overlap in device or physical addresses */
export function checkOverlap(
  regions: readonly Pick<Region, 'name' | 'da' | 'pa' | 'size'>[],
): void {
  for (const kind of ['da', 'pa'] as const) {
    const sorted = [...regions].sort((a, b) => a[kind] - b[kind])
    sorted.forEach((region, i) => {
      const next = sorted[i + 1]
      if (next !== undefined && region[kind] + region.size > next[kind]) {
        throw new OpenampError(
          'ERR_MEMORY',
          `regions ${region.name} and ${next.name} overlap at ${kind} ${hex(next[kind])}`,
        )
      }
    })
  }
}
