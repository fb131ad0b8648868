import type { ArmCpu } from './arm-cpu.js'
import { load, setRegister, store } from './memory-access.js'
import { Op } from './operation.js'
import { raise, retire } from './steps.js'
import { Fault } from './system-interface.js'
import { DOUBLE, FP_DECREMENT, FP_WRITE_BACK, WHICH_SHIFT } from './thumb32-float.js'

const PC = 15
const SP = 13

/** The s register that the access begins with. */
function firstRegister(imm: number): number {
  return imm & DOUBLE ? 2 * (imm & 31) : imm & 31
}

/** VLDR and VSTR: word by word, and aligned. */
export function floatLoadOrStore(cpu: ArmCpu, _rd: number, rn: number): void {
  const { imm } = cpu
  const base = rn === PC ? (cpu.pc & ~3) + 4 : (cpu.r[rn] ?? 0)
  const words = imm & DOUBLE ? 2 : 1
  const loads = (cpu.packed & 0xff) === Op.FP_LOAD
  if (transfer(cpu, loads, firstRegister(imm), words, (base + (imm >> WHICH_SHIFT)) | 0)) {
    retire(cpu)
  }
}

/** VLDM and VSTM. @param rm a word more than there are registers for is skipped (FLDMX, FSTMX) */
export function floatMultiple(cpu: ArmCpu, flags: number, rn: number, rm: number): void {
  const { imm } = cpu
  const words = imm >>> WHICH_SHIFT
  const base = cpu.r[rn] ?? 0
  const size = 4 * (words + rm)
  const bottom = flags & FP_DECREMENT ? (base - size) | 0 : base
  const back = (flags & FP_WRITE_BACK) !== 0
  if (back && rn === SP && flags & FP_DECREMENT && bottom >>> 0 < cpu.stackLimit >>> 0) {
    raise(cpu, Fault.STACK_OVERFLOW)
    return
  }
  const loads = (cpu.packed & 0xff) === Op.FP_LOAD_MULTIPLE
  if (!transfer(cpu, loads, firstRegister(imm), words, bottom)) return
  if (back) setRegister(cpu, rn, flags & FP_DECREMENT ? bottom : (base + size) | 0)
  retire(cpu)
}

/** @returns false where a fault was taken; registers that were loaded before it keep their values */
function transfer(
  cpu: ArmCpu,
  loads: boolean,
  first: number,
  words: number,
  address: number,
): boolean {
  for (let i = 0; i < words; i++) {
    const at = (address + 4 * i) | 0
    if (!loads) {
      if (!store(cpu, at, 4, cpu.s[first + i] ?? 0, true)) return false
      continue
    }
    const value = load(cpu, at, 4, true)
    if (value < 0) return false
    cpu.s[first + i] = value
  }
  return true
}
