import { buildElf } from '../../firmware/build-elf.js'
import { type ImageStore, memory } from '../../firmware/index.js'
import { AddressSpace } from '../../memory/address-space.js'
import { Region } from '../../memory/region.js'
import { inProcessMemory, inProcessTable } from '../in-process.js'

/** As in `inProcess`, so that a module's image is the same wherever its remote runs. */
const RAM = { da: inProcessMemory.ram.da, size: 0x1_0000 }
const SHARED_DA = inProcessMemory.shared.da

/** Where the resource table lies. */
export const TABLE_ADDRESS = inProcessTable

/** The memory of one remote, as each of the two ends sees it. */
export interface ThreadMemory {
  readonly space: AddressSpace
  /** For carve-outs, rings and buffers. */
  readonly shared: Region
}

/** @param size bytes for rings and buffers @throws ERR_MEMORY unless it is a multiple of 8 */
export function allocateMemory(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(RAM.size + size)
}

/** The regions in memory of `allocateMemory`, or in memory of one thread alone. */
export function mapMemory(buffer: SharedArrayBuffer | ArrayBuffer): ThreadMemory {
  const ram = new Region({ name: 'ram', ...RAM, buffer })
  const size = buffer.byteLength - RAM.size
  const shared = new Region({ name: 'shared', da: SHARED_DA, size, buffer, offset: RAM.size })
  return { space: new AddressSpace([ram, shared]), shared }
}

/** The image of a module, made when it is wanted. */
export function imageStore(name: string, table: () => Promise<Uint8Array>): ImageStore {
  return { name, open: async (options) => memory(imageOf(await table()), name).open(options) }
}

/** An image without code: the remote's code is its module. */
function imageOf(table: Uint8Array): Uint8Array {
  return buildElf({
    entry: RAM.da,
    segments: [
      { vaddr: RAM.da, data: new Uint8Array(16) },
      { vaddr: TABLE_ADDRESS, data: table },
    ],
    sections: [{ name: '.resource_table', addr: TABLE_ADDRESS, size: table.length }],
  })
}
