import { hex, OpenampError } from '../base/errors.js'
import { type ResourceTable, readResourceTable, readTableFrom } from '../firmware/index.js'
import type { AddressSpace } from '../memory/address-space.js'

/** Far more than any table has; what is copied of a remote's memory to look for one. */
const LARGEST_TABLE = 0x1_0000

export interface LoadedTableOptions {
  /** Device address of the table, a multiple of 4. */
  readonly address: number
  /** Bytes of it, where they are known; else it reaches as far as its entries do. */
  readonly size?: number | undefined
  /** Begins each message: the remote's name. */
  readonly name?: string | undefined
}

/**
 * The resource table that a running remote has in its memory (Linux: get_loaded_rsc_table). It is
 * copied once and the copy is checked: the remote may write to it at any time.
 * @throws ERR_RESOURCE_TABLE where none can be there, or what is there is none
 */
export function readLoadedTable(space: AddressSpace, options: LoadedTableOptions): ResourceTable {
  const { address, size, name = 'the remote' } = options
  const where = `${name}: resource table in memory at ${hex(address, 8)}`
  const region = space.find('da', address, size ?? 1)
  if (region === undefined || address % 4 !== 0) {
    const expected = 'an address in the memory of the remote, a multiple of 4'
    throw new OpenampError('ERR_RESOURCE_TABLE', `${where}: expected ${expected}`)
  }
  const offset = address - region.da
  if (size !== undefined) {
    const bytes = new Uint8Array(region.bytes.subarray(offset, offset + size))
    return readResourceTable({ bytes, size, da: address, origin: 'memory' }, where)
  }
  const rest = region.bytes.subarray(offset, offset + LARGEST_TABLE)
  return readTableFrom(rest, where, { da: address, origin: 'memory' })
}
