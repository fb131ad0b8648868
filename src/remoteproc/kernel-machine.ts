import type { Clock } from '../base/clock.js'
import type { ResourceTable } from '../firmware/index.js'
import type { RpmsgTransport } from '../rpmsg/index.js'
import type { TraceReader } from './trace.js'

/** What a kernel says of a remote processor (rproc_state_string of Linux's remoteproc_sysfs.c). */
export type KernelState = 'offline' | 'suspended' | 'running' | 'crashed' | 'attached' | 'detached'

/** A firmware image as a kernel takes it: by the name of a file. */
export interface KernelFirmware {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What a kernel's remote tells its host. Calls never come from within one of the host's own calls. */
export interface KernelListener {
  /** Something may have changed: the state, the channels, a coredump is there. */
  changed(): void
  /** Something about the machine that is worth knowing. */
  note(text: string): void
}

/** One life's messages. */
export interface KernelLink {
  readonly transport: RpmsgTransport
  /**
   * Told when the kernel says that an endpoint is gone, which the end of the remote does as well:
   * the owner looks at the remote first.
   */
  onLost: () => void
  /** Told of a message that could not be sent after all. */
  onNote: (text: string) => void
}

/** A coredump that a kernel keeps. */
export interface KernelDump {
  /** Of this dump alone, as in `KernelRemote.dumps`: "devcd3". */
  readonly name: string
  readonly bytes: Uint8Array
  /** The kernel need not keep it any more; in its mode 'inline' the recovery goes on. */
  release(): Promise<void>
}

/**
 * A remote processor whose host is a kernel: that loads, boots, allocates, brings the rings up, and
 * recovers. All that is left to ask for is said here. Errors are those of `Remoteproc`.
 */
export interface KernelRemote {
  /** For messages: "remoteproc0 (stm32-m4)". */
  readonly name: string
  readonly clock: Clock
  readonly state: KernelState
  /** Differs from one boot to the next where the remote has channels; undefined while it has none. */
  readonly life: string | undefined
  /** How often somebody else has asked for a state, as far as that is noticed. */
  readonly asked: number
  /** What it boots where no image is given, as far as it can be read. */
  firmware(): Promise<KernelFirmware | undefined>
  /** Lays an image where the kernel finds it, for the boots that follow. */
  place(firmware: KernelFirmware): Promise<void>
  /** Boots it, or attaches to it where it is detached. */
  start(): Promise<void>
  stop(): Promise<void>
  detach(): Promise<void>
  /** What becomes of it when it crashes; the kernel has its own back when the machine is closed. */
  setPolicies(recovery: boolean, coredump: 'disabled' | 'enabled' | 'inline'): Promise<void>
  /** Has the kernel boot one again that has crashed; resolves when it has, or could not. @throws ERR_SYSTEM */
  recover(): Promise<void>
  /** Has the kernel take it for crashed, where there is a way to. @throws ERR_SYSTEM */
  crash(): Promise<void>
  /** Names of the dumps that the kernel keeps just now. */
  readonly dumps: readonly string[]
  /** What the kernel keeps of a crash, each dump once. @throws ERR_SYSTEM where it cannot be read */
  takeCoredump(): Promise<KernelDump | undefined>
  /** The trace buffers as the kernel shows them; none where it does not. */
  traces(table: ResourceTable | undefined): readonly TraceReader[]
  openLink(): KernelLink
  close(): Promise<void>
}

/**
 * The second kind of place where a remote processor lives: a kernel is its host, and offers life cycle
 * and channels itself. See `Machine` for the first.
 */
export interface KernelMachine {
  readonly kind: 'kernel'
  /** For messages: "Linux". */
  readonly name: string
  open(listener: KernelListener): Promise<KernelRemote>
}
