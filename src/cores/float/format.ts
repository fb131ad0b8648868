import { Flag, type FloatUnit } from './unit.js'

/** A binary interchange format (IEEE 754, clause 3.4), its numbers held in a bigint. */
export interface Format {
  readonly width: 16 | 32 | 64
  /** Bits of the trailing significand. */
  readonly fraction: number
  readonly bias: number
  readonly sign: bigint
  readonly infinity: bigint
  /** The bit that tells a quiet NaN from a signalling one. */
  readonly quiet: bigint
  readonly fractionMask: bigint
}

function format(width: 16 | 32 | 64, fraction: number): Format {
  const exponent = width - 1 - fraction
  return {
    width,
    fraction,
    bias: 2 ** (exponent - 1) - 1,
    sign: 1n << BigInt(width - 1),
    infinity: ((1n << BigInt(exponent)) - 1n) << BigInt(fraction),
    quiet: 1n << BigInt(fraction - 1),
    fractionMask: (1n << BigInt(fraction)) - 1n,
  }
}

export const BINARY16 = format(16, 10)
export const BINARY32 = format(32, 23)
export const BINARY64 = format(64, 52)

/** The NaN that an operation makes where no operand was one; the same on both families. */
export function defaultNan({ infinity, quiet }: Format): bigint {
  return infinity | quiet
}

/** A number taken apart: (-1)^negative × significand × 2^exponent, unless infinite or a NaN. */
export interface Unpacked {
  readonly kind: 'finite' | 'infinite' | 'quiet' | 'signalling'
  readonly negative: boolean
  readonly significand: bigint
  readonly exponent: number
  readonly bits: bigint
}

/** Takes `bits` apart; a subnormal number becomes zero if the unit flushes. */
export function unpack(unit: FloatUnit, format: Format, bits: bigint): Unpacked {
  const { fraction, bias, infinity, quiet, fractionMask, sign, width } = format
  const negative = (bits & sign) !== 0n
  const biased = Number((bits & infinity) >> BigInt(fraction))
  let significand = bits & fractionMask
  if ((bits & infinity) === infinity && !(width === 16 && unit.alternativeHalf)) {
    const kind = significand === 0n ? 'infinite' : significand & quiet ? 'quiet' : 'signalling'
    return { kind, negative, significand, exponent: 0, bits }
  }
  if (biased !== 0) significand |= fractionMask + 1n
  else if (significand !== 0n && unit.flushToZero && width !== 16) {
    unit.flags |= Flag.INPUT_DENORMAL
    significand = 0n
  }
  const exponent = Math.max(biased, 1) - bias - fraction
  return { kind: 'finite', negative, significand, exponent, bits }
}

export function isNan({ kind }: Unpacked): boolean {
  return kind === 'quiet' || kind === 'signalling'
}

export function isZero({ kind, significand }: Unpacked): boolean {
  return kind === 'finite' && significand === 0n
}

/**
 * The result of an operation that has a NaN among its operands: the first signalling one, else the
 * first quiet one (Arm, pseudocode FPProcessNaNs), or the canonical one.
 */
export function nanResult(unit: FloatUnit, format: Format, operands: readonly Unpacked[]): bigint {
  const signalling = operands.find(({ kind }) => kind === 'signalling')
  if (signalling !== undefined) unit.flags |= Flag.INVALID
  const chosen = signalling ?? operands.find(({ kind }) => kind === 'quiet')
  if (!unit.arm || unit.defaultNan || chosen === undefined) return defaultNan(format)
  return chosen.bits | format.quiet
}

/** The result of an operation that has none: 0 ÷ 0, and the like. */
export function invalid(unit: FloatUnit, format: Format): bigint {
  unit.flags |= Flag.INVALID
  return defaultNan(format)
}
