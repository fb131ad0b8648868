import { hex, OpenampError } from '../base/errors.js'
import { VIRTIO_FEATURE, VIRTIO_STATUS } from './defs.js'
import { commonFeatures, hasFeature, type VirtioTransport, withFeature } from './transport.js'

const { RESET, ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK, DEVICE_NEEDS_RESET, FAILED } =
  VIRTIO_STATUS

/**
 * The driver's way up to the features (virtio 1.2, section 3.1.1): reset, ACKNOWLEDGE, DRIVER, then
 * those of `wanted` that the device offers, on modern transports with VERSION_1 and FEATURES_OK.
 * Rings are set up next, and `driverOk` ends it.
 * @returns the features that both have
 * @throws ERR_PEER where the device does not reset, is no virtio 1 device, or refuses the features
 */
export function negotiate(transport: VirtioTransport, wanted: number): number {
  const { modern = false } = transport
  transport.status = RESET
  if (modern && transport.status !== RESET) {
    throw refused(transport, `status ${hex(transport.status)} after a reset`, '2.4.1')
  }
  transport.status = ACKNOWLEDGE
  transport.status = ACKNOWLEDGE | DRIVER
  const offered = transport.deviceFeatures
  if (!modern) {
    const features = commonFeatures(offered, wanted)
    transport.driverFeatures = features
    return features
  }
  const features = commonFeatures(offered, withFeature(wanted, VIRTIO_FEATURE.VERSION_1))
  if (!hasFeature(features, VIRTIO_FEATURE.VERSION_1)) {
    transport.status = ACKNOWLEDGE | DRIVER | FAILED
    throw refused(transport, `features ${hex(offered)} are without VERSION_1`, '6.1')
  }
  transport.driverFeatures = features
  transport.status = ACKNOWLEDGE | DRIVER | FEATURES_OK
  if ((transport.status & FEATURES_OK) === 0) {
    transport.status = ACKNOWLEDGE | DRIVER | FAILED
    const what = `of its features ${hex(offered)} it refuses ${hex(features)}`
    throw refused(transport, what, '3.1.1, step 6')
  }
  return features
}

/** The driver is ready: the device may look at the rings. */
export function driverOk(transport: VirtioTransport): void {
  const features = transport.modern === true ? FEATURES_OK : 0
  transport.status = ACKNOWLEDGE | DRIVER | features | DRIVER_OK
}

/** The device has met an error from which only a reset by the driver leads on (section 2.1.2). */
export function needsReset(transport: VirtioTransport): boolean {
  return transport.modern === true && (transport.status & DEVICE_NEEDS_RESET) !== 0
}

function refused(transport: VirtioTransport, what: string, section: string): OpenampError {
  const device = `virtio device of id ${transport.deviceId}`
  return new OpenampError('ERR_PEER', `${device}: ${what} (virtio 1.2, ${section})`)
}
