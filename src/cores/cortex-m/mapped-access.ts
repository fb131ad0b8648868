import type { MappedMemory } from '../memory.js'
import { Row } from './instruction.js'

/**
 * An aligned load or store of the kind `row` that lies in any mapped region: what `interpret` does
 * with the accesses that miss the window, before it takes them for device registers.
 * @param r the registers: a load puts its value at `rt`, a store takes it from there
 * @returns false where the access is not of that kind; nothing has happened then
 */
export function accessMapped(
  memory: MappedMemory,
  row: number,
  r: Int32Array,
  rt: number,
  address: number,
): boolean {
  const region = memory.find(address)
  if (region === undefined || memory.watched) return false
  if (row >= Row.STR && region !== memory.regions[0]) memory.written[0] = 1
  const offset = (address - region.base) >>> 0
  switch (row) {
    case Row.LDR:
      if (offset & 3) return false
      r[rt] = region.words[offset >>> 2] ?? 0
      return true
    case Row.LDRB:
      r[rt] = region.bytes[offset] ?? 0
      return true
    case Row.LDRH:
      if (offset & 1) return false
      r[rt] = region.halves[offset >>> 1] ?? 0
      return true
    case Row.LDRSB:
      r[rt] = ((region.bytes[offset] ?? 0) << 24) >> 24
      return true
    case Row.LDRSH:
      if (offset & 1) return false
      r[rt] = ((region.halves[offset >>> 1] ?? 0) << 16) >> 16
      return true
    case Row.STR:
      if (offset & 3) return false
      region.words[offset >>> 2] = r[rt] ?? 0
      return true
    case Row.STRB:
      region.bytes[offset] = r[rt] ?? 0
      return true
    case Row.STRH:
      if (offset & 1) return false
      region.halves[offset >>> 1] = r[rt] ?? 0
      return true
    default:
      return false
  }
}

/** The unsigned byte or halfword in mapped memory at `address`, or -1. For table branches. */
export function peekMapped(memory: MappedMemory, address: number, size: 1 | 2): number {
  const region = memory.find(address)
  if (region === undefined || memory.watched) return -1
  const offset = (address - region.base) >>> 0
  if (size === 1) return region.bytes[offset] ?? -1
  return offset & 1 ? -1 : (region.halves[offset >>> 1] ?? -1)
}
