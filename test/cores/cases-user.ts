import * as asm from './assembler.js'
import { csr } from './assembler.js'
import { returnTo } from './cases-system.js'
import { type Case, parcels, SCRATCH } from './harness.js'

const PMPCFG0 = 0x3a0
const PMPCFG3 = 0x3a3
const PMPADDR0 = 0x3b0
const PMPADDR15 = 0x3bf
const MCOUNTEREN = 0x306
const MPRV = 0x2_0000
const TW = 0x20_0000
const MPP = 0x1800
const READ_WRITE_EXECUTE = 7
const TOR = 1 << 3
const NA4 = 2 << 3
const NAPOT = 3 << 3
const LOCKED = 0x80

/** `li` and a CSR's write. */
const set = (number: number, value: number): number[] => [
  ...asm.li(6, value),
  asm.csrrw(0, number, 6),
]

/** On RV64 `pmpcfg2` has what `pmpcfg3` has on RV32. */
const openOnRv64 = [
  asm.csrrw(0, PMPCFG0, 0),
  ...set(PMPADDR15, -1),
  asm.addi(6, 0, NAPOT | READ_WRITE_EXECUTE),
  asm.typeI(0x13, 1, 6, 6, 56),
  asm.csrrw(0, PMPCFG0 + 2, 6),
]

/** The last entry lets user mode do everything; all others are off. */
const openOnRv32 = [
  ...[0, 1, 2].flatMap((word) => set(PMPCFG0 + word, 0)),
  ...set(PMPADDR15, -1),
  ...set(PMPCFG3, (NAPOT | READ_WRITE_EXECUTE) << 24),
]

const toUser = returnTo(0, 0)
/** In the middle of the scratch memory, where x8 points. */
const MIDDLE = SCRATCH + 0x40

type Sequence = (name: string, ...words: readonly number[]) => Case

function sequences(wide: boolean): Sequence {
  const open = wide ? openOnRv64 : openOnRv32
  return (name, ...words) => ({ name, set: 'edges', code: parcels(...open, ...words) })
}

/** What user mode may do, and how it is entered and left. */
export function userCases(wide = false): Case[] {
  const sequence = sequences(wide)
  const raise = [asm.addi(6, 0, 1), asm.sw(6, 25, 0), ...set(csr.mie, 8)]
  const cases = [
    sequence('ecall in user mode', ...toUser, asm.ecall),
    sequence('ebreak in user mode', ...toUser, asm.ebreak),
    sequence('mret in user mode', ...toUser, asm.mret),
    sequence('an illegal instruction in user mode', ...toUser, 0xffff_ffff),
    sequence('wfi in user mode, with TW', ...returnTo(0, TW), asm.wfi),
    sequence('MPRV stays after mret to machine mode', ...returnTo(0, MPRV | MPP), asm.nop),
    sequence('mret with MPIE to user mode', ...returnTo(0, 0x80), asm.nop),
    sequence('an interrupt in user mode without MIE', ...raise, ...toUser, asm.nop, asm.nop),
    sequence('no interrupt in machine mode without MIE', ...raise, ...returnTo(0, MPP), asm.nop),
    sequence('vectored ecall in user mode', asm.csrrw(0, csr.mtvec, 26), ...toUser, asm.ecall),
    sequence('lr and sc in user mode', ...toUser, asm.lr(5, 8), asm.sc(6, 8, 21)),
  ]
  for (const enabled of [0, 1, 2, 4, 7]) {
    for (const counter of [0xc00, 0xc01, 0xc02, 0xc80, 0xc82]) {
      const name = `csr 0x${counter.toString(16)} in user mode with mcounteren ${enabled}`
      const code = [...set(MCOUNTEREN, enabled), ...toUser, asm.csrrs(22, counter, 0)]
      const ignore = ['x22', "x22's upper half"]
      cases.push({ ...sequence(name, ...code), ignore })
    }
  }
  for (const number of [0x001, 0x300, 0x301, 0x340, 0x342, 0x3a0, 0x3b0, 0xb00, 0xf14, 0x30a]) {
    const name = `csr 0x${number.toString(16)} in user mode`
    cases.push(sequence(name, ...toUser, asm.csrrs(22, number, 0)))
  }
  return cases
}

const accesses: readonly (readonly [string, (offset: number) => number])[] = [
  ['lw', (offset) => asm.lw(22, 8, offset & 0xfff)],
  ['sw', (offset) => asm.sw(21, 8, offset)],
  ['lbu', (offset) => asm.lbu(22, 8, offset & 0xfff)],
  ['sb', (offset) => asm.sb(21, 8, offset)],
]

