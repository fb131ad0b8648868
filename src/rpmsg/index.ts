export {
  type BufferConfig,
  type BufferSizes,
  readBufferConfig,
  writeBufferConfig,
} from './buffer-config.js'
export { RxBuffer, TxBuffer } from './buffers.js'
export { Channel, type ChannelOptions, type ChannelStats } from './channel.js'
export { CopyPool } from './copy-pool.js'
export { RpmsgDevice, type RpmsgDeviceOptions } from './device.js'
export { Endpoint, type EndpointOptions, type Payload } from './endpoint.js'
export * from './header.js'
export type { Message } from './message-queue.js'
export type { Announcement, NameServiceCallbacks } from './name-service.js'
export type { DropReason, RpmsgEvent, RpmsgStats } from './stats.js'
export type { ChannelStreams, StreamOptions } from './streams.js'
export {
  noSink,
  type RpmsgSink,
  type RpmsgTransport,
  type TransportEndpoint,
  type TransportStats,
} from './transport.js'
export { RpmsgVirtioDevice, type RpmsgVirtioDeviceOptions } from './virtio-device.js'
export {
  type BufferPool,
  VirtioRpmsgHost,
  type VirtioRpmsgHostOptions,
} from './virtio-host.js'
export { VirtioRpmsgRemote, type VirtioRpmsgRemoteOptions } from './virtio-remote.js'
