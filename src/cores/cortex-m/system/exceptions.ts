import { hex } from '../../../base/errors.js'
import { describeFault } from '../../describe-fault.js'
import { CONTROL_FPCA, CONTROL_NPRIV, CONTROL_SPSEL, type Cpu } from '../cpu.js'
import { Fault } from '../system-interface.js'
import { Exception, exceptionName } from './exception.js'
import type { ExceptionState } from './exception-state.js'
import { DFSR_BKPT, type FaultStatus, Hfsr } from './fault-status.js'
import { type FaultKind, faultKinds, invalidReturn } from './faults.js'
import { Fpccr, type FpuControl } from './fpu-control.js'
import type { Mpu } from './mpu.js'
import type { Nvic } from './nvic.js'
import type { Scb } from './scb.js'
import type { FrameProblem, StackFrames } from './stack-frame.js'

/** EXC_RETURN: what LR holds in a handler, and branching to returns from it. */
export const ExcReturn = {
  /** ARMv8-M: the exception was taken to the Secure state. */
  ES: 1 << 0,
  /** Thread mode used PSP. */
  SPSEL: 1 << 2,
  /** It came from Thread mode. */
  MODE: 1 << 3,
  /** The frame is a basic one, without floating-point state. */
  FTYPE: 1 << 4,
  /** ARMv8-M: the registers were stacked by default rules. */
  DCRS: 1 << 5,
  /** ARMv8-M: the frame is on a stack of the Secure state. */
  S: 1 << 6,
} as const

/** Bits 31:7, which are 1 in every EXC_RETURN. */
const ONES = 0xffff_ff80 | 0
const WORLD = ExcReturn.ES | ExcReturn.DCRS | ExcReturn.S

/** The priority of HardFault: at it, or above, a fault cannot be taken any more. */
const HARDFAULT_PRIORITY = -1

const LENGTH_OF_SVC = 2

/** What the exceptions work on. */
export interface ExceptionParts {
  readonly cpu: Cpu
  readonly state: ExceptionState
  readonly status: FaultStatus
  readonly scb: Scb
  readonly nvic: Nvic
  readonly mpu: Mpu
  readonly fpu: FpuControl
  readonly frames: StackFrames
  /** True for an ARMv8-M core that shows its software the Secure state's EXC_RETURN. */
  readonly secure: boolean
}

/**
 * Exception entry and return (Armv7-M ARM, "Exception model"; Armv8-M ARM, "Exception handling").
 * An exception is made pending, then what runs is stacked, then the first pending exception is
 * taken: so one that comes up meanwhile, derived or late, is taken in its stead if it is above.
 */
export class Exceptions {
  readonly #parts: ExceptionParts
  readonly #v8: boolean
  /** What EXC_RETURN shows of the world the core is in. */
  readonly #world: number
  /** The exception in whose handler the fault that `Cpu` remembers is dealt with. */
  #faultIn = 0

  constructor(parts: ExceptionParts) {
    this.#parts = parts
    const { architecture } = parts.cpu.part
    this.#v8 = architecture === 'v8-m'
    this.#world = !this.#v8 || parts.secure ? WORLD : ExcReturn.DCRS
  }

