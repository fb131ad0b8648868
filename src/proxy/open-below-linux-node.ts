import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { OpenHow } from './open-flags.js'
import { codeOf, Refused } from './refused-node.js'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } = constants

/** A descriptor that names a file without opening it (Linux, asm-generic/fcntl.h). */
const O_PATH = 0o10000000

/** A file that comes and goes between two looks at it is looked at so often. */
const CREATE_TRIES = 4

/** Where and how a file is opened below a folder. */
export interface OpenBelow {
  /** The folder's real path. */
  readonly root: string
  readonly parts: readonly string[]
  readonly how: OpenHow
  /** Permission bits of a file that is made. */
  readonly mode: number
  /** Called before a file is made; may throw. */
  readonly creating: () => void
}

/**
 * Opens a regular file below a folder, or makes one, so that nobody can lead it elsewhere, however
 * quickly links are set on the way: each step is taken from a descriptor of the last folder, by one
 * name, and through no link. A file is looked at before it is opened, for opening alone can move a
 * device, and then the very one that was looked at is opened.
 */
export async function openBelowOnLinux(options: OpenBelow): Promise<FileHandle> {
  const { root, parts, how } = options
  const parent = await walk(root, parts.slice(0, -1))
  const name = parts.at(-1) ?? ''
  try {
    for (let left = CREATE_TRIES; left > 0; left--) {
      const found = await openExisting(parent, name, how)
      if (found !== undefined) return found
      if (!how.create) throw new Refused('ENOENT')
      const made = await create(parent, name, options)
      if (made !== undefined) return made
    }
    throw new Refused('EAGAIN')
  } finally {
    await parent.close()
  }
}

async function walk(root: string, parts: readonly string[]): Promise<FileHandle> {
  let at = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  for (const part of parts) {
    const above = at
    try {
      at = await openIn(above, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } finally {
      await above.close()
    }
  }
  return at
}

/** @returns undefined where there is nothing of that name */
async function openExisting(
  parent: FileHandle,
  name: string,
  how: OpenHow,
): Promise<FileHandle | undefined> {
  let named: FileHandle
  try {
    named = await openIn(parent, name, O_PATH | O_NOFOLLOW)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const stat = await named.stat()
    if (how.create && how.exclusive) throw new Refused('EEXIST')
    if (stat.isDirectory()) throw new Refused('EISDIR')
    if (!stat.isFile()) throw new Refused('EACCES')
    return await open(procPath(named), accessFlags(how))
  } finally {
    await named.close()
  }
}

/** @returns undefined where somebody else has made it meanwhile */
async function create(
  parent: FileHandle,
  name: string,
  { how, mode, creating }: OpenBelow,
): Promise<FileHandle | undefined> {
  creating()
  try {
    // O_EXCL makes a new file or fails: it opens nothing that there is, and follows no link.
    return await openIn(parent, name, accessFlags(how) | O_CREAT | O_EXCL, mode)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    if (how.exclusive) throw new Refused('EEXIST')
    return undefined
  }
}

/** openat(2), which Node does not have: through the descriptor's link in /proc. */
async function openIn(
  parent: FileHandle,
  name: string,
  flags: number,
  mode?: number,
): Promise<FileHandle> {
  return open(`${procPath(parent)}/${name}`, flags, mode)
}

function procPath({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`
}

export function accessFlags({ access, append }: OpenHow): number {
  const flags = { read: O_RDONLY, write: O_WRONLY, both: O_RDWR }[access]
  return flags | (append ? O_APPEND : 0)
}
