/**
 * For remotes written in TypeScript: the device side of the link.
 * @packageDocumentation
 */

export {
  defineRemote,
  type RemoteContext,
  type RemoteDefinition,
  type RemoteOptions as DefineRemoteOptions,
  rpmsgVdev,
} from './machines/thread/define-remote.js'
export { Remote, type RemoteOptions, resourceDeinit, resourceInit } from './remoteproc/remote.js'
