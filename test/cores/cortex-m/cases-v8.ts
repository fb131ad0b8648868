import { Random } from '../random.js'
import * as asm from './assembler.js'
import { type Case, type Layout, NOWHERE } from './harness.js'
import { registers } from './values.js'

/** PSPLIM. */
const PSPLIM = 11

/** What ARMv8-M has beyond ARMv7E-M: ordered accesses and stack limits. */
export function v8Cases(layout: Layout): Case[] {
  const set = registers(new Random(1), layout.ram)
  const cases: Case[] = []
  const add = (name: string, ...code: (number | number[])[]): void => {
    cases.push({ name, code: code.flat(), registers: set })
  }
  const sizes = [
    ['B', 0x8],
    ['H', 0x9],
    ['', 0xa],
  ] as const
  for (const [name, op] of sizes) {
    add(`LDA${name}`, [0xe8d8, 0x0f0f | (op << 4) | 0])
    add(`STL${name}`, [0xe8c8, 0x1f0f | (op << 4)])
    add(`LDAEX${name}, STLEX${name}`, [0xe8d8, 0x0f4f | (op << 4)], [0xe8c8, 0x1f42 | (op << 4)])
    add(`LDA${name}, misaligned`, [0xf108, 0x0801], [0xe8d8, 0x0f0f | (op << 4)])
    cases.push({
      name: `STL${name} nowhere`,
      code: [0xe8c8, 0x1f0f | (op << 4)],
      registers: set.with(8, NOWHERE),
    })
  }
  add('SG', [0xe97f, 0xe97f])
  // SP is limited to 0x30 below where it is: room for an exception frame, and for twelve words.
  const limit = [...asm.mrs(0, asm.special.psp), 0x3830, ...asm.msr(PSPLIM, 0)]
  add('PSPLIM', limit, asm.mrs(1, PSPLIM))
  add('twelve words above the limit', limit, [0xe92d, 0x0fff])
  add('PUSH below the limit', limit, [0xe92d, 0x1fff])
  add('SUB SP to the limit', limit, 0xb08c)
  add('SUB SP below the limit', limit, 0xb08d)
  add('SUB SP, register, below the limit', limit, [0x2034], [0xebad, 0x0d00])
  add('STR with write-back below the limit', limit, [0xf84d, 0x0d34])
  add('LDR with write-back below the limit', limit, [0xf85d, 0x0d34])
  add('STRD with write-back below the limit', limit, [0xe96d, 0x010d])
  add('VPUSH below the limit', limit, [0xed2d, 0x0a0d])
  add('STR without write-back below the limit', limit, [0xf84d, 0x0c34])
  return cases
}
