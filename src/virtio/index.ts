export * from './defs.js'
export { DeviceQueue, type DeviceQueueOptions } from './device-queue.js'
export { type ChainElement, DriverQueue, type QueueOptions } from './driver-queue.js'
export { hasFeature, type TransportQueue, type VirtioTransport } from './transport.js'
export {
  checkQueueSize,
  type LegacyLayout,
  legacyLayout,
  passedEvent,
  Vring,
  type VringParts,
} from './vring.js'
