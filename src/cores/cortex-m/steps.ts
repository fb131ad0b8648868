import type { ArmCpu } from './arm-cpu.js'
import { nameOf, signalOf } from './fault-signal.js'
import { advance, itstateOf, lengthOf } from './instruction.js'
import type { Fault } from './system-interface.js'

/** The instruction in `cpu.packed` has done its work: time goes on, and `pc` to the next one. */
export function retire(cpu: ArmCpu): void {
  cpu.pc = (cpu.pc + lengthOf(cpu.packed)) | 0
  cpu.itstate = advance(itstateOf(cpu.packed))
  cpu.left--
}

/** The instruction ends with a jump to `target`, of which bit 0 does not count, and for A32 bit 1. */
export function jump(cpu: ArmCpu, target: number): void {
  cpu.pc = target & (cpu.hasA32 && !cpu.thumb ? ~3 : ~1)
  cpu.itstate = 0
  cpu.left--
}

/** A jump that ends in Thumb state only at an odd target. */
export function jumpExchanging(cpu: ArmCpu, target: number): void {
  cpu.thumb = (target & 1) !== 0
  jump(cpu, target)
}

/** BX, and loads of the pc: in Handler mode the highest addresses are exception returns. */
export function jumpOrReturn(cpu: ArmCpu, target: number): void {
  if (target >>> 28 !== 15 || !cpu.system.returnsTo(target)) {
    jumpExchanging(cpu, target)
    return
  }
  cpu.itstate = 0
  cpu.left--
  cpu.exclusive = undefined
  cpu.system.exceptionReturn(target)
  cpu.attention = true
}

/** The instruction at `cpu.pc` has changed nothing, and faults. This costs its cycle. */
export function raise(cpu: ArmCpu, fault: Fault, address = 0): void {
  if (cpu.debug.catchFaults && cpu.debug.faults(cpu.pc, signalOf(fault), nameOf(fault))) return
  cpu.traps++
  cpu.left--
  cpu.exclusive = undefined
  cpu.system.fault(fault, address)
  cpu.attention = true
}
