import type { FaultSignal } from '../debug.js'
import { Fault } from './system-interface.js'

/** What a debugger knows faults by: a signal, and words. */
const known: Readonly<Record<Fault, readonly [FaultSignal, string]>> = {
  [Fault.UNDEFINED_INSTRUCTION]: ['SIGILL', 'undefined instruction'],
  [Fault.INVALID_STATE]: ['SIGILL', 'branch out of Thumb state'],
  [Fault.NO_COPROCESSOR]: ['SIGILL', 'no coprocessor'],
  [Fault.UNALIGNED]: ['SIGBUS', 'unaligned access'],
  [Fault.DIVIDE_BY_ZERO]: ['SIGFPE', 'division by zero'],
  [Fault.STACK_OVERFLOW]: ['SIGSEGV', 'stack overflow'],
  [Fault.FETCH_FORBIDDEN]: ['SIGSEGV', 'forbidden fetch'],
  [Fault.ACCESS_FORBIDDEN]: ['SIGSEGV', 'forbidden access'],
  [Fault.FETCH_FAILED]: ['SIGSEGV', 'failed fetch'],
  [Fault.ACCESS_FAILED]: ['SIGSEGV', 'failed access'],
  [Fault.BREAKPOINT]: ['SIGTRAP', 'breakpoint'],
}

export function signalOf(fault: Fault): FaultSignal {
  return known[fault][0]
}

export function nameOf(fault: Fault): string {
  return known[fault][1]
}
