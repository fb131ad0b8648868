import type { AccessSize } from '../memory.js'
import type { ArmCpu } from './arm-cpu.js'
import { POST_INDEXED, Row, WRITE_BACK } from './instruction.js'
import { Op } from './operation.js'
import { jumpOrReturn, raise, retire } from './steps.js'
import { Access, Fault } from './system-interface.js'
import { DECREMENT, SPECIAL_REGISTER, SPECIAL_WRITE_BACK } from './thumb32-memory.js'

const SP = 13
const PC = 15

/** Bytes of an access, by its place in the row. */
const sizes: readonly AccessSize[] = [4, 1, 2, 1, 2, 4, 1, 2]

/** Whether a debugger stops the core before the access; the instruction is executed again then. */
export function isWatched(cpu: ArmCpu, address: number, size: number, access: Access): boolean {
  return cpu.debug.watches(cpu.pc, access === Access.WRITE ? 'write' : 'read', address, size)
}

/** Faults if an access there has to be aligned, and is not, or if the MPU is against it. */
function refused(
  cpu: ArmCpu,
  address: number,
  size: AccessSize,
  access: Access,
  aligned: boolean,
  privileged: boolean,
): boolean {
  cpu.accessing = access
  if (cpu.memory.watched && isWatched(cpu, address, size, access)) return true
  if ((address & (size - 1)) !== 0) {
    if (aligned || cpu.trapsUnaligned) {
      raise(cpu, Fault.UNALIGNED, address)
      return true
    }
  }
  if (cpu.protected && !cpu.system.permits(address, size, access, privileged)) {
    raise(cpu, Fault.ACCESS_FORBIDDEN, address)
    return true
  }
  // The private peripherals look at the core's privilege, which is not that of LDRT and its kin.
  if (!privileged && cpu.privileged && cpu.system.hidesUnprivileged(address)) {
    raise(cpu, Fault.ACCESS_FAILED, address)
    return true
  }
  return false
}

/**
 * Loads an unsigned number with every check.
 * @returns -1 where a fault was taken
 */
export function load(
  cpu: ArmCpu,
  address: number,
  size: AccessSize,
  aligned = false,
  privileged = cpu.privileged,
): number {
  if (refused(cpu, address, size, Access.READ, aligned, privileged)) return -1
  const value = cpu.memory.load(address, size)
  if (value < 0) raise(cpu, Fault.ACCESS_FAILED, cpu.memory.faultAddress)
  return value
}

/** Stores with every check. @returns false where a fault was taken */
export function store(
  cpu: ArmCpu,
  address: number,
  size: AccessSize,
  value: number,
  aligned = false,
  privileged = cpu.privileged,
): boolean {
  if (refused(cpu, address, size, Access.WRITE, aligned, privileged)) return false
  if (cpu.memory.store(address, size, value)) return true
  raise(cpu, Fault.ACCESS_FAILED, cpu.memory.faultAddress)
  return false
}

/**
 * The load or store at place `row`, between memory and register `rt`; `changed` becomes the new
 * value of `base` if that is a register.
 */
function access(
  cpu: ArmCpu,
  row: number,
  rt: number,
  address: number,
  base = -1,
  changed = 0,
  privileged = cpu.privileged,
): void {
  const size = sizes[row] ?? 4
  if (base === SP && changed >>> 0 < cpu.stackLimit >>> 0) {
    raise(cpu, Fault.STACK_OVERFLOW)
    return
  }
  if (row >= Row.STR) {
    if (!store(cpu, address, size, cpu.r[rt] ?? 0, false, privileged)) return
    if (base >= 0) setRegister(cpu, base, changed)
    retire(cpu)
    return
  }
  const bits = load(cpu, address, size, false, privileged)
  if (bits < 0) return
  if (base >= 0) setRegister(cpu, base, changed)
  if (rt === PC) {
    jumpOrReturn(cpu, bits | 0)
    return
  }
  const unused = 32 - 8 * size
  setRegister(cpu, rt, row === Row.LDRSB || row === Row.LDRSH ? (bits << unused) >> unused : bits)
  retire(cpu)
}

/** Writes a register that may be SP, whose lowest two bits are always 0 in the M profile. */
export function setRegister(cpu: ArmCpu, number: number, value: number): void {
  cpu.r[number] = number === SP ? value & cpu.stackBits : value
}

/** LDR to STRH, with an immediate or a register. */
export function loadOrStore(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const op = cpu.packed & 0xff
  const { r, imm } = cpu
  const base = r[rn] ?? 0
  if (op >= Op.LDR_REG) access(cpu, op - Op.LDR_REG, rd, (base + ((r[rm] ?? 0) << imm)) | 0)
  else access(cpu, op - Op.LDR, rd, (base + imm) | 0)
}

