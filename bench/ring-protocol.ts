/** Addresses of the endpoints of `ring-remote`. */
export const ADDRESS = { control: 10, read: 11, copy: 12, echo: 13, gc: 14 } as const

/** First byte of the last message of a round: it is answered. */
export const LAST = 1

/**
 * Microseconds for which both ends look before they sleep: longer than a processor that has gone to
 * sleep takes to wake up, which in a virtual machine may be 60. With less, each end falls asleep while
 * it waits for the other one to wake, for ever.
 */
export const SPIN = 200
