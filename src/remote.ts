/**
 * For remotes written in TypeScript: the device side of the link.
 * @module openamp/remote
 */
export {
  defineRemote,
  type RemoteContext,
  type RemoteDefinition,
  type RemoteOptions as DefineRemoteOptions,
  rpmsgVdev,
} from './machines/thread/define-remote.js'
export { answerHeartbeat } from './remoteproc/heartbeat-remote.js'
export type { HostProfile } from './remoteproc/host-presence.js'
export { type PeerOptions, peerInit } from './remoteproc/peer.js'
export {
  Remote,
  type RemoteOptions,
  type RemotePlace,
  resourceDeinit,
  resourceInit,
} from './remoteproc/remote.js'
export type { RpmsgLiteLayout } from './remoteproc/rpmsg-lite.js'
