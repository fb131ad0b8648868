import { hex, OpenampError } from '../../base/errors.js'
import { type AddressKind, AddressSpace, type Location } from '../../memory/address-space.js'
import { Region } from '../../memory/region.js'
import type { Descriptor, Mapping } from './descriptor.js'
import type { MemoryRegion } from './message.js'

/** What regions, their addresses and their files must be a multiple of. */
const PAGE = 4096

/**
 * A region is mapped in pieces of at most so many bytes, cut at multiples of that in the guest's
 * addresses: arrays of JavaScript have a largest size. What a driver allocates as one piece is
 * aligned to its size or smaller than a page, so it never spans two.
 */
const PIECE = 2 ** 30

/** All regions together: bounds the pieces. */
const TOTAL_MAX = 2 ** 40

/**
 * Pieces that are mapped at a time, tables that were replaced included. A process has 65,530 mappings
 * (vm.max_map_count), its own among them, and ends where it needs one more.
 */
const MAPPED_MAX = 16_384

/**
 * The front-end's memory of one SET_MEM_TABLE. In terms of `AddressSpace`, the guest's addresses,
 * which stand in ring descriptors, are physical (`pa`); the front-end's own ("user"), by which it
 * says where the rings are, are device addresses (`da`).
 */
export class MemoryTable {
  readonly space: AddressSpace
  readonly #mappings: readonly Mapping[]

  /**
   * Maps all regions or none. The descriptors stay open.
   * @throws ERR_PEER, ERR_MEMORY for regions that overlap, or are no part of their file
   */
  constructor(regions: readonly MemoryRegion[], files: readonly Descriptor[]) {
    const mappings: Mapping[] = []
    try {
      const mapped = check(regions).flatMap((region, i) => {
        const file = files[i]
        if (file === undefined) throw lie(`region ${i} has no file`)
        return pieces(region).map((piece, k) => {
          const mapping = file.map(piece.mmapOffset, piece.size)
          mappings.push(mapping)
          const { buffer, offset } = mapping
          const { userAddress: da, guestAddress: pa, size } = piece
          return new Region({ name: `region ${i}.${k}`, da, pa, size, buffer, offset })
        })
      })
      this.space = new AddressSpace(mapped)
    } catch (error) {
      for (const mapping of mappings) mapping.release()
      throw error
    }
    this.#mappings = mappings
  }

  /** How many pieces are mapped. */
  get pieces(): number {
    return this.#mappings.length
  }

  /** See `Mapping.release`. */
  release(): void {
    for (const mapping of this.#mappings) mapping.release()
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

function pieces(region: CheckedRegion): CheckedRegion[] {
  const result: CheckedRegion[] = []
  for (let done = 0; done < region.size; ) {
    const guestAddress = region.guestAddress + done
    const size = Math.min(region.size - done, PIECE - (guestAddress % PIECE))
    result.push({
      guestAddress,
      size,
      userAddress: region.userAddress + done,
      mmapOffset: region.mmapOffset + done,
    })
    done += size
  }
  return result
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
    const mapped = [...this.#old, this.#table, table].reduce((sum, t) => sum + (t?.pieces ?? 0), 0)
    if (mapped > MAPPED_MAX) {
      table.release()
      throw lie(`${mapped} pieces of memory, with the tables that it replaces`)
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

  get #space(): AddressSpace {
    return this.#table?.space ?? nothing
  }

  get regions(): readonly Region[] {
    return this.#space.regions
  }

  find(kind: AddressKind, address: number, length: number): Region | undefined {
    return this.#space.find(kind, address, length)
  }

  locate(kind: AddressKind, address: number, length: number, what: string): Location {
    return this.#space.locate(kind, address, length, what)
  }

  daToPa(da: number): number {
    return this.#space.daToPa(da)
  }

  paToDa(pa: number): number {
    return this.#space.paToDa(pa)
  }
}

const nothing = new AddressSpace([])

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `vhost-user: SET_MEM_TABLE: ${what}`)
}
