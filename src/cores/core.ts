import type { CoreDebug, DebugStop } from './debug.js'

/** What a core reaches beyond the memory that is mapped into it directly: device registers. */
export interface Bus {
  /**
   * Reads `size` bytes (1, 2 or 4, naturally aligned) as an unsigned number.
   * @returns -1 where nothing answers: the core raises its access fault
   */
  load(address: number, size: 1 | 2 | 4): number
  /** Writes `size` bytes. @returns false where nothing answers */
  store(address: number, size: 1 | 2 | 4, value: number): boolean
  /**
   * How the register at `address` goes on by itself; undefined for one of which that is not known, or
   * that changes anything by being read.
   */
  counting?(address: number): Counting | undefined
}

/** A register that goes on with the core's clock, a word. */
export interface Counting {
  /** What it reads as now. */
  readonly value: number
  /** What is added to it each cycle, and rounded down to whole numbers; less than 0 where it counts down. */
  readonly perCycle: number
  /** The cycle from which on it may do something else; Infinity where it counts through all 32 bits. */
  readonly until: number
}

/** Why `Core.run` came back. */
export type CoreStop =
  /** the given cycle was reached */
  | { readonly kind: 'budget' }
  /** `requestStop` was called, by a device that has something to tell */
  | { readonly kind: 'requested' }
  /** the core waits for an interrupt, and none that it would take is pending */
  | { readonly kind: 'waiting' }
  /** software has asked for a reset of the chip; nothing more is executed before `Core.reset` */
  | { readonly kind: 'reset' }
  /** the core cannot go on: a trap whose handler traps at its first instruction */
  | { readonly kind: 'lockup'; readonly reason: string }
  /** before the instruction at `pc`, for the debugger */
  | { readonly kind: 'debug'; readonly stop: DebugStop }

/** What is in a core: where it is, and its general registers as unsigned numbers. */
export interface CoreState {
  readonly pc: number
  /** By their number in the architecture; RISC-V: x0 to x31; Cortex-M: r0 to r15, then xPSR. */
  readonly registers: readonly number[]
}

/** An exception, with the core as it was at the instruction that raised it. */
export interface CoreFault extends CoreState {
  /** In words: "load access fault". */
  readonly cause: string
  /** The address that could not be reached, where the cause has one. */
  readonly address?: number
}

/**
 * A core executes no more instructions at a stretch. Loops that wait are looked for where one begins, and the
 * engine replaces what it has compiled in a hurry by something better when the function is called the next time.
 */
export const LONGEST_STRETCH = 0x10_0000

/** One emulated processor core. It knows no devices: those are behind its bus and interrupt lines. */
export interface Core {
  /** Cycles since reset, a safe integer. One instruction retires a cycle. */
  readonly cycle: number
  readonly pc: number
  /**
   * The cycle until which the core only goes on in the loop that it is in, unless an interrupt comes; one
   * that has passed where it is in no such loop.
   */
  readonly quietUntil: number
  readonly state: CoreState
  /** The exception that the core has not returned from; the first, where one led to the next. */
  readonly fault: CoreFault | undefined
  /** What a debugger can do with it; undefined where it can do nothing. */
  readonly debug?: CoreDebug
  /** Puts every register into its reset state; execution begins at `entry`. */
  reset(entry: number): void
  /**
   * Executes until the core's clock has reached `untilCycle`, or something else stops it first.
   * Devices see `cycle` exact at each access.
   */
  run(untilCycle: number): CoreStop
  /** Moves the clock of a waiting core on to `cycle` (never backwards). */
  skipTo(cycle: number): void
  /** Makes a running `run` return after the instruction that is being executed. */
  requestStop(): void
  /** Makes a running `run` return when its clock has reached `cycle`, or sooner. */
  shorten(cycle: number): void
}
