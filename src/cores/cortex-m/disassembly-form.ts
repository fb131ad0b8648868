/**
 * One way to write an instruction: its bits, from the highest on, and its text.
 *
 * Of the bits, 0 and 1 make the instruction out, `-` can be either, and a letter stands for a field
 * (whose bits can stand apart, the highest first). In the text:
 *
 *     ?    the condition, in an IT block
 *     ~    the condition in an IT block, `s` outside of one
 *     {d}  the core register with the number in field d
 *     {#i} {#i*4} {#i+1}  an immediate, unsigned, in decimal
 *     {name}  an operand of `operands` in disassembly-operands.ts
 *     [x:…|…]  one of several words, by field x
 */
export type Form = readonly [bits: string, text: string]

/** A form whose bits are taken apart. */
export interface Pattern {
  readonly match: number
  readonly mask: number
  readonly text: string
  /** Of each field, where its bits stand, the highest first. */
  readonly fields: ReadonlyMap<string, readonly number[]>
}

export function patternOf([bits, text]: Form): Pattern {
  const all = [...bits.replaceAll(' ', '')]
  let match = 0
  let mask = 0
  const fields = new Map<string, number[]>()
  for (const [n, bit] of all.entries()) {
    const at = all.length - 1 - n
    if (bit === '0' || bit === '1') {
      mask |= 1 << at
      if (bit === '1') match |= 1 << at
    } else if (bit !== '-') {
      fields.set(bit, [...(fields.get(bit) ?? []), at])
    }
  }
  return { match, mask, text, fields }
}

/** The value of the field named by a letter; 0 for a field that there is not. */
export function fieldOf({ fields }: Pattern, letter: string, bits: number): number {
  return (fields.get(letter) ?? []).reduce((value, at) => (value << 1) | ((bits >>> at) & 1), 0)
}

/** Patterns by the highest eight bits of what they match, the most telling ones first. */
export class PatternIndex {
  readonly #rows: readonly (readonly Pattern[])[]
  readonly #patterns: readonly Pattern[]

  constructor(forms: readonly Form[], width: 16 | 32) {
    this.#patterns = forms.map(patternOf)
    this.#rows = Array.from({ length: 256 }, (_, high) => {
      const shifted = high << (width - 8)
      const highest = 0xff << (width - 8)
      return this.#patterns.filter(({ match, mask }) => ((match ^ shifted) & mask & highest) === 0)
    })
  }

  /** @param high the highest eight of `bits` */
  find(bits: number, high: number): Pattern | undefined {
    return this.#rows[high]?.find(({ match, mask }) => ((bits ^ match) & mask) === 0)
  }
}
