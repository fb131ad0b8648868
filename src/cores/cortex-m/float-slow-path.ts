import type { ArmCpu } from './arm-cpu.js'
import { conditionHolds } from './condition.js'
import { floatLoadOrStore, floatMultiple } from './float-access.js'
import { floatConvert } from './float-convert.js'
import {
  floatArithmetic,
  floatCompare,
  floatConstant,
  floatSelect,
  floatUnary,
} from './float-operations.js'
import { Op } from './operation.js'
import { raise, retire } from './steps.js'
import { Fault } from './system-interface.js'
import { N_SHIFT, WHICH_SHIFT } from './thumb32-float.js'

const PC = 15

/** Conditions of VSEL by its two bits: EQ, VS, GE, GT. */
export const selections = [0, 6, 10, 12] as const

/** Executes a floating-point instruction that touches no memory, no fault and no flag of APSR. */
export function executeFloat(cpu: ArmCpu, op: number, imm: number, rd: number, rm: number): void {
  const { r, s } = cpu
  const n = (imm >>> N_SHIFT) & 31
  switch (op) {
    case Op.FP_ARITHMETIC:
      floatArithmetic(cpu, imm)
      break
    case Op.FP_UNARY:
      floatUnary(cpu, imm)
      break
    case Op.FP_COMPARE:
      floatCompare(cpu, imm)
      break
    case Op.FP_CONVERT:
      floatConvert(cpu, imm)
      break
    case Op.FP_CONSTANT:
      floatConstant(cpu, imm)
      break
    case Op.FP_TO_CORE:
      r[rd] = s[n] ?? 0
      break
    case Op.FP_FROM_CORE:
      s[n] = r[rd] ?? 0
      break
    case Op.FP_TO_CORES:
      r[rd] = s[n] ?? 0
      r[rm] = s[n + 1] ?? 0
      break
    case Op.FP_FROM_CORES:
      s[n] = r[rd] ?? 0
      s[n + 1] = r[rm] ?? 0
      break
  }
}

/** Executes a floating-point instruction with the checks that every one has. */
export function executeFloatSlow(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  if (!cpu.fpuReady && !cpu.system.useFpu()) {
    // A fault has been taken.
    cpu.left--
    cpu.exclusive = undefined
    cpu.attention = true
    return
  }
  const { imm } = cpu
  const op = cpu.packed & 0xff
  switch (op) {
    case Op.FP_LOAD:
    case Op.FP_STORE:
      floatLoadOrStore(cpu, rd, rn)
      return
    case Op.FP_LOAD_MULTIPLE:
    case Op.FP_STORE_MULTIPLE:
      floatMultiple(cpu, rd, rn, rm)
      return
    case Op.FP_UNDEFINED:
      raise(cpu, Fault.UNDEFINED_INSTRUCTION)
      return
    case Op.FP_SELECT: {
      const cond = selections[(imm >>> WHICH_SHIFT) & 3] ?? 0
      floatSelect(cpu, imm, conditionHolds(cond, cpu.n, cpu.z, cpu.c, cpu.v))
      break
    }
    case Op.VMRS:
      if (rd === PC) cpu.setApsr((cpu.apsr & 0x0fff_ffff) | (cpu.fpscr & (0xf000_0000 | 0)))
      else cpu.r[rd] = cpu.fpscr
      break
    case Op.VMSR:
      cpu.fpscr = cpu.r[rd] ?? 0
      break
    default:
      executeFloat(cpu, op, imm, rd, rm)
  }
  retire(cpu)
}
