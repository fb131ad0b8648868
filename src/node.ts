import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { OpenampError } from './base/errors.js'

/** A firmware image in a file. */
export interface FirmwareFile {
  /** The last part of the path. */
  readonly name: string
  read(): Promise<Uint8Array>
}

/**
 * A firmware image in a file.
 * @throws ERR_IMAGE (from `Remoteproc.init`) where the file cannot be read
 */
export function file(path: string | URL): FirmwareFile {
  return {
    name: basename(path instanceof URL ? path.pathname : path),
    read: async () => {
      try {
        return await readFile(path)
      } catch (cause) {
        const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
        const why = code === 'ENOENT' ? 'there is no such file' : String(code ?? cause)
        throw new OpenampError('ERR_IMAGE', `${path}: cannot be read: ${why}`, { cause })
      }
    },
  }
}

export { type FolderOptions, folder } from './proxy/folder-node.js'
