/** What one repeat after the other has measured, of the thing itself and of what it is held against. */
export interface Measurement {
  readonly samples: readonly number[]
  readonly against?: { readonly name: string; readonly samples: readonly number[] } | undefined
  /** Why there is nothing to hold it against. */
  readonly note?: string | undefined
}

/** One number that the benchmarks report. */
export interface Figure {
  readonly name: string
  readonly unit: string
  measure(): Promise<Measurement>
}

/** A figure as it is printed. */
export interface Result {
  readonly figure: string
  readonly value: number
  readonly unit: string
  readonly against: string | null
  /** value ÷ the other's value. */
  readonly ratio: number | null
  /** (max − min) ÷ median over the repeats. */
  readonly spread: number
}

export function resultOf({ name, unit }: Figure, { samples, against }: Measurement): Result {
  const value = median(samples)
  return {
    figure: name,
    value,
    unit,
    against: against?.name ?? null,
    ratio: against === undefined ? null : value / median(against.samples),
    spread: value === 0 ? 0 : (Math.max(...samples) - Math.min(...samples)) / value,
  }
}

export function median(samples: Iterable<number>): number {
  const sorted = Float64Array.from(samples).sort()
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/**
 * Measures both sides `repeats` times, in turn, so that a busy moment of the machine hits both.
 * @returns the samples of the first and of the second
 */
export async function inTurn(
  repeats: number,
  first: () => number | Promise<number>,
  second: () => number | Promise<number>,
): Promise<[number[], number[]]> {
  const samples: [number[], number[]] = [[], []]
  for (let i = 0; i < repeats; i++) {
    samples[0].push(await first())
    samples[1].push(await second())
  }
  return samples
}
