import type { Counting } from '../core.js'
import { combine, type Progress, roundsWhile } from './progress.js'
import type { Operand, Step, Test } from './step.js'

/** The state that a loop works on, before the first of its steps. */
export interface LoopState {
  register(number: number): number
  /**
   * Where the word at `address` is, one number for all addresses that lead there; undefined where it is
   * not aligned, or no memory is there.
   */
  locate(address: number): number | undefined
  word(location: number): number
  /** The register at `address` beyond memory that counts; undefined where none is. */
  counting(address: number): Counting | undefined
  /** The core's own counter of that number. */
  counter(number: number): Counting | undefined
  readonly cycle: number
}

/** How a loop goes on. */
export interface Rounds {
  /** So many rounds are certainly run to their end, and a further one begun; Infinity: for ever. */
  readonly count: number
  /** What each round adds to a register, or to the word at a location. */
  readonly registers: ReadonlyMap<number, number>
  readonly words: ReadonlyMap<number, number>
  /** The loop reads or writes memory. */
  readonly memory: boolean
}

/** A place where a value is: a register by its number, or a word of memory by its location above this. */
type Place = number
const WORD = 0x1000

/** A value in terms of what was in a place before the round (`of`; undefined: a constant). */
interface Symbolic {
  readonly of: Place | undefined
  readonly add: number
}

/** Something else: it must not be what the next round begins with, or is decided on. */
const MIXED = 'mixed'

/**
 * How many rounds a loop runs, of which each leaves constant amounts more in some places and nothing
 * else to the next round.
 * @param steps of one round, in their order
 * @param length instructions of a round
 * @returns undefined where it is not such a loop
 */
export function roundsOf(
  steps: readonly Step[],
  length: number,
  state: LoopState,
): Rounds | undefined {
  const places = new Places(state)
  const amounts = amountsOf(steps, places)
  if (amounts === undefined) return undefined
  const count = countOf(steps, length, places, amounts)
  if (count === undefined) return undefined
  const registers = new Map<number, number>()
  const words = new Map<number, number>()
  for (const [place, amount] of amounts) {
    if (amount === 0) continue
    if (place < WORD) registers.set(place, amount)
    else words.set(place - WORD, amount)
  }
  const memory = steps.some(({ kind }) => kind === 'load' || kind === 'store')
  return { count, registers, words, memory }
}

class Places {
  readonly state: LoopState

  constructor(state: LoopState) {
    this.state = state
  }

  /** What is there before the round. */
  value(place: Place): number {
    if (place < WORD) return this.state.register(place)
    return this.state.word(place - WORD)
  }

  /** The word at `address`; undefined where there is none. */
  at(address: number): Place | undefined {
    const location = this.state.locate(address | 0)
    return location === undefined ? undefined : WORD + location
  }
}

/** What a round adds to each place that the next one reads; undefined where it does something else. */
function amountsOf(steps: readonly Step[], places: Places): Map<Place, number> | undefined {
  const values = new Map<Place, Symbolic | typeof MIXED>()
  const carried = new Set<Place>()
  const addresses = new Set<Place>()

  const read = (place: Place): Symbolic | typeof MIXED => {
    const value = values.get(place)
    if (value !== undefined) return value
    carried.add(place)
    return { of: place, add: 0 }
  }
  const operand = (from: Operand): Symbolic | typeof MIXED =>
    'register' in from ? read(from.register) : { of: undefined, add: from.value }
  const addressOf = (base: Operand, offset: number): number | undefined => {
    const value = operand(base)
    if (value === MIXED) return undefined
    if (value.of !== undefined) addresses.add(value.of)
    const origin = value.of === undefined ? 0 : places.value(value.of)
    return (origin + value.add + offset) | 0
  }

  for (const step of steps) {
    switch (step.kind) {
      case 'sum':
        values.set(step.to, sum(operand(step.a), operand(step.b), step.minus))
        break
      case 'upper half': {
        const before = read(step.to)
        const constant = before !== MIXED && before.of === undefined
        const add = constant ? upperHalf(before.add, step.value) : 0
        values.set(step.to, constant ? { of: undefined, add } : MIXED)
        break
      }
      case 'load': {
        const address = addressOf(step.base, step.offset)
        if (address === undefined) return undefined
        const place = places.at(address)
        if (place !== undefined) values.set(step.to, read(place))
        else if (places.state.counting(address) === undefined) return undefined
        else values.set(step.to, MIXED)
        break
      }
      case 'read':
        values.set(step.to, MIXED)
        break
      case 'less':
        operand(step.a)
        operand(step.b)
        values.set(step.to, MIXED)
        break
      case 'jump':
        operand(step.to)
        break
      case 'store': {
        const address = addressOf(step.base, step.offset)
        const place = address === undefined ? undefined : places.at(address)
        if (place === undefined) return undefined
        values.set(place, operand(step.from))
        break
      }
      case 'flags':
      case 'stay':
        // What decides is carried from round to round as what is computed.
        operand(step.a)
        operand(step.b)
        break
      case 'stay on flags':
        break
    }
  }

  const amounts = new Map<Place, number>()
  for (const [place, value] of values) {
    if (!carried.has(place)) continue
    if (value === MIXED || value.of !== place) return undefined
    amounts.set(place, value.add)
  }
  for (const place of addresses) if ((amounts.get(place) ?? 0) !== 0) return undefined
  return amounts
}

