import type { ArmCpu } from './arm-cpu.js'
import {
  dualMultiply,
  dualMultiplyLong,
  multiplyAddAdd,
  multiplyHalves,
  multiplyHalvesLong,
  multiplyMostSignificant,
  multiplyWordByHalf,
} from './dsp-multiply.js'
import { loadAcquire, loadExclusive, storeExclusive, storeRelease } from './exclusive.js'
import { executeFloatSlow } from './float-slow-path.js'
import { lengthOf } from './instruction.js'
import {
  dual,
  indexed,
  load,
  loadLiteral,
  loadOrStore,
  loadSpecial,
  multiple,
  setRegister,
  unprivileged,
} from './memory-access.js'
import { Op, Sub } from './operation.js'
import { absoluteDifferences, extendBoth, pack, parallel, select } from './parallel.js'
import { saturate, saturateHalves, saturatingArithmetic } from './saturation.js'
import { jump, jumpExchanging, jumpOrReturn, raise, retire } from './steps.js'
import { Access, Fault } from './system-interface.js'
import { SPECIAL_FLAGS } from './thumb32-data.js'

/** Executes the instruction in `cpu.packed` and `cpu.imm`, whose fields the rest are. */
export type Execute = (cpu: ArmCpu, rd: number, rn: number, rm: number) => void

const PC = 15
const SP = 13

/** Executes the instruction that `interpret` has left in `cpu.packed`, whatever it is. */
export function executeSlow(cpu: ArmCpu): void {
  const packed = cpu.packed
  const execute = table[packed & 0xff] ?? undefinedInstruction
  execute(cpu, (packed >>> 9) & 15, (packed >>> 13) & 15, (packed >>> 17) & 15)
}

function register(cpu: ArmCpu, number: number): number {
  return cpu.r[number] ?? 0
}

function undefinedInstruction(cpu: ArmCpu): void {
  raise(cpu, Fault.UNDEFINED_INSTRUCTION)
}

/** Division by zero: everything else `interpret` does itself. */
function divide(cpu: ArmCpu, rd: number): void {
  if (cpu.trapsDivision) {
    raise(cpu, Fault.DIVIDE_BY_ZERO)
    return
  }
  cpu.r[rd] = 0
  retire(cpu)
}

function tableBranch(size: 1 | 2): Execute {
  return (cpu, _rd, rn, rm) => {
    const table = rn === PC ? cpu.pc + 4 : register(cpu, rn)
    const entry = load(cpu, (table + size * register(cpu, rm)) | 0, size)
    if (entry >= 0) jump(cpu, (cpu.pc + 4 + 2 * entry) | 0)
  }
}

/** ADD or SUB with a shifted register, into SP. */
function shiftedSpecial(cpu: ArmCpu, _rd: number, rn: number, rm: number): void {
  const { imm } = cpu
  const amount = imm & 31
  const value = register(cpu, rm)
  let operand = value
  switch ((imm >>> 5) & 3) {
    case 0:
      operand = value << amount
      break
    case 1:
      operand = amount === 0 ? 0 : value >>> amount
      break
    case 2:
      operand = amount === 0 ? value >> 31 : value >> amount
      break
    default:
      operand =
        amount === 0 ? (value >>> 1) | (cpu.c << 31) : (value >>> amount) | (value << (32 - amount))
  }
  const subtracts = ((imm >>> 8) & 0xff) === Sub.SUB
  addToSp(cpu, register(cpu, rn), operand | 0, subtracts, (imm & SPECIAL_FLAGS) !== 0)
}

function addToSp(
  cpu: ArmCpu,
  base: number,
  operand: number,
  subtracts: boolean,
  flags: boolean,
): void {
  const result = (subtracts ? base - operand : base + operand) | 0
  if (!writeSp(cpu, result) || !flags) return
  cpu.n = cpu.z = result
  cpu.c = (subtracts ? base >>> 0 >= operand >>> 0 : result >>> 0 < base >>> 0) ? 1 : 0
  cpu.v = subtracts ? (base ^ operand) & (base ^ result) : (base ^ result) & (operand ^ result)
}

