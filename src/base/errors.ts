/**
 * Every error that this package raises, by `code`. One class, one list: a program switches on
 * `error.code`, a person reads `error.message`, which says what was expected, what was found, where.
 */
export const errorCodes = {
  ERR_USAGE: 'a call or command was given arguments that it cannot take',
  ERR_IMAGE: 'the firmware image is not acceptable',
  ERR_RESOURCE_TABLE: 'the resource table is missing, malformed or contradicts the machine',
  ERR_MEMORY: 'an address range lies outside every memory region',
  ERR_NO_SPACE: 'no room is left in the region that carve-outs, rings or buffers are taken from',
  ERR_STATE: 'the call does not fit the present state of the object',
  ERR_PEER: 'the peer broke the protocol; it is treated as crashed',
  ERR_CRASHED: 'the remote processor crashed',
  ERR_STOPPED: 'the remote processor was stopped while the operation was pending',
  ERR_IDLE: 'the remote processor is idle for ever, so what was waited for cannot happen',
  ERR_TIMEOUT: 'the deadline passed first',
  ERR_ABORTED: 'the operation was aborted by its signal',
  ERR_CLOSED: 'the endpoint or channel is closed',
  ERR_NO_BUFFER: 'no transmit buffer is free just now',
  ERR_PAUSED: 'the peer has paused the endpoint just now',
  ERR_MESSAGE_SIZE: 'the message is larger than a buffer can carry, or than was agreed',
  ERR_ADDRESS: 'the endpoint address is in use, out of range, or not known',
  ERR_SYSTEM:
    'the operating system refused, or something optional that the call needs is not there',
} as const

export type ErrorCode = keyof typeof errorCodes

/** The one error class. `cause` holds the underlying error where there is one. */
export class OpenampError extends Error {
  override readonly name = 'OpenampError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** True for errors of this package, and of one given code if `code` is given. */
export function isOpenampError(error: unknown, code?: ErrorCode): error is OpenampError {
  return error instanceof OpenampError && (code === undefined || error.code === code)
}

/** 0x-prefixed, lower-case hexadecimal, at least `digits` long: how addresses stand in messages. */
export function hex(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
