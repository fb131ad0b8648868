import type { AccessSize } from '../memory.js'
import { isAllowed, isReadOnly, readCsr, writeCsr } from './csr.js'
import { SINK } from './decode.js'
import { type Hart, MSTATUS_FS, MSTATUS_TW } from './hart.js'
import { Op } from './operation.js'
import { MACHINE, READ, USER, WRITE } from './pmp.js'
import { Cause } from './trap.js'

/** Executes the instruction in `hart.packed` and `hart.imm`, whose fields the rest are. */
type Execute = (hart: Hart, rd: number, rs1: number, rs2: number) => void

/** Executes the instruction that `interpret` has left in `hart.packed`, whatever it is. */
export function executeSlow(hart: Hart): void {
  const packed = hart.packed
  const execute = table[packed & 0xff] ?? illegal
  execute(hart, (packed >>> 8) & 63, (packed >>> 14) & 31, (packed >>> 19) & 31)
}

/** The instruction has done its work: time goes on, and `pc` to the next one. */
function retire(hart: Hart): void {
  hart.pc = (hart.pc + (hart.packed >>> 24)) | 0
  hart.left--
}

function register(hart: Hart, number: number): number {
  return hart.x[number] ?? 0
}

function load(size: AccessSize, signed: boolean): Execute {
  const unused = 32 - 8 * size
  return (hart, rd, rs1) => {
    const value = loadChecked(hart, (register(hart, rs1) + hart.imm) | 0, size)
    if (value < 0) return
    hart.x[rd] = signed ? (value << unused) >> unused : value
    retire(hart)
  }
}

function store(size: AccessSize): Execute {
  return (hart, _rd, rs1, rs2) => {
    const address = (register(hart, rs1) + hart.imm) | 0
    if (storeChecked(hart, address, size, register(hart, rs2))) retire(hart)
  }
}

/** Loads at any alignment. @returns -1 once the hart has taken an exception */
function loadChecked(hart: Hart, address: number, size: AccessSize): number {
  if (!hart.mayAccess(address, size, READ)) {
    hart.exception(Cause.LOAD_ACCESS_FAULT, address)
    return -1
  }
  const value = hart.memory.load(address, size)
  if (value < 0) hart.exception(Cause.LOAD_ACCESS_FAULT, hart.memory.faultAddress)
  return value
}

/** Stores at any alignment. @returns false once the hart has taken an exception */
function storeChecked(hart: Hart, address: number, size: AccessSize, value: number): boolean {
  if (!hart.mayAccess(address, size, WRITE)) {
    hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address)
    return false
  }
  if (hart.memory.store(address, size, value)) return true
  hart.exception(Cause.STORE_AMO_ACCESS_FAULT, hart.memory.faultAddress)
  return false
}

const loadFloat: Execute = (hart, rd, rs1) => {
  if (!floatIsOn(hart)) return
  const value = loadChecked(hart, (register(hart, rs1) + hart.imm) | 0, 4)
  if (value < 0) return
  hart.f[rd & 31] = value
  hart.mstatus |= MSTATUS_FS
  retire(hart)
}

const storeFloat: Execute = (hart, _rd, rs1, rs2) => {
  if (!floatIsOn(hart)) return
  const address = (register(hart, rs1) + hart.imm) | 0
  if (storeChecked(hart, address, 4, hart.f[rs2] ?? 0)) retire(hart)
}

function floatIsOn(hart: Hart): boolean {
  if ((hart.mstatus & MSTATUS_FS) !== 0) return true
  illegalAsFetched(hart)
  return false
}

/** Illegal for the state that the hart is in: the encoding is not in `hart.imm`. */
function illegalAsFetched(hart: Hart): void {
  const low = hart.memory.fetch(hart.pc)
  const high = hart.packed >>> 24 === 2 ? 0 : hart.memory.fetch((hart.pc + 2) | 0)
  hart.exception(Cause.ILLEGAL_INSTRUCTION, (high << 16) | low)
}

function csrAccess(
  immediate: boolean,
  combine: (old: number, operand: number) => number,
  always: boolean,
): Execute {
  return (hart, rd, rs1) => {
    const csr = hart.imm >>> 20
    // The set and clear forms write only if their operand field is not 0 (Zicsr).
    const writes = always || rs1 !== 0
    const old = readCsr(hart, csr)
    if (old === undefined || !isAllowed(hart, csr) || (writes && isReadOnly(csr))) {
      illegal(hart)
      return
    }
    if (writes) writeCsr(hart, csr, combine(old, immediate ? rs1 : register(hart, rs1)))
    if (rd !== SINK) hart.x[rd] = old
    retire(hart)
  }
}

const replace = (_old: number, operand: number): number => operand
const set = (old: number, operand: number): number => old | operand
const clear = (old: number, operand: number): number => old & ~operand

function loadReserved(hart: Hart, rd: number, rs1: number): void {
  const address = register(hart, rs1)
  if (address & 3) {
    hart.exception(Cause.LOAD_ADDRESS_MISALIGNED, address)
    return
  }
  const region = hart.memory.find(address)
  let value: number
  if (region !== undefined && hart.mayAccess(address, 4, READ)) {
    value = Atomics.load(region.words, (address - region.base) >>> 2)
  } else {
    value = loadChecked(hart, address, 4)
    if (value < 0) return
  }
  hart.reserve(address, value)
  hart.x[rd] = value
  retire(hart)
}

