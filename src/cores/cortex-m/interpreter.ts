import type { Cpu } from './cpu.js'

/** Executes instructions from `cpu.pc` on. @returns true at one that is not executed here */
export function interpret(cpu: Cpu): boolean {
  cpu.left = 0
  return false
}
