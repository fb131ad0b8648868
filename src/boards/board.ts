import type { CoreFault, CoreState } from '../cores/core.js'
import type { CoreDebug, DebugStop } from '../cores/debug.js'
import type { Region } from '../memory/region.js'

/** Why `Board.run` came back. */
export type BoardStop =
  /** the given cycle was reached */
  | { readonly kind: 'budget' }
  /** the remote has set a mailbox channel towards the host that was free before, or a device in one
   * of the board's slots asks to be served */
  | { readonly kind: 'doorbell' }
  /** the core waits for an interrupt; the earliest cycle at which a device of the board raises one,
   * Infinity where none will. The clock has not moved beyond the last instruction. */
  | { readonly kind: 'idle'; readonly until: number }
  /** the remote powered itself off */
  | { readonly kind: 'exited' }
  /** the remote failed: the reason in one line, with pc and address where they are known */
  | { readonly kind: 'crashed'; readonly reason: string }
  /** the core stands before an instruction, for the debugger */
  | { readonly kind: 'debug'; readonly stop: DebugStop }

/** The host's side of a mailbox: six one-bit channels each way. Bit n is channel n + 1. */
export interface MailboxPort {
  /** Sets channels towards the remote. @returns the bits that were occupied already */
  set(bits: number): number
  /** The channels that the remote has set and the host has not cleared yet. */
  received(): number
  /** Clears channels that the remote has set. */
  clear(bits: number): void
  /** The channels towards the remote that it has not cleared yet. */
  occupied(): number
}

/** A device that somebody else plugs into a slot of a board: its registers and its interrupt line. */
export interface SlotDevice {
  /** @returns the value, unsigned, or -1 where an access of this size gets no answer */
  load(offset: number, size: 1 | 2 | 4): number
  /** @returns false where an access of this size gets no answer */
  store(offset: number, size: 1 | 2 | 4, value: number): boolean
  readonly interrupt: boolean
  /** The board is reset. */
  reset(): void
}

/** What a device in a slot tells its board. */
export interface SlotLines {
  /** The interrupt line may have changed. */
  interruptChanged(): void
  /** `Board.run` shall come back, so that the device is served. */
  doorbell(): void
}

/** An emulated board: a core, its memory, and the devices around it. */
export interface Board {
  readonly name: string
  /** ELF `e_machine` of the images that run here, and the word size. */
  readonly architecture: { readonly machine: number; readonly bits: 32 | 64 }
  /** All memory that an image can be loaded into and rings can lie in. */
  readonly regions: readonly Region[]
  /** The region that carve-outs, rings and buffers are taken from when their address is open. */
  readonly shared: Region
  /** Those of `regions` that are not the board's own. */
  readonly more?: readonly Region[]
  readonly cyclesPerSecond: number
  /** Milliseconds that the remote runs before the host sets its rings up. */
  readonly headStart: number | undefined
  /** The host numbers the rings' notify ids from 0 on, whatever the table says. */
  readonly renumbers?: boolean
  /** Cycles since reset. */
  readonly cycle: number
  readonly pc: number
  readonly core: CoreState
  /** The exception that the core is at, or has not returned from. */
  readonly fault: CoreFault | undefined
  /** What a debugger can do with the core; undefined where it can do nothing. */
  readonly debug?: CoreDebug | undefined
  /**
   * The cycle until which the remote does nothing but wait in a loop, unless the host does something; one
   * that has passed where it does not.
   */
  readonly quietUntil: number
  /** The cycle at which the core has last waited for an interrupt; 0 where it has not since reset. */
  readonly waitedAt: number
  readonly mailbox: MailboxPort
  /** Resets core and devices (memory is left as it is); execution begins at `entry`. */
  reset(entry: number): void
  run(untilCycle: number): BoardStop
  /** Moves the clock of an idle board on to `cycle`. */
  skipTo(cycle: number): void
  /** Told of each byte that the remote writes to its console UART. */
  onConsole: (byte: number) => void
  /**
   * Told what is worth knowing, each once: the first touch of a register that nobody modelled, a loop
   * that waits and is skipped.
   */
  onNote: (text: string) => void
}
