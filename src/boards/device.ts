import type { Counting } from '../cores/core.js'

/** A block of device registers. Offsets are from the block's start and naturally aligned. */
export interface Device {
  /** @returns the value, unsigned, or -1 where an access of this size gets no answer */
  load(offset: number, size: 1 | 2 | 4): number
  /** @returns false where an access of this size gets no answer */
  store(offset: number, size: 1 | 2 | 4, value: number): boolean
  /** See `Bus.counting`. */
  counting?(offset: number): Counting | undefined
  /** The board is reset. */
  reset(): void
}

/** An interrupt line of a device, as its board looks at it. */
export interface Line {
  high(): boolean
  /** The cycle at which the line rises by itself: Infinity where it does not. */
  dueCycle?(): number
}

/** What a program has asked for, with which its run ends. */
export type Ending =
  | { readonly kind: 'exited' }
  | { readonly kind: 'failed'; readonly code: number }
  | { readonly kind: 'reset' }
  /** the remote has told its host that it cannot go on */
  | { readonly kind: 'reported'; readonly how: string }
