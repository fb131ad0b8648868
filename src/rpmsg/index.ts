export {
  type BufferConfig,
  type BufferSizes,
  readBufferConfig,
  writeBufferConfig,
} from './buffer-config.js'
export type { RxBuffer, TxBuffer } from './buffers.js'
export { Channel, type ChannelOptions, type Message } from './channel.js'
export {
  RpmsgDevice,
  type RpmsgDeviceOptions,
  type RpmsgEvent,
  type RpmsgStats,
} from './device.js'
export { Endpoint, type EndpointOptions, type Payload } from './endpoint.js'
export * from './header.js'
export type { Announcement } from './name-service.js'
export type { RpmsgSink, RpmsgTransport, TransportStats } from './transport.js'
export {
  type BufferPool,
  VirtioRpmsgHost,
  type VirtioRpmsgHostOptions,
} from './virtio-host.js'
export { VirtioRpmsgRemote, type VirtioRpmsgRemoteOptions } from './virtio-remote.js'
