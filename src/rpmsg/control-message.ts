import { OpenampError } from '../base/errors.js'

/**
 * The channel over which two ends of this library agree on what plain RPMsg does not have. The number
 * is the version of what is said there: other bytes get another name. See docs/wire.md.
 */
export const CONTROL_NAME = 'openamp-control.1'

/** Every control message begins with four little-endian words. */
export const CONTROL = { TYPE: 0, SOURCE: 4, DESTINATION: 8, VALUE: 12, SIZE: 16 } as const

/** A fragment: `VALUE` is the length of the whole message, then its offset in it, then its bytes. */
export const FRAGMENT = { OFFSET: 16, DATA: 20 } as const

export const CONTROL_TYPE = {
  /** The sender's endpoint takes part; `VALUE` is the largest message that it takes, 0 for a buffer's. */
  OPEN: 1,
  /** The sender's endpoint takes no part, or no longer. */
  CLOSE: 2,
  /** The receiver's endpoint shall pause (`VALUE` 1) or may resume (0). */
  FLOW: 3,
  /** A part of a message larger than a buffer. */
  FRAGMENT: 4,
  /** What was sent in fragments so far will not be completed. */
  ABORT: 5,
} as const

export type ControlType = (typeof CONTROL_TYPE)[keyof typeof CONTROL_TYPE]

/** A control message, read once from shared memory. */
export interface ControlMessage {
  readonly type: number
  /** The endpoint of the one who sends it. */
  readonly source: number
  /** The endpoint of the one who receives it. */
  readonly destination: number
  readonly value: number
  /** Of a fragment: where its bytes belong in the message. */
  readonly offset: number
}

/** @throws ERR_PEER for one that is too short; the peer has said that it knows the protocol */
export function readControlMessage(payload: Uint8Array): ControlMessage {
  const bytes = payload.slice(0, FRAGMENT.DATA)
  const view = new DataView(bytes.buffer)
  const word = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0)
  const type = word(CONTROL.TYPE)
  const needed = type === CONTROL_TYPE.FRAGMENT ? FRAGMENT.DATA : CONTROL.SIZE
  if (payload.length < needed) {
    const what = `${CONTROL_NAME}: a message of ${payload.length} bytes, ${needed} are needed`
    throw new OpenampError('ERR_PEER', what)
  }
  return {
    type,
    source: word(CONTROL.SOURCE),
    destination: word(CONTROL.DESTINATION),
    value: word(CONTROL.VALUE),
    offset: word(FRAGMENT.OFFSET),
  }
}

/** The four words of a control message: type, source, destination, value. */
export type ControlWords = readonly [
  type: ControlType,
  source: number,
  destination: number,
  value: number,
]

/** Writes the four words into a transmit buffer. */
export function writeControlMessage(into: Uint8Array, words: ControlWords): void {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength)
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true)
  })
}

/**
 * Writes as much of `message` from `offset` on as fits into a transmit buffer, with its header.
 * @returns bytes of the message that went in
 */
export function writeFragment(
  into: Uint8Array,
  source: number,
  destination: number,
  message: Uint8Array,
  offset: number,
): number {
  const { length } = message
  writeControlMessage(into, [CONTROL_TYPE.FRAGMENT, source, destination, length])
  new DataView(into.buffer, into.byteOffset).setUint32(FRAGMENT.OFFSET, offset, true)
  const part = message.subarray(offset, offset + into.length - FRAGMENT.DATA)
  into.set(part, FRAGMENT.DATA)
  return part.length
}
