/** Addresses of the endpoints of `ring-remote`. */
export const ADDRESS = { control: 10, read: 11, copy: 12, echo: 13, gc: 14 } as const

/** First byte of the last message of a round: it is answered. */
export const LAST = 1
