import { hex, OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { Region } from '../memory/region.js'
import type { ConfigAccess } from './config-space.js'
import { VIRTIO_STATUS } from './defs.js'
import {
  MMIO,
  MMIO_INT,
  MMIO_LEGACY,
  MMIO_MAGIC,
  MMIO_MODERN,
  type MmioVersion,
  type RegisterAccess,
} from './mmio-defs.js'
import type { TransportQueue, VirtioTransport } from './transport.js'
import { legacyLayout, Vring } from './vring.js'

export interface MmioTransportOptions {
  readonly registers: RegisterAccess
  readonly space: AddressSpace
  /** Where the rings are put: memory that the device reaches, aligned to 4096 bytes. */
  readonly memory: { readonly region: Region; readonly offset: number; readonly size: number }
  /** Descriptors of each ring at most; as many as the device takes unless given. */
  readonly queueSize?: number
}

/** What the device had to say with its interrupt. */
export interface MmioInterrupt {
  /** It has used buffers. */
  readonly used: boolean
  /** Its configuration has changed, or it needs a reset (`needsReset`). */
  readonly config: boolean
}

/** Pages of the legacy interface, and the alignment of its rings. */
const PAGE = 4096
/** Version 2 asks for no more (virtio 1.2, section 2.7). */
const MODERN_ALIGN = 16
/** More queues than any device here has; one that offers queues without end stops there. */
const QUEUES_MAX = 64

/**
 * The driver's end of virtio-mmio, version 1 or 2 as the device has it: finds the device's queues,
 * and sets each up when its ring is first asked for.
 *
 * @example
 * const transport = new MmioTransport({ registers, space, memory })
 * const features = negotiate(transport, wanted)
 * const queue = new DriverQueue(transport.queues[0].ring())
 * driverOk(transport)
 */
export class MmioTransport implements VirtioTransport {
  readonly version: MmioVersion
  readonly modern: boolean
  readonly deviceId: number
  readonly queues: readonly TransportQueue[]
  readonly config: ConfigAccess
  readonly #registers: RegisterAccess
  readonly #options: MmioTransportOptions
  #rings: (Vring | undefined)[] = []
  /** Bytes of the memory that are taken. */
  #taken = 0

  /** @throws ERR_PEER where there is no virtio-mmio device, or one of another version */
  constructor(options: MmioTransportOptions) {
    this.#registers = options.registers
    this.#options = options
    const magic = this.#load(MMIO.MAGIC_VALUE)
    const version = this.#load(MMIO.VERSION)
    this.deviceId = this.#load(MMIO.DEVICE_ID)
    if (magic !== MMIO_MAGIC || (version !== 1 && version !== 2) || this.deviceId === 0) {
      throw lie(`magic ${hex(magic)}, version ${version}, device id ${this.deviceId}`)
    }
    this.version = version
    this.modern = version === 2
    this.config = this.#configAccess()
    const queues: TransportQueue[] = []
    for (let i = 0; i < QUEUES_MAX && this.#numMax(i) > 0; i++) {
      queues.push({
        ring: () => this.#ring(i),
        notify: () => this.#store(MMIO.QUEUE_NOTIFY, i),
      })
    }
    this.queues = queues
  }

  get deviceFeatures(): number {
    // Of the high word no more than a safe integer holds: bits 53 to 63 are none of the features here.
    const high = this.#selected(MMIO.DEVICE_FEATURES_SEL, 1, MMIO.DEVICE_FEATURES) & 0x1f_ffff
    return high * 2 ** 32 + this.#selected(MMIO.DEVICE_FEATURES_SEL, 0, MMIO.DEVICE_FEATURES)
  }

  /** Write only in the registers: what was written last. */
  #driverFeatures = 0
  get driverFeatures(): number {
    return this.#driverFeatures
  }

  set driverFeatures(features: number) {
    this.#driverFeatures = features
    this.#store(MMIO.DRIVER_FEATURES_SEL, 1)
    this.#store(MMIO.DRIVER_FEATURES, Math.floor(features / 2 ** 32))
    this.#store(MMIO.DRIVER_FEATURES_SEL, 0)
    this.#store(MMIO.DRIVER_FEATURES, features % 2 ** 32)
  }

  get status(): number {
    return this.#load(MMIO.STATUS)
  }

  /** Writing 0 resets the device: it lets go of every ring, and each is set up anew. */
  set status(status: number) {
    this.#store(MMIO.STATUS, status)
    if (status !== VIRTIO_STATUS.RESET) return
    this.#rings = []
    this.#taken = 0
    this.#driverFeatures = 0
    if (!this.modern) this.#store(MMIO_LEGACY.GUEST_PAGE_SIZE, PAGE)
  }

  /** Asks what the interrupt was for, and acknowledges it. Look at the rings after it. */
  takeInterrupt(): MmioInterrupt {
    const bits = this.#load(MMIO.INTERRUPT_STATUS)
    if (bits !== 0) this.#store(MMIO.INTERRUPT_ACK, bits)
    return { used: (bits & MMIO_INT.VRING) !== 0, config: (bits & MMIO_INT.CONFIG) !== 0 }
  }

  #ring(index: number): Vring {
    const ring = this.#rings[index] ?? this.#setUp(index)
    this.#rings[index] = ring
    return ring
  }

  #setUp(index: number): Vring {
    const name = `vring ${index}`
    const num = Math.min(this.#numMax(index), this.#options.queueSize ?? Number.POSITIVE_INFINITY)
    const align = this.modern ? MODERN_ALIGN : PAGE
    const layout = legacyLayout(num, align, name)
    const { address, ring } = this.#place(num, layout.size, align, name)
    ring.zero()
    this.#store(MMIO.QUEUE_SEL, index)
    this.#store(MMIO.QUEUE_NUM, num)
    if (this.modern) {
      this.#storeAddress(MMIO_MODERN.QUEUE_DESC_LOW, address)
      this.#storeAddress(MMIO_MODERN.QUEUE_DRIVER_LOW, address + layout.available)
      this.#storeAddress(MMIO_MODERN.QUEUE_DEVICE_LOW, address + layout.used)
      this.#store(MMIO_MODERN.QUEUE_READY, 1)
    } else {
      this.#store(MMIO_LEGACY.QUEUE_ALIGN, align)
      this.#store(MMIO_LEGACY.QUEUE_PFN, address / PAGE)
    }
    return ring
  }

  #place(num: number, size: number, align: number, name: string) {
    const { space, memory } = this.#options
    const { region, offset } = memory
    const at = Math.ceil(this.#taken / PAGE) * PAGE
    if (at + size > memory.size) {
      throw new OpenampError(
        'ERR_NO_SPACE',
        `${name}: ${hex(size)} bytes at ${hex(at)}, of ${hex(memory.size)} for rings`,
      )
    }
    this.#taken = at + size
    const address = region.pa + offset + at
    if (address % PAGE !== 0) {
      throw new OpenampError('ERR_USAGE', `${name}: ${hex(address)} is not aligned to a page`)
    }
    return { address, ring: Vring.legacy(space, 'pa', address, num, align, name) }
  }

  #numMax(index: number): number {
    return this.#selected(MMIO.QUEUE_SEL, index, MMIO.QUEUE_NUM_MAX)
  }

  #configAccess(): ConfigAccess {
    const registers = this.#registers
    const generation = (): number | undefined =>
      this.modern ? this.#load(MMIO_MODERN.CONFIG_GENERATION) : undefined
    return {
      load: (offset, size) => answered(registers.load(MMIO.CONFIG + offset, size), offset),
      get generation() {
        return generation()
      },
    }
  }

  #selected(selector: number, value: number, register: number): number {
    this.#store(selector, value)
    return this.#load(register)
  }

  #storeAddress(low: number, address: number): void {
    this.#store(low, address % 2 ** 32)
    this.#store(low + 4, Math.floor(address / 2 ** 32))
  }

  #load(register: number): number {
    return answered(this.#registers.load(register, 4), register)
  }

  #store(register: number, value: number): void {
    if (!this.#registers.store(register, 4, value)) throw unanswered(register)
  }
}

function answered(value: number, register: number): number {
  if (value < 0) throw unanswered(register)
  return value
}

function unanswered(register: number): OpenampError {
  return lie(`register ${hex(register)} does not answer`)
}

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `virtio-mmio: ${what} (virtio 1.2, 4.2.2)`)
}
