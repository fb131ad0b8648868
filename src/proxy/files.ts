import type { Errno } from './errno.js'
import type { OpenHow } from './open-flags.js'

/**
 * A place that has files: a folder of the host's, memory, or at the remote's end the host itself.
 * What is refused is a value, the error's POSIX name; what throws is a fault.
 */
export interface Files {
  /** @param path names below the place, with `/` between them; see `pathParts` */
  open(path: string, how: OpenHow): Promise<OpenFile | Errno>
}

/** A file that is open, read and written from its start on. */
export interface OpenFile {
  /** The next bytes, at most `most`; none at the end of the file. */
  read(most: number): Promise<Uint8Array | Errno>
  /** @returns how many bytes were written, at least 1 of what is not empty */
  write(bytes: Uint8Array): Promise<number | Errno>
  close(): Promise<Errno | undefined>
}

/** Has no files: for a remote that is given the console alone. */
export const noFiles: Files = { open: async () => 'ENOENT' }

/**
 * The names of a path, which leads downwards only: no absolute path, no `..`, and nothing that another
 * operating system would take for either.
 * @returns EACCES for a path that would lead out, ENOENT for an empty one
 */
export function pathParts(path: string): readonly string[] | Errno {
  if (path === '') return 'ENOENT'
  if (path.startsWith('/') || /[\\:\0]/.test(path)) return 'EACCES'
  // A slash at the end says that a folder is meant, which is no file.
  if (path.endsWith('/')) return 'EISDIR'
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) return 'EACCES'
  return parts.length === 0 ? 'EISDIR' : parts
}
