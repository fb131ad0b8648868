import { Fault } from '../system-interface.js'
import { Exception } from './exception.js'
import { Cfsr } from './fault-status.js'

/** What becomes of a fault: its exception, its bits in CFSR, and its name for people. */
export interface FaultKind {
  readonly exception: number
  readonly status: number
  readonly text: string
  /** True where the address of the access belongs to what a person wants to know. */
  readonly addressed: boolean
}

function usage(status: number, text: string): FaultKind {
  return { exception: Exception.USAGE_FAULT, status, text, addressed: false }
}

function memory(status: number, text: string, addressed = false): FaultKind {
  return { exception: Exception.MEM_MANAGE, status, text, addressed }
}

function bus(status: number, text: string, addressed = false): FaultKind {
  return { exception: Exception.BUS_FAULT, status, text, addressed }
}

/** Faults of instructions. */
export const faultKinds: Readonly<Record<Fault, FaultKind>> = {
  [Fault.UNDEFINED_INSTRUCTION]: usage(Cfsr.UNDEFINSTR, 'undefined instruction'),
  [Fault.INVALID_STATE]: usage(Cfsr.INVSTATE, 'branch to an even address'),
  [Fault.NO_COPROCESSOR]: usage(Cfsr.NOCP, 'coprocessor absent or disabled'),
  [Fault.UNALIGNED]: usage(Cfsr.UNALIGNED, 'unaligned access'),
  [Fault.DIVIDE_BY_ZERO]: usage(Cfsr.DIVBYZERO, 'division by zero'),
  [Fault.STACK_OVERFLOW]: usage(Cfsr.STKOF, 'stack overflow'),
  [Fault.FETCH_FORBIDDEN]: memory(Cfsr.IACCVIOL, 'instruction access violation'),
  [Fault.ACCESS_FORBIDDEN]: memory(Cfsr.DACCVIOL | Cfsr.MMARVALID, 'data access violation', true),
  [Fault.FETCH_FAILED]: bus(Cfsr.IBUSERR, 'instruction bus error'),
  [Fault.ACCESS_FAILED]: bus(Cfsr.PRECISERR | Cfsr.BFARVALID, 'precise data access', true),
  [Fault.BREAKPOINT]: {
    exception: Exception.DEBUG_MONITOR,
    status: 0,
    text: 'BKPT without a debugger',
    addressed: false,
  },
}

/** What the accesses of the exception machinery itself can come upon. */
export interface FrameFaults {
  /** The MPU forbids it. */
  readonly forbidden: FaultKind
  /** Nothing answers. */
  readonly failed: FaultKind
}

export const stacking: FrameFaults = {
  forbidden: memory(Cfsr.MSTKERR, 'access violation when stacking an exception frame', true),
  failed: bus(Cfsr.STKERR, 'bus error when stacking an exception frame', true),
}

export const unstacking: FrameFaults = {
  forbidden: memory(Cfsr.MUNSTKERR, 'access violation when unstacking an exception frame', true),
  failed: bus(Cfsr.UNSTKERR, 'bus error when unstacking an exception frame', true),
}

export const lazyStacking: FrameFaults = {
  forbidden: memory(Cfsr.MLSPERR, 'access violation when floating-point state is saved', true),
  failed: bus(Cfsr.LSPERR, 'bus error when floating-point state is saved', true),
}

export const stackOverflow = usage(Cfsr.STKOF, 'stack overflow when stacking an exception frame')
export const noCoprocessor = faultKinds[Fault.NO_COPROCESSOR]
export const invalidReturn = usage(Cfsr.INVPC, 'invalid exception return')
