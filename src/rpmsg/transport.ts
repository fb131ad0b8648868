import type { RingStats } from '../virtio/index.js'
import type { RxBuffer, TxBuffer } from './buffers.js'

/** What a transport tells the RPMsg device that stands on it. */
export interface RpmsgSink {
  /** A message came in; the buffer is lent until the call returns, unless it is held. */
  received(buffer: RxBuffer): void
  /** Transmit buffers may have come free, after `notifyTx(true)`. */
  txAvailable(): void
}

/** Hears nothing: what a transport has before its device is made. */
export const noSink: RpmsgSink = { received() {}, txAvailable() {} }

/** An endpoint that is to be made. */
export interface TransportEndpoint {
  readonly name?: string
  /** The address that it must have; any unless given. */
  readonly address?: number
  /** The peer's address, where it is known beforehand. */
  readonly destination?: number
  /** It is a service of this end's, to be announced. */
  readonly announce?: boolean
}

/**
 * What RPMsg needs of the thing that carries messages. Virtio rings are one (host and remote role),
 * a kernel's character devices can be another.
 */
export interface RpmsgTransport {
  readonly role: 'host' | 'remote'
  /** Both ends have the name service (VIRTIO_RPMSG_F_NS). */
  readonly nameService: boolean
  /** Bytes of the largest payload that can be sent. */
  readonly payloadSize: number
  sink: RpmsgSink
  /**
   * Makes an endpoint where endpoints are not this end's own (a kernel's). What it throws refuses the
   * endpoint.
   * @returns its address
   */
  openEndpoint?(endpoint: TransportEndpoint): number
  /** The endpoint at that address is no more. */
  closeEndpoint?(address: number): void
  /**
   * Takes up flow control of the transport's own for an endpoint.
   * @param told is told when the peer pauses this end or resumes it
   * @returns what pauses or resumes the peer; undefined where there is none
   */
  flowControl?(
    address: number,
    told: (paused: boolean) => void,
  ): ((pause: boolean) => void) | undefined
  /** A free transmit buffer, or undefined just now. */
  getTx(): TxBuffer | undefined
  /**
   * Sends a buffer that `getTx` gave, with `length` bytes of payload: by the next `flush` at the
   * latest.
   */
  send(buffer: TxBuffer, source: number, destination: number, length: number): void
  /** Publishes what was sent, and kicks the peer once for all of it if it wants that. */
  flush(): void
  /** Gives back a buffer that `getTx` gave, unsent. */
  releaseTx(buffer: TxBuffer): void
  /** Whether the peer shall tell when transmit buffers come free. @returns true if one is free */
  notifyTx(wanted: boolean): boolean
  /**
   * Looks at the rings; to be called when the peer has kicked.
   * @param arm ask for a kick when more comes
   * @returns true where the peer sends faster than we look: to be called again, after other work
   */
  poll(arm: boolean): boolean
  /** There is something for `poll`, or (`tx`) a transmit buffer came back. Costs a load or two. */
  hasNews(tx: boolean): boolean
  /** `getTx` would give a buffer. */
  readonly txFree: boolean
  /** Ends it: what is released later touches the rings no more. */
  close(): void
  /** Buffers in the hands of each side, for diagnosis. */
  stats(): TransportStats
}

/** Messages that one `poll` takes at most, so that a fast or hostile peer cannot hold its caller. */
export const POLL_BUDGET = 16384

export interface TransportStats {
  readonly rxHeld: number
  readonly txFree: number
  /** What went through each ring, in the order of the vrings; empty where there are none. */
  readonly rings: readonly RingStats[]
}
