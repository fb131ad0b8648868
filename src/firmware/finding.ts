/**
 * Something about an image that a person should know. An `error` keeps the image from working
 * somewhere that it is meant to work, a `warning` may, a `note` only explains.
 */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  /** The header, section or entry that it is about: "segment 2", "vring 0 of vdev 0". */
  readonly where: string
  /** One sentence: what was found, and what it does to a running system. */
  readonly message: string
}
