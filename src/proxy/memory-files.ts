import type { Errno } from './errno.js'
import { type Files, type OpenFile, pathParts } from './files.js'
import type { OpenHow } from './open-flags.js'

interface MemoryFile {
  /** Its first `length` bytes are the file's; the rest is room to grow. */
  buffer: Uint8Array
  length: number
}

/** Files in memory: for browsers and tests. There are no folders to make: every path that leads down is good. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, MemoryFile>()
  readonly #fileSize: number
  #mayCreate: number

  constructor(
    contents: Readonly<Record<string, Uint8Array | string>> = {},
    options: {
      /** Bytes that a file may grow to; 16 MiB unless given. */
      readonly fileSize?: number
      /** Files that may be made beside those that there are; 256 unless given. */
      readonly created?: number
    } = {},
  ) {
    this.#fileSize = options.fileSize ?? 2 ** 24
    this.#mayCreate = options.created ?? 256
    for (const [path, content] of Object.entries(contents)) {
      const buffer =
        typeof content === 'string' ? new TextEncoder().encode(content) : content.slice()
      this.#files.set(path, { buffer, length: buffer.length })
    }
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** The bytes of a file, copied; undefined where there is none. */
  bytes(path: string): Uint8Array | undefined {
    const file = this.#files.get(path)
    return file?.buffer.slice(0, file.length)
  }

  text(path: string): string | undefined {
    const bytes = this.bytes(path)
    return bytes && new TextDecoder().decode(bytes)
  }

  async open(path: string, how: OpenHow): Promise<OpenFile | Errno> {
    const parts = pathParts(path)
    if (typeof parts === 'string') return parts
    const name = parts.join('/')
    let file = this.#files.get(name)
    if (file !== undefined && how.create && how.exclusive) return 'EEXIST'
    if (file === undefined) {
      if (!how.create) return 'ENOENT'
      if (this.#mayCreate <= 0) return 'ENOSPC'
      this.#mayCreate--
      file = { buffer: new Uint8Array(0), length: 0 }
      this.#files.set(name, file)
    }
    if (how.truncate && how.access !== 'read') file.length = 0
    return new OpenMemoryFile(file, how, this.#fileSize)
  }
}

class OpenMemoryFile implements OpenFile {
  readonly #file: MemoryFile
  readonly #how: OpenHow
  readonly #most: number
  #position = 0

  constructor(file: MemoryFile, how: OpenHow, most: number) {
    this.#file = file
    this.#how = how
    this.#most = most
  }

  async read(most: number): Promise<Uint8Array | Errno> {
    if (this.#how.access === 'write') return 'EBADF'
    const { buffer, length } = this.#file
    const bytes = buffer.slice(this.#position, Math.min(length, this.#position + most))
    this.#position += bytes.length
    return bytes
  }

  async write(bytes: Uint8Array): Promise<number | Errno> {
    if (this.#how.access === 'read') return 'EBADF'
    const file = this.#file
    if (this.#how.append) this.#position = file.length
    const written = bytes.subarray(0, Math.max(0, this.#most - this.#position))
    if (written.length < bytes.length && written.length === 0) return 'EFBIG'
    const end = this.#position + written.length
    if (end > file.buffer.length) {
      // Twice as much each time, so that many small writes do not copy it each time.
      const grown = new Uint8Array(Math.max(end, Math.min(this.#most, 2 * end)))
      grown.set(file.buffer.subarray(0, file.length))
      file.buffer = grown
    }
    // What was there before it was truncated is not seen again.
    if (this.#position > file.length) file.buffer.fill(0, file.length, this.#position)
    file.buffer.set(written, this.#position)
    file.length = Math.max(file.length, end)
    this.#position = end
    return written.length
  }

  async close(): Promise<Errno | undefined> {
    return undefined
  }
}
