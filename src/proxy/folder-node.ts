import { type FileHandle, realpath, stat } from 'node:fs/promises'
import { OpenampError } from '../base/errors.js'
import type { Errno } from './errno.js'
import { type Files, type OpenFile, pathParts } from './files.js'
import { openBelowOnLinux } from './open-below-linux-node.js'
import { openBelowByPath } from './open-below-portable-node.js'
import type { OpenHow } from './open-flags.js'
import { codeOf, errnoFor, Refused } from './refused-node.js'

/** Read and write for owner, group and others: what the remote makes is no program, nor more. */
const MODE_MASK = 0o666
const MODE_DEFAULT = 0o644

const openBelow = process.platform === 'linux' ? openBelowOnLinux : openBelowByPath

export interface FolderOptions {
  /** Nothing below it is changed: no file is written or made. */
  readonly readOnly?: boolean
  /** Bytes that a file may grow to by being written; 16 MiB unless given. */
  readonly fileSize?: number
  /** Files that may be made below the folder as long as it is served; 256 unless given. */
  readonly created?: number
}

/**
 * The regular files below a folder of the host's, for a remote; nothing leads out of it.
 * @throws ERR_USAGE where there is no such folder
 */
export async function folder(path: string, options: FolderOptions = {}): Promise<Files> {
  return new Folder(await realFolder(path), options)
}

class Folder implements Files {
  readonly #root: string
  readonly #readOnly: boolean
  readonly #fileSize: number
  #mayCreate: number

  constructor(root: string, options: FolderOptions) {
    this.#root = root
    this.#readOnly = options.readOnly ?? false
    this.#fileSize = options.fileSize ?? 2 ** 24
    this.#mayCreate = options.created ?? 256
  }

  async open(path: string, how: OpenHow): Promise<OpenFile | Errno> {
    const parts = pathParts(path)
    if (typeof parts === 'string') return parts
    const changes = how.access !== 'read' || how.create === true
    if (changes && this.#readOnly) return 'EROFS'
    let file: FileHandle | undefined
    try {
      const mode = (how.mode ?? MODE_DEFAULT) & MODE_MASK
      const creating = (): void => this.#takeOneToCreate()
      file = await openBelow({ root: this.#root, parts, how, mode, creating })
      if (how.truncate && how.access !== 'read') await file.truncate()
      return new FolderFile(file, how.append === true, this.#fileSize)
    } catch (error) {
      await file?.close()
      return errnoFor(error)
    }
  }

  #takeOneToCreate(): void {
    if (this.#mayCreate <= 0) throw new Refused('ENOSPC')
    this.#mayCreate--
  }
}

class FolderFile implements OpenFile {
  readonly #file: FileHandle
  readonly #append: boolean
  readonly #most: number
  #position = 0

  constructor(file: FileHandle, append: boolean, most: number) {
    this.#file = file
    this.#append = append
    this.#most = most
  }

  async read(most: number): Promise<Uint8Array | Errno> {
    try {
      const bytes = new Uint8Array(most)
      const { bytesRead } = await this.#file.read(bytes, 0, most, this.#position)
      this.#position += bytesRead
      return bytes.subarray(0, bytesRead)
    } catch (error) {
      return errnoFor(error)
    }
  }

  async write(bytes: Uint8Array): Promise<number | Errno> {
    try {
      if (this.#append) this.#position = (await this.#file.stat()).size
      const length = Math.min(bytes.length, Math.max(0, this.#most - this.#position))
      if (length === 0 && bytes.length > 0) return 'EFBIG'
      const { bytesWritten } = await this.#file.write(bytes, 0, length, this.#position)
      this.#position += bytesWritten
      return bytesWritten
    } catch (error) {
      return errnoFor(error)
    }
  }

  async close(): Promise<Errno | undefined> {
    try {
      await this.#file.close()
      return undefined
    } catch (error) {
      return errnoFor(error)
    }
  }
}

async function realFolder(path: string): Promise<string> {
  let why: string
  try {
    const real = await realpath(path)
    if ((await stat(real)).isDirectory()) return real
    why = 'it is no folder'
  } catch (error) {
    why = codeOf(error) === 'ENOENT' ? 'there is no such folder' : (codeOf(error) ?? String(error))
  }
  throw new OpenampError('ERR_USAGE', `${path}: cannot be served: ${why}`)
}
