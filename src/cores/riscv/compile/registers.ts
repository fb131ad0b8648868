/** Words of the shared state beside x0 to x31 and the sink. */

/** Not 0 while instructions of F may execute: `mstatus.FS` is on, and `frm` names a direction. */
export const FLOAT_ON = 40
/** Not 0 once a register of F has been written to, for `mstatus.FS`. */
export const FLOAT_CHANGED = 41
/** Not 0 while `isOrdinary` of the direction in `frm`: of a hart that executes, it may change. */
export const FLOAT_ORDINARY = 42
/** f0 to f31. */
export const FLOATS = 64
