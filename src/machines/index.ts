/**
 * Places where a remote lives, in Node and in browsers: emulated boards, worker threads; virtio devices for them.
 * @module openamp/machines
 */

export type { Doorbell, Waiting, WaitStyle } from '../base/doorbell.js'
export { boards } from '../boards/catalogue/index.js'
export type {
  BlockDescription,
  BoardDescription,
  CoreDescription,
  MemoryDescription,
} from '../boards/description.js'
export { readBoard } from '../boards/read-board.js'
export type { RegisterOverride } from '../boards/unmodelled.js'
export type { Debugger, DebugHalt, DebugListener, DebugTarget } from './emulated/debug-target.js'
export { type EmulatedOptions, emulated } from './emulated/emulated.js'
export type { VirtioPlace, VirtioPlug } from './emulated/virtio-bus.js'
export {
  type VirtioConsole,
  type VirtioConsoleOptions,
  type VirtioEntropyOptions,
  type VirtioRpmsgOptions,
  virtioConsole,
  virtioEntropy,
  virtioRpmsg,
} from './emulated/virtio-devices.js'
export { type ThreadOptions, thread } from './thread/thread.js'
