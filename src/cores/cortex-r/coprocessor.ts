import { raise, retire } from '../cortex-m/steps.js'
import { Fault } from '../cortex-m/system-interface.js'
import type { CortexRCpu } from './cpu.js'

const PC = 15
const LOAD = 1 << 20

/** MRC and MCR of CP15; `imm` is the encoding. */
export function transferCoprocessor(cpu: CortexRCpu): void {
  const word = cpu.imm
  const rt = (word >>> 12) & 15
  const place = {
    opc1: (word >>> 21) & 7,
    crn: (word >>> 16) & 15,
    crm: word & 15,
    opc2: (word >>> 5) & 7,
  }
  const { control } = cpu.system
  if (word & LOAD) {
    const value = control.load(place)
    if (value === undefined) {
      raise(cpu, Fault.UNDEFINED_INSTRUCTION)
      return
    }
    if (rt === PC) cpu.setApsr((cpu.apsr & 0x0fff_ffff) | (value & (0xf000_0000 | 0)))
    else cpu.r[rt] = value
  } else if (rt === PC || !control.store(place, cpu.r[rt] ?? 0)) {
    raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    return
  }
  retire(cpu)
  // A write may have changed what the MPU says of the next instruction.
  cpu.attention = true
}

/** VMRS and VMSR of the registers that say and switch the FPU. */
export function transferVfp(cpu: CortexRCpu, rd: number, _rn: number, rm: number): void {
  const { control } = cpu.system
  if (control.reachesFpu && cpu.privileged) {
    if (rm === 0) {
      const value = control.loadVfp(cpu.imm)
      if (value !== undefined) {
        cpu.r[rd] = value
        retire(cpu)
        return
      }
    } else if (control.storeVfp(cpu.imm, cpu.r[rd] ?? 0)) {
      retire(cpu)
      return
    }
  }
  raise(cpu, Fault.UNDEFINED_INSTRUCTION)
}
