import type { Clock } from '../../base/clock.js'
import { OpenampError } from '../../base/errors.js'
import type { SlotDevice, SlotLines } from '../../boards/board.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { type MmioVersion, type VirtioDevice, VirtioMmioDevice } from '../../virtio/index.js'

/** What a virtio device of the host's is given of the board that it is plugged into. */
export interface VirtioPlace {
  /** The same inputs shall give the same run. */
  readonly deterministic: boolean
  /** Bytes for the console of the machine. */
  readonly console: (bytes: Uint8Array) => void
}

/** A virtio device for `emulated({ virtio: […] })`. */
export interface VirtioPlug {
  /** For messages: "console". */
  readonly name: string
  /** The device for one machine. @throws ERR_USAGE where it is in another one already */
  open(place: VirtioPlace): VirtioDevice
}

/** A board with slots for virtio-mmio devices. */
export interface SlottedBoard {
  plug<T extends SlotDevice>(slot: number, make: (lines: SlotLines) => T): T
}

export interface VirtioBusOptions extends VirtioPlace {
  readonly version: MmioVersion
  readonly space: AddressSpace
  readonly clock: Clock
  /** The board has something to do. */
  readonly wake: () => void
  /** Something that is worth knowing of a device. */
  readonly note: (text: string) => void
}

/** How many slots there are. */
export const VIRTIO_SLOTS = 8

/**
 * The virtio devices that the host plugs into a board. What the remote's driver asks of them they do
 * between two stretches of its execution, as the host looks at rings after a doorbell.
 */
export class VirtioBus {
  readonly #options: VirtioBusOptions
  readonly #devices: readonly VirtioMmioDevice[]
  #due = false
  #notes: string[] = []
  #fault: string | undefined

  /** @throws ERR_USAGE for more devices than slots, or one that is in another machine */
  constructor(board: SlottedBoard, plugs: readonly VirtioPlug[], options: VirtioBusOptions) {
    this.#options = options
    if (plugs.length > VIRTIO_SLOTS) {
      throw new OpenampError(
        'ERR_USAGE',
        `emulated: ${plugs.length} virtio devices, the board has ${VIRTIO_SLOTS} slots`,
      )
    }
    this.#devices = plugs.map((plug, slot) => {
      const device = plug.open(options)
      const name = `virtio-mmio slot ${slot} (${plug.name})`
      return board.plug(slot, (lines) => this.#make(device, name, lines))
    })
  }

  /** Does what the remote's drivers have left to do. To be called when the board has stopped. */
  serve(): void {
    while (this.#due) {
      this.#due = false
      for (const device of this.#devices) device.serve()
    }
    for (const note of this.#notes.splice(0)) this.#options.note(note)
  }

  /** The life of the remote has ended: every device lets go of its driver. */
  end(): void {
    for (const device of this.#devices) device.reset()
    this.serve()
    this.#fault = undefined
  }

  /** Why the remote cannot go on: a driver broke the rules that cannot be told so. */
  get fault(): string | undefined {
    return this.#fault
  }

  #make(device: VirtioDevice, name: string, lines: SlotLines): VirtioMmioDevice {
    const { version, space, clock, wake } = this.#options
    const registers = new VirtioMmioDevice({
      device,
      name,
      version,
      space,
      clock,
      interruptChanged: () => {
        lines.interruptChanged()
        if (registers.interrupt) wake()
      },
      attention: () => {
        this.#due = true
        lines.doorbell()
        wake()
      },
      onFault: (error, driverIsTold) => {
        if (driverIsTold) this.#notes.push(`${error.message}; its driver is told to reset it`)
        else this.#fault ??= error.message
      },
    })
    return registers
  }
}
