/**
 * Remote processors of a Linux board, with the kernel as their host.
 * @module openamp/linux
 */
export type { ChannelDevice } from './channels-node.js'
export type { KernelCarveout } from './debugfs-node.js'
export { type Check, type CheckOptions, checkLinux } from './doctor-node.js'
export { type LinuxOptions, linux, linuxRemote, linuxRemotes } from './linux-node.js'
export type { LinuxRemote } from './remote-node.js'
export type { RemoteDevice } from './remotes-node.js'
export { RpmsgSerial, type RpmsgSerialOptions } from './serial-node.js'
export { udevRules } from './udev.js'
