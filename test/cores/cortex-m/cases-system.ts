import { Random } from '../random.js'
import * as asm from './assembler.js'
import type { Case, Layout } from './harness.js'
import { flags, registers } from './values.js'

/** MRS and MSR of every register, CPS, hints, and what faults. */
export function systemCases(layout: Layout, v8: boolean): Case[] {
  const random = new Random(1)
  const set = registers(random, layout.ram).with(0, 0xa5a5_a5a4)
  const cases: Case[] = []
  const add = (name: string, ...code: (number | number[])[]): void => {
    cases.push({ name, code: code.flat(), registers: set, flags: flags(random) })
  }
  const targets = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 14]
  const readable = [0, 1, 2, 3, 5, 6, 7, 16, 17, 18, 19, 20]
  for (const number of readable) add(`MRS ${number}`, asm.mrs(1, number))
  for (const number of v8 ? [10, 11] : []) add(`MRS ${number}`, asm.mrs(1, number))
  for (const fields of [0x800, 0x400, 0xc00]) {
    if (v8 && fields !== 0x800) continue
    for (const number of [0, 1, 2, 3])
      add(`MSR ${number} ${fields}`, [0xf380, 0x8000 | fields | number])
  }
  for (const number of [5, 6, 7]) add(`MSR ${number}`, asm.msr(number, 0))
  for (const number of [16, 17, 18]) {
    add(`MSR ${number} and back`, asm.msr(number, 0), asm.mrs(1, number))
    add(`MSR ${number} of 1`, [0x2001], asm.msr(number, 0), asm.mrs(1, number))
  }
  add(
    'BASEPRI_MAX does not lower',
    [0x2020],
    asm.msr(17, 0),
    [0x2040],
    asm.msr(18, 0),
    asm.mrs(1, 17),
  )
  add('BASEPRI_MAX raises', [0x2040], asm.msr(17, 0), [0x2020], asm.msr(18, 0), asm.mrs(1, 17))
  add('CPSID i', 0xb672, asm.mrs(1, 16), 0xb662, asm.mrs(2, 16))
  add('CPSID f', 0xb671, asm.mrs(1, 19), 0xb661, asm.mrs(2, 19))
  add(
    'unprivileged',
    [0x2003],
    asm.msr(20, 0),
    asm.isb,
    ...readable.map((number, i) => asm.mrs(targets[i] ?? 0, number)),
  )
  add('unprivileged CPSID', [0x2003], asm.msr(20, 0), asm.isb, 0xb672, asm.mrs(0, 20))
  add(
    'unprivileged MSR',
    [0x2003],
    asm.msr(20, 0),
    asm.isb,
    [0x2000],
    asm.msr(20, 0),
    asm.mrs(1, 20),
  )
  for (const hint of [0xbf00, 0xbf10, 0xbf40]) add(`hint ${hint.toString(16)}`, hint)
  for (const hint of [0x8000, 0x8001, 0x8004]) add(`hint.W ${hint.toString(16)}`, [0xf3af, hint])
  for (const barrier of [0x8f4f, 0x8f5f, 0x8f6f, 0x8f2f]) add('barrier', [0xf3bf, barrier])
  add('UDF', 0xde12)
  add('UDF.W', [0xf7f0, 0xa000])
  add('coprocessor 5', [0xee00, 0x0510])
  add('coprocessor load', [0xed90, 0x0600])
  add('LDC 15', [0xec90, 0x0f00])
  add('SDIV by zero', [0x2100], [0xfb92, 0xf0f1])
  cases.push({
    name: 'SDIV by zero that is trapped',
    code: [0x2100, 0xfb92, 0xf0f1],
    registers: set,
    ccr: 0x210,
  })
  cases.push({
    name: 'UDIV by zero that is trapped',
    code: [0x2100, 0xfbb2, 0xf0f1],
    registers: set,
    ccr: 0x210,
  })
  return cases
}
