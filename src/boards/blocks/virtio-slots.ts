import { OpenampError } from '../../base/errors.js'
import type { BlockType } from '../block.js'
import type { SlotDevice } from '../board.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// Virtio 1.2, 4.2.2 "MMIO Device Register Layout".
const MAGIC_VALUE = 0x000
const VERSION = 0x004
const DEVICE_ID = 0x008

/** Bytes of a slot. */
const SLOT_SIZE = 0x1000
/** Slots of a board. */
export const VIRTIO_SLOTS = 8

/**
 * Slots for virtio-mmio devices. What is plugged into one answers for itself; an empty one says so
 * (device id 0, 4.2.2).
 */
export class VirtioSlots implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #devices: (SlotDevice | undefined)[]
  readonly #version: 1 | 2

  /** @param version what empty slots say they are */
  constructor(unmodelled: UnmodelledRegisters, count: number, version: 1 | 2) {
    this.#unmodelled = unmodelled
    this.#devices = new Array<SlotDevice | undefined>(count).fill(undefined)
    this.#version = version
  }

  /** @throws ERR_USAGE where there is no such slot, or it is taken */
  plug(slot: number, device: SlotDevice): void {
    if (!(slot in this.#devices) || this.#devices[slot] !== undefined) {
      throw new OpenampError(
        'ERR_USAGE',
        `virtio-mmio slot ${slot} of 0 to ${this.#devices.length - 1} is taken, or there is none`,
      )
    }
    this.#devices[slot] = device
  }

  /** Whether the interrupt line of `slot` is high. */
  interrupt(slot: number): boolean {
    return this.#devices[slot]?.interrupt ?? false
  }

  get count(): number {
    return this.#devices.length
  }

  reset(): void {
    this.#unmodelled.reset()
    for (const device of this.#devices) device?.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    const register = offset % SLOT_SIZE
    const device = this.#devices[Math.floor(offset / SLOT_SIZE)]
    if (device !== undefined) return device.load(register, size)
    if (size !== 4) return -1
    switch (register) {
      case MAGIC_VALUE:
        return 0x7472_6976 // "virt"
      case VERSION:
        return this.#version
      case DEVICE_ID:
        return 0
      default:
        return this.#unmodelled.load(offset)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    const device = this.#devices[Math.floor(offset / SLOT_SIZE)]
    if (device !== undefined) return device.store(offset % SLOT_SIZE, size, value)
    if (size !== 4) return false
    this.#unmodelled.store(offset, value)
    return true
  }
}

const names = Array.from({ length: VIRTIO_SLOTS }, (_, slot) => `slot-${slot}`)

export const virtioSlotsType: BlockType = {
  about: 'eight slots for virtio-mmio devices of the host (virtio 1.2, 4.2.2)',
  interrupts: names,
  options: { version: 2 },
  make: (place) => {
    const version = place.option('version') === 1 ? 1 : 2
    const slots = new VirtioSlots(place.unmodelled, VIRTIO_SLOTS, version)
    const lines = Object.fromEntries(
      names.map((name, slot) => [name, { high: () => slots.interrupt(slot) }]),
    )
    return { device: slots, lines, slots }
  },
}
