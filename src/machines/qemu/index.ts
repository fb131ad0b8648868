/**
 * Remotes on QEMU's machines, with their memory shared. Linux only.
 * @module openamp/qemu
 */
export {
  type QemuDescription,
  type QemuMachineName,
  type QemuMemory,
  qemuMachineNamed,
  qemuMachines,
} from './description.js'
export { type QemuOptions, qemu } from './qemu-node.js'
