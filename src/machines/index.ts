export type { Doorbell, Waiting, WaitStyle } from '../base/doorbell.js'
export { type EmulatedOptions, emulated } from './emulated/emulated.js'
export { type ThreadOptions, thread } from './thread/thread.js'
