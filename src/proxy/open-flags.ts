import type { Libc } from './errno.js'

/** How a file is opened. */
export interface OpenHow {
  readonly access: 'read' | 'write' | 'both'
  /** Make it where there is none. */
  readonly create?: boolean
  /** With `create`: refuse one that there is. */
  readonly exclusive?: boolean
  readonly truncate?: boolean
  /** Every write goes to the end. */
  readonly append?: boolean
  /** Permission bits of a file that is made. */
  readonly mode?: number
}

interface Flags {
  readonly CREAT: number
  readonly EXCL: number
  readonly TRUNC: number
  readonly APPEND: number
  /** What makes no difference here: terminals, close on exec, large files, text or binary. */
  readonly IGNORED: number
}

/** The access mode, in the two low bits: the same everywhere. */
const ACCMODE = 3
const RDONLY = 0
const WRONLY = 1
const RDWR = 2

const FLAGS: Readonly<Record<Libc, Flags>> = {
  // Linux, include/uapi/asm-generic/fcntl.h; OpenAMP's rpc_demo defines the same numbers for itself.
  linux: { CREAT: 0o100, EXCL: 0o200, TRUNC: 0o1000, APPEND: 0o2000, IGNORED: 0o2100400 },
  // newlib, sys/_default_fcntl.h
  newlib: { CREAT: 0x200, EXCL: 0x800, TRUNC: 0x400, APPEND: 0x8, IGNORED: 0x7_8000 },
}

/** What the open flags of the remote's C library mean; undefined for those that are not served. */
export function decodeOpenFlags(flags: number, mode: number, libc: Libc): OpenHow | undefined {
  const { CREAT, EXCL, TRUNC, APPEND, IGNORED } = FLAGS[libc]
  const access = accessOf(flags & ACCMODE)
  if (access === undefined) return undefined
  if ((flags & ~(ACCMODE | CREAT | EXCL | TRUNC | APPEND | IGNORED)) !== 0) return undefined
  return {
    access,
    create: (flags & CREAT) !== 0,
    exclusive: (flags & EXCL) !== 0,
    truncate: (flags & TRUNC) !== 0,
    append: (flags & APPEND) !== 0,
    mode,
  }
}

/** The open flags of a C library. */
export function encodeOpenFlags(how: OpenHow, libc: Libc): number {
  const { CREAT, EXCL, TRUNC, APPEND } = FLAGS[libc]
  const access = { read: RDONLY, write: WRONLY, both: RDWR }[how.access]
  return (
    access |
    (how.create ? CREAT : 0) |
    (how.exclusive ? EXCL : 0) |
    (how.truncate ? TRUNC : 0) |
    (how.append ? APPEND : 0)
  )
}

function accessOf(bits: number): OpenHow['access'] | undefined {
  if (bits === RDONLY) return 'read'
  if (bits === WRONLY) return 'write'
  return bits === RDWR ? 'both' : undefined
}
