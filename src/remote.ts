/**
 * For remotes written in TypeScript: the device side of the link.
 * @packageDocumentation
 */
export { Remote, type RemoteOptions, resourceDeinit, resourceInit } from './remoteproc/remote.js'
