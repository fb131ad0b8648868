import type { RingStats } from '../virtio/index.js'

/** Why a message reached nobody. */
export type DropReason =
  /** there is no endpoint at its address (any more) */
  | 'no endpoint'
  /** the reader is behind, and the channel's queue is full */
  | 'queue full'
  | 'malformed name service message'
  /** fragments of a message that will not become whole */
  | 'unfinished message'
  /** a message on the control channel from somebody who has not announced it */
  | 'unexpected control message'

/** What happens on an RPMsg device, for observers. */
export type RpmsgEvent =
  | { readonly type: 'announced'; readonly name: string; readonly address: number }
  | { readonly type: 'destroyed'; readonly name: string; readonly address: number }
  | {
      readonly type: 'dropped'
      readonly reason: DropReason
      readonly source: number
      readonly destination: number
      readonly length: number
    }

/** Counters of one device, for diagnosis. */
export interface RpmsgStats {
  /** Buffers sent and received, those of the name service included. */
  readonly sent: number
  readonly received: number
  /** Messages that reached nobody, in all and by reason. */
  readonly dropped: number
  readonly drops: Readonly<Record<DropReason, number>>
  readonly endpoints: number
  readonly sendersWaiting: number
  /** Received messages that are held beyond their callback. */
  readonly rxHeld: number
  readonly txFree: number
  /** Transmit buffers that were taken to be filled in place, and neither sent nor released yet. */
  readonly txHeld: number
  /** What went through each ring, in the order of the vrings; empty where there are none. */
  readonly rings: readonly RingStats[]
}

export class DropCounts {
  #byReason: Record<DropReason, number> = {
    'no endpoint': 0,
    'queue full': 0,
    'malformed name service message': 0,
    'unfinished message': 0,
    'unexpected control message': 0,
  }

  get byReason(): Readonly<Record<DropReason, number>> {
    return { ...this.#byReason }
  }

  get total(): number {
    return Object.values(this.#byReason).reduce((sum, count) => sum + count, 0)
  }

  add(reason: DropReason): void {
    this.#byReason[reason]++
  }
}
