import type { CompileOptions } from '../../cores/compile/options.js'
import type { Bus, Core } from '../../cores/core.js'
import type { CoreDebug } from '../../cores/debug.js'
import type { DelayNote } from '../../cores/delay/delay-loops.js'
import type { Region } from '../../memory/region.js'
import type { CoreLine } from '../block.js'
import type { CoreDescription } from '../description.js'
import type { Ending, Line } from '../device.js'

/** What a core is put between. */
export interface PartPlace {
  readonly description: CoreDescription
  /** Memory that the core reaches directly. */
  readonly regions: readonly [Region, ...Region[]]
  /** How hot code is compiled; undefined where all is interpreted. */
  readonly compile: CompileOptions | undefined
  readonly bus: Bus
  readonly cyclesPerSecond: number
  /** What the `time` CSR shows. */
  time(): number | bigint
  /**
   * The core waits: its clock is moved on to what it wakes up for, and lines are driven. @returns the cycle up to
   * which it may go on then; 0 where it may not go on
   */
  wait(): number
  /** The program has ended by itself, without a device. */
  end(ending: Ending): void
  /** The core is in a loop that waits, of which it skips rounds; told once a place. */
  delay(note: DelayNote): void
  /** A byte that a program sends to its console without a device. */
  send(byte: number): void
}

/** The core of a board, with what of its interrupts lies in the core itself. */
export interface CorePart {
  readonly core: Core
  /** What a debugger can do with it; undefined where it can do nothing. */
  readonly debug: CoreDebug | undefined
  /** What of the code is compiled at present. */
  readonly compiled: { readonly modules: number; readonly entries: number; readonly bytes: number }
  /** General registers as signed numbers. */
  readonly registers: readonly number[]
  /** Drives an interrupt line of a controller that is part of the core. */
  setInterrupt?(number: number, high: boolean): void
  /** Drives the lines that go to the core itself. */
  drive(lines: Readonly<Partial<Record<CoreLine, Line>>>): void
  /** The cycle at which a timer ends the wait of the core; Infinity where none will. */
  wakesAt(lines: Readonly<Partial<Record<CoreLine, Line>>>): number
  /** Whether an external interrupt on the line `number` would end the wait of the core. */
  wakesOn(number: number): boolean
}
