import { OpenampError } from '../base/errors.js'

/** Bounds of a numeric option. */
export interface NumberBounds {
  readonly above?: number
  readonly atLeast?: number
  readonly atMost?: number
  readonly whole?: boolean
}

/** A number from the command line; 0x introduces hexadecimal. @throws ERR_USAGE */
export function numberOf(text: string, option: string, bounds: NumberBounds): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  const { above, atLeast, atMost, whole } = bounds
  const fits =
    Number.isFinite(value) &&
    (above === undefined || value > above) &&
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost) &&
    (!whole || Number.isSafeInteger(value))
  if (fits) return value
  const wanted = [
    whole ? 'a whole number' : 'a number',
    above === undefined ? '' : ` above ${above}`,
    atLeast === undefined ? '' : ` from ${atLeast}`,
    atMost === undefined ? '' : ` up to ${atMost}`,
  ].join('')
  throw new OpenampError('ERR_USAGE', `${option}: expected ${wanted}, found "${text}"`)
}

/** The one positional argument of a command. @throws ERR_USAGE */
export function positional(positionals: readonly string[], what: string, command: string): string {
  const [first, second] = positionals
  if (first === undefined) {
    throw new OpenampError('ERR_USAGE', `${what} is missing; see openamp ${command} --help`)
  }
  if (second !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      `expected one ${what}, found "${second}" too; see openamp ${command} --help`,
    )
  }
  return first
}
