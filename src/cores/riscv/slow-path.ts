import type { AccessSize } from '../memory.js'
import { isReadOnly, readCsr, writeCsr } from './csr.js'
import { SINK } from './decode.js'
import type { Hart } from './hart.js'
import { Op } from './operation.js'
import { Cause } from './trap.js'
import { isWatched } from './watch.js'

/** Executes the instruction in `hart.packed` and `hart.imm`, whose fields the rest are. */
type Execute = (hart: Hart, rd: number, rs1: number, rs2: number) => void

/** Executes the instruction that `interpret` has left in `hart.packed`, whatever it is. */
export function executeSlow(hart: Hart): void {
  const packed = hart.packed
  if (hart.memory.watched && isWatched(hart)) return
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
    const value = hart.memory.load((register(hart, rs1) + hart.imm) | 0, size)
    if (value < 0) {
      hart.exception(Cause.LOAD_ACCESS_FAULT, hart.memory.faultAddress)
      return
    }
    hart.x[rd] = signed ? (value << unused) >> unused : value
    retire(hart)
  }
}

function store(size: AccessSize): Execute {
  return (hart, _rd, rs1, rs2) => {
    const address = (register(hart, rs1) + hart.imm) | 0
    if (hart.memory.store(address, size, register(hart, rs2))) retire(hart)
    else hart.exception(Cause.STORE_AMO_ACCESS_FAULT, hart.memory.faultAddress)
  }
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
    if (old === undefined || (writes && isReadOnly(csr))) {
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
  if (region !== undefined) {
    value = Atomics.load(region.words, (address - region.base) >>> 2)
  } else {
    value = hart.memory.load(address, 4)
    if (value < 0) {
      hart.exception(Cause.LOAD_ACCESS_FAULT, address)
      return
    }
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
  hart.pages.flush()
  retire(hart)
}
table[Op.ECALL] = (hart) => hart.exception(Cause.ECALL_FROM_M_MODE, 0)
table[Op.EBREAK] = (hart) => hart.exception(Cause.BREAKPOINT, 0)
table[Op.MRET] = (hart) => {
  hart.returnFromTrap()
  hart.left--
}
table[Op.WFI] = (hart) => {
  hart.waiting = true
  retire(hart)
}
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
table[Op.BREAKPOINT] = (hart) => {
  hart.debug.breaks(hart.pc)
}
table[Op.FETCH_FAULT] = (hart) => hart.exception(Cause.INSTRUCTION_ACCESS_FAULT, hart.imm)
