/**
 * What needs Node: images, coredumps and folders of the file system, GDB's server, Node's streams.
 * @module openamp/node
 */

import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { OpenampError } from './base/errors.js'
import { type ImageStore, type OpenImage, stream } from './firmware/index.js'
import type { CoredumpOptions } from './remoteproc/index.js'

export { type GdbListener, type GdbServerOptions, gdbServer } from './debug/listen-node.js'
export { type ChannelDuplexOptions, duplex } from './duplex-node.js'

/**
 * A firmware image in a file, of which only what is needed is read. What cannot be read at any
 * place, such as a named pipe, is read as a stream, for as long as that takes.
 * @throws ERR_IMAGE (from `Remoteproc.init`) where the file cannot be read, or changes meanwhile
 */
export function file(path: string | URL): ImageStore {
  const name = basename(path instanceof URL ? path.pathname : path)
  return {
    name,
    open: async ({ signal }) => {
      const handle = await open(path).catch((cause: unknown) => refuse(path, cause))
      try {
        const stat = await handle.stat()
        if (stat.isFile()) return new FileImage(path, handle, stat.size)
        if (stat.isDirectory()) refuse(path, 'it is a folder')
      } catch (cause) {
        await handle.close()
        throw cause
      }
      // Reads through the handle, and closes it. Whoever writes into a pipe may take his time.
      const pipe = createReadStream('', { fd: handle })
      return stream(pipe, { name, stall: Number.POSITIVE_INFINITY }).open({ signal })
    },
  }
}

export { type FolderOptions, folder } from './proxy/folder-node.js'

/**
 * Writes the dump of a crash into a file; that of a later crash takes its place.
 * @param mode see `CoredumpOptions`
 */
export function coredumpFile(
  path: string | URL,
  mode: CoredumpOptions['mode'] = 'enabled',
): CoredumpOptions {
  // A dump is there whole or not at all, whatever happens while it is written.
  const part = path instanceof URL ? new URL(`${path.href}.part`) : `${path}.part`
  return {
    mode,
    write: async (dump) => {
      try {
        // A new file: what is there by that name may be a link, or a pipe that nobody reads.
        await rm(part, { force: true })
        const to = await open(part, 'wx')
        try {
          for (const piece of dump.pieces()) await to.writeFile(piece)
        } finally {
          await to.close()
        }
        await rename(part, path)
      } catch (error) {
        await rm(part, { force: true })
        throw error
      }
    },
  }
}

class FileImage implements OpenImage {
  readonly size: number
  readonly #path: string | URL
  readonly #handle: FileHandle

  constructor(path: string | URL, handle: FileHandle, size: number) {
    this.size = size
    this.#path = path
    this.#handle = handle
  }

  async load(offset: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, this.size - offset)))
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#handle
        .read(bytes, at, bytes.length - at, offset + at)
        .catch((cause: unknown) => refuse(this.#path, cause))
      if (bytesRead === 0) this.#changed(offset + at)
      at += bytesRead
    }
    return bytes
  }

  async finish(): Promise<void> {
    const { size } = await this.#handle.stat()
    if (size !== this.size) this.#changed(size)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  #changed(size: number): never {
    throw new OpenampError(
      'ERR_IMAGE',
      `${this.#path}: it was changed while it was read: ${this.size} bytes at first, then ${size}`,
    )
  }
}

function refuse(path: string | URL, cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const why = code === 'ENOENT' ? 'there is no such file' : String(code ?? cause)
  throw new OpenampError('ERR_IMAGE', `${path}: cannot be read: ${why}`, { cause })
}