/**
 * Succeeds if the address is the reserved one and memory still holds the value that was loaded.
 * Without a reservation for the address memory is not looked at, so there is no fault either.
 */
function storeConditional(hart: Hart, rd: number, rs1: number, rs2: number): void {
  const address = register(hart, rs1)
  let failed = 1
  if (hart.endReservation(address)) {
    if (!hart.mayAccess(address, 4, WRITE)) {
      hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address)
      return
    }
    const region = hart.memory.find(address)
    const expected = hart.reservedValue | 0
    const value = register(hart, rs2)
    if (region !== undefined) {
      const at = (address - region.base) >>> 2
      const found = Atomics.compareExchange(region.words, at, expected, value)
      failed = found === expected ? 0 : 1
    } else if ((hart.memory.load(address, 4) | 0) === expected) {
      if (!hart.memory.store(address, 4, value)) {
        hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address)
        return
      }
      failed = 0
    }
  }
  hart.x[rd] = failed
  retire(hart)
}

/** An AMO: `atomic` on memory, `combine` on a device register. */
function amo(
  atomic: (words: Int32Array, index: number, operand: number) => number,
  combine: (old: number, operand: number) => number,
): Execute {
  return (hart, rd, rs1, rs2) => {
    const address = register(hart, rs1)
    const operand = register(hart, rs2)
    if (address & 3) {
      hart.exception(Cause.STORE_AMO_ADDRESS_MISALIGNED, address)
      return
    }
    if (!hart.mayAccess(address, 4, READ | WRITE)) {
      hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address)
      return
    }
    const region = hart.memory.find(address)
    if (region !== undefined) {
      hart.x[rd] = atomic(region.words, (address - region.base) >>> 2, operand)
    } else {
      const old = hart.memory.load(address, 4)
      if (old < 0 || !hart.memory.store(address, 4, combine(old | 0, operand))) {
        hart.exception(Cause.STORE_AMO_ACCESS_FAULT, address)
        return
      }
      hart.x[rd] = old
    }
    retire(hart)
  }
}

/** An AMO for which JavaScript has no single operation. */
function amoLoop(combine: (old: number, operand: number) => number): Execute {
  return amo((words, index, operand) => {
    for (;;) {
      const old = Atomics.load(words, index)
      const value = combine(old, operand)
      if (Atomics.compareExchange(words, index, old, value) === old) return old
    }
  }, combine)
}

function illegal(hart: Hart): void {
  hart.exception(Cause.ILLEGAL_INSTRUCTION, hart.imm)
}

/** By operation. What is missing here is illegal, or never left to this file. */
const table: Execute[] = []
table[Op.LB] = load(1, true)
table[Op.LBU] = load(1, false)
table[Op.LH] = load(2, true)
table[Op.LHU] = load(2, false)
table[Op.LW] = load(4, true)
table[Op.SB] = store(1)
table[Op.SH] = store(2)
table[Op.SW] = store(4)
table[Op.FENCE] = (hart) => {
  hart.memory.fence()
  retire(hart)
}
table[Op.FENCE_I] = (hart) => {
  hart.flushCode()
  retire(hart)
}
table[Op.ECALL] = (hart) => {
  hart.exception(hart.mode === USER ? Cause.ECALL_FROM_U_MODE : Cause.ECALL_FROM_M_MODE, 0)
}
table[Op.EBREAK] = (hart) => hart.exception(Cause.BREAKPOINT, 0)
table[Op.MRET] = (hart) => {
  if (hart.mode !== MACHINE) {
    illegalAsFetched(hart)
    return
  }
  hart.returnFromTrap()
  hart.left--
}
table[Op.WFI] = (hart) => {
  if (hart.mode !== MACHINE && (hart.mstatus & MSTATUS_TW) !== 0) {
    illegalAsFetched(hart)
    return
  }
  hart.waiting = true
  retire(hart)
}
for (let op: number = Op.FADD; op < Op.FLW; op++) table[op] = illegalAsFetched
table[Op.FLW] = loadFloat
table[Op.FSW] = storeFloat
table[Op.CSRRW] = csrAccess(false, replace, true)
table[Op.CSRRS] = csrAccess(false, set, false)
table[Op.CSRRC] = csrAccess(false, clear, false)
table[Op.CSRRWI] = csrAccess(true, replace, true)
table[Op.CSRRSI] = csrAccess(true, set, false)
table[Op.CSRRCI] = csrAccess(true, clear, false)
table[Op.LR] = loadReserved
table[Op.SC] = storeConditional
table[Op.AMOSWAP] = amo(Atomics.exchange, replace)
table[Op.AMOADD] = amo(Atomics.add, (old, operand) => old + operand)
table[Op.AMOXOR] = amo(Atomics.xor, (old, operand) => old ^ operand)
table[Op.AMOAND] = amo(Atomics.and, (old, operand) => old & operand)
table[Op.AMOOR] = amo(Atomics.or, (old, operand) => old | operand)
table[Op.AMOMIN] = amoLoop((old, operand) => Math.min(old, operand))
table[Op.AMOMAX] = amoLoop((old, operand) => Math.max(old, operand))
table[Op.AMOMINU] = amoLoop((old, operand) => (old >>> 0 < operand >>> 0 ? old : operand))
table[Op.AMOMAXU] = amoLoop((old, operand) => (old >>> 0 > operand >>> 0 ? old : operand))
table[Op.FETCH_FAULT] = (hart) => hart.exception(Cause.INSTRUCTION_ACCESS_FAULT, hart.imm)
