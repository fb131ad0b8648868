import type { NameServiceCallbacks } from '../rpmsg/index.js'
import type { BufferOptions } from './buffer-pools.js'
import type { CoredumpOptions } from './coredump.js'
import type { HeartbeatOptions } from './heartbeat.js'
import type { RecoveryPolicy } from './recovery.js'
import type { ResourceOptions } from './resources.js'
import type { Subdevice } from './subdevices.js'

/** What the lives of a remote are lived with, whoever lives them. */
export interface LifeOptions {
  readonly acknowledge: boolean
  readonly resources: ResourceOptions
  readonly buffers: BufferOptions | undefined
  readonly nameService: NameServiceCallbacks
  readonly recovery: RecoveryPolicy
  readonly coredump: CoredumpOptions | undefined
  readonly heartbeat: HeartbeatOptions | undefined
  readonly subdevices: readonly Subdevice[]
}
