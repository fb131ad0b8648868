import { hex, OpenampError } from '../base/errors.js'
import {
  type CarveoutEntry,
  isAnyAddress,
  type ResourceTable,
  type TraceEntry,
} from '../firmware/index.js'
import type { Processor } from './machine.js'

/** What the table's fields have room for. */
export const TABLE_ADDRESSES = 2 ** 32

/** Memory that goes by a name. */
export interface NamedPlace {
  readonly name: string
  readonly da: number
  readonly len: number
}

/** The carve-out of that name, or the region that the machine has for it. */
export function namedPlace(
  table: ResourceTable,
  { carveouts }: Processor,
  name: string,
): NamedPlace | undefined {
  const region = carveouts?.find((candidate) => candidate.name === name)
  return table.carveout(name) ?? (region && { name, da: region.da, len: region.size })
}

/**
 * Where a carve-out lies in the region that the machine has for its name (rproc_check_carveout_da).
 * @returns undefined where the machine has none
 * @throws ERR_NO_SPACE, ERR_RESOURCE_TABLE where it asks for more, or for another place
 */
export function regionFor(
  { index, name, da, len }: CarveoutEntry,
  table: ResourceTable,
  { carveouts }: Processor,
  what: string,
): number | undefined {
  const own = carveouts?.find((region) => region.name === name)
  if (own === undefined) return undefined
  const first = table.carveout(name)?.index ?? index
  if (first !== index) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${what} (entry ${index}): the region of that name is that of entry ${first} already`,
    )
  }
  if (len > own.size) {
    throw new OpenampError(
      'ERR_NO_SPACE',
      `${what}: it needs ${hex(len)} bytes, the region of that name has ${hex(own.size)}`,
    )
  }
  if (isAnyAddress(da)) return own.da
  if (da >= own.da && da + len <= own.da + own.size) return da
  const place = `${hex(own.da, 8)} + ${hex(own.size)} bytes`
  throw new OpenampError(
    'ERR_RESOURCE_TABLE',
    `${what}: ${hex(da, 8)} + ${hex(len)} bytes is not in the region of that name, ${place}`,
  )
}

/** An address that a field of the table can say. @throws ERR_RESOURCE_TABLE */
export function requireInTable(da: number, size: number, what: string): number {
  if (da + size <= TABLE_ADDRESSES) return da
  const range = `${hex(da)} + ${hex(size)} bytes`
  throw new OpenampError(
    'ERR_RESOURCE_TABLE',
    `${what}: its device address ${range} does not fit the table's 32 bits`,
  )
}

/** Whether a trace entry says where its buffer is: hosts give none (handle_trace_rsc in OpenAMP). */
export function hasBuffer({ da, len }: TraceEntry): boolean {
  return !isAnyAddress(da) && len > 0
}
