/**
 * Remote processors of a Linux board, with the kernel as their host.
 * @packageDocumentation
 */
export type { ChannelDevice } from './channels-node.js'
export type { KernelCarveout } from './debugfs-node.js'
export { type LinuxOptions, linux, linuxRemotes } from './linux-node.js'
export type { RemoteDevice } from './remotes-node.js'
