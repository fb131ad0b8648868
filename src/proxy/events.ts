import type { Errno } from './errno.js'

/** What a remote does with what it is given, for observers. */
export type ProxyEvent =
  | { readonly type: 'opened'; readonly path: string; readonly descriptor: number }
  | { readonly type: 'closed'; readonly path: string; readonly descriptor: number }
  /** The remote wrote to its standard output (1) or standard error (2). */
  | { readonly type: 'output'; readonly descriptor: number; readonly data: Uint8Array }
  /** The remote reads its standard input, and there is none yet. */
  | { readonly type: 'input' }
  | {
      readonly type: 'refused'
      readonly call: string
      /** What it was about: a path, a descriptor, an id. */
      readonly what: string
      readonly errno: Errno
      /** What was thrown, where the refusal is a fault of the host's. */
      readonly cause?: unknown
    }
  /** A message that is no call, and so gets no answer. */
  | { readonly type: 'malformed'; readonly length: number }
