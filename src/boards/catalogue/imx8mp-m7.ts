import type { BoardDescription } from '../description.js'

const MIB = 0x10_0000

/** The Cortex-M7 of NXP's i.MX 8M Plus, as far as its published RPMsg-Lite firmware goes. */
export const imx8mpM7: BoardDescription = {
  name: 'imx8mp-m7',
  about: "Cortex-M7 of NXP's i.MX 8M Plus, as far as RPMsg firmware needs it",
  core: { part: 'cortex-m7', interrupts: 160, priorityBits: 4 },
  clock: 800_000_000,
  memory: [
    { name: 'dtcm', base: 0x2000_0000, size: 0x2_0000, aliases: [0x0080_0000] },
    { name: 'itcm', base: 0x0000_0000, size: 0x2_0000, aliases: [0x007e_0000] },
    { name: 'ocram', base: 0x2020_0000, size: 0x10_0000, aliases: [0x0090_0000] },
    { name: 'shared', base: 0x5500_0000, size: 16 * MIB },
    { name: 'ddr', base: 0x8000_0000, size: 16 * MIB },
  ],
  shared: 'shared',
  blocks: [
    {
      ...{ type: 'mu', name: 'MU1-B', base: 0x30ab_0000, size: 0x1000 },
      interrupts: { interrupt: 97 },
    },
    {
      ...{ type: 'imx-uart', name: 'UART4', base: 0x30a6_0000, size: 0x1_0000 },
      interrupts: { interrupt: 29 },
    },
    {
      ...{ type: 'registers', name: 'CCM_ANALOG', base: 0x3036_0000, size: 0x1_0000 },
      overrides: [
        { offset: 0x00, set: 0x8000_0000 }, // AUDIO_PLL1_GEN_CTRL: locked
        { offset: 0x14, set: 0x8000_0000 }, // AUDIO_PLL2_GEN_CTRL: locked
        { offset: 0x28, set: 0x8000_0000 }, // VIDEO_PLL1_GEN_CTRL: locked
        { offset: 0x94, set: 0x8000_0000 }, // SYS_PLL1_GEN_CTRL: locked
        { offset: 0x98, reset: 0x0019_0011 }, // SYS_PLL1_FDIV_CTL0: 400 / 1 / 2
        { offset: 0x104, set: 0x8000_0000 }, // SYS_PLL2_GEN_CTRL: locked
        { offset: 0x108, reset: 0x00fa_0031 }, // SYS_PLL2_FDIV_CTL0
        { offset: 0x114, set: 0x8000_0000 }, // SYS_PLL3_GEN_CTRL: locked
        { offset: 0x118, reset: 0x00fa_0032 }, // SYS_PLL3_FDIV_CTL0
      ],
    },
    {
      ...{ type: 'registers', name: 'GPC', base: 0x303a_0000, size: 0x1_0000 },
      overrides: [
        { offset: 0x0d8, clear: 0xffff_ffff }, // power-up request: done as soon as it is made
        { offset: 0x190, set: 0x8000_0000 }, // power handshake: acknowledged
      ],
    },
    { type: 'registers', name: 'peripherals', base: 0x3000_0000, size: 0x0100_0000 },
  ],
}
