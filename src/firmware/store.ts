/**
 * Where an image comes from: OpenAMP's `struct image_store_ops` (remoteproc_loader.h), of which
 * `open` gives what `load` and `close` work on.
 */
export interface ImageStore {
  /** How messages call the image. */
  readonly name: string
  /**
   * Opens the image for one reading.
   * @throws ERR_IMAGE where it cannot be had, ERR_ABORTED, ERR_TIMEOUT
   */
  open(options: OpenOptions): Promise<OpenImage>
}

export interface OpenOptions {
  /** Ends the opening, and every `load` after it, with ERR_ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/** An image that is being read. */
export interface OpenImage {
  /** Bytes in all, where that is known beforehand. */
  readonly size: number | undefined
  /**
   * The `size` bytes at `offset`; fewer only where the image ends before. A store that can go back
   * (OpenAMP's SUPPORT_SEEK) has them at any time, one that cannot gives undefined for what has
   * passed.
   * @throws ERR_IMAGE where the store breaks off or is not as long as it says, ERR_TIMEOUT,
   *   ERR_ABORTED
   */
  load(offset: number, size: number): Promise<Uint8Array | undefined>
  /** All was read that is needed: the last chance to see that the store is not as long as it says. */
  finish(): Promise<void>
  /** Lets go of the store; called once, whatever has happened. */
  close(): Promise<void>
}

/** Bytes that a format asks for. */
export interface ImageRequest {
  readonly offset: number
  /** More than 0. */
  readonly size: number
}

/**
 * The reading of an image, step by step: it asks for bytes and is answered as `OpenImage.load`
 * answers. So one reader serves what lies in memory, what can be read anywhere, and what only
 * passes by; one that asks in the order of the file needs no store that can go back. (The C name is
 * `load_header` and `load_data` of `struct loader_ops`, which answer with the next offset and length
 * that they want.)
 */
export type ImageReading<T> = Generator<ImageRequest, T, Uint8Array | undefined>

/** What a reader begins with. */
export interface ImageStart {
  readonly name: string
  /** The first bytes: 64 or more, or all there are. */
  readonly head: Uint8Array
  /** Bytes in all, where that is known. */
  readonly size: number | undefined
  /** The most bytes to hold, beyond `head`. */
  readonly limit: number
}

/** An image in memory, with a name for messages; it is not copied. */
export function memory(bytes: Uint8Array, name = 'firmware'): ImageStore {
  return {
    name,
    open: async () => ({
      size: bytes.length,
      load: async (offset, size) => bytes.subarray(offset, offset + size),
      finish: async () => {},
      close: async () => {},
    }),
  }
}
