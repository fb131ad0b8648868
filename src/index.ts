/**
 * OpenAMP in TypeScript: the life cycle of remote processors and messages with them.
 * @module openamp
 */
export { type Clock, VirtualClock, WallClock } from './base/clock.js'
export { type ErrorCode, errorCodes, isOpenampError, OpenampError } from './base/errors.js'
export { EventSource, type Observer } from './base/events.js'
export { type WaitOptions, Waits } from './base/waits.js'
export { AddressSpace, type Location } from './memory/address-space.js'
export { Region, type RegionOptions } from './memory/region.js'
export * from './remoteproc/index.js'
export * from './rpmsg/index.js'
export * from './virtio/index.js'
