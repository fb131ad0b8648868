import { OpenampError } from './errors.js'

/** How a thread stops until its peer rings, where the two share a doorbell. */
export interface Doorbell {
  /**
   * How often it has rung; it wraps. Read it before you look at the rings: `wait` then misses nothing
   * that comes in between.
   */
  readonly count: number
  /**
   * Stops the thread until the doorbell has rung since it stood at `count`. May return early.
   * @returns false where `milliseconds` have passed first
   * @throws ERR_USAGE where this thread must not be stopped (a page's own thread), ERR_STOPPED or
   *   ERR_CRASHED where nobody will ring any more
   */
  wait(count: number, milliseconds: number): boolean
}

/**
 * How an end waits for its peer.
 * - 'sleep': it looks for a few microseconds more, and then costs nothing until the peer rings.
 * - `spin`: it looks again and again for so many microseconds first, for the lowest latency.
 * - 'poll': it does not wait at all; the program calls `RpmsgDevice.poll` from a loop of its own, and
 *   the peer is asked for no kicks.
 */
export type WaitStyle = 'sleep' | 'poll' | { readonly spin: number }

/** How one end of a link waits for the other, and how it sends in bulk. */
export interface Waiting {
  readonly style: WaitStyle
  /** Where the thread can be stopped: `RpmsgDevice.waitSync` needs one. */
  readonly doorbell?: Doorbell | undefined
  /**
   * What `send` sends in one turn of the event loop goes out under one kick, at the end of the turn,
   * or once there are as many as `COALESCE_MAX`. The calls that do not wait (`trySend…`,
   * `sendNocopy`) kick at once.
   */
  readonly coalesce: boolean
  /**
   * Calls back once the event loop has had a turn. An end that has it looks at the rings once more
   * before it asks for kicks again: a peer that knows flags alone would kick for each message until
   * then.
   */
  readonly soon?: ((callback: () => void) => void) | undefined
}

/** Microseconds for which a style spins. @throws ERR_USAGE for a time that is none */
export function spinTime(style: WaitStyle): number {
  if (typeof style === 'string') return 0
  const { spin } = style
  if (Number.isFinite(spin) && spin >= 0) return spin
  throw new OpenampError('ERR_USAGE', `wait: to spin for ${spin} µs is not possible`)
}
