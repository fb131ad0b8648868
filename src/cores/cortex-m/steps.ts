import type { Cpu } from './cpu.js'
import { advance, itstateOf, lengthOf } from './instruction.js'
import type { Fault } from './system-interface.js'

/** The instruction in `cpu.packed` has done its work: time goes on, and `pc` to the next one. */
export function retire(cpu: Cpu): void {
  cpu.pc = (cpu.pc + lengthOf(cpu.packed)) | 0
  cpu.itstate = advance(itstateOf(cpu.packed))
  cpu.left--
}

/** The instruction ends with a jump to `target`, of which bit 0 does not count. */
export function jump(cpu: Cpu, target: number): void {
  cpu.pc = target & ~1
  cpu.itstate = 0
  cpu.left--
}

/** A jump that ends in Thumb state only at an odd target. */
export function jumpExchanging(cpu: Cpu, target: number): void {
  cpu.thumb = (target & 1) !== 0
  jump(cpu, target)
}

/** BX, and loads of the pc: in Handler mode the highest addresses are exception returns. */
export function jumpOrReturn(cpu: Cpu, target: number): void {
  if (cpu.ipsr === 0 || target >>> 28 !== 15) {
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
export function raise(cpu: Cpu, fault: Fault, address = 0): void {
  cpu.left--
  cpu.exclusive = undefined
  cpu.system.fault(fault, address)
  cpu.attention = true
}
