import { hex, OpenampError } from '../../base/errors.js'
import type { ImageKind } from '../../remoteproc/index.js'
import { POWER_ON_WORDS } from './power-on.js'

/** Memory of a machine: a device address and bytes. */
export interface QemuMemory {
  readonly da: number
  readonly size: number
}

/** A machine of QEMU's, as far as a host has to know it. */
export interface QemuDescription {
  /** What `-M` calls it, with its properties if need be. */
  readonly machine: string
  /** The command, on PATH or with a path of its own: "qemu-system-arm". */
  readonly program: string
  /** ELF `e_machine` and class of its images. */
  readonly architecture: ImageKind
  /**
   * What `memory-backend` stands for on this machine; host and remote share it. `reserved` bytes at its
   * end are the machine's own (the device tree that QEMU makes for `virt`).
   */
  readonly ram: QemuMemory & { readonly reserved?: number }
  /** The part of `ram` for rings, buffers and carve-outs: images have nothing there. */
  readonly shared: QemuMemory
  /** Other memory that images may be loaded to. The host does not see what the remote writes there. */
  readonly loaded?: readonly QemuMemory[]
  /** Its UARTs in the order of `-serial`, as far as they are used: one carries the doorbells. */
  readonly serials: readonly ('console' | 'doorbells')[]
  /**
   * Where a remote begins: where its image says, or as its core does after a reset (vector table). Or its
   * core is off until the machine's first one (AArch64) powers it on by PSCI, where its image says; the
   * number is its affinity. The program for that is in the `reserved` bytes of the RAM.
   */
  readonly start: 'entry' | 'reset' | { readonly psci: number }
  /** More arguments for QEMU. */
  readonly args?: readonly string[]
}

const MIB = 2 ** 20
const POWER_ON_BYTES = 4 * POWER_ON_WORDS
const EM_ARM = 40
const EM_RISCV = 243

/** PSRAM is the memory that QEMU lets a file stand for ("mps.ram", always 16 MiB): hw/arm/mps2.c. */
const mps2 = (machine: string, psram: number): QemuDescription => ({
  machine,
  program: 'qemu-system-arm',
  architecture: { machine: EM_ARM, bits: 32 },
  ram: { da: psram, size: 16 * MIB },
  shared: { da: psram + 8 * MIB, size: 8 * MIB },
  loaded: [
    { da: 0, size: 4 * MIB },
    { da: 0x2000_0000, size: 4 * MIB },
  ],
  serials: ['console', 'doorbells'],
  start: 'reset',
})

/** The machines whose descriptions are here, by their names. */
export const qemuMachines = {
  virt: {
    machine: 'virt',
    program: 'qemu-system-riscv32',
    architecture: { machine: EM_RISCV, bits: 32 },
    ram: { da: 0x8000_0000, size: 32 * MIB, reserved: 2 * MIB },
    shared: { da: 0x8100_0000, size: 8 * MIB },
    serials: ['doorbells'],
    start: 'entry',
    args: ['-bios', 'none'],
  },
  'mps2-an385': mps2('mps2-an385', 0x2100_0000),
  'mps2-an386': mps2('mps2-an386', 0x2100_0000),
  'mps2-an500': mps2('mps2-an500', 0x6000_0000),
  // The first Cortex-R5 of a Zynq UltraScale+. QEMU has it off, and no interrupt reaches it.
  'xlnx-zcu102': {
    machine: 'xlnx-zcu102',
    program: 'qemu-system-aarch64',
    architecture: { machine: EM_ARM, bits: 32 },
    ram: { da: 0, size: 64 * MIB, reserved: 4096 },
    shared: { da: 0x0200_0000, size: 8 * MIB },
    serials: ['console', 'doorbells'],
    start: { psci: 4 },
    // Cores 0 to 3 are Cortex-A53. The machine has a DisplayPort, whose sound nobody wants to hear.
    args: ['-smp', '6', '-audiodev', 'none,id=silent'],
  },
} as const satisfies Readonly<Record<string, QemuDescription>>

/** Names of the machines that are described here. */
export type QemuMachineName = keyof typeof qemuMachines

/** The machine of that name. @throws ERR_USAGE where there is none */
export function qemuMachineNamed(name: string): QemuDescription {
  const found = Object.entries(qemuMachines).find(([each]) => each === name)
  if (found !== undefined) return found[1]
  const names = Object.keys(qemuMachines).join(', ')
  throw new OpenampError('ERR_USAGE', `qemu: there is no machine "${name}"; there are ${names}`)
}

/** @throws ERR_USAGE where the parts of a description do not fit each other */
export function checkDescription(description: QemuDescription): void {
  const { machine, ram, shared, serials, start } = description
  const refuse = (why: string): never => {
    throw new OpenampError('ERR_USAGE', `qemu: ${machine}: ${why}`)
  }
  const end = ram.da + ram.size - (ram.reserved ?? 0)
  if (ram.size % 4096 !== 0) refuse(`RAM of ${hex(ram.size)} bytes, expected whole pages of 4096`)
  if (shared.da < ram.da || shared.da + shared.size > end) {
    const found = `${hex(shared.da)} to ${hex(shared.da + shared.size)}`
    refuse(`shared memory at ${found}, expected within the RAM, ${hex(ram.da)} to ${hex(end)}`)
  }
  if (typeof start === 'object' && (ram.reserved ?? 0) < POWER_ON_BYTES) {
    refuse(`${ram.reserved ?? 0} bytes reserved, expected ${POWER_ON_BYTES} to power its core on`)
  }
  const doorbells = serials.filter((serial) => serial === 'doorbells').length
  if (doorbells !== 1) refuse(`${doorbells} UARTs for doorbells, expected one`)
}
