/**
 * The registers of compiled code beside r0 to r14, as they stand in the shared state. They have the
 * meaning that the fields of `Cpu` have that are called the same.
 */
export const N = 16
export const Z = 17
export const C = 18
export const V = 19
/** The stack limit of ARMv8-M: it is read only. */
export const LIMIT = 20
export const SP = 13
export const LR = 14
