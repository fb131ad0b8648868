import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { OpenampError } from '../../base/errors.js'
import { AF_UNIX, F_SETFL, type Libc, SOCK_STREAM } from '../../machines/native/libc-node.js'
import { UnixConnection } from '../../machines/native/unix-socket-node.js'

/** MS_NOSUID | MS_NODEV | MS_NOEXEC */
const MOUNT_FLAGS = 14
const MNT_DETACH = 2

/** The program of the package fuse3 by which users may mount, and the one of fuse before it. */
const HELPERS = ['fusermount3', 'fusermount'] as const

/** A file system of this program's that is mounted. */
export interface FuseMount {
  /** Requests are read from it, answers are written to it; nothing on it blocks. */
  readonly fd: number
  unmount(): void
}

/**
 * Mounts a FUSE file system: as root by ourselves, for everybody to see; as another user through the helper of
 * the package fuse3, and then that user alone sees it.
 * @throws ERR_SYSTEM with what would allow it
 */
export function mountFuse(libc: Libc, at: string): FuseMount {
  const root = mountAsRoot(libc, at)
  return typeof root === 'string' ? mountAsUser(libc, at, root) : root
}

/** @returns why it cannot be mounted so */
function mountAsRoot(libc: Libc, at: string): FuseMount | string {
  let fd: number
  try {
    fd = openSync('/dev/fuse', constants.O_RDWR | constants.O_NONBLOCK)
  } catch {
    return 'FUSE needs root'
  }
  const user = `user_id=${process.getuid?.()},group_id=${process.getgid?.()}`
  const options = `fd=${fd},rootmode=40000,${user},allow_other,default_permissions`
  if (libc.mount('openamp', at, 'fuse.openamp', MOUNT_FLAGS, options) !== 0) {
    closeSync(fd)
    return 'FUSE needs root'
  }
  return { fd, unmount: () => void libc.umount2(at, MNT_DETACH) }
}

function mountAsUser(libc: Libc, at: string, why: string): FuseMount {
  const ends = new Int32Array(2)
  if (libc.socketpair(AF_UNIX, SOCK_STREAM, 0, new Uint8Array(ends.buffer)) !== 0) {
    throw new OpenampError('ERR_SYSTEM', why)
  }
  const [ours = -1, helpers = -1] = ends
  const connection = new UnixConnection(libc, ours, 'fusermount3', 1, 2)
  try {
    const name = HELPERS.find((helper) => runs(helper, at, helpers))
    if (name === undefined) {
      const help = 'or fusermount3 (package fuse3) and a /dev/fuse that this user may open'
      throw new OpenampError('ERR_SYSTEM', `${why}, ${help}`)
    }
    const received = connection.receive(1)
    const [fd] = received.type === 'bytes' ? received.fds : []
    if (fd === undefined) throw new OpenampError('ERR_SYSTEM', `${name} has sent no descriptor`)
    libc.fcntl(fd, F_SETFL, constants.O_NONBLOCK)
    return { fd, unmount: () => void unmountAsUser(at) }
  } finally {
    connection.close()
    closeSync(helpers)
  }
}

/** The helper mounts, and sends the descriptor to its file 3. */
function runs(helper: string, at: string, socket: number): boolean {
  const options = 'fsname=openamp,subtype=openamp,nosuid,nodev,noexec,default_permissions'
  const { status } = spawnSync(helper, ['-o', options, '--', at], {
    stdio: ['ignore', 'ignore', 'ignore', socket],
    env: { ...process.env, _FUSE_COMMFD: '3' },
  })
  return status === 0
}

/** Takes away what is mounted there, whoever of us has mounted it. */
export function unmountFuse(libc: Libc, at: string): void {
  if (libc.umount2(at, MNT_DETACH) !== 0) unmountAsUser(at)
}

function unmountAsUser(at: string): void {
  HELPERS.find((helper) => spawnSync(helper, ['-u', '-z', '--', at]).status === 0)
}
