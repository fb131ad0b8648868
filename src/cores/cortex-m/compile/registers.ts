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
/** Not 0 while floating-point instructions may execute (`fpuReady`): it is read only. */
export const FPU_READY = 21
/** N, Z, C and V of FPSCR, in the upper four bits. */
export const FLOAT_FLAGS = 22
/** Not 0 while `isOrdinary`: a word of the state that is no register. */
export const FLOAT_ORDINARY = 23
/** s0 to s31, likewise. */
export const FLOATS = 64
export const SP = 13
export const LR = 14
