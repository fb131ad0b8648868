import { hex, OpenampError } from '../../base/errors.js'
import {
  type AddressKind,
  type AddressSpace,
  checkOverlap,
  type Location,
} from '../../memory/address-space.js'
import type { Region } from '../../memory/region.js'
import type { Descriptor } from './descriptor.js'
import { GuestRegion } from './guest-region.js'
import type { MemoryRegion } from './message.js'

/** What regions, their addresses and their files must be a multiple of. */
const PAGE = 4096

/** All regions together. */
const TOTAL_MAX = 2 ** 40

/**
 * Regions that are mapped at a time, and their bytes, tables that were replaced included. A process has
 * 65,530 mappings (vm.max_map_count) and 2^47 bytes of addresses, its own among them.
 */
const MAPPED_MAX = 16_384
const MAPPED_BYTES_MAX = 16 * TOTAL_MAX

/**
 * The front-end's memory of one SET_MEM_TABLE. In terms of `AddressSpace`, the guest's addresses,
 * which stand in ring descriptors, are physical (`pa`); the front-end's own ("user"), by which it
 * says where the rings are, are device addresses (`da`).
 */
export class MemoryTable {
  readonly regions: readonly GuestRegion[]

  /**
   * Maps all regions or none. The descriptors stay open.
   * @throws ERR_PEER, ERR_MEMORY for regions that overlap, or are no part of their file
   */
  constructor(regions: readonly MemoryRegion[], files: readonly Descriptor[]) {
    const mapped: GuestRegion[] = []
    const budget = { used: 0 }
    try {
      for (const [i, region] of check(regions).entries()) {
        const file = files[i]
        if (file === undefined) throw lie(`region ${i} has no file`)
        const mapping = file.map(region.mmapOffset, region.size)
        mapped.push(new GuestRegion({ name: `region ${i}`, ...region }, mapping, budget))
      }
      checkOverlap(mapped)
    } catch (error) {
      for (const region of mapped) region.release()
      throw error
    }
    this.regions = mapped
  }

  /** Bytes of all regions. */
  get size(): number {
    return this.regions.reduce((sum, { size }) => sum + size, 0)
  }

  /**
   * Where `[address, address + length)` lies, or undefined.
   * @throws ERR_PEER where too much of the memory is in use
   */
  find(kind: AddressKind, address: number, length: number): Location | undefined {
    for (const found of this.regions) {
      if (!found.holds(kind, address, length)) continue
      const region = found.view(address - found[kind], length)
      return { region, offset: address - region[kind] }
    }
    return undefined
  }

  /** See `Mapping.release`. */
  release(): void {
    for (const region of this.regions) region.release()
  }
}

interface CheckedRegion {
  readonly guestAddress: number
  readonly size: number
  readonly userAddress: number
  readonly mmapOffset: number
}

function check(regions: readonly MemoryRegion[]): CheckedRegion[] {
  let total = 0
  return regions.map((region, i) => {
    const number = (field: keyof MemoryRegion): number => {
      const value = region[field]
      if (value > Number.MAX_SAFE_INTEGER || value % BigInt(PAGE) !== 0n) {
        throw lie(
          `region ${i}: ${field} ${hex(value)} is not a multiple of ${hex(PAGE)} below 2^53`,
        )
      }
      return Number(value)
    }
    const checked = {
      guestAddress: number('guestAddress'),
      size: number('size'),
      userAddress: number('userAddress'),
      mmapOffset: number('mmapOffset'),
    }
    total += checked.size
    if (checked.size === 0 || total > TOTAL_MAX) {
      throw lie(`region ${i}: size ${hex(checked.size)}, with ${hex(total)} bytes in all so far`)
    }
    return checked
  })
}

/**
 * The memory as a running link sees it: the table may be replaced under it, as happens when memory
 * is plugged into a virtual machine.
 */
export class GuestMemory implements AddressSpace {
  #table: MemoryTable | undefined
  /** Tables that were replaced, while rings in them may still be in use. */
  #old: MemoryTable[] = []

  /**
   * Puts `table` in the place of the present one, which stays mapped until `releaseOld`.
   * @throws ERR_PEER where more would be mapped than a process may have
   */
  replace(table: MemoryTable): void {
    const tables = [...this.#old, table]
    if (this.#table !== undefined) tables.push(this.#table)
    const mapped = tables.reduce((sum, { regions }) => sum + regions.length, 0)
    const bytes = tables.reduce((sum, { size }) => sum + size, 0)
    if (mapped > MAPPED_MAX || bytes > MAPPED_BYTES_MAX) {
      table.release()
      throw lie(`${mapped} regions of ${hex(bytes)} bytes, with the tables that it replaces`)
    }
    if (this.#table !== undefined) this.#old.push(this.#table)
    this.#table = table
  }

  releaseOld(): void {
    for (const table of this.#old.splice(0)) table.release()
  }

  release(): void {
    this.releaseOld()
    this.#table?.release()
    this.#table = undefined
  }

  /** What is in use is known by address only. */
  get regions(): readonly Region[] {
    return []
  }

  find(kind: AddressKind, address: number, length: number): Region | undefined {
    return this.#table?.find(kind, address, length)?.region
  }

  locate(kind: AddressKind, address: number, length: number, what: string): Location {
    const found = this.#table?.find(kind, address, length)
    if (found !== undefined) return found
    const known = this.#table?.regions
      .map((r) => `${r.name} ${hex(r[kind])}..${hex(r[kind] + r.size - 1)}`)
      .join(', ')
    throw new OpenampError(
      'ERR_MEMORY',
      `${what}: ${kind} ${hex(address)} + ${hex(length)} bytes lies in no memory region (${known ?? 'there are none'})`,
    )
  }

  daToPa(da: number): number {
    const { region, offset } = this.locate('da', da, 0, 'translation')
    return region.pa + offset
  }

  paToDa(pa: number): number {
    const { region, offset } = this.locate('pa', pa, 0, 'translation')
    return region.da + offset
  }
}

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `vhost-user: SET_MEM_TABLE: ${what}`)
}
