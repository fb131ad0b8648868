import { OpenampError } from '../../base/errors.js'
import { rethrowLater } from '../../base/events.js'
import {
  type RpmsgDevice,
  RpmsgVirtioDevice,
  type RpmsgVirtioDeviceOptions,
} from '../../rpmsg/index.js'
import { ConsoleDevice, EntropyDevice, type VirtioDevice } from '../../virtio/index.js'
import type { VirtioPlace, VirtioPlug } from './virtio-bus.js'

export interface VirtioConsoleOptions {
  /** Told of what the remote writes; it goes to the machine's console (events) unless given. */
  readonly received?: (bytes: Uint8Array) => void
  /** Characters; 80 × 25 unless given. */
  readonly columns?: number
  readonly rows?: number
}

/** A console in a virtio-mmio slot, as the host's program holds it. */
export class VirtioConsole implements VirtioPlug {
  readonly name = 'console'
  readonly #device: ConsoleDevice
  readonly #received: ((bytes: Uint8Array) => void) | undefined
  #place: VirtioPlace | undefined

  constructor(options: VirtioConsoleOptions = {}) {
    this.#received = options.received
    this.#device = new ConsoleDevice({ ...options, received: (bytes) => this.#receive(bytes) })
  }

  /** Writes to the remote: text as UTF-8, or bytes, which are copied. They wait for its driver. */
  write(data: string | Uint8Array): void {
    this.#device.write(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice())
  }

  /** Bytes that the remote's driver has not taken yet. */
  get pending(): number {
    return this.#device.pending
  }

  /** Throws away what the remote's driver has not taken. @returns how many bytes that were */
  discard(): number {
    return this.#device.discard()
  }

  /** Tells the remote of another size, in characters. */
  resize(columns: number, rows: number): void {
    this.#device.resize(columns, rows)
  }

  open(place: VirtioPlace): VirtioDevice {
    if (this.#place !== undefined) {
      throw new OpenampError('ERR_USAGE', 'virtioConsole: it is in another machine already')
    }
    this.#place = place
    return this.#device
  }

  #receive(bytes: Uint8Array): void {
    if (this.#received === undefined) {
      this.#place?.console(bytes)
      return
    }
    try {
      this.#received(bytes)
    } catch (error) {
      rethrowLater(error)
    }
  }
}

/**
 * A console (virtio device id 3) for `emulated({ virtio: […] })`. It belongs to one machine.
 *
 * @example
 * const terminal = virtioConsole({ received: (bytes) => process.stdout.write(bytes) })
 * const machine = emulated({ virtio: [terminal] })
 * terminal.write('hello\n')
 */
export function virtioConsole(options: VirtioConsoleOptions = {}): VirtioConsole {
  return new VirtioConsole(options)
}

export interface VirtioEntropyOptions {
  /** Where a sequence that can be had again begins: an integer of 32 bits. */
  readonly seed?: number
}

/**
 * A source of entropy (virtio device id 4) for `emulated({ virtio: […] })`: the platform's. With a
 * seed, and in the deterministic mode (seed 0 unless given), it is a sequence that is no secret.
 */
export function virtioEntropy(options: VirtioEntropyOptions = {}): VirtioPlug {
  return {
    name: 'entropy',
    open: ({ deterministic }) => {
      const seed = options.seed ?? (deterministic ? 0 : undefined)
      if (seed !== undefined) return new EntropyDevice(seeded(seed))
      return new EntropyDevice((room) => {
        crypto.getRandomValues(room)
      })
    },
  }
}

/** SplitMix32 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
function seeded(seed: number): (room: Uint8Array) => void {
  let state = seed | 0
  return (room) => {
    for (let i = 0; i < room.length; i++) {
      state = (state + 0x9e37_79b9) | 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0_aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a_2d97)
      room[i] = mixed ^ (mixed >>> 15)
    }
  }
}

export interface VirtioRpmsgOptions extends RpmsgVirtioDeviceOptions {
  /**
   * The remote's side of the link, called anew for each driver that comes. What it throws while that
   * driver is there breaks the device, and surfaces as an uncaught exception.
   */
  readonly remote: (rpmsg: RpmsgDevice) => void | Promise<void>
}

/**
 * An RPMsg device (virtio device id 7) for `emulated({ virtio: […] })`. The roles are turned round:
 * the firmware on the board is the virtio driver and RPMsg host, `remote` is its remote.
 */
export function virtioRpmsg(options: VirtioRpmsgOptions): VirtioPlug {
  return { name: 'rpmsg', open: () => new RpmsgVirtioDevice(options.remote, options) }
}
