import type { BoardDescription } from '../description.js'

/** One RV32IMAFC hart, with B and user mode, on the memory map of the RISC-V `virt` machine: docs/boards/virt-rv32.md. */
export const virtRv32: BoardDescription = {
  name: 'virt-rv32',
  about: 'RV32IMAFC, the memory map of the RISC-V virt machine',
  core: { part: 'rv32imafc' },
  clock: 100_000_000,
  memory: [
    { name: 'ram', base: 0x8000_0000, size: 32 * 0x10_0000 },
    { name: 'shared', base: 0x1800_0000, size: 0x100_0000 },
  ],
  shared: 'shared',
  blocks: [
    {
      ...{ type: 'uart-16550', name: 'UART', base: 0x1000_0000, size: 0x100 },
      interrupts: { interrupt: 10 },
    },
    {
      ...{ type: 'ipcc', name: 'mailbox', base: 0x1100_0000, size: 0x400 },
      interrupts: { 'receive-occupied': 36, 'transmit-free': 37 },
    },
    { type: 'clint', name: 'CLINT', base: 0x0200_0000, size: 0x1_0000 },
    { type: 'plic', name: 'PLIC', base: 0x0c00_0000, size: 0x60_0000 },
    { type: 'test-finisher', name: 'test finisher', base: 0x0010_0000, size: 0x1000 },
    {
      ...{ type: 'virtio-mmio', name: 'virtio-mmio', base: 0x1000_1000, size: 8 * 0x1000 },
      interrupts: {
        ...{ 'slot-0': 1, 'slot-1': 2, 'slot-2': 3, 'slot-3': 4 },
        ...{ 'slot-4': 5, 'slot-5': 6, 'slot-6': 7, 'slot-7': 8 },
      },
    },
  ],
}
