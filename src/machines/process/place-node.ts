import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpenampError } from '../../base/errors.js'
import { openampLinuxLayout, type ProcessLayout, processLayout, readLayout } from './layout.js'
import type { Meeting } from './meeting.js'
import { isOwn } from './memory-node.js'

/** Where two processes meet, as both of them are told. */
export interface MeetingOptions {
  /**
   * What both call it: the socket is then `NAME.sock` in a folder that only this user may enter
   * ($XDG_RUNTIME_DIR/openamp, or openamp-UID in the temporary folder).
   */
  readonly name?: string
  /** The path of the socket, instead of a name. */
  readonly socket?: string
  /**
   * The path of a file that is shared, in /dev/shm say; memory without a name unless given, which is
   * handed over on the socket, and which nobody can cut off.
   */
  readonly region?: string
  readonly layout?: ProcessLayout
  /** Which of the two listens on the socket, and writes the table; the host unless given. */
  readonly listens?: 'host' | 'remote'
  /** The other end may be OpenAMP's C library; see `openampLinux`. */
  readonly plain?: boolean
}

/**
 * The meeting of OpenAMP's own Linux-process machine, as its examples have it when the remote is
 * started with 0 and the host with 1: the remote listens. Each field can be replaced.
 *
 * @example
 * const machine = process({ ...openampLinux, listens: 'host' })
 */
export const openampLinux = {
  socket: join(tmpdir(), 'openamp.event.0'),
  region: '/dev/shm/openamp.shm',
  layout: openampLinuxLayout,
  listens: 'remote',
  plain: true,
} as const satisfies MeetingOptions

/** Environment variables that tell a process which was spawned where its host is. */
export const SPAWNED = {
  SOCKET: 'OPENAMP_SOCKET',
  REGION: 'OPENAMP_REGION',
  /** JSON. */
  LAYOUT: 'OPENAMP_LAYOUT',
  /** JSON, for the `main` of a `defineRemote`. */
  DATA: 'OPENAMP_DATA',
} as const

/** What a process that is spawned for a meeting is told of it. */
export function spawnedEnvironment(meeting: Meeting): Record<string, string | undefined> {
  return {
    [SPAWNED.SOCKET]: meeting.socket,
    [SPAWNED.REGION]: meeting.region,
    [SPAWNED.LAYOUT]: JSON.stringify(meeting.layout),
  }
}

/** The meeting that this process was spawned for, if it was. */
export function spawnedMeeting(): MeetingOptions | undefined {
  const { [SPAWNED.SOCKET]: socket, [SPAWNED.REGION]: region, [SPAWNED.LAYOUT]: json } = process.env
  if (socket === undefined) return undefined
  const layout = json === undefined ? undefined : readLayout(json)
  return { socket, ...(region && { region }), ...(layout && { layout }) }
}

/**
 * @throws ERR_USAGE where neither name nor socket is given, or both; ERR_STATE where others may enter
 *   the folder that a name stands for
 */
export function meetingOf(options: MeetingOptions): Meeting {
  const { layout = processLayout, listens = 'host', plain = false, region } = options
  return { layout, listens, plain, region, socket: socketOf(options) }
}

function socketOf({ name, socket }: MeetingOptions): string {
  if (socket !== undefined && name === undefined) return socket
  if (name === undefined || socket !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      'two processes meet by a name or a socket: give one of them',
    )
  }
  if (!/^[\w.-]+$/.test(name) || name.startsWith('.')) {
    throw new OpenampError('ERR_USAGE', `the name ${JSON.stringify(name)} is no file name`)
  }
  return join(privateFolder(), `${name}.sock`)
}

/** A folder that only this user may enter, made if need be. */
export function privateFolder(): string {
  const { XDG_RUNTIME_DIR } = process.env
  const folder = XDG_RUNTIME_DIR
    ? join(XDG_RUNTIME_DIR, 'openamp')
    : join(tmpdir(), `openamp-${process.geteuid?.()}`)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (!exists) throw new OpenampError('ERR_SYSTEM', `${folder} cannot be made`, { cause })
  }
  const stat = lstatSync(folder)
  if (stat.isDirectory() && isOwn(stat.uid) && (stat.mode & 0o077) === 0) return folder
  throw new OpenampError('ERR_STATE', `${folder} is not a folder that only its owner may enter`)
}
