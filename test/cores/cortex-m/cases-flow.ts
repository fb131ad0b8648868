import { Random } from '../random.js'
import { addresses, type Case, type Layout, NOWHERE } from './harness.js'
import { fill, narrow, type Pattern } from './patterns.js'
import { flags, registers } from './values.js'

const straight: readonly Pattern[] = [
  { name: 'B cond', bits: '1101 cccc iiiiiiii', valid: (field) => field('c') < 14 },
  { name: 'B', bits: '11100 iiiiiiiiiii' },
  { name: 'CBZ, CBNZ', bits: '1011 o0i1 iiiii nnn' },
  {
    name: 'B cond.W',
    bits: '11110 s cccc iiiiii 10 j 0 k lllllllllll',
    valid: (field) =>
      field('c') < 14 &&
      field('j') === field('s') &&
      field('k') === field('s') &&
      (field('s') === 1 ? field('i') >= 0x30 : field('i') < 0x0f),
  },
  {
    name: 'B.W',
    bits: '11110 s iiiiiiiiii 10 111 lllllllllll',
    valid: (field) => (field('s') === 1 ? field('i') > 0x3f0 : field('i') < 0x0f),
  },
  {
    name: 'BL',
    bits: '11110 s iiiiiiiiii 11 111 lllllllllll',
    valid: (field) => (field('s') === 1 ? field('i') > 0x3f0 : field('i') < 0x0f),
  },
]

/** Branches, with and without link, to all kinds of targets. */
export function branchCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const cases: Case[] = []
  const base = registers(random, layout.ram)
  const { slot } = addresses(layout.ram)
  for (const pattern of straight) {
    for (let i = 0; i < times; i++) {
      const code = fill(pattern, random)
      const set = i % 2 === 0 ? base : registers(random, layout.ram)
      const name = `${pattern.name} ${code.map((half) => half.toString(16)).join(' ')}`
      cases.push({ name, code, registers: set, flags: flags(random) })
    }
  }
  const targets = [slot + 0x41, slot + 0x40, slot + 0x101, NOWHERE + 1, 0xffff_fff9, 0xffff_fffd]
  const registerBranches = [
    ['BX', [0x4700]],
    ['BLX', [0x4780]],
    ['MOV pc', [0x4687]],
    ['LDR pc', [0xf8c8, 0x0000, 0xf8d8, 0xf000]],
    ['POP pc', [0xb401, 0xbd00]],
    ['POP.W pc', [0xb401, 0xb403, 0xe8bd, 0x8030]],
    ['LDM pc', [0xf8c8, 0x0004, 0xe898, 0x8002]],
  ] as const
  for (const target of targets) {
    for (const [name, code] of registerBranches) {
      // EXC_RETURN values do nothing in Thread mode; MOV pc has no state to change.
      cases.push({
        name: `${name} to ${target.toString(16)}`,
        code,
        registers: base.with(0, target),
      })
    }
  }
  for (let i = 0; i < 4; i++) {
    const table = [0x0402, 0x0806, 0x0a0c, 0x0e10]
    cases.push({ name: `TBB ${i}`, code: [0xe8df, 0xf000, ...table], registers: base.with(0, i) })
    cases.push({ name: `TBH ${i}`, code: [0xe8df, 0xf010, 8, 6, 7, 9], registers: base.with(0, i) })
    // Through another register: the table is what the scratch memory holds.
    cases.push({ name: `TBB r9 ${i}`, code: [0xe8d9, 0xf000], registers: base.with(0, i) })
  }
  cases.push({ name: 'ADD pc', code: [0x4487], registers: base.with(0, 0x20) })
  return cases
}

/** Instructions that IT blocks are filled with: those that set flags outside of one, and inside. */
const conditional = narrow.filter(({ name }) => /S|CMP|TST|CMN|MOV/.test(name))

/** Every IT block that there is, filled by chance. */
export function blockCases(layout: Layout, times: number, seed: number): Case[] {
  const random = new Random(seed)
  const cases: Case[] = []
  const sets = Array.from({ length: 20 }, () => registers(random, layout.ram))
  for (let itstate = 0; itstate < 0xf0; itstate++) {
    const mask = itstate & 15
    if (mask === 0 || (itstate >= 0xe0 && (mask & (mask - 1)) !== 0)) continue
    const length = 4 - Math.log2(mask & -mask)
    for (let i = 0; i < times; i++) {
      const body = Array.from({ length: length + 1 }, () =>
        fill(conditional[random.below(conditional.length)] ?? narrow[0] ?? raise(), random),
      )
      cases.push({
        name: `IT ${itstate.toString(16)} with ${body.flat().map((half) => half.toString(16))}`,
        code: [0xbf00 | itstate, ...body.flat()],
        registers: sets[random.below(sets.length)] ?? [],
        flags: flags(random),
      })
    }
  }
  return cases
}

function raise(): never {
  throw new Error('there are no patterns')
}
