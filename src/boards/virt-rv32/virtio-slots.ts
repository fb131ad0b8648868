import type { Device, UnmodelledRegisters } from './device.js'

// Virtio 1.2, 4.2.2 "MMIO Device Register Layout".
const MAGIC_VALUE = 0x000
const VERSION = 0x004
const DEVICE_ID = 0x008

/** Slots for virtio-mmio devices, with no device in any of them (device id 0, 4.2.2). */
export class VirtioSlots implements Device {
  readonly #unmodelled: UnmodelledRegisters

  constructor(unmodelled: UnmodelledRegisters) {
    this.#unmodelled = unmodelled
  }

  reset(): void {
    this.#unmodelled.reset()
  }

  load(offset: number, size: number): number {
    if (size !== 4) return -1
    switch (offset & 0xfff) {
      case MAGIC_VALUE:
        return 0x7472_6976 // "virt"
      case VERSION:
        return 2
      case DEVICE_ID:
        return 0
      default:
        return this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: number, value: number): boolean {
    if (size !== 4) return false
    this.#unmodelled.store(offset, value)
    return true
  }
}
