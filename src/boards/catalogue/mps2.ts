import type { BlockDescription, BoardDescription, MemoryDescription } from '../description.js'

const MIB = 0x10_0000

/** The mailbox and the window for rings and buffers, where no FPGA image has anything. */
const MAILBOX = 0x4800_0000
const shared: MemoryDescription = { name: 'shared', base: 0x6800_0000, size: 16 * MIB }

/** The same block in a row of addresses. */
function row(
  type: string,
  names: readonly string[],
  base: number,
  step = 0x1000,
): BlockDescription[] {
  return names.map((name, i) => ({ type, name, base: base + i * step, size: step }))
}

/** What the FPGA images for cores without TrustZone have in common (AN385, AN386, AN500). */
function classicBlocks(scc: number, ethernet: number): BlockDescription[] {
  const uart = (n: number, base: number, receive: number, overrun?: number): BlockDescription => ({
    ...{ type: 'cmsdk-uart', name: `UART${n}`, base, size: 0x1000 },
    interrupts: { receive, transmit: receive + 1, ...(overrun === undefined ? {} : { overrun }) },
  })
  return [
    {
      ...{ type: 'ipcc', name: 'mailbox', base: MAILBOX, size: 0x400 },
      interrupts: { 'receive-occupied': 46, 'transmit-free': 47 },
    },
    uart(0, 0x4000_4000, 0, 12),
    uart(1, 0x4000_5000, 2, 12),
    uart(2, 0x4000_6000, 4, 12),
    uart(3, 0x4000_7000, 18),
    uart(4, 0x4000_9000, 20),
    {
      ...{ type: 'cmsdk-timer', name: 'timer 0', base: 0x4000_0000, size: 0x1000 },
      interrupts: { interrupt: 8 },
    },
    {
      ...{ type: 'cmsdk-timer', name: 'timer 1', base: 0x4000_1000, size: 0x1000 },
      interrupts: { interrupt: 9 },
    },
    {
      ...{ type: 'cmsdk-dual-timer', name: 'dual timer', base: 0x4000_2000, size: 0x1000 },
      interrupts: { combined: 10 },
    },
    ...row('registers', ['watchdog'], 0x4000_8000),
    ...row('registers', ['GPIO 0', 'GPIO 1', 'GPIO 2', 'GPIO 3'], 0x4001_0000),
    { type: 'mps2-fpgaio', name: 'FPGA I/O', base: 0x4002_8000, size: 0x1000 },
    systemControl(0x4002_f000, scc),
    { type: 'registers', name: 'peripherals', base: 0x4000_0000, size: 0x3_0000 },
    { type: 'registers', name: 'Ethernet', base: ethernet, size: 0x100 },
    { type: 'registers', name: 'VGA', base: 0x4100_0000, size: 2 * MIB },
  ]
}

/** Serial communication controller: board revision, application note, and which FPGA image this is. */
function systemControl(base: number, id: number, alias?: number): BlockDescription {
  return {
    ...{ type: 'registers', name: 'SCC', base, size: 0x1000 },
    ...(alias === undefined ? {} : { aliases: [alias] }),
    overrides: [
      { offset: 0x010, value: 0x2 }, // CFG4: board revision
      { offset: 0x0a8, clear: 0x8000_0000 }, // CFGCTRL: a command is done at once
      { offset: 0x0ac, value: 0x1 }, // CFGSTAT: done
      { offset: 0xff8, value: 0x0020_0008 }, // AID
      { offset: 0xffc, value: id }, // ID
    ],
  }
}

const classicMemory: readonly [MemoryDescription, ...MemoryDescription[]] = [
  { name: 'ssram23', base: 0x2000_0000, size: 4 * MIB, aliases: [0x2040_0000] },
  { name: 'ssram1', base: 0x0000_0000, size: 4 * MIB, aliases: [0x0040_0000] },
]

const blockRam: MemoryDescription = {
  ...{ name: 'blockram', base: 0x0100_0000, size: 0x4000 },
  aliases: [0x0100_4000, 0x0100_8000, 0x0100_c000],
}

export const mps2An385: BoardDescription = {
  name: 'mps2-an385',
  about: 'Cortex-M3, Arm MPS2 with the FPGA image AN385',
  core: { part: 'cortex-m3', interrupts: 48, referenceClock: 1_000_000 },
  clock: 25_000_000,
  memory: [
    ...classicMemory,
    { name: 'psram', base: 0x2100_0000, size: 16 * MIB },
    blockRam,
    shared,
  ],
  shared: 'shared',
  blocks: classicBlocks(0x4104_3850, 0x4020_0000),
}

export const mps2An386: BoardDescription = {
  ...mps2An385,
  name: 'mps2-an386',
  about: 'Cortex-M4, Arm MPS2 with the FPGA image AN386',
  core: { part: 'cortex-m4', interrupts: 48, referenceClock: 1_000_000 },
  blocks: classicBlocks(0x4104_3860, 0x4020_0000),
}