function sum(
  a: Symbolic | typeof MIXED,
  b: Symbolic | typeof MIXED,
  minus: boolean,
): Symbolic | typeof MIXED {
  if (a === MIXED || b === MIXED) return MIXED
  if (b.of === undefined) return { of: a.of, add: (minus ? a.add - b.add : a.add + b.add) | 0 }
  if (a.of === undefined && !minus) return { of: b.of, add: (a.add + b.add) | 0 }
  return MIXED
}

/** The rounds for which every decision is certainly to stay; undefined where one is beyond this. */
function countOf(
  steps: readonly Step[],
  length: number,
  places: Places,
  amounts: ReadonlyMap<Place, number>,
): number | undefined {
  const values = new Map<Place, Progress>()
  let flags: { readonly a: Progress; readonly b: Progress; readonly result: boolean } | undefined
  let count = Number.POSITIVE_INFINITY
  let slack = 0

  const read = (place: Place): Progress =>
    values.get(place) ?? { base: places.value(place), step: amounts.get(place) ?? 0 }
  const operand = (from: Operand): Progress =>
    'register' in from ? read(from.register) : { base: from.value, step: 0 }
  const put = (place: Place, value: Progress | undefined): boolean => {
    if (value !== undefined) values.set(place, value)
    return value !== undefined
  }
  const addressOf = (base: Operand, offset: number): number => (operand(base).base + offset) | 0
  /** It is read once a round, at most a round later than now. */
  const clockOf = (counting: Counting | undefined): Progress | undefined => {
    if (counting === undefined) return undefined
    const { value, perCycle, until } = counting
    slack = 1
    count = Math.min(count, Math.floor((until - places.state.cycle) / length))
    return { base: value | 0, step: perCycle * length, clock: true }
  }

  for (const step of steps) {
    switch (step.kind) {
      case 'sum':
        if (!put(step.to, combine(operand(step.a), operand(step.b), step.minus))) return undefined
        break
      case 'upper half': {
        const before = read(step.to)
        if (before.step !== 0) return undefined
        values.set(step.to, { base: upperHalf(before.base, step.value), step: 0 })
        break
      }
      case 'load': {
        const address = addressOf(step.base, step.offset)
        const place = places.at(address)
        const value = place === undefined ? clockOf(places.state.counting(address)) : read(place)
        if (!put(step.to, value)) return undefined
        break
      }
      case 'read':
        if (!put(step.to, clockOf(places.state.counter(step.counter)))) return undefined
        break
      case 'store':
        values.set(places.at(addressOf(step.base, step.offset)) ?? WORD, operand(step.from))
        break
      case 'jump':
        if (operand(step.to).step !== 0) return undefined
        break
      case 'less': {
        const [a, b] = [operand(step.a), operand(step.b)]
        const less = roundsWhile('ltu', a, b)
        const not = roundsWhile('geu', a, b)
        if (less === undefined || not === undefined) return undefined
        count = Math.min(count, Math.max(less, not))
        values.set(step.to, { base: less > 0 ? 1 : 0, step: 0 })
        break
      }
      case 'flags':
        flags = { a: operand(step.a), b: operand(step.b), result: step.result }
        break
      case 'stay': {
        const rounds = roundsWhile(step.test, operand(step.a), operand(step.b))
        if (rounds === undefined) return undefined
        count = Math.min(count, rounds)
        break
      }
      case 'stay on flags': {
        const rounds = flags === undefined ? undefined : roundsOnFlags(step.test, flags)
        if (rounds === undefined) return undefined
        count = Math.min(count, rounds)
        break
      }
    }
  }
  return Math.max(0, count - slack)
}

function upperHalf(before: number, value: number): number {
  return (before & 0xffff) | (value & 0xffff_0000)
}

const ZERO: Progress = { base: 0, step: 0 }

function roundsOnFlags(
  test: Test | 'mi' | 'pl',
  { a, b, result }: { readonly a: Progress; readonly b: Progress; readonly result: boolean },
): number | undefined {
  // N and Z are of the difference; carry and overflow say nothing where there was none.
  if (test === 'mi' || test === 'pl') {
    const difference = combine(a, b, true)
    if (difference === undefined) return undefined
    return roundsWhile(test === 'mi' ? 'lt' : 'ge', difference, ZERO)
  }
  if (result && test !== 'eq' && test !== 'ne') return undefined
  return roundsWhile(test, a, b)
}
