import { load, setRegister, store } from '../cortex-m/memory-access.js'
import { jumpExchanging, raise, retire } from '../cortex-m/steps.js'
import { Fault } from '../cortex-m/system-interface.js'
import type { CortexRCpu } from './cpu.js'
import { bankOf, Mode, modeOf, PSR_A, PSR_F, PSR_I } from './mode.js'

/** In the `imm` of CPS_PSR, above the mode. */
export const CPS_CHANGES_MODE = 1 << 5
export const CPS_CHANGES_MASKS = 1 << 6
export const CPS_DISABLES = 1 << 7
/** A, I and F, as bits 2 to 0. */
export const CPS_MASKS_SHIFT = 8

/** In the `imm` of SRS and RFE, above the mode: upwards, then before; and with write-back. */
export const RETURN_STATE_SHIFT = 8
export const RETURN_STATE_UP = 1 << 8
export const RETURN_STATE_BEFORE = 1 << 9
export const RETURN_STATE_BACK = 1 << 10

const E = 1 << 9
const STATE_BITS = 0x0600_fc20

/** The bits of CPSR that the four field bits of MSR stand for; not those of execution state. */
export function psrMask(fields: number): number {
  return (
    (fields & 1 ? 0xff : 0) |
    (fields & 2 ? 0xff00 : 0) |
    (fields & 4 ? 0xff_0000 : 0) |
    (fields & 8 ? 0xff00_0000 : 0)
  )
}

export function mrs(cpu: CortexRCpu, rd: number, _rn: number, rm: number): void {
  const { spsr } = cpu
  if (rm === 0) cpu.r[rd] = cpu.cpsr & ~STATE_BITS
  else if (spsr === undefined) {
    raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    return
  } else cpu.r[rd] = spsr
  retire(cpu)
}

/** MSR: `imm` is the mask, rm says that it is SPSR. */
export function msr(cpu: CortexRCpu, _rd: number, rn: number, rm: number): void {
  write(cpu, cpu.r[rn] ?? 0, cpu.imm, rm !== 0)
}

export function msrImmediateValue(cpu: CortexRCpu, fields: number, _rn: number, rm: number): void {
  write(cpu, cpu.imm, psrMask(fields), rm !== 0)
}

function write(cpu: CortexRCpu, value: number, mask: number, saved: boolean): void {
  const { spsr } = cpu
  if (!saved) {
    retire(cpu)
    cpu.writeCpsr(value, mask & ~(STATE_BITS | E))
  } else if (spsr === undefined) raise(cpu, Fault.UNDEFINED_INSTRUCTION)
  else {
    cpu.spsr = (spsr & ~mask) | (value & mask)
    retire(cpu)
  }
}

export function cps(cpu: CortexRCpu): void {
  const { imm } = cpu
  retire(cpu)
  if (!cpu.privileged) return
  const named = (imm >>> CPS_MASKS_SHIFT) & 7
  const bits = (named & 4 ? PSR_A : 0) | (named & 2 ? PSR_I : 0) | (named & 1 ? PSR_F : 0)
  if (imm & CPS_CHANGES_MASKS) {
    cpu.masks = imm & CPS_DISABLES ? cpu.masks | bits : cpu.masks & ~bits
  }
  const mode = modeOf(imm)
  if (imm & CPS_CHANGES_MODE && mode !== undefined) cpu.mode = mode
  cpu.attention = true
}

/** Where the two words of a return state are, and what becomes of the base. */
function placeOf(
  imm: number,
  base: number,
): { readonly address: number; readonly changed: number } {
  const up = (imm & RETURN_STATE_UP) !== 0
  const before = (imm & RETURN_STATE_BEFORE) !== 0
  const changed = (up ? base + 8 : base - 8) | 0
  const lowest = up ? base : base - 8
  return { address: (lowest + (up === before ? 4 : 0)) | 0, changed }
}

/** SRS: LR and SPSR go onto the stack of another mode. */
export function storeReturnState(cpu: CortexRCpu): void {
  const { imm, spsr } = cpu
  const mode = modeOf(imm)
  if (spsr === undefined || mode === undefined || bankOf(cpu.mode) === 0) {
    raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    return
  }
  const { address, changed } = placeOf(imm, cpu.stackOf(mode))
  if (!store(cpu, address, 4, cpu.r[14] ?? 0, true)) return
  if (!store(cpu, (address + 4) | 0, 4, spsr, true)) return
  if (imm & RETURN_STATE_BACK) cpu.setStackOf(mode, changed)
  retire(cpu)
}

/** RFE: pc and CPSR are loaded. */
export function returnFromException(cpu: CortexRCpu, _rd: number, rn: number): void {
  if (!cpu.privileged) {
    raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    return
  }
  const { address, changed } = placeOf(cpu.imm, cpu.r[rn] ?? 0)
  const pc = load(cpu, address, 4, true)
  if (pc < 0) return
  const cpsr = load(cpu, (address + 4) | 0, 4, true)
  if (cpsr < 0) return
  if (cpu.imm & RETURN_STATE_BACK) setRegister(cpu, rn, changed)
  returnTo(cpu, pc | 0, cpsr | 0)
}

/** The end of every instruction that returns from an exception. */
export function returnTo(cpu: CortexRCpu, pc: number, cpsr: number): void {
  cpu.restoreCpsr(cpsr)
  cpu.pc = pc & (cpu.thumb ? ~1 : ~3)
  cpu.left--
  cpu.exclusive = undefined
}

/** SUBS pc, LR, imm of T32. */
export function subtractAndReturn(cpu: CortexRCpu): void {
  const { spsr } = cpu
  if (spsr === undefined || cpu.mode === Mode.USR) raise(cpu, Fault.UNDEFINED_INSTRUCTION)
  else returnTo(cpu, ((cpu.r[14] ?? 0) - cpu.imm) | 0, spsr)
}

/** Jumps to `imm`, whose bit 0 says the instruction set; with rm it is a call. */
export function exchange(cpu: CortexRCpu, _rd: number, _rn: number, rm: number): void {
  if (rm !== 0) cpu.r[14] = (cpu.pc + 4) | (cpu.thumb ? 1 : 0)
  jumpExchanging(cpu, cpu.imm)
}
