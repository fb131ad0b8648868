import { expandImmediate } from './thumb32-data.js'

/** Gives the value of a field by its letter. */
export type Fields = (letter: string) => number

const registers = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'],
  ...['sl', 'fp', 'ip', 'sp', 'lr', 'pc'],
]

/** By their number; the last one says "always". */
export const conditions = [
  ...['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc'],
  ...['hi', 'ls', 'ge', 'lt', 'gt', 'le', 'al'],
]

const barriers = new Map([
  [15, 'sy'],
  [14, 'st'],
  [13, 'ld'],
  [11, 'ish'],
  [10, 'ishst'],
  [9, 'ishld'],
  [7, 'un'],
  [6, 'unst'],
  [5, 'nshld'],
  [3, 'osh'],
  [2, 'oshst'],
  [1, 'oshld'],
])

/** By SYSm. */
const specialRegisters = new Map([
  // objdump's word for APSR.
  ...['CPSR', 'IAPSR', 'EAPSR', 'PSR'].map((name, n) => [n, name] as const),
  ...['IPSR', 'EPSR', 'IEPSR', 'MSP', 'PSP', 'MSPLIM', 'PSPLIM'].map(
    (name, n) => [n + 5, name] as const,
  ),
  ...['PRIMASK', 'BASEPRI', 'BASEPRI_MAX', 'FAULTMASK', 'CONTROL'].map(
    (name, n) => [n + 16, name] as const,
  ),
  // Only of the other security state.
  [24, 'SP'],
])

const shifts = ['lsl', 'lsr', 'asr', 'ror']

export function registerName(number: number): string {
  return registers[number] ?? ''
}

function special(number: number): string {
  const bank = number & 0x80 ? '_NS' : ''
  const name = specialRegisters.get(number & 0x7f)
  return name === undefined ? `(UNDEF: ${number})` : `${name}${bank}`
}

const shift32 = (amount: number): number => (amount === 0 ? 32 : amount)

function listOf(mask: number): string {
  const named = registers.filter((_, n) => (mask >>> n) & 1)
  return `{${named.join(', ')}}`
}

/** `count` registers from `first` on. */
function rangeOf(letter: string, first: number, count: number): string {
  return count === 1 ? `{${letter}${first}}` : `{${letter}${first}-${letter}${first + count - 1}}`
}

function signed(f: Fields, factor: number): string {
  return `#${f('u') ? '' : '-'}${f('i') * factor}`
}

function offset(value: string): string {
  return value === '#0' ? '' : `, ${value}`
}

/** The target of a branch, whose offset has its sign at `signBit`. */
function target(pc: number, value: number, signBit: number): string {
  const shift = 31 - signBit
  return ((pc + 4 + ((value << shift) >> shift)) >>> 0).toString(16)
}

/** What the letters after IT are: `t` where the lowest bit of the condition stays, `e` else. */
function itBlock(condition: number, mask: number): string {
  let letters = ''
  for (let rest = mask; (rest & 7) !== 0; rest <<= 1) {
    letters += (rest >>> 3) % 2 === condition % 2 ? 't' : 'e'
  }
  return `${letters} ${conditions[condition] ?? ''}`
}

const single = (f: Fields, low: string, high: string): number => (f(low) << 1) | f(high)
const double = (f: Fields, low: string, high: string): number => (f(high) << 4) | f(low)

type Operand = (f: Fields, pc: number) => string

/** The operands that are more than a register or a number. */
export const operands: Readonly<Record<string, Operand>> = {
  // Immediates.
  shift32: (f) => `#${shift32(f('i'))}`,
  modified: (f) => `#${expandImmediate(f('i')) >>> 0}`,
  half: (f) => `#${(f('i') << 12) | f('j')}`,
  width: (f) => `#${f('w') - f('i') + 1}`,
  hex4: (f) => `0x${f('i').toString(16).padStart(4, '0')}`,
  decimal: (f) => String(f('i')),
  i: (f) => String(f('i')),
  braced: (f) => `{${f('i')}}`,
  index: (f) => `[${f('x')}]`,
  fraction16: (f) => `#${16 - single(f, 'i', 'I')}`,
  fraction32: (f) => `#${32 - single(f, 'i', 'I')}`,
  // Shifts of a register.
  shift: (f) => {
    const amount = f('i')
    const kind = f('t')
    if (kind === 0) return amount === 0 ? '' : `, lsl #${amount}`
    if (kind === 3 && amount === 0) return ', rrx'
    return `, ${shifts[kind] ?? ''} #${shift32(amount)}`
  },
  saturated: (f) => {
    const amount = f('i')
    if (f('t')) return `, asr #${shift32(amount)}`
    return amount === 0 ? '' : `, lsl #${amount}`
  },
  rotation: (f) => (f('r') === 0 ? '' : `, ror #${8 * f('r')}`),
  // Addresses.
  offset: (f) => offset(`#${f('i')}`),
  less: (f) => (f('i') === 0 ? '' : `, #-${f('i')}`),
  words: (f) => offset(`#${4 * f('i')}`),
  wordsOr0: (f) => offset(signed(f, 4)),
  signed: (f) => signed(f, 1),
  signedAfter: (f) => (f('i') === 0 ? '#0' : signed(f, 1)),
  signedWords: (f) => signed(f, 4),
  // Branches.
  condition: (f) => conditions[f('c')] ?? '',
  shortBranch: (f, pc) => target(pc, f('i') << 1, 8),
  middleBranch: (f, pc) => target(pc, f('i') << 1, 11),
  zeroBranch: (f, pc) => (((pc + 4) >>> 0) + (f('i') << 1)).toString(16),
  conditionalBranch: (f, pc) =>
    target(pc, (f('S') << 20) | (f('K') << 19) | (f('J') << 18) | (f('i') << 1), 20),
  longBranch: (f, pc) => {
    const [s, j1, j2] = [f('S'), f('J'), f('K')]
    const high = (s << 24) | ((~(j1 ^ s) & 1) << 23) | ((~(j2 ^ s) & 1) << 22)
    return target(pc, high | (f('i') << 1), 24)
  },
  it: (f) => itBlock(f('c'), f('m')),
  // Lists.
  list: (f) => listOf(f('l')),
  pushed: (f) => listOf(f('l') | (f('x') << 14)),
  popped: (f) => listOf(f('l') | (f('x') << 15)),
  loaded: (f) => `${registerName(f('n'))}${(f('l') >>> f('n')) & 1 ? '' : '!'}`,
  floats: (f) => rangeOf('s', single(f, 'd', 'D'), f('i')),
  doubles: (f) => rangeOf('d', double(f, 'd', 'D'), f('i')),
  // Registers of floating point.
  sd: (f) => `s${single(f, 'd', 'D')}`,
  sn: (f) => `s${single(f, 'n', 'N')}`,
  sm: (f) => `s${single(f, 'm', 'M')}`,
  nextSm: (f) => `s${single(f, 'm', 'M') + 1}`,
  dd: (f) => `d${double(f, 'd', 'D')}`,
  dn: (f) => `d${double(f, 'n', 'N')}`,
  dm: (f) => `d${double(f, 'm', 'M')}`,
  // The system.
  barrier: (f) => barriers.get(f('o')) ?? `#${f('o')}`,
  interrupts: (f) => [...'aif'].filter((letter) => f(letter)).join(''),
  special: (f) => special(f('s')),
  written: (f) => {
    const number = f('s')
    const fields = `_${f('m') & 2 ? 'f' : ''}${f('m') & 1 ? 's' : ''}`
    return `${special(number)}${number === 0 ? fields : ''}`
  },
}
