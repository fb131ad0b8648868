import { cpus } from 'node:os'
import type { Result } from './figure.js'

/** The machine that the figures are of, in one line. */
export function describeMachine(): string {
  const [cpu] = cpus()
  const { node, v8 } = process.versions
  const count = cpus().length === 1 ? '1 core' : `${cpus().length} cores`
  const model = cpu?.model.trim() ?? 'unknown processor'
  return `${model}, ${count}; Node ${node} (V8 ${v8}), ${process.platform} ${process.arch}`
}

const WIDTHS = [9, 9, 8, 7] as const

/** A table of figures, printed row by row as they come. */
export class Table {
  readonly #nameWidth: number

  constructor(names: readonly string[]) {
    this.#nameWidth = Math.max(...names.map((name) => name.length))
  }

  heading(): string {
    return this.#line('figure', ['value', 'unit', 'ratio', 'spread'], 'against')
  }

  row({ figure, value, unit, against, ratio, spread }: Result, note = ''): string {
    const other = ratio === null ? note : `${against}: ${rounded(value / ratio)}`
    const cells = [rounded(value), unit, ratio?.toPrecision(3) ?? '-', `${rounded(spread * 100)} %`]
    return this.#line(figure, cells, other)
  }

  #line(name: string, [value = '', unit = '', ...rest]: readonly string[], last: string): string {
    const right = rest.map((cell, i) => cell.padStart(WIDTHS[i + 2] ?? 0))
    const cells = [value.padStart(WIDTHS[0]), unit.padEnd(WIDTHS[1]), ...right]
    return `${name.padEnd(this.#nameWidth)}${cells.join(' ')}  ${last}`.trimEnd()
  }
}

/** Three digits that mean something, and no exponent. */
function rounded(value: number): string {
  if (value > 0 && value < 0.1) return value.toPrecision(2)
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toFixed(decimals)
}
