import type { BoardDescription } from '../description.js'
import { virtRv32 } from './virt-rv32.js'

/** The same around an RV64IMAC hart. */
export const virtRv64: BoardDescription = {
  ...virtRv32,
  name: 'virt-rv64',
  about: 'RV64IMAC, the memory map of the RISC-V virt machine',
  core: { part: 'rv64imac' },
}
