export type { Doorbell, Waiting, WaitStyle } from '../base/doorbell.js'
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
