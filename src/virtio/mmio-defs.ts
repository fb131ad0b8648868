// Virtio over MMIO: registers of virtio 1.2, sections 4.2.2 and 4.2.4 (legacy); the names are those
// of Linux's include/uapi/linux/virtio_mmio.h.

/** Registers that both versions have; offsets in bytes, 32 bits wide. */
export const MMIO = {
  MAGIC_VALUE: 0x000,
  VERSION: 0x004,
  DEVICE_ID: 0x008,
  VENDOR_ID: 0x00c,
  DEVICE_FEATURES: 0x010,
  DEVICE_FEATURES_SEL: 0x014,
  DRIVER_FEATURES: 0x020,
  DRIVER_FEATURES_SEL: 0x024,
  QUEUE_SEL: 0x030,
  QUEUE_NUM_MAX: 0x034,
  QUEUE_NUM: 0x038,
  QUEUE_NOTIFY: 0x050,
  INTERRUPT_STATUS: 0x060,
  INTERRUPT_ACK: 0x064,
  STATUS: 0x070,
  /** The device's configuration, from here on, with accesses of 1, 2 and 4 bytes. */
  CONFIG: 0x100,
} as const

/** Registers of version 1 (legacy) alone: a queue lies at a page number. */
export const MMIO_LEGACY = {
  GUEST_PAGE_SIZE: 0x028,
  QUEUE_ALIGN: 0x03c,
  QUEUE_PFN: 0x040,
} as const

/** Registers of version 2 alone: a queue's three parts have addresses of 64 bits. */
export const MMIO_MODERN = {
  QUEUE_READY: 0x044,
  QUEUE_DESC_LOW: 0x080,
  QUEUE_DESC_HIGH: 0x084,
  QUEUE_DRIVER_LOW: 0x090,
  QUEUE_DRIVER_HIGH: 0x094,
  QUEUE_DEVICE_LOW: 0x0a0,
  QUEUE_DEVICE_HIGH: 0x0a4,
  SHM_SEL: 0x0ac,
  SHM_LEN_LOW: 0x0b0,
  SHM_LEN_HIGH: 0x0b4,
  SHM_BASE_LOW: 0x0b8,
  SHM_BASE_HIGH: 0x0bc,
  CONFIG_GENERATION: 0x0fc,
} as const

/** "virt", little-endian. */
export const MMIO_MAGIC = 0x7472_6976

/** Bits of INTERRUPT_STATUS and INTERRUPT_ACK. */
export const MMIO_INT = { VRING: 1, CONFIG: 2 } as const

/** Bytes of one device's block, as the slots of boards have them. */
export const MMIO_SIZE = 0x1000

/** 1 is the legacy interface of before virtio 1.0. */
export type MmioVersion = 1 | 2

/** A block of device registers, as a board's bus or a driver reaches it. */
export interface RegisterAccess {
  /** @returns the value, unsigned, or -1 where an access of this size gets no answer */
  load(offset: number, size: 1 | 2 | 4): number
  /** @returns false where an access of this size gets no answer */
  store(offset: number, size: 1 | 2 | 4, value: number): boolean
}
