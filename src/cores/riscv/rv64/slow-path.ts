import type { AccessSize } from '../../memory.js'
import { isAllowed, isReadOnly } from '../csr.js'
import { SINK } from '../decode.js'
import type { Hart } from '../hart.js'
import { Op } from '../operation.js'
import { READ, WRITE } from '../pmp.js'
import { executeSlow } from '../slow-path.js'
import { Cause } from '../trap.js'
import { isWatched } from '../watch.js'
import { highOf, lowOf, sumHigh, toBig } from './arithmetic.js'
import { atomicCases } from './atomics.js'
import { readCsr64, writeCsr64 } from './csr.js'
import { type Execute, retire } from './execute.js'

/** Executes the instruction that `interpret64` has left in `hart.packed`, whatever it is. */
export function executeSlow64(hart: Hart): void {
  const packed = hart.packed
  if (hart.memory.watched && isWatched(hart)) return
  const execute = table[packed & 0xff]
  if (execute === undefined) executeSlow(hart)
  else execute(hart, (packed >>> 8) & 63, (packed >>> 14) & 31, (packed >>> 19) & 31)
}

/** The address `base` + the immediate in two words, the lower one as a signed number. */
function lowAddress(hart: Hart, rs1: number): number {
  return ((hart.x[rs1] ?? 0) + hart.imm) | 0
}

function highAddress(hart: Hart, rs1: number, low: number): number {
  return sumHigh(hart.x[rs1] ?? 0, hart.xHigh[rs1] ?? 0, low, hart.imm >> 31)
}

function load(size: AccessSize, signed: boolean): Execute {
  const unused = 32 - 8 * size
  return (hart, rd, rs1) => {
    const low = lowAddress(hart, rs1)
    const value = loadChecked(hart, low, highAddress(hart, rs1, low), size)
    if (value < 0) return
    hart.x[rd] = signed ? (value << unused) >> unused : value
    hart.xHigh[rd] = signed ? (value << unused) >> 31 : 0
    retire(hart)
  }
}

/** Loads at any alignment. @returns -1 once the hart has taken an exception */
function loadChecked(hart: Hart, low: number, high: number, size: AccessSize): number {
  if (high !== 0) {
    // As below, where nothing is: of what is put together the first half is at fault.
    hart.exception(Cause.LOAD_ACCESS_FAULT, low & -size, high)
    return -1
  }
  if (!hart.mayAccess(low, size, READ)) {
    hart.exception(Cause.LOAD_ACCESS_FAULT, low)
    return -1
  }
  const value = hart.memory.load(low, size)
  if (value < 0) hart.exception(Cause.LOAD_ACCESS_FAULT, hart.memory.faultAddress)
  return value
}

function store(size: AccessSize): Execute {
  return (hart, _rd, rs1, rs2) => {
    const low = lowAddress(hart, rs1)
    const high = highAddress(hart, rs1, low)
    if (storeChecked(hart, low, high, size, hart.x[rs2] ?? 0)) retire(hart)
  }
}

/** Stores at any alignment. @returns false once the hart has taken an exception */
function storeChecked(
  hart: Hart,
  low: number,
  high: number,
  size: AccessSize,
  value: number,
): boolean {
  if (high !== 0 || !hart.mayAccess(low, size, WRITE)) {
    hart.exception(Cause.STORE_AMO_ACCESS_FAULT, low, high)
    return false
  }
  if (hart.memory.store(low, size, value)) return true
  hart.exception(Cause.STORE_AMO_ACCESS_FAULT, hart.memory.faultAddress)
  return false
}

/** LD as two loads of words: another thread may see, and have, half of one. */
const loadDouble: Execute = (hart, rd, rs1) => {
  const address = lowAddress(hart, rs1)
  const high = highAddress(hart, rs1, address)
  if (high !== 0 || !hart.mayAccess(address, 8, READ)) {
    hart.exception(Cause.LOAD_ACCESS_FAULT, high === 0 ? address : address & -8, high)
    return
  }
  const low = hart.memory.load(address, 4)
  const upper = low < 0 ? -1 : hart.memory.load((address + 4) | 0, 4)
  if (upper < 0) {
    hart.exception(Cause.LOAD_ACCESS_FAULT, hart.memory.faultAddress & -8)
    return
  }
  hart.x[rd] = low
  hart.xHigh[rd] = upper
  retire(hart)
}

const storeDouble: Execute = (hart, _rd, rs1, rs2) => {
  const address = lowAddress(hart, rs1)
  const high = highAddress(hart, rs1, address)
  if (high !== 0 || !hart.mayAccess(address, 8, WRITE)) {
    hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address, high)
    return
  }
  if (!storeChecked(hart, address, 0, 4, hart.x[rs2] ?? 0)) return
  if (!storeChecked(hart, (address + 4) | 0, 0, 4, hart.xHigh[rs2] ?? 0)) return
  retire(hart)
}

/** A jump to where no memory can be: the next instruction will not be fetched. */
const jump: Execute = (hart, rd, rs1) => {
  const low = lowAddress(hart, rs1)
  const high = highAddress(hart, rs1, low)
  const link = hart.pc + (hart.packed >>> 24)
  hart.x[rd] = link
  hart.xHigh[rd] = 0
  hart.pc = low & ~1
  hart.pcHigh = high
  hart.left--
}

function csrAccess(
  immediate: boolean,
  combine: (old: bigint, operand: bigint) => bigint,
  always: boolean,
): Execute {
  return (hart, rd, rs1) => {
    const csr = hart.imm >>> 20
    // The set and clear forms write only if their operand field is not 0 (Zicsr).
    const writes = always || rs1 !== 0
    const old = readCsr64(hart, csr)
    if (old === undefined || !isAllowed(hart, csr) || (writes && isReadOnly(csr))) {
      hart.exception(Cause.ILLEGAL_INSTRUCTION, hart.imm)
      return
    }
    const register = BigInt.asUintN(64, toBig(hart.x[rs1] ?? 0, hart.xHigh[rs1] ?? 0))
    if (writes) writeCsr64(hart, csr, combine(old, immediate ? BigInt(rs1) : register))
    if (rd !== SINK) {
      hart.x[rd] = lowOf(old)
      hart.xHigh[rd] = highOf(old)
    }
    retire(hart)
  }
}

const replace = (_old: bigint, operand: bigint): bigint => operand
const set = (old: bigint, operand: bigint): bigint => old | operand
const clear = (old: bigint, operand: bigint): bigint => old & ~operand

/** By operation; the rest is as on RV32. */
const table: (Execute | undefined)[] = []
for (const [op, execute] of atomicCases) table[op] = execute
table[Op.LB] = load(1, true)
table[Op.LBU] = load(1, false)
table[Op.LH] = load(2, true)
table[Op.LHU] = load(2, false)
table[Op.LW] = load(4, true)
table[Op.LWU] = load(4, false)
table[Op.LD] = loadDouble
table[Op.SB] = store(1)
table[Op.SH] = store(2)
table[Op.SW] = store(4)
table[Op.SD] = storeDouble
table[Op.JALR] = jump
table[Op.CSRRW] = csrAccess(false, replace, true)
table[Op.CSRRS] = csrAccess(false, set, false)
table[Op.CSRRC] = csrAccess(false, clear, false)
table[Op.CSRRWI] = csrAccess(true, replace, true)
table[Op.CSRRSI] = csrAccess(true, set, false)
table[Op.CSRRCI] = csrAccess(true, clear, false)
table[Op.FETCH_FAULT] = (hart) => {
  hart.exception(Cause.INSTRUCTION_ACCESS_FAULT, hart.imm, hart.pcHigh)
}
