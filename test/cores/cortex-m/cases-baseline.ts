import { Random } from '../random.js'
import * as asm from './assembler.js'
import { addresses, type Case, type Layout, NOWHERE } from './harness.js'
import { dsp, fill, integer, narrow, type Pattern, single } from './patterns.js'
import { flags, registers } from './values.js'

/** What there is to compare of an ARMv6-M core: it has the 16-bit instructions, and six longer ones. */

type Valid = Pattern['valid']

/** N, Z, C and V: the others are not there. */
const CONDITIONS = 0xf000_0000

function conditionFlags(random: Random): number {
  return (flags(random) & CONDITIONS) >>> 0
}

const some: Valid = (field) => field('l') !== 0

/** Loads and stores with r7 as base and r6 as offset, or with SP. */
const accesses: readonly Pattern[] = [
  { name: 'STR imm5', bits: '01100 0iiii 111 ddd' },
  { name: 'LDR imm5', bits: '01101 0iiii 111 ddd' },
  { name: 'STRB imm5', bits: '01110 iiiii 111 ddd' },
  { name: 'LDRB imm5', bits: '01111 iiiii 111 ddd' },
  { name: 'STRH imm5', bits: '10000 iiiii 111 ddd' },
  { name: 'LDRH imm5', bits: '10001 iiiii 111 ddd' },
  { name: 'register offset', bits: '0101 ooo 110 111 ddd' },
  { name: 'STM', bits: '11000 111 0 lllllll', valid: some },
  { name: 'LDM', bits: '11001 111 llllllll', valid: some },
  { name: 'PUSH', bits: '1011010 k llllllll', valid: (field) => field('l') + field('k') !== 0 },
  { name: 'POP', bits: '10111100 llllllll', valid: some },
  { name: 'STR SP', bits: '10010 ddd 000 iiiii' },
  { name: 'LDR SP', bits: '10011 ddd 000 iiiii' },
  { name: 'LDR pc', bits: '01001 ddd iiiiiiii' },
  { name: 'ADD SP, imm', bits: '10110000 0000 iiii' },
  { name: 'SUB SP, imm', bits: '10110000 1000 iiii' },
]

/** MOV r7, r8, which points into the scratch memory, and MOVS r6, #imm. */
function bases(random: Random, offset = random.below(32)): number[] {
  return [0x4647, 0x2600 | offset]
}

function hexadecimal(code: readonly number[]): string {
  return code.map((half) => half.toString(16).padStart(4, '0')).join(' ')
}

/** Every 16-bit instruction that works on registers, `times` times. */
export function baselineRegisterCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const sets = Array.from({ length: 60 }, () => registers(random, layout.ram))
  return narrow.flatMap((pattern) =>
    Array.from({ length: times }, (): Case => {
      const code = fill(pattern, random)
      return {
        name: `${pattern.name} ${hexadecimal(code)}`,
        ...{
          code,
          registers: sets[random.below(sets.length)] ?? [],
          flags: conditionFlags(random),
        },
      }
    }),
  )
}

/** Loads and stores, aligned, misaligned (all of these fault), and where nothing answers. */
export function baselineMemoryCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const sets = Array.from({ length: 40 }, () => registers(random, layout.ram))
  const cases: Case[] = []
  for (const pattern of accesses) {
    for (let i = 0; i < times; i++) {
      const skew = i % 4 === 1 ? [0x3700 | (1 + random.below(3))] : []
      const code = [...bases(random), ...skew, ...fill(pattern, random)]
      const set = sets[random.below(sets.length)] ?? []
      cases.push({
        name: `${pattern.name} ${hexadecimal(code)}`,
        code,
        registers: i % 5 === 4 ? set.with(8, NOWHERE) : set,
        flags: conditionFlags(random),
      })
    }
  }
  return cases
}

