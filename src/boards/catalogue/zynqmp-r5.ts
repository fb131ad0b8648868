import type { BlockDescription, BoardDescription } from '../description.js'

const MIB = 0x10_0000

function uart(name: string, base: number, interrupt: number): BlockDescription {
  return { type: 'cadence-uart', name, base, size: 0x1_0000, interrupts: { interrupt } }
}

/** Triple timer `n`: three interrupts in a row. */
function timer(n: number): BlockDescription {
  const first = 68 + 3 * n
  return {
    ...{ type: 'cadence-ttc', name: `TTC${n}`, base: 0xff11_0000 + n * 0x1_0000, size: 0x1_0000 },
    interrupts: { 'counter-0': first, 'counter-1': first + 1, 'counter-2': first + 2 },
  }
}

/** One Cortex-R5 of AMD's Zynq UltraScale+ (UG1085, UG1087), as far as OpenAMP firmware needs it. */
export const zynqmpR5: BoardDescription = {
  name: 'zynqmp-r5',
  about: "Cortex-R5 of AMD's Zynq UltraScale+, as far as OpenAMP firmware needs it",
  core: { part: 'cortex-r5' },
  clock: 500_000_000,
  memory: [
    // Tightly coupled memory, ATCM and BTCM, as two cores in lockstep have it; and as all others see it.
    { name: 'tcm', base: 0x0000_0000, size: 0x4_0000, aliases: [0xffe0_0000] },
    { name: 'ddr', base: 0x0010_0000, size: 31 * MIB },
    // The carve-outs of OpenAMP's device tree: the image; then rings and buffers.
    { name: 'image', base: 0x3ed0_0000, size: 0x4_0000 },
    { name: 'shared', base: 0x3ed4_0000, size: 0x1c_0000 },
    { name: 'ipi-buffers', base: 0xff99_0000, size: 0x1000 },
    { name: 'ocm', base: 0xfffc_0000, size: 0x4_0000 },
  ],
  shared: 'shared',
  blocks: [
    { type: 'gic', name: 'GIC', base: 0xf900_0000, size: 0x2000 },
    {
      ...{ type: 'xilinx-ipi', name: 'IPI of the RPU', base: 0xff31_0000, size: 0x1_0000 },
      interrupts: { interrupt: 65 },
    },
    uart('UART0', 0xff00_0000, 53),
    uart('UART1', 0xff01_0000, 54),
    timer(0),
    timer(1),
    timer(2),
    timer(3),
    { type: 'registers', name: 'RPU', base: 0xff9a_0000, size: 0x1_0000 },
    { type: 'registers', name: 'LPD_SLCR', base: 0xff41_0000, size: 0xa_0000 },
    { type: 'registers', name: 'CRL_APB', base: 0xff5e_0000, size: 0x2_0000 },
    // On both sides of the message buffers.
    { type: 'registers', name: 'low-power peripherals', base: 0xff00_0000, size: 0x99_0000 },
    { type: 'registers', name: 'low-power peripherals', base: 0xff9a_0000, size: 0x46_0000 },
    { type: 'registers', name: 'full-power peripherals', base: 0xfd00_0000, size: 0x100_0000 },
  ],
}
