import type { Clock } from '../base/clock.js'
import { hex, isOpenampError, OpenampError } from '../base/errors.js'
import type { AddressSpace } from '../memory/address-space.js'
import { VIRTIO_FEATURE, VIRTIO_STATUS } from './defs.js'
import type { DeviceLink, VirtioDevice } from './device.js'
import { DeviceQueue } from './device-queue.js'
import {
  MMIO,
  MMIO_INT,
  MMIO_LEGACY,
  MMIO_MAGIC,
  MMIO_MODERN,
  type MmioVersion,
  type RegisterAccess,
} from './mmio-defs.js'
import { MmioQueue } from './mmio-queue.js'
import {
  commonFeatures,
  hasFeature,
  type TransportQueue,
  type VirtioTransport,
  withFeature,
} from './transport.js'

export interface MmioDeviceOptions {
  readonly device: VirtioDevice
  /** For messages: "virtio-mmio slot 0 (console)". */
  readonly name: string
  /** 2 unless given; 1 is the legacy interface. */
  readonly version?: MmioVersion
  /** The only memory in which rings and buffers may lie. */
  readonly space: AddressSpace
  readonly clock: Clock
  /** The interrupt line may have changed. */
  readonly interruptChanged: () => void
  /** There is something for `serve` to do. */
  readonly attention: () => void
  /**
   * The driver broke the rules, or the device failed. With version 2 the driver is told
   * (DEVICE_NEEDS_RESET) and may start over; with version 1 it cannot be.
   */
  readonly onFault: (error: Error, driverIsTold: boolean) => void
}

const { FEATURES_OK, DRIVER_OK, DEVICE_NEEDS_RESET } = VIRTIO_STATUS

/** Nobody's: drivers do not look at it (QEMU answers its own name). */
const VENDOR = 0

/**
 * A virtio device behind virtio-mmio registers, of version 2 or 1 (virtio 1.2, sections 4.2.2 and
 * 4.2.4). Register accesses change registers only; what follows from them for the device is done in
 * `serve`, so that its code never runs within an instruction of the driver's.
 */
export class VirtioMmioDevice implements RegisterAccess {
  readonly #options: MmioDeviceOptions
  readonly #version: MmioVersion
  readonly #offered: number
  readonly #queues: readonly MmioQueue[]
  #link: Link | undefined
  #status = 0
  #features = 0
  #deviceFeaturesSel = 0
  #driverFeaturesSel = 0
  #queueSel = 0
  #pageSize = 0
  #interruptStatus = 0
  /** DRIVER_OK is set, and the device does not know yet. */
  #activationDue = false
  /** Queues that the driver has notified since the last look, by bit. */
  #notified = 0
  /** Why the last link has ended, until the device is told. */
  #closed: Error | undefined

  constructor(options: MmioDeviceOptions) {
    const { device, version = 2 } = options
    this.#options = options
    this.#version = version
    this.#offered =
      version === 2 ? withFeature(device.features, VIRTIO_FEATURE.VERSION_1) : device.features
    this.#queues = device.queueSizes.map((size, index) => new MmioQueue(index, size))
    if (device.config !== undefined) device.config.onChange = () => this.#configChanged()
  }

  /** The interrupt line: high while INTERRUPT_STATUS says anything. */
  get interrupt(): boolean {
    return this.#interruptStatus !== 0
  }

  /** Resets device and registers, as at power-on. */
  reset(): void {
    this.#reset(new OpenampError('ERR_STOPPED', `${this.#options.name}: the board was reset`))
  }