/** Branches with and without link, to all kinds of targets. */
export function baselineBranchCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const { slot } = addresses(layout.ram)
  const base = registers(random, layout.ram)
  const straight: readonly Pattern[] = [
    { name: 'B cond', bits: '1101 cccc iiiiiiii', valid: (field) => field('c') < 14 },
    { name: 'B', bits: '11100 iiiiiiiiiii' },
    {
      name: 'BL',
      bits: '11110 s iiiiiiiiii 11 111 lllllllllll',
      valid: (field) => (field('s') === 1 ? field('i') > 0x3f0 : field('i') < 0x0f),
    },
  ]
  const cases = straight.flatMap((pattern) =>
    Array.from({ length: times * 4 }, (): Case => {
      const code = fill(pattern, random)
      const name = `${pattern.name} ${hexadecimal(code)}`
      return { name, code, registers: base, flags: conditionFlags(random) }
    }),
  )
  const jumps: readonly (readonly [string, readonly number[]])[] = [
    ['BX', [0x4700]],
    ['BLX', [0x4780]],
    ['MOV pc', [0x4687]],
    ['POP pc', [0xb401, 0xbd00]],
    ['PUSH LR and POP pc', [0x4686, 0xb510, 0xbd08]],
  ]
  // Not EXC_RETURN: QEMU's nRF51 answers fetches up there, with instructions of zeros.
  const targets = [slot + 0x41, slot + 0x40, slot + 0x101, NOWHERE + 1]
  for (const target of targets) {
    for (const [name, code] of jumps) {
      const set = base.with(0, target)
      cases.push({ name: `${name} to ${target.toString(16)}`, code, registers: set })
    }
  }
  const stack: readonly (readonly [string, readonly number[]])[] = [
    ['ADD SP, r0', [0x4485]],
    ['MOV SP, r8', [0x46c5]],
    ['MOV r0, SP', [0x4668]],
    ['ADD r0, SP', [0x4468]],
    ['ADD pc, r0', [0x4487]],
  ]
  for (const [name, code] of stack) cases.push({ name, code, registers: base.with(0, 0x20) })
  return cases
}

/** Special registers, CPS, hints, barriers, and faults. */
export function baselineSystemCases(layout: Layout): Case[] {
  const random = new Random(1)
  const set = registers(random, layout.ram).with(0, 0xa5a5_a5a4)
  const cases: Case[] = []
  const add = (name: string, ...code: (number | number[])[]): void => {
    cases.push({ name, code: code.flat(), registers: set, flags: conditionFlags(random) })
  }
  for (const number of [0, 1, 2, 3, 5, 6, 7, 9, 16, 20]) add(`MRS ${number}`, asm.mrs(1, number))
  for (const number of [0, 1, 2, 3, 5, 6, 7]) {
    add(`MSR ${number} and back`, asm.msr(number, 0), asm.mrs(1, number))
  }
  for (const value of [0, 1, 2, 0xff]) {
    add(`PRIMASK of ${value}`, 0x2000 | value, asm.msr(16, 0), asm.mrs(1, 16))
  }
  add('CPSID i', 0xb672, asm.mrs(1, 16), 0xb662, asm.mrs(2, 16))
  for (const hint of [0xbf00, 0xbf10, 0xbf40]) add(`hint ${hint.toString(16)}`, hint)
  for (const barrier of [0x8f4f, 0x8f5f, 0x8f6f]) add(`barrier ${barrier}`, [0xf3bf, barrier])
  for (const half of [0xde12, 0xba80]) add(`undefined ${half.toString(16)}`, half)
  add('UDF.W', [0xf7f0, 0xa000])
  cases.push({
    name: 'SVC behind PRIMASK',
    code: [0xb672, 0xdf07],
    registers: set,
    // QEMU returns behind the instruction, the manual to it (ReturnAddress() of a precise HardFault).
    ignore: ['pc', 'memory at scratch + 120'],
  })
  return cases
}

