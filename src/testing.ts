/**
 * For tests without a board: remotes that are functions, and images made on the spot.
 * @module openamp/testing
 */
export { buildElf, type ElfSpec } from './firmware/build-elf.js'
export {
  type InProcessOptions,
  type InProcessRemote,
  inProcess,
  inProcessFirmware,
  inProcessMemory,
  inProcessTable,
} from './machines/in-process.js'
export { type RpmsgLoopback, type RpmsgLoopbackOptions, rpmsgLoopback } from './rpmsg/loopback.js'
export { type LoopbackOptions, VirtioLoopback } from './virtio/loopback.js'
