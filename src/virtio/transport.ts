import type { ConfigAccess } from './config-space.js'
import type { Vring } from './vring.js'

/** One queue of a device as a transport presents it. */
export interface TransportQueue {
  /** The ring at its present address; made anew at each call, for a driver may move it. */
  ring(): Vring
  /** Tells the other end that this queue's ring has changed. */
  notify(): void
  /** For a device that goes on with a ring in use; see `DeviceQueueOptions`. */
  readonly base?: number
  /** Times that the other end has told of this queue, where the transport can tell. */
  readonly notificationsReceived?: number
}

/**
 * How a virtio device is reached: its status, features and queues. Both roles see the same fields;
 * the driver writes status and features, the device reads them (virtio 1.2, section 2 and 3).
 */
export interface VirtioTransport {
  /** Virtio device id: 7 for RPMsg. */
  readonly deviceId: number
  /** What the device offers; bit n is feature n, a safe integer: transports of 64 bits use up to 52. */
  readonly deviceFeatures: number
  /** What the driver has accepted. */
  driverFeatures: number
  /** Device status, see `VIRTIO_STATUS`. */
  status: number
  readonly queues: readonly TransportQueue[]
  /** The status knows FEATURES_OK and DEVICE_NEEDS_RESET, and VERSION_1 is a must (virtio 1.x). */
  readonly modern?: boolean
  /** The device's configuration, where the transport has one. */
  readonly config?: ConfigAccess
}

/** True where bit number `feature` is set in `features`. */
export function hasFeature(features: number, feature: number): boolean {
  if (feature < 32) return ((features >>> feature) & 1) === 1
  return Math.floor(features / 2 ** feature) % 2 === 1
}

/** The features that are in both. */
export function commonFeatures(a: number, b: number): number {
  const high = (Math.floor(a / 2 ** 32) & Math.floor(b / 2 ** 32)) >>> 0
  return high * 2 ** 32 + ((a & b) >>> 0)
}

/** `features` with bit number `feature`. */
export function withFeature(features: number, feature: number): number {
  return hasFeature(features, feature) ? features : features + 2 ** feature
}
