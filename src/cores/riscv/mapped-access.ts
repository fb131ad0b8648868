import type { MappedMemory } from '../memory.js'
import type { Hart } from './hart.js'
import { Op } from './operation.js'
import { READ, WRITE } from './pmp.js'

/**
 * A load or store of the kind `op` that is aligned and lies in any mapped region: what `interpret`
 * does with the accesses that miss the main region, before it takes them for device registers.
 * @param x the registers, in which a load puts its value at `rd`
 * @returns false where the access is not of that kind; nothing has happened then
 */
export function accessMapped(
  memory: MappedMemory,
  op: number,
  x: Int32Array,
  rd: number,
  address: number,
  value: number,
): boolean {
  const region = memory.find(address)
  if (region === undefined || memory.watched) return false
  const offset = (address - region.base) >>> 0
  switch (op) {
    case Op.LW:
      if (offset & 3) return false
      x[rd] = region.words[offset >>> 2] ?? 0
      return true
    case Op.SW:
      if (offset & 3) return false
      region.words[offset >>> 2] = value
      return true
    case Op.LH:
      if (offset & 1) return false
      x[rd] = ((region.halves[offset >>> 1] ?? 0) << 16) >> 16
      return true
    case Op.LHU:
      if (offset & 1) return false
      x[rd] = region.halves[offset >>> 1] ?? 0
      return true
    case Op.SH:
      if (offset & 1) return false
      region.halves[offset >>> 1] = value
      return true
    case Op.LB:
      x[rd] = ((region.bytes[offset] ?? 0) << 24) >> 24
      return true
    case Op.LBU:
      x[rd] = region.bytes[offset] ?? 0
      return true
    case Op.SB:
      region.bytes[offset] = value
      return true
    default:
      return false
  }
}

/**
 * A load or store of the kind `op`, whatever is at the address, that is aligned.
 * @returns what is loaded, unsigned; -1 where nothing answers, or the access is not aligned: nothing has happened
 */
export function accessDevice(
  memory: MappedMemory,
  op: number,
  address: number,
  value: number,
): number {
  const word = op === Op.LW || op === Op.SW
  const byte = op === Op.LB || op === Op.LBU || op === Op.SB
  const size = word ? 4 : byte ? 1 : 2
  if ((address & (size - 1)) !== 0) return -1
  if (op < Op.SB) return memory.load(address, size)
  return memory.store(address, size, value) ? 0 : -1
}

/** Whether the protection lets the load or store `op` have its bytes at `address`. */
export function mayAccess(hart: Hart, op: number, address: number): boolean {
  const word = op === Op.LW || op === Op.SW
  const byte = op === Op.LB || op === Op.LBU || op === Op.SB
  return hart.mayAccess(address, word ? 4 : byte ? 1 : 2, op >= Op.SB ? WRITE : READ)
}