/** An entry at MIDDLE, in each mode of matching; entry 0 has the lower end of TOR. */
const ranges: readonly (readonly [string, number, readonly (readonly [number, number])[]])[] = [
  ['NA4', NA4, [[1, MIDDLE >>> 2]]],
  ['NAPOT of 8', NAPOT, [[1, MIDDLE >>> 2]]],
  ['NAPOT of 16', NAPOT, [[1, (MIDDLE >>> 2) | 1]]],
  [
    'TOR',
    TOR,
    [
      [0, MIDDLE >>> 2],
      [1, (MIDDLE + 12) >>> 2],
    ],
  ],
]

/** Accesses in, around and across the ends of an entry, with each of its permissions. */
export function protectionCases(wide = false): Case[] {
  const sequence = sequences(wide)
  const cases: Case[] = []
  for (const [range, mode, addresses] of ranges) {
    const place = addresses.flatMap(([entry, value]) => set(PMPADDR0 + entry, value))
    for (const permissions of [0, 1, 3, 4, 5, 7]) {
      const entry = [...place, ...set(PMPCFG0, (mode | permissions) << 8)]
      for (const offset of [-4, -2, 0, 2, 3, 4, 8, 12, 14, 16]) {
        for (const [name, access] of accesses) {
          const what = `${name} at ${offset} of ${range} with ${permissions}`
          cases.push(sequence(`${what} in user mode`, ...entry, ...toUser, access(offset)))
          if (offset % 4 !== 0) continue
          const other = [...set(csr.mstatus, MPRV), access(offset)]
          cases.push(sequence(`${what} with MPRV`, ...entry, ...other))
        }
      }
      const jump = [...entry, ...toUser, asm.jalr(1, 8, 0)]
      cases.push(sequence(`a jump to ${range} with ${permissions}`, ...jump))
      const amo = [...entry, ...toUser, asm.amo(0, 22, 8, 21)]
      // QEMU 7.2 raises the load's exception for an AMO; the specification wants the store's.
      const ignore = ['mcause']
      cases.push({ ...sequence(`amoadd.w in ${range} with ${permissions}`, ...amo), ignore })
      cases.push(
        sequence(`machine mode and ${range} with ${permissions}`, ...entry, asm.lw(22, 8, 0)),
      )
    }
  }
  const first = [...set(PMPADDR0, MIDDLE >>> 2), ...set(PMPADDR0 + 1, (MIDDLE >>> 2) | 7)]
  const lower = set(PMPCFG0, NA4 | 1 | ((NAPOT | 3) << 8))
  cases.push(sequence('the lower entry counts', ...first, ...lower, ...toUser, asm.sw(21, 8, 0)))
  cases.push(sequence('and the higher beside it', ...first, ...lower, ...toUser, asm.sw(21, 8, 4)))
  return cases
}

/** Outside of what the harness itself needs: locked entries stay until a reset. */
const ASIDE = SCRATCH - 0x1000

export function lockCases(): Case[] {
  const sequence = sequences(false)
  const at = asm.li(5, ASIDE)
  const lock = (entry: number, address: number, byte: number): number[] => [
    ...set(PMPADDR0 + entry, address >>> 2),
    ...set(PMPCFG0 + (entry >>> 2), byte << (8 * (entry & 3))),
  ]
  return [
    sequence(
      'a load from what is locked',
      ...lock(0, ASIDE, LOCKED | NA4),
      ...at,
      asm.lw(22, 5, 0),
    ),
    sequence('beside what is locked', ...at, asm.lw(22, 5, 4)),
    sequence('a store into what is locked', ...at, asm.sw(21, 5, 0)),
    sequence('a byte of it', ...at, asm.lbu(22, 5, 3)),
    sequence('the address of a locked entry', ...set(PMPADDR0, 0), asm.csrrs(22, PMPADDR0, 0)),
    sequence('the byte of a locked entry', ...set(PMPCFG0, 0), asm.csrrs(22, PMPCFG0, 0)),
    sequence(
      'a locked entry that lets machine mode read',
      ...lock(4, ASIDE + 0x20, LOCKED | NA4 | 1),
      ...at,
      asm.lw(22, 5, 0x20),
      asm.sw(21, 5, 0x20),
    ),
    sequence(
      'a jump into a locked entry',
      ...lock(8, ASIDE + 0x40, LOCKED | NAPOT | 3),
      ...at,
      asm.jalr(1, 5, 0x40),
    ),
  ]
}
