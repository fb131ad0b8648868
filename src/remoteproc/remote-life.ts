import type { Waits } from '../base/waits.js'
import type { FirmwareImage, ResourceTable } from '../firmware/index.js'
import type { RpmsgDevice } from '../rpmsg/index.js'
import type { DetachOptions } from './attach.js'
import type { RemoteprocState } from './events.js'
import type { FirmwareSource } from './loader.js'
import type { CrashKind } from './machine.js'
import type { ImageOptions } from './prepare.js'
import type { ShutdownOptions } from './shutdown.js'
import type { TraceReader } from './trace.js'

/** What there is of a remote from init to deinit. */
export interface RemoteParts {
  readonly image: FirmwareImage
  readonly table: ResourceTable | undefined
  readonly traces: readonly TraceReader[]
  readonly waits: Waits
}

/**
 * What `Remoteproc` stands on: the lives of a remote, one after the other. `Life` lives them by itself,
 * `KernelLife` asks a kernel for them. What each call means and throws stands at the face.
 */
export interface RemoteLife {
  readonly state: RemoteprocState
  /** The remote lives, and this host is the one it has. */
  readonly up: boolean
  /** Channels of a remote that is not up may come back. */
  readonly comingBack: boolean
  readonly links: readonly { readonly device: RpmsgDevice }[]
  /** @throws ERR_STATE after deinit */
  require(): RemoteParts
  /** @throws why there is no remote to do `call` with */
  requireUp(call: string): RemoteParts
  load(firmware: FirmwareSource, options: ImageOptions): Promise<void>
  boot(): Promise<void>
  attach(): Promise<void>
  detach(options: DetachOptions): Promise<void>
  shutdown(options: ShutdownOptions): Promise<void>
  release(): Promise<void>
  reportCrash(reason: string, kind: CrashKind): Promise<void>
  admit<T>(input: Promise<T>): Promise<T>
}
