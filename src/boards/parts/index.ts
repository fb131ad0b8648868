import type { CorePart, PartPlace } from './part.js'
import { riscvPart } from './riscv.js'

/** A core that a board may have. */
export interface Part {
  /** In one line. */
  readonly about: string
  /** ELF `e_machine` and class of the images that it runs. */
  readonly machine: number
  readonly bits: 32 | 64
  make(place: PartPlace): CorePart
}

const EM_RISCV = 243

/** The cores that there are, by the name that a description has for them. */
export const parts = {
  rv32imac: { about: 'RISC-V RV32IMAC', machine: EM_RISCV, bits: 32, make: riscvPart },
} as const satisfies Record<string, Part>

/** "rv32imac", "cortex-m4". */
export type PartName = keyof typeof parts

export function isPartName(name: string): name is PartName {
  return Object.hasOwn(parts, name)
}
