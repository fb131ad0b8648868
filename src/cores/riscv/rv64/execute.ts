import type { Hart } from '../hart.js'

/** Executes the instruction in `hart.packed` and `hart.imm`, whose fields the rest are. */
export type Execute = (hart: Hart, rd: number, rs1: number, rs2: number) => void

/** The instruction has done its work: time goes on, and `pc` to the next one. */
export function retire(hart: Hart): void {
  hart.pc = (hart.pc + (hart.packed >>> 24)) | 0
  hart.left--
}
