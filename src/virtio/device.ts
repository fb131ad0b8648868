import type { Clock } from '../base/clock.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { ConfigSpace } from './config-space.js'
import type { DeviceQueue } from './device-queue.js'
import type { VirtioTransport } from './transport.js'

/**
 * What a device has of its driver, from DRIVER_OK until one of them resets it. After that its
 * notifications go nowhere.
 */
export interface DeviceLink {
  /** Status, accepted features and queues, for stacks that open the queues themselves. */
  readonly transport: VirtioTransport
  /** The only memory in which the driver's descriptors may point. */
  readonly space: AddressSpace
  readonly clock: Clock
  /**
   * The device's end of queue `index`, with the ring features that were negotiated.
   * @throws ERR_PEER where the driver has not set it up
   */
  openQueue(index: number): DeviceQueue
  /**
   * Runs what looks at the rings outside of `notified`. What the driver is caught lying about there
   * breaks the device, as it does in `notified`.
   */
  attempt(work: () => void): void
  /** The device cannot go on with this driver: DEVICE_NEEDS_RESET. */
  fail(error: Error): void
}

/** A virtio device without its registers: what it offers, and what it does with its queues. */
export interface VirtioDevice {
  /** See `VIRTIO_ID`. */
  readonly deviceId: number
  /** Features that it offers; the transport adds VERSION_1 where it is of virtio 1. */
  readonly features: number
  /** The largest size of each queue, a power of two. */
  readonly queueSizes: readonly number[]
  readonly config?: ConfigSpace
  /** The driver is ready. */
  activate(link: DeviceLink): void
  /** The driver has made buffers of a queue available. */
  notified(queue: number): void
  /**
   * The rings are no longer the device's. Called from within the register write of a driver, so it
   * only lets go of them; `closed` follows.
   */
  detach(): void
  /** After `detach`, when others may be called: the driver has reset the device, or has gone. */
  closed?(reason: Error): void
}