  /** See `System.fault`. */
  fault(fault: Fault, address: number): void {
    const { status } = this.#parts
    const kind = faultKinds[fault]
    if (fault === Fault.BREAKPOINT) status.dfsr |= DFSR_BKPT
    if (this.#pendFault(kind, address)) this.#enter()
  }

  /** See `System.supervisorCall`. */
  supervisorCall(): void {
    const { cpu, state } = this.#parts
    if (state.groupPriority(Exception.SVCALL) >= state.executionPriority) {
      // It becomes a HardFault, which is taken at the instruction, not behind it.
      cpu.pc = (cpu.pc - LENGTH_OF_SVC) | 0
      const text = 'SVC where SVCall cannot be taken'
      if (!this.#pendFault({ exception: Exception.SVCALL, status: 0, text, addressed: false }, 0)) {
        return
      }
    } else state.setPending(Exception.SVCALL)
    this.#enter()
  }

  /** See `System.takePending`. */
  takePending(): boolean {
    this.#modeMayHaveChanged()
    if (!this.#parts.state.preempts) return false
    this.#enter()
    return true
  }

  /** See `System.exceptionReturn`. */
  return(excReturn: number): void {
    const { cpu, state, frames } = this.#parts
    const toThread = (excReturn & ExcReturn.MODE) !== 0
    const toPsp = (excReturn & ExcReturn.SPSEL) !== 0
    const extended = (excReturn & ExcReturn.FTYPE) === 0
    const valid = this.#isValid(excReturn, toThread)
    const handled = cpu.ipsr === this.#faultIn
    this.#deactivate(cpu.ipsr)
    if (!valid) {
      this.#returnFails(handled)
      if (this.#pendFault(invalidReturn, 0)) this.#take(excReturn)
      return
    }
    if (state.preempts) {
      this.#forget(handled)
      this.#take(excReturn) // tail-chained: the frame stays where it is
      return
    }
    const privileged = !toThread || (cpu.control & CONTROL_NPRIV) === 0
    const sp = toPsp ? cpu.psp : cpu.msp
    const frame = frames.read(sp, extended, privileged)
    if ('kind' in frame) {
      this.#returnFails(handled)
      if (this.#derive(frame)) this.#take(excReturn)
      return
    }
    const consistent = frame.thread === toThread
    if (!consistent && this.#v8) {
      this.#returnFails(handled)
      if (this.#pendFault(invalidReturn, 0)) this.#take(excReturn)
      return
    }
    const problem = extended ? frames.restoreFpu(sp, privileged) : undefined
    if (problem !== undefined) {
      this.#returnFails(handled)
      if (this.#derive(problem)) this.#take(excReturn)
      return
    }
    this.#clearOnReturn(extended)
    cpu.selectStack(toPsp)
    cpu.r[13] = frame.sp
    cpu.control =
      (cpu.control & ~(CONTROL_SPSEL | CONTROL_FPCA)) |
      (toPsp ? CONTROL_SPSEL : 0) |
      (extended ? CONTROL_FPCA : 0)
    frames.restore(frame)
    this.#leave()
    if (!consistent) {
      // ARMv7-M has taken the frame off by now, and puts it on again.
      this.#returnFails(handled)
      const again = frames.push()
      if (this.#pendFault(invalidReturn, 0) && this.#derive(again)) this.#take(excReturn)
      return
    }
    this.#forget(handled)
    if (toThread && state.activeCount === 0 && this.#parts.scb.sleepsOnExit) cpu.waiting = true
  }

  /** See `System.useFpu`. */
  useFpu(): boolean {
    const { cpu, state, fpu, frames } = this.#parts
    if (!fpu.permits(cpu.privileged)) {
      this.fault(Fault.NO_COPROCESSOR, 0)
      return false
    }
    if (fpu.lazy) {
      const problem = frames.preserve()
      if (problem !== undefined && !this.#pendLazily(problem)) return false
      if (problem !== undefined && state.preempts) {
        this.#enter() // the instruction is executed again, and the state saved, after the handler
        return false
      }
      fpu.settle()
    }
    fpu.begin()
    cpu.fpuReady = true
    return true
  }

  /** Stacks what runs, and takes the first pending exception. */
  #enter(): void {
    const { cpu, frames } = this.#parts
    const excReturn =
      ONES |
      this.#world |
      (cpu.control & CONTROL_FPCA ? 0 : ExcReturn.FTYPE) |
      (cpu.ipsr === 0 ? ExcReturn.MODE : 0) |
      (cpu.usesPsp ? ExcReturn.SPSEL : 0)
    if (this.#derive(frames.push())) this.#take(excReturn)
  }

  /** ExceptionTaken() of the manual, for whatever comes first by now. */
  #take(excReturn: number): void {
    const { cpu, state, status, scb } = this.#parts
    for (;;) {
      const number = state.first
      const address = (scb.vtor + 4 * number) | 0
      // Vectors are read as by privileged code, and the MPU does not look at it.
      const vector = cpu.memory.load(address, 4)
      if (vector >= 0) {
        this.#begin(number, vector, excReturn)
        return
      }
      status.hfsr |= Hfsr.VECTTBL
      const text = `no vector for ${exceptionName(number)}`
      const cause = `${exceptionName(Exception.HARD_FAULT)}: ${text}`
      const first = this.#note(cause, Exception.HARD_FAULT, address)
      if (state.priority(number) <= HARDFAULT_PRIORITY) {
        this.#lockUp(text, first)
        return
      }
      state.setPending(Exception.HARD_FAULT)
    }
  }

  #begin(number: number, vector: number, excReturn: number): void {
    const { cpu, state } = this.#parts
    state.take(number)
    cpu.ipsr = number
    cpu.itstate = 0
    cpu.control &= ~(CONTROL_SPSEL | CONTROL_FPCA)
    cpu.selectStack(false)
    cpu.r[14] = excReturn
    cpu.pc = vector & ~1
    cpu.thumb = (vector & 1) !== 0
    cpu.waiting = cpu.waitsForEvent = false
    this.#leave()
  }

  /** What is the same at each end of an exception. */
  #leave(): void {
    const { cpu } = this.#parts
    cpu.exclusive = undefined
    cpu.event = true
    this.#modeMayHaveChanged()
  }

  #modeMayHaveChanged(): void {
    this.#parts.cpu.fpuReady = false
    this.#parts.mpu.update()
  }

  /** Whether the handler that runs may return with `excReturn`. */
  #isValid(excReturn: number, toThread: boolean): boolean {
    const { cpu, state, scb, fpu } = this.#parts
    if ((excReturn & (ONES | WORLD | 2)) !== (ONES | this.#world)) return false
    if (!fpu.present && (excReturn & ExcReturn.FTYPE) === 0) return false
    if (!state.isActive(cpu.ipsr)) return false
    if (this.#v8) return true
    if (!toThread) return (excReturn & ExcReturn.SPSEL) === 0 && state.activeCount > 1
    return state.activeCount === 1 || scb.allowsNestedThread
  }

  #deactivate(number: number): void {
    const { cpu, state, nvic } = this.#parts
    const urgent = this.#v8 ? state.activePriority < 0 : number === Exception.NMI
    if (!urgent) cpu.faultmask = 0
    state.setActive(number, false)
    nvic.returned(number)
  }

  /** A handler has returned: the fault that was dealt with in it, if one was, is over. */
  #forget(handled: boolean): void {
    if (!handled) return
    this.#faultIn = 0
    this.#parts.cpu.forgetFault()
  }

  /** A handler has not got back: whatever comes of that is still of the fault that it dealt with. */
  #returnFails(handled: boolean): void {
    if (handled) this.#faultIn = 0
  }

  /** ARMv8-M, FPCCR.CLRONRET: a handler's floating-point state is not left to whom it returns to. */
  #clearOnReturn(extended: boolean): void {
    const { cpu, fpu } = this.#parts
    if (extended || (cpu.control & CONTROL_FPCA) === 0 || !(fpu.fpccr & Fpccr.CLRONRET)) return
    cpu.s.fill(0, 0, 16)
    cpu.fpscr = 0
  }

  /** Pends what stacking has come upon, if it has. @returns false where the core has locked up */
  #derive(problem: FrameProblem | undefined): boolean {
    return problem === undefined || this.#pendFault(problem.kind, problem.address)
  }

  /**
   * Makes the exception of a fault pending, or HardFault if it cannot be taken where it has happened.
   * @returns false where HardFault cannot be taken either: the core has locked up
   */
  #pendFault(kind: FaultKind, address: number): boolean {
    const { state, status } = this.#parts
    status.record(kind.status, address)
    const running = state.executionPriority
    const { exception } = kind
    const possible = state.isEnabled(exception) && state.groupPriority(exception) < running
    return this.#pendOrEscalate(kind, address, possible, running > HARDFAULT_PRIORITY)
  }

  /** The same for floating-point state that is saved late: what counts is how it was at entry. */
  #pendLazily({ kind, address }: FrameProblem): boolean {
    const { state, status, fpu } = this.#parts
    status.record(kind.status, address)
    const ready = kind.exception === Exception.MEM_MANAGE ? Fpccr.MMRDY : Fpccr.BFRDY
    const possible = (fpu.fpccr & ready) !== 0 && state.isEnabled(kind.exception)
    return this.#pendOrEscalate(kind, address, possible, (fpu.fpccr & Fpccr.HFRDY) !== 0)
  }

