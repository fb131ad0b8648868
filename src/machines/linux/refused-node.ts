import { type ErrorCode, OpenampError } from '../../base/errors.js'

/** What the kernel's refusals mean to a program; see docs/errors.md. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EPIPE: ['ERR_CLOSED', 'the endpoint is gone: the remote has ended it, or has ended itself'],
  ENODEV: ['ERR_CLOSED', 'the device is gone'],
  ENXIO: ['ERR_CLOSED', 'the device is gone'],
  ENETRESET: ['ERR_CLOSED', 'the device is gone'],
  EIO: ['ERR_CLOSED', 'the line was hung up'],
  EBUSY: ['ERR_STATE', 'somebody else has it'],
  EMSGSIZE: ['ERR_MESSAGE_SIZE', "the message is larger than the kernel's buffers"],
  EAGAIN: ['ERR_NO_BUFFER', 'no transmit buffer is free just now'],
  ENOMEM: ['ERR_NO_SPACE', 'the kernel has no memory for it'],
  ENOSPC: ['ERR_NO_SPACE', 'there is no room for it'],
  ETIMEDOUT: ['ERR_TIMEOUT', 'the remote processor did not answer in time'],
  EACCES: ['ERR_SYSTEM', 'permission denied: be root, or see openamp linux udev'],
  EPERM: ['ERR_SYSTEM', 'permission denied: be root, or see openamp linux udev'],
  EROFS: ['ERR_SYSTEM', 'it cannot be written'],
}

/** The system's name of an error: "EPIPE". */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/**
 * What a refusal of the kernel's comes to.
 * @param what the file or call, for the message
 * @param special meanings that some errors have here
 */
export function refusal(
  error: unknown,
  what: string,
  special: Readonly<Record<string, readonly [ErrorCode, string]>> = {},
): OpenampError {
  if (error instanceof OpenampError) return error
  const errno = errnoOf(error)
  const known = errno === undefined ? undefined : (special[errno] ?? meanings[errno])
  const [code, why] = known ?? [
    'ERR_SYSTEM',
    error instanceof Error ? error.message : String(error),
  ]
  const named = errno === undefined || known === undefined ? why : `${why} (${errno})`
  return new OpenampError(code, `${what}: ${named}`, { cause: error })
}