/** 16-bit instructions of larger profiles, which QEMU's Cortex-M0 executes and ARMv6-M has not. */
export function baselineUndefinedCases(layout: Layout): Case[] {
  const set = registers(new Random(1), layout.ram)
  const halves = [0xb100, 0xb900, 0xb31a, 0xbbae, 0xbf08, 0xbfe8, 0xb661, 0xb671, 0xb673]
  return halves.map((half) => ({ name: half.toString(16), code: [half], registers: set }))
}

/** True for what would end the run, wait, or is unpredictable on ARMv6-M. */
function untamed(half: number): boolean {
  return (
    // Addresses of two registers could be anywhere.
    half >>> 12 === 5 ||
    // BKPT, hints, POP of a pc that nobody has put there.
    [0xbe, 0xbf, 0xbd].includes(half >>> 8) ||
    // ADD, CMP, MOV, BX of SP or pc, or with bits that should be zero.
    half >>> 10 === 0x11 ||
    // CBZ and CBNZ, SETEND, CPS of anything but I: QEMU has them. PUSH, POP, LDM and STM of nothing.
    (half & 0xf500) === 0xb100 ||
    (half >>> 8 === 0xb6 && half !== 0xb662 && half !== 0xb672) ||
    [0xb400, 0xbc00].includes(half) ||
    (half >>> 12 === 0xc && (half & 0xff) === 0) ||
    // SVC, to which the harness has no answer but its own.
    half >>> 8 === 0xdf
  )
}

/** 16-bit encodings by chance, and instructions of larger profiles: none of these is there. */
export function baselineEncodingCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const { scratch } = addresses(layout.ram)
  const set = Array.from({ length: 14 }, (_, i) =>
    i % 2 === 0 ? scratch + 0x40 + 8 * i : NOWHERE + 4 * i,
  )
  const cases: Case[] = []
  const add = (name: string, code: readonly number[]): void => {
    cases.push({ name: `${name} ${hexadecimal(code)}`, code, registers: set })
  }
  while (cases.length < times) {
    const half = random.below(0xe800)
    if (!untamed(half)) add('encoding', [half])
  }
  for (const pattern of [...integer, ...dsp, ...single]) {
    for (let i = 0; i < 4; i++) add(pattern.name, fill(pattern, random))
  }
  return cases
}

/** Words of scratch memory that a random sequence works on. */
export const BASELINE_SCRATCH_WORDS = 64

/** A sequence of about a hundred instructions. @returns how many those are at least */
export function baselineSequence(
  layout: Layout,
  random: Random,
  name: string,
): { readonly test: Case; readonly instructions: number } {
  const pieces = Array.from({ length: 80 + random.below(40) }, (): readonly number[] | 'branch' => {
    const choice = random.below(8)
    if (choice === 0) return 'branch'
    if (choice > 2) return fill(random.pick(narrowOnes), random)
    const pattern = random.pick(kept)
    return [...bases(random, 4 * random.below(8)), ...fill(pattern, random)]
  })
  const code: number[] = []
  let instructions = 0
  pieces.forEach((piece, i) => {
    if (piece !== 'branch') {
      code.push(...piece)
      instructions += piece.length
      return
    }
    // Over at most five pieces: not further than a conditional branch reaches.
    const over = pieces.slice(i + 1, i + 1 + random.below(6))
    const halves = over.reduce((sum, each) => sum + (each === 'branch' ? 1 : each.length), 0)
    code.push(halves === 0 ? asm.nop : 0xd000 | (random.below(14) << 8) | (halves - 1))
    instructions++
  })
  const set = registers(random, layout.ram)
  return { test: { name, code, registers: set, flags: conditionFlags(random) }, instructions }
}

const narrowOnes = narrow as [Pattern, ...Pattern[]]
/** Accesses that neither fault nor move SP or r7 away. */
const kept = accesses.filter(({ name }) => /imm5|^register|^STM|^STR SP|^LDR SP/.test(name)) as [
  Pattern,
  ...Pattern[],
]
