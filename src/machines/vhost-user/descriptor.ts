/**
 * An open file that the front-end has sent along with a message: memory, an event, or a socket.
 * Whoever has it closes it. Nothing here ever blocks.
 */
export interface Descriptor {
  /**
   * Maps `[offset, offset + size)` of the file.
   * @throws ERR_PEER where the file is shorter, or nothing that can be mapped
   */
  map(offset: number, size: number): Mapping
  /**
   * Calls `signalled` each time the other end has signalled, until it is closed; `failed` where
   * that cannot come any more.
   * @throws ERR_PEER for a file that cannot be waited for
   */
  watch(signalled: () => void, failed: (error: Error) => void): void
  /** Signals the other end. */
  signal(): void
  /**
   * Sends a short message whole.
   * @returns false where there is no room just now; `drained` is called once there may be
   */
  send(bytes: Uint8Array, drained: () => void): boolean
  close(): void
}

/** A stretch of the front-end's memory. */
export interface Mapping {
  /** `[offset, offset + size)` of it, as a part of a buffer. Not after `release`. */
  view(offset: number, size: number): MappedView
  /** The front-end's memory is not touched any more; who still reads a view finds zeros. */
  release(): void
}

export interface MappedView {
  readonly buffer: ArrayBuffer | SharedArrayBuffer
  /** Where it begins in `buffer`. */
  readonly offset: number
}

/** A front-end's message, as it came. */
export interface Message {
  readonly request: number
  readonly flags: number
  readonly payload: Uint8Array
  readonly descriptors: readonly Descriptor[]
}
