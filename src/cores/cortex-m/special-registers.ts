import { PSR_GE_SHIFT, PSR_Q } from './arm-cpu.js'
import { CONTROL_FPCA, CONTROL_NPRIV, CONTROL_SPSEL, type Cpu } from './cpu.js'
import { retire } from './steps.js'
import { MSR_FLAGS, MSR_GE } from './thumb32.js'

/** SYSm of MRS and MSR. Below 8: bit 0 for IPSR, bit 1 for EPSR, bit 2 for "without APSR". */
const MSP = 8
const PSP = 9
const MSPLIM = 10
const PSPLIM = 11
const PRIMASK = 16
const BASEPRI = 17
const BASEPRI_MAX = 18
const FAULTMASK = 19
const CONTROL = 20

const NMI = 2
const HARD_FAULT = 3

export function readSpecial(cpu: Cpu, number: number): number {
  const privileged = cpu.privileged
  if (number < MSP) {
    // EPSR reads as 0.
    return (number & 4 ? 0 : cpu.apsr) | (number & 1 && privileged ? cpu.ipsr : 0)
  }
  if (number === CONTROL) return cpu.control
  if (!privileged) return 0
  const small = cpu.part.architecture === 'v6-m'
  switch (number) {
    case MSP:
      return cpu.msp
    case PSP:
      return cpu.psp
    case MSPLIM:
      return cpu.msplim
    case PSPLIM:
      return cpu.psplim
    case PRIMASK:
      return cpu.primask
    case BASEPRI:
    case BASEPRI_MAX:
      return small ? 0 : cpu.basepri
    case FAULTMASK:
      return small ? 0 : cpu.faultmask
    default:
      return 0
  }
}

/** @param fields which parts of APSR are written (MSR_FLAGS, MSR_GE) */
export function writeSpecial(cpu: Cpu, number: number, fields: number, value: number): void {
  if (number < MSP) {
    if (number & 4) return
    let mask = 0
    if (fields & MSR_FLAGS) mask |= 0xf000_0000 | PSR_Q | 0
    if (fields & MSR_GE) mask |= 15 << PSR_GE_SHIFT
    cpu.setApsr((cpu.apsr & ~mask) | (value & mask))
    return
  }
  if (!cpu.privileged) return
  const { architecture, priorityBits } = cpu.part
  const mainline = architecture !== 'v6-m'
  const priority = value & 0xff & (0xff00 >> priorityBits)
  cpu.attention = true
  switch (number) {
    case MSP:
      cpu.msp = value
      break
    case PSP:
      cpu.psp = value
      break
    case MSPLIM:
      if (architecture === 'v8-m') cpu.msplim = value & ~7
      break
    case PSPLIM:
      if (architecture === 'v8-m') cpu.psplim = value & ~7
      break
    case PRIMASK:
      cpu.primask = value & 1
      break
    case BASEPRI:
      if (mainline) cpu.basepri = priority
      break
    case BASEPRI_MAX:
      if (mainline && priority !== 0 && (cpu.basepri === 0 || priority < cpu.basepri)) {
        cpu.basepri = priority
      }
      break
    case FAULTMASK:
      if (mainline) setFaultmask(cpu, value & 1)
      break
    case CONTROL:
      writeControl(cpu, value)
      break
  }
}

function writeControl(cpu: Cpu, value: number): void {
  const { architecture, fpu } = cpu.part
  let mask = CONTROL_NPRIV
  // Before ARMv8-M, SPSEL cannot be written in Handler mode.
  if (cpu.ipsr === 0 || architecture === 'v8-m') mask |= CONTROL_SPSEL
  if (fpu !== 'none') mask |= CONTROL_FPCA
  cpu.control = (cpu.control & ~mask) | (value & mask)
  if (cpu.ipsr === 0) cpu.selectStack((cpu.control & CONTROL_SPSEL) !== 0)
  cpu.fpuReady = false
}

/** FAULTMASK cannot be set where the priority is that of HardFault or above. */
function setFaultmask(cpu: Cpu, value: number): void {
  if (value === 0 || (cpu.ipsr !== NMI && cpu.ipsr !== HARD_FAULT)) cpu.faultmask = value
}

export function mrs(cpu: Cpu, rd: number): void {
  cpu.r[rd] = readSpecial(cpu, cpu.imm & 0xff)
  retire(cpu)
}

export function msr(cpu: Cpu, _rd: number, rn: number): void {
  writeSpecial(cpu, cpu.imm & 0xff, cpu.imm, cpu.r[rn] ?? 0)
  retire(cpu)
}

/** CPSIE and CPSID: `imm` is bit 4 for "disable", bit 1 for PRIMASK, bit 0 for FAULTMASK. */
export function cps(cpu: Cpu): void {
  if (cpu.privileged) {
    const value = (cpu.imm >>> 4) & 1
    if (cpu.imm & 2) cpu.primask = value
    if (cpu.imm & 1) setFaultmask(cpu, value)
    cpu.attention = true
  }
  retire(cpu)
}
