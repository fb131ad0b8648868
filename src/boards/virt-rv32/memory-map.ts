/** The blocks of the address space, as in `docs/boards/virt-rv32.md`. */
export const FINISHER = { base: 0x0010_0000, size: 0x1000 } as const
export const CLINT = { base: 0x0200_0000, size: 0x1_0000 } as const
export const PLIC = { base: 0x0c00_0000, size: 0x60_0000 } as const
export const UART = { base: 0x1000_0000, size: 0x100 } as const
export const VIRTIO_SLOTS = 8
export const VIRTIO = { base: 0x1000_1000, size: VIRTIO_SLOTS * 0x1000 } as const
export const MAILBOX = { base: 0x1100_0000, size: 0x400 } as const
export const SHARED = { base: 0x1800_0000, size: 0x100_0000 } as const
export const RAM_BASE = 0x8000_0000
export const RAM_SIZE = 32 * 0x10_0000

/** PLIC sources; the virtio-mmio slots have one each, from this one on. */
export const VIRTIO_SOURCE = 1
export const UART_SOURCE = 10
export const RECEIVE_OCCUPIED_SOURCE = 36
export const TRANSMIT_FREE_SOURCE = 37

/** The memory that images are loaded into and rings lie in, with the default size of RAM. */
export const virtRv32Memory = [
  { name: 'ram', da: RAM_BASE, size: RAM_SIZE },
  { name: 'shared', da: SHARED.base, size: SHARED.size },
] as const
