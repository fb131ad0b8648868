export type { DetachOptions } from './attach.js'
export type { BufferOptions, DirectionOptions } from './buffer-pools.js'
export type { Coredump, CoredumpOptions } from './coredump.js'
export type { Crash, CrashPlace } from './crash.js'
export type { RemoteprocEvent, RemoteprocState, StopReason } from './events.js'
export { HEARTBEAT_CHANNEL, type HeartbeatOptions } from './heartbeat.js'
export type {
  KernelDump,
  KernelFirmware,
  KernelLink,
  KernelListener,
  KernelMachine,
  KernelRemote,
  KernelState,
} from './kernel-machine.js'
export { type LoadedTableOptions, readLoadedTable } from './loaded-table.js'
export type { FirmwareSource } from './loader.js'
export type {
  CoreRegisters,
  CrashKind,
  Fault,
  ImageKind,
  Machine,
  Processor,
  ProcessorListener,
} from './machine.js'
export { PersistentChannel } from './persistent-channel.js'
export type { ImageOptions, TableChoice } from './prepare.js'
export type { RecoveryOptions, RecoveryPolicy } from './recovery.js'
export { Remoteproc, type RemoteprocOptions } from './remoteproc.js'
export type { DevmemRange, HandleRsc, ResourceOptions, RscContext } from './resources.js'
export { type RpmsgLiteLayout, rpmsgLite } from './rpmsg-lite.js'
export { SHUTDOWN_MESSAGE, type ShutdownOptions, shutdownMessage } from './shutdown.js'
export type { Subdevice } from './subdevices.js'
export { TraceReader } from './trace.js'
export { TableVdev, type TableVdevOptions } from './vdev.js'
export { wholeImage } from './whole-image.js'
