import type { AccessSize, MappedRegion } from '../memory.js'
import type { ArmCpu } from './arm-cpu.js'
import { isWatched, load, store } from './memory-access.js'
import { raise, retire } from './steps.js'
import { Access, Fault } from './system-interface.js'

/** In the `imm` of these instructions: offset << 8 | size in bytes. */
function sizeOf(cpu: ArmCpu): AccessSize {
  const size = cpu.imm & 7
  return size === 4 ? 4 : size === 2 ? 2 : 1
}

type Elements = Uint8Array | Uint16Array | Int32Array

/** The elements of `region` of `size` bytes. */
function elements(region: MappedRegion, size: AccessSize): Elements {
  return size === 4 ? region.words : size === 2 ? region.halves : region.bytes
}

/** LDREX, LDREXB, LDREXH, and those of ARMv8-M that order as well. */
export function loadExclusive(cpu: ArmCpu, rt: number, rn: number): void {
  const size = sizeOf(cpu)
  const address = ((cpu.r[rn] ?? 0) + (cpu.imm >> 8)) | 0
  // The checked load comes first, for its faults.
  let value = load(cpu, address, size, true)
  if (value < 0) return
  const region = cpu.memory.find(address)
  if (region !== undefined) {
    value = Atomics.load(elements(region, size), index(region, address, size)) >>> 0
  }
  cpu.exclusive = address
  cpu.exclusiveValue = value
  cpu.exclusiveSize = size
  cpu.r[rt] = value
  retire(cpu)
}

/**
 * STREX and the like: succeeds if the address is the one of the exclusive load and memory still
 * holds the value that was loaded.
 */
export function storeExclusive(cpu: ArmCpu, rt: number, rn: number, rd: number): void {
  const size = sizeOf(cpu)
  const address = ((cpu.r[rn] ?? 0) + (cpu.imm >> 8)) | 0
  cpu.accessing = Access.WRITE
  if (address & (size - 1)) {
    raise(cpu, Fault.UNALIGNED, address)
    return
  }
  if (cpu.protected && !cpu.system.permits(address, size, Access.WRITE, cpu.privileged)) {
    raise(cpu, Fault.ACCESS_FORBIDDEN, address)
    return
  }
  if (cpu.memory.watched && isWatched(cpu, address, size, Access.WRITE)) return
  const held = cpu.exclusive === address && cpu.exclusiveSize === size
  cpu.exclusive = undefined
  let failed = 1
  if (held) {
    const region = cpu.memory.find(address)
    const expected = cpu.exclusiveValue
    const value = cpu.r[rt] ?? 0
    if (region !== undefined) {
      cpu.memory.written[0] = 1
      const at = index(region, address, size)
      const found = Atomics.compareExchange(elements(region, size), at, expected, value) >>> 0
      failed = found === expected ? 0 : 1
    } else if (cpu.memory.load(address, size) === expected) {
      if (!store(cpu, address, size, value, true)) return
      failed = 0
    }
  }
  cpu.r[rd] = failed
  retire(cpu)
}

function index(region: MappedRegion, address: number, size: AccessSize): number {
  return ((address - region.base) >>> 0) / size
}

export function loadAcquire(cpu: ArmCpu, rt: number, rn: number): void {
  const value = load(cpu, cpu.r[rn] ?? 0, sizeOf(cpu), true)
  if (value < 0) return
  cpu.memory.fence()
  cpu.r[rt] = value
  retire(cpu)
}

export function storeRelease(cpu: ArmCpu, rt: number, rn: number): void {
  cpu.memory.fence()
  if (store(cpu, cpu.r[rn] ?? 0, sizeOf(cpu), cpu.r[rt] ?? 0, true)) retire(cpu)
}
