/**
 * Remotes in other processes, over shared memory: written in TypeScript, or in C with OpenAMP's
 * library. Linux only.
 * @module openamp/process
 */
export {
  openampLinuxLayout,
  type ProcessLayout,
  type ProcessVring,
  processLayout,
} from './layout.js'
export { type MeetingOptions, openampLinux } from './place-node.js'
export { type ProcessOptions, process } from './process-node.js'
export {
  connectHost,
  type RemoteEnd,
  type RemoteEndEvent,
  type RemoteEndOptions,
} from './remote-end-node.js'
export { ProcessServer, type ServeOptions, serveProcess } from './serve-node.js'
