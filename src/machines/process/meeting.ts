import type { ProcessLayout } from './layout.js'

/** Where and how the two processes meet. Both ends are given the same. */
export interface Meeting {
  readonly layout: ProcessLayout
  /** Path of the Unix socket on which they kick each other. */
  readonly socket: string
  /** Path of the file that they share; memory without a name unless given. */
  readonly region: string | undefined
  /** Which of the two listens on the socket, and writes the table first; the other one connects. */
  readonly listens: 'host' | 'remote'
  /**
   * The other end may be OpenAMP's C library: bytes on the socket are kicks and nothing else, and the
   * file stays the same one over all lives, in a folder that everybody may enter.
   */
  readonly plain: boolean
}