  #pendOrEscalate(
    kind: FaultKind,
    address: number,
    possible: boolean,
    escalates: boolean,
  ): boolean {
    const { cpu, state, status } = this.#parts
    const { exception, text } = kind
    // The first edition has no exceptions of their own for the kinds of faults.
    const named = cpu.part.architecture === 'v6-m' ? Exception.HARD_FAULT : exception
    const cause = `${exceptionName(named)}: ${text}`
    const taken = possible ? exception : Exception.HARD_FAULT
    const first = this.#note(cause, taken, kind.addressed ? address : undefined)
    if (!possible && !escalates) {
      this.#lockUp(cause, first)
      return false
    }
    if (!possible) {
      status.hfsr |= exception === Exception.DEBUG_MONITOR ? Hfsr.DEBUGEVT : Hfsr.FORCED
    }
    state.setPending(taken)
    return true
  }

  /** @returns whether it is the first, to which none before it has led */
  #note(cause: string, number: number, address: number | undefined): boolean {
    const { cpu } = this.#parts
    const first = cpu.fault === undefined
    if (first || this.#faultIn === 0) this.#faultIn = number
    cpu.noteFault(cause, address)
    return first
  }

  /** A fault where HardFault cannot be taken: Lockup state, which only a reset ends. */
  #lockUp(cause: string, first: boolean): void {
    const { cpu } = this.#parts
    const { fault } = cpu
    const before = fault === undefined || first ? '' : `, after ${describeFault(fault)}`
    const where = `at pc ${hex(cpu.pc >>> 0, 8)}`
    const within = cpu.ipsr === 0 ? '' : ` in the handler of ${exceptionName(cpu.ipsr)}`
    cpu.lockup = `lockup: ${cause} ${where}${within}${before}`
  }
}