export const mps2An500: BoardDescription = {
  name: 'mps2-an500',
  about: 'Cortex-M7, Arm MPS2 with the FPGA image AN500',
  core: { part: 'cortex-m7', interrupts: 48, referenceClock: 1_000_000 },
  clock: 25_000_000,
  memory: [...classicMemory, { name: 'psram', base: 0x6000_0000, size: 16 * MIB }, shared],
  shared: 'shared',
  blocks: classicBlocks(0x4104_5000, 0xa000_0000),
}

/** In the map of TrustZone images an address with this bit is the Secure world's name of the one without. */
const SECURE = 0x1000_0000

/** A block that both worlds see. */
function both(block: BlockDescription): BlockDescription {
  return { ...block, aliases: [block.base + SECURE] }
}

/** Arm's IoT kit has the interrupts below this one; the FPGA image's follow. */
const EXPANSION = 32

const iotKitBlocks: readonly BlockDescription[] = [
  {
    ...{ type: 'ipcc', name: 'mailbox', base: MAILBOX, size: 0x400, aliases: [MAILBOX + SECURE] },
    interrupts: { 'receive-occupied': 134, 'transmit-free': 135 },
  },
  ...[0, 1, 2, 3, 4].map((n) =>
    both({
      ...{ type: 'cmsdk-uart', name: `UART${n}`, base: 0x4020_0000 + n * 0x1000, size: 0x1000 },
      interrupts: {
        receive: EXPANSION + 2 * n,
        transmit: EXPANSION + 2 * n + 1,
        combined: EXPANSION + 10 + n,
        overrun: EXPANSION + 15,
      },
    }),
  ),
  both({
    ...{ type: 'cmsdk-timer', name: 'timer 0', base: 0x4000_0000, size: 0x1000 },
    interrupts: { interrupt: 3 },
  }),
  both({
    ...{ type: 'cmsdk-timer', name: 'timer 1', base: 0x4000_1000, size: 0x1000 },
    interrupts: { interrupt: 4 },
  }),
  both({
    ...{ type: 'cmsdk-dual-timer', name: 'dual timer', base: 0x4000_2000, size: 0x1000 },
    interrupts: { combined: 5 },
  }),
  both({
    ...{ type: 'registers', name: 'system information', base: 0x4002_0000, size: 0x1000 },
    overrides: [
      { offset: 0x0, value: 0x0004_1743 }, // SYS_VERSION
      { offset: 0x4, value: 0x31 }, // SYS_CONFIG
    ],
  }),
  both({ type: 'mps2-fpgaio', name: 'FPGA I/O', base: 0x4030_2000, size: 0x1000 }),
  systemControl(0x4030_0000, 0x4104_5050, 0x4030_0000 + SECURE),
  // Protection controllers, watchdogs, GPIO, DMA, SPI, I2C: in the one world that is here they hold
  // nobody back.
  both({ type: 'registers', name: 'peripherals', base: 0x4000_0000, size: 0x40_0000 }),
  both({ type: 'registers', name: 'graphics', base: 0x4100_0000, size: 0x14_0000 }),
  both({ type: 'registers', name: 'Ethernet', base: 0x4200_0000, size: 0x100 }),
  both({
    ...{ type: 'registers', name: 'memory protection', base: 0x4800_7000, size: 0x3000 },
    overrides: [
      { offset: 0x0010, value: 0x3f }, // BLK_MAX of the first controller
      { offset: 0x0014, value: 0xa }, // BLK_CFG: 32 KiB a block
      { offset: 0x1010, value: 0x1f },
      { offset: 0x1014, value: 0xa },
      { offset: 0x2010, value: 0x1f },
      { offset: 0x2014, value: 0xa },
    ],
  }),
]

export const mps2An505: BoardDescription = {
  name: 'mps2-an505',
  about: 'Cortex-M33, Arm MPS2 with the FPGA image AN505, all of it in one world',
  core: { part: 'cortex-m33', interrupts: 140, vectors: SECURE, secure: true },
  clock: 20_000_000,
  memory: [
    { name: 'ssram23', base: 0x2800_0000, size: 4 * MIB, aliases: [0x2800_0000 + SECURE] },
    {
      ...{ name: 'ssram1', base: 0x0000_0000, size: 4 * MIB },
      aliases: [0x0040_0000, SECURE, SECURE + 0x0040_0000],
    },
    { name: 'sram', base: 0x2000_0000, size: 0x8000, aliases: [0x2000_0000 + SECURE] },
    { name: 'psram', base: 0x8000_0000, size: 16 * MIB },
    { ...shared, aliases: [shared.base + SECURE] },
  ],
  shared: 'shared',
  blocks: iotKitBlocks,
}
