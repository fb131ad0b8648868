import { Random } from '../random.js'
import { type Case, type Layout, NOWHERE } from './harness.js'
import { fill, type Pattern } from './patterns.js'
import { flags, floats, registers } from './values.js'

/** Words of scratch memory that these cases reach. */
export const SCRATCH_WORDS = 64

type Valid = Pattern['valid']

function ones(value: number): number {
  let count = 0
  for (let rest = value; rest !== 0; rest &= rest - 1) count++
  return count
}

const any: Valid = () => true
const indexes: Valid = (field) => field('w') === 1 || (field('p') === 1 && field('u') === 0)
const apart: Valid = (field) => field('d') !== field('h') && (field('p') === 1 || field('w') === 1)
const several: Valid = (field) => ones(field('l')) > 1
const some: Valid = (field) => field('l') !== 0

/** Based on r8, which points into the middle of the scratch memory; `l` is a list of r0 to r7. */
const wide: readonly (readonly [string, string, Valid])[] = [
  ['STRB', '111110001000 1000 dddd 000000 iiiiii', any],
  ['LDRB', '111110001001 1000 dddd 000000 iiiiii', any],
  ['STRH', '111110001010 1000 dddd 000000 iiiiii', any],
  ['LDRH', '111110001011 1000 dddd 000000 iiiiii', any],
  ['STR', '111110001100 1000 dddd 000000 iiiiii', any],
  ['LDR', '111110001101 1000 dddd 000000 iiiiii', any],
  ['LDRSB', '111110011001 1000 dddd 000000 iiiiii', any],
  ['LDRSH', '111110011011 1000 dddd 000000 iiiiii', any],
  ['STRB indexed', '111110000000 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDRB indexed', '111110000001 1000 dddd 1puw 00 iiiiii', indexes],
  ['STRH indexed', '111110000010 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDRH indexed', '111110000011 1000 dddd 1puw 00 iiiiii', indexes],
  ['STR indexed', '111110000100 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDR indexed', '111110000101 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDRSB indexed', '111110010001 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDRSH indexed', '111110010011 1000 dddd 1puw 00 iiiiii', indexes],
  ['LDRT, STRT', '11111000010l 1000 dddd 1110 00 iiiiii', any],
  ['LDRBT, STRBT', '11111000000l 1000 dddd 1110 00 iiiiii', any],
  ['LDRHT, STRHT', '11111000001l 1000 dddd 1110 00 iiiiii', any],
  ['LDRD', '1110100 pu1w1 1000 dddd hhhh 0000 iiii', apart],
  ['STRD', '1110100 pu1w0 1000 dddd hhhh 0000 iiii', apart],
  ['LDMIA', '1110100010 w1 1000 00000000 llllllll', several],
  ['STMIA', '1110100010 w0 1000 00000000 llllllll', several],
  ['LDMDB', '1110100100 w1 1000 00000000 llllllll', several],
  ['STMDB', '1110100100 w0 1000 00000000 llllllll', several],
  ['PUSH.W', '111010010010 1101 00000000 llllllll', several],
  ['POP.W', '111010001011 1101 00000000 llllllll', several],
  ['LDREX', '111010000101 1000 dddd 1111 0000iiii', any],
  ['LDREXB', '111010001101 1000 dddd 1111 0100 1111', any],
  ['LDREXH', '111010001101 1000 dddd 1111 0101 1111', any],
  ['LDR literal', '11111000 u1011111 dddd 0 iiiiiiiiiii', any],
  ['LDRB literal', '11111000 u0011111 dddd 0 iiiiiiiiiii', any],
  ['LDRSH literal', '11111001 u0111111 dddd 0 iiiiiiiiiii', any],
  ['LDRD literal', '11101001 u1011111 dddd hhhh iiiiiiii', (field) => field('d') !== field('h')],
  ['PUSH', '1011010 k llllllll', some],
  ['POP', '10111100 llllllll', some],
  ['STR SP', '10010 ddd 000 iiiii', any],
  ['LDR SP', '10011 ddd 000 iiiii', any],
  ['LDR pc', '01001 ddd iiiiiiii', any],
]

/** With r7 and r6 as base and offset: the cases set them before. */
const narrow: readonly (readonly [string, string, Valid])[] = [
  ['STR imm5', '01100 0iiii 111 ddd', any],
  ['LDR imm5', '01101 0iiii 111 ddd', any],
  ['STRB imm5', '01110 iiiii 111 ddd', any],
  ['LDRB imm5', '01111 iiiii 111 ddd', any],
  ['STRH imm5', '10000 iiiii 111 ddd', any],
  ['LDRH imm5', '10001 iiiii 111 ddd', any],
  ['register offset', '0101 ooo 110 111 ddd', any],
  ['STM', '11000 111 0 lllllll', some],
  ['LDM', '11001 111 llllllll', some],
  ['register offset.W', '1111100 s0 tt l 1000 dddd 000000 0k 0110', wideOffset],
]

