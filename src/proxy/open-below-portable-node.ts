import { constants } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { accessFlags, type OpenBelow } from './open-below-linux-node.js'
import { codeOf, Refused } from './refused-node.js'

const { O_CREAT, O_EXCL } = constants
/** Not on Windows, where Node has no such flags. */
const O_NOFOLLOW: number = constants.O_NOFOLLOW ?? 0
const O_NONBLOCK: number = constants.O_NONBLOCK ?? 0

/**
 * Opens a regular file below a folder where there is no /proc: the path is looked at before, and again
 * after, when it must still be the file that was opened. That keeps a remote in the folder, which can set
 * no links; it does not where somebody else on the host swaps folders for links at the right moments.
 */
export async function openBelowByPath(options: OpenBelow): Promise<FileHandle> {
  const { root, parts, how, mode, creating } = options
  const path = join(root, ...parts)
  if ((await realpath(join(root, ...parts.slice(0, -1)))) !== join(path, '..')) {
    throw new Refused('EACCES')
  }
  const flags = accessFlags(how) | O_NOFOLLOW | O_NONBLOCK
  const exists = await isThere(path, how.create === true && how.exclusive === true)
  if (!exists && !how.create) throw new Refused('ENOENT')
  if (!exists) creating()
  const file = await open(path, exists ? flags : flags | O_CREAT | O_EXCL, mode)
  try {
    const [opened, named] = await Promise.all([
      file.stat({ bigint: true }),
      lstat(path, { bigint: true }),
    ])
    const same = opened.dev === named.dev && opened.ino === named.ino
    if (!same || !opened.isFile() || (await realpath(path)) !== path) throw new Refused('EACCES')
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function isThere(path: string, exclusive: boolean): Promise<boolean> {
  try {
    const stat = await lstat(path)
    if (exclusive) throw new Refused('EEXIST')
    if (stat.isDirectory()) throw new Refused('EISDIR')
    if (!stat.isFile()) throw new Refused('EACCES')
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !(error instanceof Refused)) return false
    throw error
  }
}
