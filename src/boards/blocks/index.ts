import type { BlockType } from '../block.js'
import { clintType } from './clint.js'
import { finisherType } from './finisher.js'
import { ipccType } from './ipcc.js'
import { plicType } from './plic.js'
import { registersType } from './registers.js'
import { uart16550Type } from './uart16550.js'
import { virtioSlotsType } from './virtio-slots.js'

/** The types of blocks that a board can be put together from, by the name in its description. */
export const blockTypes: Readonly<Record<string, BlockType>> = {
  registers: registersType,
  clint: clintType,
  plic: plicType,
  'test-finisher': finisherType,
  ipcc: ipccType,
  'uart-16550': uart16550Type,
  'virtio-mmio': virtioSlotsType,
}