function wideOffset(field: (letter: string) => number): boolean {
  return field('t') !== 3 && (field('s') === 0 || (field('l') === 1 && field('t') !== 2))
}

const floating: readonly (readonly [string, string, Valid])[] = [
  ['VLDR, VSTR', '11101101 up0l 1000 wwww 1010 0000 iiii', any],
  ['VLDR.64, VSTR.64', '11101101 u00l 1000 wwww 1011 0000 iiii', any],
  ['VLDM, VSTM', '11101100 10wl 1000 0ddd 1010 0000 1iii', any],
  ['VLDM.64, VSTM.64', '11101100 10wl 1000 0ddd 1011 0000 1ii0', any],
  ['VLDMDB, VSTMDB', '11101101 001l 1000 0ddd 1010 0000 0iii', (field) => field('i') !== 0],
  ['VPUSH', '11101101 00101101 0ddd 1010 0000 1iii', any],
  ['VPOP', '11101100 10111101 0ddd 1011 0000 1ii0', any],
  ['VMOV of two', '11101100 0100 nnnn dddd 1010 00q1 0xxx', any],
  ['VMOV to two', '11101100 0101 hhhh dddd 1010 00q1 0xxx', (field) => field('d') !== field('h')],
  ['VMOV of a double', '11101100 0100 nnnn dddd 1011 0001 xxxx', any],
  [
    'VMOV to two of a double',
    '11101100 0101 hhhh dddd 1011 0001 xxxx',
    (field) => field('d') !== field('h'),
  ],
]

const MOV_R7_R8 = 0x4647

/** Loads and stores in scratch memory, at any alignment; and some where nothing answers. */
export function memoryCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const sets = Array.from({ length: 40 }, () => registers(random, layout.ram))
  const lost = sets.slice(0, 4).map((set) => set.with(8, NOWHERE))
  const floatSet = floats(random, false)
  const cases: Case[] = []
  const add = (name: string, code: readonly number[], i: number): void => {
    const nowhere = i % 5 === 4
    cases.push({
      name: `${name} ${code.map((half) => half.toString(16).padStart(4, '0')).join(' ')}`,
      code,
      registers: (nowhere ? lost : sets)[random.below(nowhere ? 4 : 40)] ?? [],
      flags: flags(random),
      // UNALIGN_TRP in some.
      ccr: i % 3 === 2 ? 0x208 : 0x200,
      ...(layout.fpu ? { floats: floatSet } : {}),
      // QEMU reaches for both words of a double at once, and tells of their common address.
      ...(name.startsWith('VLDR.64') ? { ignore: ['bfar'] } : {}),
    })
  }
  const misalign = (i: number): number[] => (i % 4 === 1 ? [0xf108, 0x0801 + random.below(3)] : [])
  for (const [name, bits, valid] of layout.fpu ? [...wide, ...floating] : wide) {
    for (let i = 0; i < times; i++) {
      const pattern = valid === undefined ? { name, bits } : { name, bits, valid }
      add(name, [...misalign(i), ...fill(pattern, random)], i)
    }
  }
  for (const [name, bits, valid] of narrow) {
    for (let i = 0; i < times; i++) {
      const pattern = valid === undefined ? { name, bits } : { name, bits, valid }
      const offset = 0x2600 | random.below(32)
      add(name, [...misalign(i), MOV_R7_R8, offset, ...fill(pattern, random)], i)
    }
  }
  return cases
}

/** Exclusive pairs: whole, with another address, with CLREX or a plain store between. */
export function exclusiveCases(layout: Layout): Case[] {
  const set = registers(new Random(1), layout.ram)
  const ldrex = [0xe858, 0x0f00]
  const strex = [0xe848, 0x1200]
  const between: readonly (readonly [string, readonly number[]])[] = [
    ['nothing', []],
    ['CLREX', [0xf3bf, 0x8f2f]],
    ['another register', [0x3101]],
    ['a second STREX', strex],
    ['a second LDREX elsewhere', [0xe858, 0x3f01]],
  ]
  const cases = between.map(([name, code]): Case => {
    return { name: `exclusive, ${name}`, code: [...ldrex, ...code, ...strex], registers: set }
  })
  for (const [size, op] of [
    ['byte', 0x4f],
    ['half', 0x5f],
  ] as const) {
    const store = op & 0xf0
    cases.push({
      name: `exclusive ${size}`,
      code: [0xe8d8, 0x0f00 | op, 0xe8c8, 0x1f02 | store],
      registers: set,
    })
  }
  cases.push({ name: 'exclusive without a load', code: strex, registers: set })
  return cases
}
