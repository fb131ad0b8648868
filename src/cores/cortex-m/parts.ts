/** Which edition of which profile a core has: its instructions and its exception model. */
export type Architecture = 'v6-m' | 'v7-m' | 'v7e-m' | 'v8-m' | 'v7-r'

/** Which floating-point extension: none, single precision (M4, M33), or double as well (M7, R5). */
export type Fpu = 'none' | 'fpv4-sp' | 'fpv5-sp' | 'fpv5-d16' | 'vfpv3-d16'

/** What the execution of instructions depends on. */
export interface ArmPart {
  readonly architecture: Architecture
  readonly fpu: Fpu
}

/** What distinguishes one Cortex-M from another, and one chip's choice from the next. */
export interface Part extends ArmPart {
  readonly architecture: Exclude<Architecture, 'v7-r'>
  readonly fpu: Exclude<Fpu, 'vfpv3-d16'>
  readonly name: string
  /** Regions of the MPU, 0 where the part has none. */
  readonly mpuRegions: number
  /** External interrupt lines, 1 to 496. */
  readonly interrupts: number
  /** Bits of an interrupt's priority that are there: 2 (v6-M) to 8. */
  readonly priorityBits: number
  /** True where words at 0x2200_0000 and 0x4200_0000 stand for single bits. */
  readonly bitBanding: boolean
  /** The CPUID register. */
  readonly cpuid: number
}

/** Arm's cores as they come, with the numbers that Arm's own FPGA images have chosen for them. */
export const parts = {
  'cortex-m0plus': {
    name: 'Cortex-M0+',
    architecture: 'v6-m',
    fpu: 'none',
    mpuRegions: 8,
    interrupts: 32,
    priorityBits: 2,
    bitBanding: false,
    cpuid: 0x410c_c601,
  },
  'cortex-m3': {
    name: 'Cortex-M3',
    architecture: 'v7-m',
    fpu: 'none',
    mpuRegions: 8,
    interrupts: 240,
    priorityBits: 8,
    bitBanding: true,
    cpuid: 0x410f_c231,
  },
  'cortex-m4': {
    name: 'Cortex-M4',
    architecture: 'v7e-m',
    fpu: 'fpv4-sp',
    mpuRegions: 8,
    interrupts: 240,
    priorityBits: 8,
    bitBanding: true,
    cpuid: 0x410f_c240,
  },
  'cortex-m7': {
    name: 'Cortex-M7',
    architecture: 'v7e-m',
    fpu: 'fpv5-d16',
    mpuRegions: 8,
    interrupts: 240,
    priorityBits: 8,
    bitBanding: false,
    cpuid: 0x411f_c272,
  },
  'cortex-m33': {
    name: 'Cortex-M33',
    architecture: 'v8-m',
    fpu: 'fpv5-sp',
    mpuRegions: 8,
    interrupts: 480,
    priorityBits: 8,
    bitBanding: false,
    cpuid: 0x410f_d213,
  },
} as const satisfies Readonly<Record<string, Part>>

export type PartName = keyof typeof parts
