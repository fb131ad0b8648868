import { type Errno, isErrno } from './errno.js'

/** Ends the opening of a file with what the remote is told. Does not leave `folder`. */
export class Refused extends Error {
  readonly code: Errno

  constructor(code: Errno) {
    super(code)
    this.code = code
  }
}

/** What the remote is told of an error of the operating system's: less than the host knows. */
export function errnoFor(error: unknown): Errno {
  const code = codeOf(error)
  // A link where O_NOFOLLOW or O_DIRECTORY allows none, a socket, a FIFO without a reader.
  if (code === 'ELOOP' || code === 'ENXIO') return 'EACCES'
  return code !== undefined && isErrno(code) ? code : 'EIO'
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
