/**
 * IEEE 754 binary16, binary32 and binary64 as the two families have them, exact to the bit.
 *
 * How to call it: a core has one `FloatUnit`, which holds what its control register says and
 * collects the exception flags; every operation takes it first. Values go in and come out as bits:
 * binary16 and binary32 as a 32-bit number each, binary64 as the pair of 32-bit numbers `high,
 * low`, with the result left in `unit.high` and `unit.low`. So a sign is changed by
 * `bits ^ 0x8000_0000`, and a register file is an `Int32Array`.
 *
 *     const unit = new FloatUnit('arm')
 *     unit.rounding = roundingOfArm[(fpscr >>> 22) & 3] ?? Rounding.NEAREST_EVEN
 *     s[d] = add32(unit, s[n], s[m])                     // binary32.ts
 *     add64(unit, s[2 * n + 1], s[2 * n], s[2 * m + 1], s[2 * m])   // binary64.ts
 *     s[2 * d] = unit.low
 *     s[2 * d + 1] = unit.high
 *     fpscr |= armFlags(unit.flags)
 *
 * `binary32.ts`, `binary64.ts`, `binary16.ts`: add, sub, mul, div, sqrt, mulAdd, compare, min, max.
 * `convert.ts`: between the formats. `integer.ts`: to and from integers and fixed point, and
 * rounding to integral. The usual case (to nearest, nothing tiny, huge or NaN) is done with
 * JavaScript's own doubles, the rest in `exact.ts` with integers of any length.
 */

/** Rounding directions (IEEE 754, clause 4.3), by RISC-V's numbers for them. */
export const Rounding = {
  NEAREST_EVEN: 0,
  TOWARD_ZERO: 1,
  DOWN: 2,
  UP: 3,
  NEAREST_AWAY: 4,
} as const

export type Rounding = (typeof Rounding)[keyof typeof Rounding]

/** True for RISC-V's numbers of directions; what else there is room for is reserved. */
export function isRounding(value: number): value is Rounding {
  return value >= Rounding.NEAREST_EVEN && value <= Rounding.NEAREST_AWAY
}

/** By the field RMode of Arm's FPSCR. */
export const roundingOfArm: readonly Rounding[] = [
  Rounding.NEAREST_EVEN,
  Rounding.UP,
  Rounding.DOWN,
  Rounding.TOWARD_ZERO,
]

/** Exceptions: the bits of RISC-V's `fflags`, and one more that only Arm has. */
export const Flag = {
  INEXACT: 1,
  UNDERFLOW: 2,
  OVERFLOW: 4,
  DIVIDE_BY_ZERO: 8,
  INVALID: 16,
  /** An operand was subnormal and taken for zero (FPSCR.IDC). */
  INPUT_DENORMAL: 32,
} as const

const armBits = [
  [Flag.INVALID, 1],
  [Flag.DIVIDE_BY_ZERO, 2],
  [Flag.OVERFLOW, 4],
  [Flag.UNDERFLOW, 8],
  [Flag.INEXACT, 16],
  [Flag.INPUT_DENORMAL, 128],
] as const

/** Flags as the cumulative bits of FPSCR: IOC, DZC, OFC, UFC, IXC and IDC. */
export function armFlags(flags: number): number {
  return armBits.reduce((bits, [flag, bit]) => (flags & flag ? bits | bit : bits), 0)
}

/** The flags in FPSCR's cumulative bits. */
export function flagsOfArm(fpscr: number): number {
  return armBits.reduce((flags, [flag, bit]) => (fpscr & bit ? flags | flag : flags), 0)
}

/**
 * True where a result that is a normal number is the host's own, and leaves nothing but itself: it is rounded
 * to nearest, nothing is flushed, and the one flag that it may raise has been raised before.
 */
export function isOrdinary(unit: FloatUnit, rounding: number = unit.rounding): boolean {
  const inexact = (unit.flags & Flag.INEXACT) !== 0
  return inexact && rounding === Rounding.NEAREST_EVEN && !unit.flushToZero
}

/** How two values compare. */
export const Order = { LESS: -1, EQUAL: 0, GREATER: 1, UNORDERED: 2 } as const

export type Order = (typeof Order)[keyof typeof Order]

/**
 * The state of one core's floating point. The architecture decides what IEEE 754 leaves open:
 * - `riscv`: a NaN result is the canonical one; tininess is detected after rounding; NaN converts
 *   to the greatest integer; min and max of a number and any NaN give the number.
 * - `arm`: a NaN operand is propagated, quieted, unless `defaultNan`; tininess is detected before
 *   rounding; NaN converts to 0; min and max are IEEE 754-2008's minNum and maxNum; operands and
 *   results that are subnormal are zero if `flushToZero` (not in binary16).
 */
export class FloatUnit {
  readonly arm: boolean
  /** The direction for operations that are not given one. */
  rounding: Rounding = Rounding.NEAREST_EVEN
  /** Exceptions so far, in the bits of `Flag`; operations only ever add to it. */
  flags = 0
  /** FPSCR.DN; of no meaning on RISC-V, where it is always so. */
  defaultNan = false
  /** FPSCR.FZ. */
  flushToZero = false
  /** FPSCR.AHP: Arm's alternative half precision, which has no infinities and no NaNs. */
  alternativeHalf = false
  /** The binary64 result of the last operation that has one. */
  high = 0
  low = 0

  constructor(architecture: 'arm' | 'riscv') {
    this.arm = architecture === 'arm'
  }
}