  /** Does what the driver's accesses have left to do. To be called after `attention`. */
  serve(): void {
    const { device } = this.#options
    const closed = this.#closed
    if (closed !== undefined) {
      this.#closed = undefined
      device.closed?.(closed)
    }
    if (this.#activationDue) {
      this.#activationDue = false
      this.#attempt(() => this.#activate())
    }
    const notified = this.#notified
    if (notified === 0 || this.#link === undefined) return
    this.#notified = 0
    for (const { index } of this.#queues) {
      if ((notified & (1 << index)) !== 0) this.#attempt(() => device.notified(index))
    }
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (offset >= MMIO.CONFIG) {
      return this.#options.device.config?.load(offset - MMIO.CONFIG, size) ?? 0
    }
    if (size !== 4) return -1
    switch (offset) {
      case MMIO.MAGIC_VALUE:
        return MMIO_MAGIC
      case MMIO.VERSION:
        return this.#version
      case MMIO.DEVICE_ID:
        return this.#options.device.deviceId
      case MMIO.VENDOR_ID:
        return VENDOR
      case MMIO.DEVICE_FEATURES:
        return word(this.#offered, this.#deviceFeaturesSel)
      case MMIO.INTERRUPT_STATUS:
        return this.#interruptStatus
      case MMIO.STATUS:
        return this.#status
      default:
        return this.#version === 2 ? this.#loadModern(offset) : this.#loadQueue(offset)
    }
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (offset >= MMIO.CONFIG) return true // read-only
    if (size !== 4) return false
    switch (offset) {
      case MMIO.DEVICE_FEATURES_SEL:
        this.#deviceFeaturesSel = value
        break
      case MMIO.DRIVER_FEATURES:
        this.#setFeatures(value)
        break
      case MMIO.DRIVER_FEATURES_SEL:
        this.#driverFeaturesSel = value
        break
      case MMIO.QUEUE_SEL:
        this.#queueSel = value
        break
      case MMIO.QUEUE_NOTIFY:
        this.#notify(value)
        break
      case MMIO.INTERRUPT_ACK:
        this.#interruptStatus &= ~value
        this.#options.interruptChanged()
        break
      case MMIO.STATUS:
        this.#setStatus(value & 0xff)
        break
      default:
        this.#storeQueue(offset, value)
    }
    return true
  }

  #loadModern(offset: number): number {
    switch (offset) {
      case MMIO_MODERN.CONFIG_GENERATION:
        return this.#options.device.config?.generation ?? 0
      case MMIO_MODERN.SHM_LEN_LOW:
      case MMIO_MODERN.SHM_LEN_HIGH:
      case MMIO_MODERN.SHM_BASE_LOW:
      case MMIO_MODERN.SHM_BASE_HIGH:
        // There is no shared memory region (section 4.2.2: a length of -1).
        return 0xffff_ffff
      default:
        return this.#loadQueue(offset)
    }
  }

  #loadQueue(offset: number): number {
    return this.#queues[this.#queueSel]?.load(offset, this.#version) ?? 0
  }

  #storeQueue(offset: number, value: number): void {
    if (this.#version === 1 && offset === MMIO_LEGACY.GUEST_PAGE_SIZE) {
      this.#pageSize = value
      return
    }
    const queue = this.#queues[this.#queueSel]
    if (queue === undefined) return
    const before = queue.ready
    queue.store(offset, this.#version, value, this.#pageSize)
    if (!before || queue.ready) return
    const taken = `the driver has taken vring ${queue.index} away`
    this.#detach(new OpenampError('ERR_STOPPED', `${this.#options.name}: ${taken}`))
  }

