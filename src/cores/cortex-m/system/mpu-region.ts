import type { Access } from '../system-interface.js'

/** What may be done at an address: the bits of `Permission`. */
export const Permission = {
  PRIVILEGED_READ: 1 << 0,
  PRIVILEGED_WRITE: 1 << 1,
  PRIVILEGED_EXECUTE: 1 << 2,
  READ: 1 << 3,
  WRITE: 1 << 4,
  EXECUTE: 1 << 5,
} as const

const ALL = 0x3f
const EXECUTE = Permission.PRIVILEGED_EXECUTE | Permission.EXECUTE

/** A region as it is asked about; addresses are unsigned, `last` is inclusive. */
export interface MpuRegion {
  readonly first: number
  readonly last: number
  /** Bytes of a subregion, 0 where there are none, and the set of those that are disabled. */
  readonly subregion: number
  readonly disabled: number
  readonly permissions: number
}

// RBAR and RASR of the Armv7-M MPU.
const RASR_ENABLE = 1 << 0
const RASR_SIZE_SHIFT = 1
const RASR_SRD_SHIFT = 8
const RASR_AP_SHIFT = 24
const RASR_XN = 1 << 28
const SMALLEST_SIZE = 4
const SMALLEST_WITH_SUBREGIONS = 7

const { PRIVILEGED_READ, PRIVILEGED_WRITE, READ, WRITE } = Permission

/** By RASR.AP. 4 is reserved, and forbids. */
const accessV7 = [
  0,
  PRIVILEGED_READ | PRIVILEGED_WRITE,
  PRIVILEGED_READ | PRIVILEGED_WRITE | READ,
  PRIVILEGED_READ | PRIVILEGED_WRITE | READ | WRITE,
  0,
  PRIVILEGED_READ,
  PRIVILEGED_READ | READ,
  PRIVILEGED_READ | READ,
] as const

/** By RBAR.AP of Armv8-M. */
const accessV8 = [
  PRIVILEGED_READ | PRIVILEGED_WRITE,
  PRIVILEGED_READ | PRIVILEGED_WRITE | READ | WRITE,
  PRIVILEGED_READ,
  PRIVILEGED_READ | READ,
] as const

/** Code may be fetched where data may be read, unless that is forbidden. */
function withExecution(access: number, never: boolean): number {
  if (never) return access
  return access | ((access & (PRIVILEGED_READ | READ)) << 2)
}

/** @returns undefined where the region is disabled, or smaller than a region can be */
export function regionV7(rbar: number, rasr: number): MpuRegion | undefined {
  const sizeField = (rasr >>> RASR_SIZE_SHIFT) & 31
  if ((rasr & RASR_ENABLE) === 0 || sizeField < SMALLEST_SIZE) return undefined
  const size = 2 ** (sizeField + 1)
  const first = Math.floor((rbar >>> 0) / size) * size
  const divided = sizeField >= SMALLEST_WITH_SUBREGIONS
  return {
    first,
    last: first + size - 1,
    subregion: divided ? size / 8 : 0,
    disabled: divided ? (rasr >>> RASR_SRD_SHIFT) & 0xff : 0,
    permissions: withExecution(accessV7[(rasr >>> RASR_AP_SHIFT) & 7] ?? 0, (rasr & RASR_XN) !== 0),
  }
}

// RBAR and RLAR of the Armv8-M MPU.
const RLAR_EN = 1 << 0
const RBAR_XN = 1 << 0
const RBAR_AP_SHIFT = 1
const GRANULE = 32

/** @returns undefined where the region is disabled or empty */
export function regionV8(rbar: number, rlar: number): MpuRegion | undefined {
  const first = (rbar & ~(GRANULE - 1)) >>> 0
  const last = (rlar | (GRANULE - 1)) >>> 0
  if ((rlar & RLAR_EN) === 0 || last < first) return undefined
  const access = accessV8[(rbar >>> RBAR_AP_SHIFT) & 3] ?? 0
  const permissions = withExecution(access, (rbar & RBAR_XN) !== 0)
  return { first, last, subregion: 0, disabled: 0, permissions }
}

/** The default memory map: no code in the peripherals' and the device space, nor in the system's. */
export function defaultPermissions(address: number): number {
  return isExecuteNever(address) ? ALL & ~EXECUTE : ALL
}

function isExecuteNever(address: number): boolean {
  const part = address >>> 29
  return part === 2 || part >= 5
}

/** From here on the memory map is the architecture's own: no region makes code executable there. */
export const SYSTEM_SPACE = 0xe000_0000
/** Behind the private peripheral bus, of which the MPU knows nothing. */
export const PRIVATE_END = 0xe010_0000

/** Restricts what a region allows to what the system space allows. */
export function inSystemSpace(permissions: number): number {
  return permissions & ~EXECUTE
}

/** A range of addresses in which everything is alike. */
export interface Stretch {
  first: number
  last: number
  permissions: number
}

/** The bit of `Permission` for an access. */
export function permissionBit(access: Access, privileged: boolean): number {
  return (privileged ? Permission.PRIVILEGED_READ : Permission.READ) << access
}

/**
 * Cuts `stretch` down to the part around `address` that lies wholly in the region, or wholly outside.
 * @returns whether it is inside
 */
export function narrow(stretch: Stretch, region: MpuRegion, address: number): boolean {
  if (address < region.first) {
    stretch.last = Math.min(stretch.last, region.first - 1)
    return false
  }
  if (address > region.last) {
    stretch.first = Math.max(stretch.first, region.last + 1)
    return false
  }
  let { first, last } = region
  let inside = true
  if (region.subregion !== 0) {
    const index = Math.floor((address - first) / region.subregion)
    first += index * region.subregion
    last = first + region.subregion - 1
    inside = (region.disabled & (1 << index)) === 0
  }
  stretch.first = Math.max(stretch.first, first)
  stretch.last = Math.min(stretch.last, last)
  return inside
}
