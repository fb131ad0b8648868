import { hex } from '../../base/errors.js'

/** A stretch of device addresses. */
export interface AddressRange {
  readonly da: number
  /** Bytes. */
  readonly size: number
}

/** A named stretch of the remote's memory; a `Region` is one. */
export interface MemoryRange extends AddressRange {
  readonly name: string
}

export function holds(outer: AddressRange, inner: AddressRange): boolean {
  return inner.da >= outer.da && inner.da + inner.size <= outer.da + outer.size
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.size > 0 && b.size > 0 && a.da < b.da + b.size && b.da < a.da + a.size
}

/** "0x80000000..0x80000fff", how ranges stand in messages. */
export function span({ da, size }: AddressRange): string {
  return `${hex(da, 8)}..${hex(Math.max(da, da + size - 1), 8)}`
}

/** "ram 0x80000000..0x81ffffff, shared …". */
export function memoryList(regions: readonly MemoryRange[]): string {
  return regions.map((region) => `${region.name} ${span(region)}`).join(', ') || 'there is none'
}
