import { type ErrorCode, isOpenampError } from '../base/errors.js'

/** How the command ends; documented in docs/cli.md. */
export const EXIT = {
  done: 0,
  crashed: 1,
  usage: 2,
  image: 3,
  timeout: 4,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
  /** EX_SOFTWARE of sysexits.h: a fault of ours. */
  internal: 70,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const byError: Readonly<Record<ErrorCode, ExitCode>> = {
  ERR_USAGE: EXIT.usage,
  ERR_MESSAGE_SIZE: EXIT.usage,
  ERR_ADDRESS: EXIT.usage,
  ERR_STATE: EXIT.usage,
  ERR_IMAGE: EXIT.image,
  ERR_RESOURCE_TABLE: EXIT.image,
  ERR_MEMORY: EXIT.image,
  ERR_NO_SPACE: EXIT.image,
  ERR_PEER: EXIT.crashed,
  ERR_CRASHED: EXIT.crashed,
  ERR_STOPPED: EXIT.crashed,
  ERR_CLOSED: EXIT.crashed,
  ERR_SYSTEM: EXIT.crashed,
  ERR_IDLE: EXIT.timeout,
  ERR_TIMEOUT: EXIT.timeout,
  ERR_NO_BUFFER: EXIT.timeout,
  ERR_PAUSED: EXIT.timeout,
  ERR_ABORTED: EXIT.interrupted,
}

/** The exit code for an error that ended the command. */
export function exitCodeOf(error: unknown): ExitCode {
  return isOpenampError(error) ? byError[error.code] : EXIT.internal
}