/** @returns false where that is below the limit, and a fault was taken */
function writeSp(cpu: ArmCpu, value: number): boolean {
  const sp = value & cpu.stackBits
  if (sp >>> 0 < cpu.stackLimit >>> 0) {
    raise(cpu, Fault.STACK_OVERFLOW)
    return false
  }
  setRegister(cpu, SP, sp)
  retire(cpu)
  return true
}

function link(cpu: ArmCpu, _rd: number, _rn: number, rm: number): void {
  const target = register(cpu, rm)
  cpu.r[14] = (cpu.pc + lengthOf(cpu.packed)) | (cpu.thumb ? 1 : 0)
  jumpExchanging(cpu, target)
}

function wait(forEvent: boolean): Execute {
  return (cpu) => {
    retire(cpu)
    if (forEvent && cpu.event) {
      cpu.event = false
      return
    }
    cpu.waiting = true
    cpu.waitsForEvent = forEvent
  }
}

function synchronize(cpu: ArmCpu): void {
  cpu.memory.fence()
  cpu.synchronizeCode()
  retire(cpu)
}

function supervisorCall(cpu: ArmCpu): void {
  retire(cpu)
  cpu.exclusive = undefined
  cpu.system.supervisorCall()
  cpu.attention = true
}

/** The immediate of BKPT that asks for semihosting (Arm, "Semihosting for AArch32 and AArch64"). */
const SEMIHOSTING = 0xab

function breakpoint(cpu: ArmCpu): void {
  if (cpu.imm !== SEMIHOSTING || cpu.semihost === undefined) {
    raise(cpu, Fault.BREAKPOINT)
    return
  }
  cpu.r[0] = cpu.semihost(register(cpu, 0) >>> 0, register(cpu, 1) >>> 0)
  retire(cpu)
}

/** Bits of TT's result: what the address may be used for. Of the MPU's regions nothing is told. */
const TT_READABLE = 1 << 18
const TT_WRITABLE = 1 << 19

/** TT and TTT (for unprivileged accesses); TTA and TTAT are the Secure state's. */
function testTarget(cpu: ArmCpu, rd: number, rn: number): void {
  if (cpu.imm & 2) {
    undefinedInstruction(cpu)
    return
  }
  const address = register(cpu, rn)
  const privileged = (cpu.imm & 1) === 0 && cpu.privileged
  const permits = (access: Access): boolean => cpu.system.permits(address, 1, access, privileged)
  cpu.r[rd] = (permits(Access.READ) ? TT_READABLE : 0) | (permits(Access.WRITE) ? TT_WRITABLE : 0)
  retire(cpu)
}

