import type { ArmPart } from '../cortex-m/parts.js'

/** What distinguishes one Cortex-R from another. */
export interface RPart extends ArmPart {
  readonly name: string
  /** Regions of the MPU. */
  readonly mpuRegions: number
  /** The registers that say what the core is. */
  readonly midr: number
  readonly mpidr: number
}

/** Cortex-R5F r1p3, alone or the first of two. */
export const cortexR5: RPart = {
  name: 'Cortex-R5',
  architecture: 'v7-r',
  fpu: 'vfpv3-d16',
  mpuRegions: 16,
  midr: 0x411f_c153,
  mpidr: 0xc000_0000,
}
