/** What a step reads: a register by its number, or a value of 32 bits. */
export type Operand = { readonly register: number } | { readonly value: number }

/** Comparisons of two words: `ltu` and the like of unsigned ones. */
export type Test = 'eq' | 'ne' | 'lt' | 'ge' | 'ltu' | 'geu' | 'gt' | 'le' | 'gtu' | 'leu'

/**
 * What an instruction does, as far as loops that wait need it. One that does anything else is not part
 * of such a loop.
 */
export type Step =
  /** `to` = a + b, or a - b */
  | {
      readonly kind: 'sum'
      readonly to: number
      readonly a: Operand
      readonly b: Operand
      readonly minus: boolean
    }
  /** the upper half of `to` = that of `value` */
  | { readonly kind: 'upper half'; readonly to: number; readonly value: number }
  /** a word at `base` + `offset` */
  | {
      readonly kind: 'load'
      readonly to: number
      readonly base: Operand
      readonly offset: number
    }
  | {
      readonly kind: 'store'
      readonly from: Operand
      readonly base: Operand
      readonly offset: number
    }
  /** a register of the core's that counts, which `read` of the core says more of */
  | { readonly kind: 'read'; readonly to: number; readonly counter: number }
  /** `to` = a < b ? 1 : 0, of unsigned numbers */
  | { readonly kind: 'less'; readonly to: number; readonly a: Operand; readonly b: Operand }
  /** a jump to an address that must be the same each time */
  | { readonly kind: 'jump'; readonly to: Operand }
  /** the flags are those of a - b; `result` where they are only those of a result `a`, with b = 0 */
  | {
      readonly kind: 'flags'
      readonly a: Operand
      readonly b: Operand
      readonly result: boolean
    }
  /** the loop goes on where the test holds */
  | { readonly kind: 'stay'; readonly test: Test; readonly a: Operand; readonly b: Operand }
  /** the same for what set the flags last; 'mi' and 'pl' are for the sign of a - b */
  | { readonly kind: 'stay on flags'; readonly test: Test | 'mi' | 'pl' }

/** The test that holds where the other does not. */
export const opposite: Readonly<Record<Test, Test>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  ge: 'lt',
  ltu: 'geu',
  geu: 'ltu',
  gt: 'le',
  le: 'gt',
  gtu: 'leu',
  leu: 'gtu',
}