  #setFeatures(value: number): void {
    // What was agreed is agreed (section 3.1.1, step 5).
    if ((this.#status & (FEATURES_OK | DRIVER_OK)) !== 0) return
    const high = this.#driverFeaturesSel === 1
    const other = high ? word(this.#features, 0) : word(this.#features, 1)
    if (high) this.#features = value * 2 ** 32 + other
    else if (this.#driverFeaturesSel === 0) this.#features = other * 2 ** 32 + value
  }

  #setStatus(value: number): void {
    if (value === 0) {
      this.#reset(
        new OpenampError('ERR_STOPPED', `${this.#options.name}: the driver has reset the device`),
      )
      return
    }
    const before = this.#status
    // Only a reset clears bits (section 2.1.1); NEEDS_RESET is the device's alone.
    let status = before | (value & ~DEVICE_NEEDS_RESET)
    if (this.#version === 2 && !this.#featuresFit()) status &= ~FEATURES_OK
    this.#status = status
    if ((status & ~before & DRIVER_OK) !== 0) {
      this.#activationDue = true
      this.#options.attention()
    }
  }

  /** Nothing that was not offered, and with version 2 nothing without VERSION_1. */
  #featuresFit(): boolean {
    const features = this.#features
    if (commonFeatures(features, this.#offered) !== features) return false
    return this.#version === 1 || hasFeature(features, VIRTIO_FEATURE.VERSION_1)
  }

  #notify(index: number): void {
    const queue = this.#queues[index]
    if (queue === undefined) return
    queue.notifications.count++
    this.#notified |= 1 << index
    this.#options.attention()
  }

  #reset(reason: Error): void {
    this.#detach(reason)
    this.#status = this.#features = this.#pageSize = 0
    this.#deviceFeaturesSel = this.#driverFeaturesSel = this.#queueSel = 0
    this.#interruptStatus = 0
    this.#notified = 0
    this.#activationDue = false
    for (const queue of this.#queues) queue.reset()
    this.#options.interruptChanged()
  }

  #detach(reason: Error): void {
    if (this.#link === undefined) return
    this.#link = undefined
    this.#options.device.detach()
    this.#closed = reason
    this.#options.attention()
  }

  #activate(): void {
    if (this.#version === 2 && (this.#status & FEATURES_OK) === 0) {
      throw this.#lie('DRIVER_OK without FEATURES_OK', '3.1.1')
    }
    if (!this.#featuresFit()) {
      const features = `features ${hex(this.#features)} of ${hex(this.#offered)}`
      throw this.#lie(`the driver accepts ${features}`, '2.2.1')
    }
    const link = new Link(this.#options, this.#version, this.#features, this.#queues, {
      interrupt: (from, bits) => {
        if (from === this.#link) this.#raise(bits)
      },
      attempt: (from, work) => {
        if (from === this.#link) this.#attempt(work)
      },
      fail: (from, error) => {
        if (from === this.#link) this.#fail(error)
      },
    })
    this.#link = link
    this.#options.device.activate(link)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isFault(error)) throw error
      this.#fail(error)
    }
  }

  #fail(error: Error): void {
    this.#detach(error)
    this.#activationDue = false
    const told = this.#version === 2
    if (told) {
      this.#status |= DEVICE_NEEDS_RESET
      // Section 2.1.2: a device whose driver is ready tells it by a configuration change.
      if ((this.#status & DRIVER_OK) !== 0) this.#raise(MMIO_INT.CONFIG)
    }
    this.#options.onFault(error, told)
  }

  #configChanged(): void {
    if (this.#link !== undefined) this.#raise(MMIO_INT.CONFIG)
  }

  #raise(bits: number): void {
    this.#interruptStatus |= bits
    this.#options.interruptChanged()
  }

  #lie(what: string, section: string): OpenampError {
    return new OpenampError('ERR_PEER', `${this.#options.name}: ${what} (virtio 1.2, ${section})`)
  }
}

interface LinkOwner {
  interrupt(from: Link, bits: number): void
  attempt(from: Link, work: () => void): void
  fail(from: Link, error: Error): void
}

/** One life of the device between DRIVER_OK and reset. */
class Link implements DeviceLink {
  readonly transport: VirtioTransport
  readonly space: AddressSpace
  readonly clock: Clock
  readonly #owner: LinkOwner

  constructor(
    { device, name, space, clock }: MmioDeviceOptions,
    version: MmioVersion,
    features: number,
    queues: readonly MmioQueue[],
    owner: LinkOwner,
  ) {
    this.space = space
    this.clock = clock
    this.#owner = owner
    const status = VIRTIO_STATUS.ACKNOWLEDGE | VIRTIO_STATUS.DRIVER | DRIVER_OK
    this.transport = {
      deviceId: device.deviceId,
      deviceFeatures: device.features,
      driverFeatures: features,
      status: version === 2 ? status | FEATURES_OK : status,
      modern: version === 2,
      queues: queues.map((queue): TransportQueue => {
        const { notifications } = queue
        return {
          ring: () => queue.open(space, version, `${name}: vring ${queue.index}`),
          notify: () => owner.interrupt(this, MMIO_INT.VRING),
          get notificationsReceived() {
            return notifications.count
          },
        }
      }),
    }
  }

  openQueue(index: number): DeviceQueue {
    const { queues, driverFeatures } = this.transport
    const queue = queues[index]
    if (queue === undefined) throw new OpenampError('ERR_USAGE', `there is no queue ${index}`)
    const indirect = hasFeature(driverFeatures, VIRTIO_FEATURE.RING_INDIRECT_DESC)
    return new DeviceQueue(queue.ring(), {
      eventIndex: hasFeature(driverFeatures, VIRTIO_FEATURE.RING_EVENT_IDX),
      indirect: indirect ? this.space : undefined,
      clock: this.clock,
    })
  }

  attempt(work: () => void): void {
    this.#owner.attempt(this, work)
  }

  fail(error: Error): void {
    this.#owner.fail(this, error)
  }
}

/** The low or high 32 bits of `features`; a selector of others selects nothing. */
function word(features: number, selector: number): number {
  if (selector === 0) return features % 2 ** 32
  return selector === 1 ? Math.floor(features / 2 ** 32) : 0
}

/** The driver's doing: what it says is wrong, or lies nowhere. */
function isFault(error: unknown): error is OpenampError {
  return (
    isOpenampError(error, 'ERR_PEER') ||
    isOpenampError(error, 'ERR_MEMORY') ||
    isOpenampError(error, 'ERR_RESOURCE_TABLE')
  )
}