export function loadLiteral(cpu: ArmCpu, rd: number, _rn: number, rm: number): void {
  access(cpu, (cpu.packed & 0xff) === Op.LOAD_LITERAL ? rm : Row.LDR, rd, cpu.imm)
}

export function indexed(cpu: ArmCpu, rd: number, rn: number): void {
  const base = cpu.r[rn] ?? 0
  const changed = (base + (cpu.imm >> 8)) | 0
  access(cpu, cpu.imm & 7, rd, cpu.imm & POST_INDEXED ? base : changed, rn, changed)
}

/** Loads of SP and of the pc, and what is based on SP and changes it. */
export function loadSpecial(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const { r, imm } = cpu
  const base = r[rn] ?? 0
  const offset = imm & SPECIAL_REGISTER ? (r[rm] ?? 0) << (imm >> 8) : imm >> 8
  const changed = (base + offset) | 0
  const address = imm & POST_INDEXED ? base : changed
  access(cpu, imm & 7, rd, address, imm & SPECIAL_WRITE_BACK ? rn : -1, changed)
}

/** LDRT, STRT and their kin. */
export function unprivileged(cpu: ArmCpu, rd: number, rn: number): void {
  access(cpu, cpu.imm & 7, rd, ((cpu.r[rn] ?? 0) + (cpu.imm >> 8)) | 0, -1, 0, false)
}

/** LDRD and STRD in all their forms. */
export function dual(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const op = cpu.packed & 0xff
  const { r, imm } = cpu
  const base = r[rn] ?? 0
  const back = op === Op.LDRD_INDEXED || op === Op.STRD_INDEXED
  const changed = (base + (back ? imm >> 8 : imm)) | 0
  let address = back && imm & POST_INDEXED ? base : changed
  if (op === Op.LDRD_LITERAL) address = imm
  if (back && rn === SP && changed >>> 0 < cpu.stackLimit >>> 0) {
    raise(cpu, Fault.STACK_OVERFLOW)
    return
  }
  const second = (address + 4) | 0
  if (op === Op.STRD || op === Op.STRD_INDEXED) {
    if (!store(cpu, address, 4, r[rd] ?? 0, true) || !store(cpu, second, 4, r[rm] ?? 0, true))
      return
  } else {
    const low = load(cpu, address, 4, true)
    if (low < 0) return
    const high = load(cpu, second, 4, true)
    if (high < 0) return
    r[rd] = low
    r[rm] = high
  }
  if (back) setRegister(cpu, rn, changed)
  retire(cpu)
}

/** PUSH, POP, LDM and STM: registers change only once every access has succeeded. */
export function multiple(cpu: ArmCpu, count: number, rn: number): void {
  const { r, imm } = cpu
  const op = cpu.packed & 0xff
  const base = r[rn] ?? 0
  const loadsPc = op === Op.POP_PC || (op === Op.LDM_SPECIAL && (imm & 0x8000) !== 0)
  const stack = op === Op.PUSH || op === Op.POP || op === Op.POP_PC
  const down = op === Op.PUSH || op === Op.LDMDB || op === Op.STMDB || (imm & DECREMENT) !== 0
  const size = 4 * (count + (loadsPc ? 1 : 0))
  const bottom = down ? (base - size) | 0 : base
  const changed = down ? bottom : (base + size) | 0
  const back = stack || (imm & WRITE_BACK) !== 0
  if (back && rn === SP && down && bottom >>> 0 < cpu.stackLimit >>> 0) {
    raise(cpu, Fault.STACK_OVERFLOW)
    return
  }
  const list = (imm & 0x7fff) | (loadsPc ? 1 << PC : 0)
  const numbers: number[] = []
  for (let i = 0; i < 16; i++) if ((list >>> i) & 1) numbers.push(i)
  if (op === Op.PUSH || op === Op.STMIA || op === Op.STMDB) {
    let address = bottom
    for (const number of numbers) {
      if (!store(cpu, address, 4, r[number] ?? 0, true)) return
      address = (address + 4) | 0
    }
    if (back) setRegister(cpu, rn, changed)
    retire(cpu)
    return
  }
  const values: number[] = []
  for (let i = 0; i < numbers.length; i++) {
    const value = load(cpu, (bottom + 4 * i) | 0, 4, true)
    if (value < 0) return
    values.push(value)
  }
  if (back) setRegister(cpu, rn, changed)
  numbers.forEach((number, i) => {
    if (number !== PC) setRegister(cpu, number, values[i] ?? 0)
  })
  if (loadsPc) jumpOrReturn(cpu, (values[values.length - 1] ?? 0) | 0)
  else retire(cpu)
}
