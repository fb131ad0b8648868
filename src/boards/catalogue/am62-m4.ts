import type { BlockDescription, BoardDescription } from '../description.js'

const MIB = 1 << 20

function timer(number: number): BlockDescription {
  return {
    ...{ type: 'ti-dmtimer', name: `MCU_TIMER${number}`, base: 0x0480_0000 + 0x1_0000 * number },
    ...{ size: 0x400, interrupts: { interrupt: 4 + number } },
  }
}

function system(name: string, base: number, size: number): BlockDescription {
  return { type: 'registers', name, base, size, translated: true }
}

/**
 * The Cortex-M4F in the MCU domain of TI's AM62x (TRM SPRUIV7), as far as published RPMsg firmware for it
 * goes. Memory is where Linux's device tree reserves it (arch/arm64/boot/dts/ti/k3-am62x-sk-common.dtsi).
 */
export const am62M4: BoardDescription = {
  name: 'am62-m4',
  about: "Cortex-M4 of TI's AM62x, as far as RPMsg firmware needs it",
  core: { part: 'cortex-m4', interrupts: 64, priorityBits: 3 },
  clock: 400_000_000,
  memory: [
    { name: 'dram', base: 0x0003_0000, size: 0x1_0000, aliases: [0x0504_0000] },
    { name: 'iram', base: 0x0000_0000, size: 0x3_0000, aliases: [0x0500_0000] },
    { name: 'shared', base: 0x9cb0_0000, size: MIB },
    { name: 'ddr', base: 0x9cc0_0000, size: 14 * MIB },
  ],
  shared: 'shared',
  // TI's images number their rings from 1 on, and take a kick of 1 for one of the second, as Linux has it.
  renumbers: true,
  blocks: [
    { type: 'ti-rat', name: 'RAT', base: 0x4420_0000, size: 0x1000 },
    {
      ...{ type: 'omap-mailbox', name: 'MAILBOX0', base: 0x2900_0000, size: 0x200 },
      ...{ translated: true, interrupts: { 'user-2': 50 } },
    },
    {
      ...{ type: 'uart-16550', name: 'MCU_UART0', base: 0x04a0_0000, size: 0x200 },
      ...{ interrupts: { interrupt: 24 }, options: { stride: 4 } },
      overrides: [
        { offset: 0x20, reset: 7 }, // UART_MDR1: off
        { offset: 0x58, set: 1 }, // UART_SYSS: the reset is done
      ],
    },
    ...[0, 1, 2, 3].map(timer),
    { type: 'ti-sci', name: 'DMASS0', base: 0x4825_0000, size: 0x4e3_0000, translated: true },
    {
      ...{ type: 'registers', name: 'MCU domain', base: 0x0400_0000, size: 0x0100_0000 },
      overrides: [
        { offset: 0xb0_0114, set: 1 }, // MCU_MCSPI0, SYSSTATUS: the reset is done
        { offset: 0xb1_0114, set: 1 }, // MCU_MCSPI1, likewise
      ],
    },
    system('MAIN domain', 0x000f_0000, 0x03f1_0000),
    system('MAIN peripherals', 0x2000_0000, 0x1000_0000),
  ],
}
