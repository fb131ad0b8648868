import { DETACH_BIT, doorbellBit, eachNotifyId, SHUTDOWN_BIT } from '../emulated/doorbells.js'

/** A byte with this bit rings for the channels in its other bits; a byte without it is text. */
const DOORBELL = 0x80

/** What the remote has said on the UART of the doorbells. */
export interface Heard {
  /** Channels, as bits: kicks, and requests that are acknowledged. */
  readonly channels: number
  readonly text: Uint8Array
}

/** Tells doorbells and text apart. */
export function hear(bytes: Uint8Array): Heard {
  let channels = 0
  for (const byte of bytes) if ((byte & DOORBELL) !== 0) channels |= byte & ~DOORBELL
  return { channels, text: bytes.filter((byte) => (byte & DOORBELL) === 0) }
}

/** The byte that rings for channels (bits, as the mailbox of the emulated boards has them). */
export const ring = (channels: number): Uint8Array => Uint8Array.of(DOORBELL | channels)

export { DETACH_BIT, doorbellBit, eachNotifyId, SHUTDOWN_BIT }
