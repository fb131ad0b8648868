import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ErrorCode } from '../../base/errors.js'
import { refusal } from './refused-node.js'

/** Not created: a file that is not there is one that the kernel does not have. */
const WRITE = constants.O_WRONLY | constants.O_TRUNC

/** The files of a Linux system, all below one root: `/`, or a folder that looks like one. */
export class Tree {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts)
  }

  has(...parts: readonly string[]): boolean {
    return existsSync(this.path(...parts))
  }

  /** Names in a folder, in their order; none where there is no such folder. */
  list(...parts: readonly string[]): readonly string[] {
    try {
      return readdirSync(this.path(...parts)).sort(byNumber)
    } catch {
      return []
    }
  }

  /** A line of a file; undefined where it cannot be read. */
  line(...parts: readonly string[]): string | undefined {
    return this.text(...parts)?.trim()
  }

  text(...parts: readonly string[]): string | undefined {
    try {
      return readFileSync(this.path(...parts), 'utf8')
    } catch {
      return undefined
    }
  }

  bytes(...parts: readonly string[]): Uint8Array | undefined {
    try {
      return readFileSync(this.path(...parts))
    } catch {
      return undefined
    }
  }

  /** Where a link leads, all links followed; undefined where it leads nowhere. */
  target(...parts: readonly string[]): string | undefined {
    try {
      return realpathSync(this.path(...parts))
    } catch {
      return undefined
    }
  }

  /** What tells a folder from another one that had its name before. */
  identity(...parts: readonly string[]): number | undefined {
    return statSync(this.path(...parts), { throwIfNoEntry: false })?.ino
  }

  /** Writes a word into an attribute, on a thread: the kernel answers once it has done it. */
  async write(
    path: string,
    word: string,
    special?: Readonly<Record<string, readonly [ErrorCode, string]>>,
  ): Promise<void> {
    const full = this.path(path)
    try {
      const file = await open(full, WRITE)
      try {
        await file.write(word)
      } finally {
        await file.close()
      }
    } catch (error) {
      throw refusal(error, `${full}: "${word}"`, special)
    }
  }

  writeNow(path: string, word: string): void {
    const full = this.path(path)
    try {
      const fd = openSync(full, WRITE)
      try {
        writeSync(fd, word)
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      throw refusal(error, `${full}: "${word.trim()}"`)
    }
  }
}

/** remoteproc2 before remoteproc10. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
