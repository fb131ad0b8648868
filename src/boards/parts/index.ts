import { parts as cortexM } from '../../cores/cortex-m/parts.js'
import { cortexR5 } from '../../cores/cortex-r/parts.js'
import { ALL_EXTENSIONS, IMAC, RV64_EXTENSIONS } from '../../cores/riscv/extensions.js'
import { cortexMPart } from './cortex-m.js'
import { cortexRPart, vectorsOf } from './cortex-r.js'
import type { CorePart, PartPlace } from './part.js'
import { riscvPart } from './riscv.js'

/** A core that a board may have. */
export interface Part {
  /** In one line. */
  readonly about: string
  /** ELF `e_machine` and class of the images that it runs. */
  readonly machine: number
  readonly bits: 32 | 64
  /** It begins where a table of vectors says, not at an image's entry. */
  readonly vectors?: true
  /** Where it begins with an image whose entry is that, where not there. */
  begin?(entry: number): number
  make(place: PartPlace): CorePart
}

const EM_ARM = 40
const EM_RISCV = 243

function arm(name: keyof typeof cortexM, about: string): Part {
  return { about, machine: EM_ARM, bits: 32, vectors: true, make: cortexMPart(cortexM[name]) }
}

/** The cores that there are, by the name that a description has for them. */
export const parts = {
  rv32imafc: {
    about: 'RISC-V RV32IMAFC with B, user mode and PMP',
    ...{ machine: EM_RISCV, bits: 32, make: riscvPart(ALL_EXTENSIONS) },
  },
  rv32imac: {
    about: 'RISC-V RV32IMAC, machine mode only',
    ...{ machine: EM_RISCV, bits: 32, make: riscvPart(IMAC) },
  },
  rv64imac: {
    about: 'RISC-V RV64IMAC with user mode and PMP',
    ...{ machine: EM_RISCV, bits: 64, make: riscvPart(RV64_EXTENSIONS) },
  },
  'cortex-m0plus': arm('cortex-m0plus', 'Arm Cortex-M0+'),
  'cortex-m3': arm('cortex-m3', 'Arm Cortex-M3'),
  'cortex-m4': arm('cortex-m4', 'Arm Cortex-M4 with floating point'),
  'cortex-m7': arm('cortex-m7', 'Arm Cortex-M7 with floating point in double precision'),
  'cortex-m33': arm('cortex-m33', 'Arm Cortex-M33 with floating point'),
  'cortex-r5': {
    about: 'Arm Cortex-R5 with floating point in double precision, interpreted',
    ...{ machine: EM_ARM, bits: 32, make: cortexRPart(cortexR5), begin: vectorsOf },
  },
} as const satisfies Record<string, Part>

/** "rv32imafc", "cortex-m4". */
export type PartName = keyof typeof parts

export function isPartName(name: string): name is PartName {
  return Object.hasOwn(parts, name)
}
