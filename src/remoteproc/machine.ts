import type { Clock } from '../base/clock.js'
import type { Waiting } from '../base/doorbell.js'
import type { AddressSpace } from '../memory/address-space.js'
import type { Region } from '../memory/region.js'
import type { FirmwareSource } from './loader.js'

/**
 * What kind of end a remote has come to. Linux's rproc_crash_type knows three of them: `fault` is its
 * RPROC_MMUFAULT, `watchdog` and `heartbeat` are RPROC_WATCHDOG, all others RPROC_FATAL_ERROR.
 */
export type CrashKind =
  /** the core met an exception that it could not handle, or that its firmware reported as the end */
  | 'fault'
  /** the firmware reported its own failure */
  | 'failure'
  /** the machine's watchdog has run out */
  | 'watchdog'
  /** the host's heartbeat was not answered */
  | 'heartbeat'
  /** it broke the rules of the rings */
  | 'protocol'
  /** the machine that it ran on failed */
  | 'machine'
  /** somebody wants it to begin anew, a debugger say; it is booted again whatever the policy */
  | 'reset'

/** What a machine knows of a crash, beyond the line that says it. */
export interface Fault {
  readonly kind: CrashKind
  /** In words: "illegal instruction". */
  readonly cause?: string
  /** The instruction at fault, or where the core was: a device address. */
  readonly pc?: number
  /** The address that it could not reach. */
  readonly address?: number
}

/** The general registers of a core that stands still, as unsigned numbers. */
export interface CoreRegisters {
  readonly pc: number
  /** By their number in the architecture; RISC-V: x0 to x31. */
  readonly general: readonly number[]
}

/** What a processor tells the host's remoteproc about the remote. Calls never come from within one
 * of the host's own calls. */
export interface ProcessorListener {
  /** The remote has kicked the given notify id. */
  kicked(notifyId: number): void
  /** The remote has acknowledged the request of `requestShutdown`. */
  shutdownAcknowledged(): void
  /** The remote has acknowledged the request of `requestDetach`. */
  detachAcknowledged(): void
  /** The remote has run for a while: what it does without a notification may have changed. */
  progressed(): void
  /** Nothing will happen any more unless the host does something. */
  idle(): void
  /** The remote has powered itself off. */
  exited(): void
  /** The remote cannot go on; `reason` is one line, `fault` what more is known. */
  crashed(reason: string, fault?: Fault): void
  /** Bytes that the remote wrote to its console. */
  console(bytes: Uint8Array): void
  /** Something about the machine that is worth knowing: a register that nobody modelled, say. */
  note(text: string): void
}

/**
 * A remote processor that the host's own stack drives: memory, reset and kicks. It is held in reset
 * when it is opened.
 */
export interface Processor {
  /** ELF `e_machine` and class of the images that it runs; undefined where any will do. */
  readonly architecture: { readonly machine: number; readonly bits: 32 | 64 } | undefined
  readonly space: AddressSpace
  /** The region of `space` that carve-outs, rings and buffers are allocated from. */
  readonly shared: Region
  /**
   * Regions of `space` that are kept for the carve-outs of their names, and for rings and buffers that
   * go by a name ("vdev0buffer"): memory that other remotes may share.
   */
  readonly carveouts?: readonly Region[]
  /** The time that deadlines count on. */
  readonly clock: Clock
  /** The clock is virtual, and the same inputs give the same run. */
  readonly deterministic: boolean
  /** Where the core is, if that can be seen from here: a device address. */
  readonly pc: number | undefined
  /**
   * Feature bits beyond the name service that its remotes may be given, as a mask: the event index
   * where both ends are of this library. None unless said otherwise.
   */
  readonly features?: number
  /** How the host waits for its remotes; without it, in the event loop alone. */
  readonly waiting?: Waiting
  /**
   * The remote runs. Where it does so when the machine is opened, somebody else has started it, and it
   * is attached to instead of being booted.
   */
  readonly running?: boolean
  /**
   * The registers of a remote that was stopped or has crashed, at the exception where that was the
   * reason; undefined where they cannot be seen.
   */
  readonly registers?: CoreRegisters | undefined
  /** The rings' notify ids are numbered from 0 on, as by Linux, whatever the table says. */
  readonly renumbers?: boolean
  /** Whether a kick of this notify id can be carried. */
  carries(notifyId: number): boolean
  /**
   * Releases the remote from reset; it begins at `entry` (a device address).
   * @returns a promise where the host's rings are to wait until it resolves
   */
  start(entry: number): void | Promise<void>
  /** Puts the remote into reset. When the promise resolves it touches memory no more. */
  stop(): Promise<void>
  kick(notifyId: number): void
  /** Asks the remote to come to an end, where the machine has a way to; see `shutdownAcknowledged`. */
  requestShutdown(): void
  /** Tells the remote that its host goes, where the machine has a way to; see `detachAcknowledged`. */
  requestDetach?(): void
  /** Stops the remote and its clock where they are; resolves when it touches memory no more. */
  suspend?(): Promise<void>
  /** Lets a suspended remote go on, as if no time had passed. */
  resume?(): void
  /** Somebody has begun to wait: a machine that is idle says so (again). */
  wake(): void
  /**
   * Takes input from outside (a line that is typed, a byte from a socket). In the deterministic mode
   * the remote stands still until the input has settled.
   */
  admit<T>(input: Promise<T>): Promise<T>
  /** Frees everything. */
  close(): Promise<void>
}

/** What an image is built for: ELF `e_machine` and class. */
export interface ImageKind {
  /** For messages. */
  readonly name?: string
  readonly machine: number
  readonly bits: 32 | 64
}

/**
 * A place where a remote processor lives. `kind` says what it offers: `memory` is memory, reset and
 * kicks, with our stack running on it. `KernelMachine` is the other kind.
 */
export interface Machine {
  readonly kind: 'memory'
  /** For messages: "virt-rv32 in this thread". */
  readonly name: string
  /** What it runs where no image is given: its remote's program brings it along. */
  readonly firmware?: FirmwareSource
  /** @param image what the image is built for, where there is one */
  open(listener: ProcessorListener, image?: ImageKind): Promise<Processor>
}