/** By operation. What is missing here is undefined, or never left to this file. */
const table: Execute[] = []
for (let op = Op.LDR; op <= Op.STRH_REG; op++) table[op] = loadOrStore
table[Op.LDR_LITERAL] = loadLiteral
table[Op.LOAD_LITERAL] = loadLiteral
table[Op.LOAD_LITERAL_SPECIAL] = loadLiteral
table[Op.LOAD_INDEXED] = indexed
table[Op.STORE_INDEXED] = indexed
table[Op.LOAD_SPECIAL] = loadSpecial
table[Op.UNPRIVILEGED] = unprivileged
for (const op of [Op.LDRD, Op.STRD, Op.LDRD_LITERAL, Op.LDRD_INDEXED, Op.STRD_INDEXED]) {
  table[op] = dual
}
for (let op = Op.PUSH; op <= Op.STMDB; op++) table[op] = multiple
table[Op.LDM_SPECIAL] = multiple
table[Op.LDREX] = loadExclusive
table[Op.STREX] = storeExclusive
table[Op.LDA] = loadAcquire
table[Op.STL] = storeRelease
table[Op.CLREX] = (cpu) => {
  cpu.exclusive = undefined
  retire(cpu)
}
table[Op.SDIV] = divide
table[Op.UDIV] = divide
table[Op.TBB] = tableBranch(1)
table[Op.TBH] = tableBranch(2)
table[Op.BX] = (cpu, _rd, _rn, rm) => jumpOrReturn(cpu, register(cpu, rm))
table[Op.BLX] = link
// There is no other security state than this one to branch to.
table[Op.BXNS] = undefinedInstruction
table[Op.BLXNS] = undefinedInstruction
table[Op.MOV_PC] = (cpu, _rd, _rn, rm) => jump(cpu, register(cpu, rm))
table[Op.ADD_PC] = (cpu, _rd, _rn, rm) => jump(cpu, (cpu.imm + register(cpu, rm)) | 0)
table[Op.ADD_SP_IMM] = (cpu, _rd, rn) => {
  writeSp(cpu, (register(cpu, rn) + cpu.imm) | 0)
}
table[Op.ADDS_SP_IMM] = (cpu, _rd, rn, rm) => {
  addToSp(cpu, register(cpu, rn), cpu.imm, rm !== 0, true)
}
table[Op.SHIFTED_SPECIAL] = shiftedSpecial
table[Op.SVC] = supervisorCall
table[Op.BKPT] = breakpoint
table[Op.BREAKPOINT] = (cpu) => {
  cpu.debug.breaks(cpu.pc)
}
for (const op of [Op.CPS, Op.MRS, Op.MSR] as const) {
  table[op] = (cpu, rd, rn) => cpu.system.accessSpecial(op, rd, rn)
}
table[Op.DMB] = (cpu) => {
  cpu.memory.fence()
  retire(cpu)
}
table[Op.DSB] = synchronize
table[Op.ISB] = synchronize
table[Op.WFI] = wait(false)
table[Op.WFE] = wait(true)
table[Op.SEV] = (cpu) => {
  cpu.event = true
  retire(cpu)
}
table[Op.TT] = testTarget
table[Op.SSAT] = saturate(true)
table[Op.USAT] = saturate(false)
table[Op.SSAT16] = saturateHalves(true)
table[Op.USAT16] = saturateHalves(false)
table[Op.QARITH] = saturatingArithmetic
table[Op.PARALLEL] = parallel
table[Op.SEL] = select
table[Op.EXTEND16] = extendBoth
table[Op.PKH] = pack
table[Op.USAD8] = absoluteDifferences
table[Op.SMLAXY] = multiplyHalves
table[Op.SMLALXY] = multiplyHalvesLong
table[Op.SMLAW] = multiplyWordByHalf
table[Op.SMLAD] = dualMultiply(1)
table[Op.SMLSD] = dualMultiply(-1)
table[Op.SMLALD] = dualMultiplyLong(1)
table[Op.SMLSLD] = dualMultiplyLong(-1)
table[Op.SMMLA] = multiplyMostSignificant(1n)
table[Op.SMMLS] = multiplyMostSignificant(-1n)
table[Op.UMAAL] = multiplyAddAdd
for (let op = Op.FP_ARITHMETIC; op <= Op.FP_UNDEFINED; op++) table[op] = executeFloatSlow
table[Op.NO_COPROCESSOR] = (cpu) => raise(cpu, Fault.NO_COPROCESSOR)
table[Op.INVALID_STATE] = (cpu) => raise(cpu, Fault.INVALID_STATE)
table[Op.FETCH_FAULT] = (cpu) => {
  // The manual's default memory map lets no code be fetched from devices' addresses.
  const top = cpu.imm >>> 29
  const forbidden = top === 2 || top >= 5
  raise(cpu, forbidden ? Fault.FETCH_FORBIDDEN : Fault.FETCH_FAILED, cpu.imm)
}
table[Op.FETCH_FORBIDDEN] = (cpu) => raise(cpu, Fault.FETCH_FORBIDDEN, cpu.imm)
