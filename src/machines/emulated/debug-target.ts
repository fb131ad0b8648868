import type { CoreDebug, DebugStop, FaultSignal } from '../../cores/debug.js'
import type { Region } from '../../memory/region.js'

/** Why a remote stands still for a debugger. */
export type DebugHalt =
  | DebugStop
  /** it was asked to */
  | { readonly kind: 'halted' }
  /** the step is done */
  | { readonly kind: 'stepped' }
  /** a life begins: it stands before its first instruction */
  | { readonly kind: 'started' }
  /** it cannot go on; let go on, it crashes for its host */
  | { readonly kind: 'crashed'; readonly reason: string; readonly signal: FaultSignal | 'SIGABRT' }

/** What a debugger is told of a remote. */
export interface DebugListener {
  /** The remote has come to the breakpoint at `address`. @returns false where it is to go on at once */
  stopsAt(address: number): boolean
  halted(halt: DebugHalt): void
  /** The remote has crashed or powered itself off, or its machine is no more (`closed`). It is let go. */
  ended(closed: boolean): void
}

/** A remote, as a debugger has it: halted, its virtual time stands still. */
export interface DebugTarget {
  /** For a person: the board's name. */
  readonly name: string
  readonly core: CoreDebug
  readonly cyclesPerSecond: number
  /** Its memory; what else its core reaches are registers of devices. */
  readonly regions: readonly Region[]
  /** Why it stands still; undefined while it runs, or is in reset. */
  readonly halt: DebugHalt | undefined
  /** It is in reset, and nobody has begun a life. */
  readonly off: boolean
  /** Takes the remote, and halts it. From then on faults halt it, and each new life does. */
  attach(listener: DebugListener): void
  /** Takes away whatever was set, and lets the remote go on. */
  detach(): void
  /** Halts a remote that runs; `halted` is called before this returns. */
  stop(): void
  /** Lets a halted remote go on, past what has halted it. */
  resume(): void
  /** Lets it execute one instruction; `halted` tells when that is done. */
  step(): void
  /** Begins a new life: memory, devices and its host's rings are as after a boot. */
  reset(): void
  /** Ends the remote. */
  kill(): void
}

/** What takes remotes to debug, as an option of their machine. */
export interface Debugger {
  /** Each life is to begin halted until a debugger has come, and gone. */
  readonly waits: boolean
  add(target: DebugTarget): void
}
