export { ChainReader, ChainWriter, type OpenChain, serveChains, takeChain } from './chain.js'
export { type ConfigAccess, ConfigSpace, readConfig } from './config-space.js'
export { CONSOLE_CONFIG, ConsoleDevice, VIRTIO_CONSOLE_F } from './console-device.js'
export * from './defs.js'
export { DescriptorTable } from './descriptor-table.js'
export type { DeviceLink, VirtioDevice } from './device.js'
export { DeviceQueue, type DeviceQueueOptions } from './device-queue.js'
export { type ChainElement, DriverQueue, type QueueOptions } from './driver-queue.js'
export { EntropyDevice } from './entropy-device.js'
export * from './mmio-defs.js'
export { type MmioDeviceOptions, VirtioMmioDevice } from './mmio-device.js'
export { type MmioInterrupt, MmioTransport, type MmioTransportOptions } from './mmio-driver.js'
export { driverOk, needsReset, negotiate } from './negotiate.js'
export type { RingStats } from './ring-stats.js'
export {
  commonFeatures,
  hasFeature,
  type TransportQueue,
  type VirtioTransport,
  withFeature,
} from './transport.js'
export {
  checkQueueSize,
  type LegacyLayout,
  legacyLayout,
  passedEvent,
  Vring,
  type VringParts,
} from './vring.js'
