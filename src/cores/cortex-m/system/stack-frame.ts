import { CONTROL_FPCA, type Cpu, XPSR_EXCEPTION } from '../cpu.js'
import { Access } from '../system-interface.js'
import type { ExceptionState } from './exception-state.js'
import {
  type FaultKind,
  type FrameFaults,
  lazyStacking,
  noCoprocessor,
  stacking,
  stackOverflow,
  unstacking,
} from './faults.js'
import { Fpccr, type FpuControl } from './fpu-control.js'
import type { Mpu } from './mpu.js'
import type { Scb } from './scb.js'

/** Bytes of a basic frame (r0 to r3, r12, LR, return address, xPSR), and with s0 to s15, FPSCR. */
const BASIC = 0x20
const EXTENDED = 0x68
const FP_REGISTERS = 16
/** Offset of FPSCR behind s0. */
const FPSCR = 0x40

/** Bit 9 of the xPSR in a frame: SP was not at a multiple of 8, and is 4 higher than the frame says. */
const PADDED = 1 << 9

/** Words of a basic frame by their place. */
const RETURN_ADDRESS = 6
const XPSR = 7
const WORDS = 8

/** What has gone wrong with a frame, and where. */
export interface FrameProblem {
  readonly kind: FaultKind
  readonly address: number
}

/** A frame that has been read and not yet been put to use. */
export interface Frame {
  readonly words: Int32Array
  /** It was Thread mode that was stacked. */
  readonly thread: boolean
  /** SP once the frame is taken off. */
  readonly sp: number
}

/** Puts exception frames on the stack and takes them off (PushStack(), PopStack() of the manual). */
export class StackFrames {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly #scb: Scb
  readonly #mpu: Mpu
  readonly #fpu: FpuControl
  /** Has stack limits. */
  readonly #v8: boolean

  constructor(cpu: Cpu, state: ExceptionState, scb: Scb, mpu: Mpu, fpu: FpuControl) {
    this.#cpu = cpu
    this.#state = state
    this.#scb = scb
    this.#mpu = mpu
    this.#fpu = fpu
    this.#v8 = cpu.part.architecture === 'v8-m'
  }

  /** Stacks what runs now. SP is moved even where a store then fails. */
  push(): FrameProblem | undefined {
    const cpu = this.#cpu
    const { r } = cpu
    const extended = (cpu.control & CONTROL_FPCA) !== 0
    const aligned = extended || this.#scb.alignsStack
    const sp = r[13] ?? 0
    const padded = aligned && (sp & 4) !== 0
    const frame = (sp - (extended ? EXTENDED : BASIC)) & (aligned ? ~7 : ~3)
    if (frame >>> 0 < this.#limit >>> 0) {
      r[13] = this.#limit
      return { kind: stackOverflow, address: frame }
    }
    r[13] = frame
    const words = [r[0], r[1], r[2], r[3], r[12], r[14], cpu.pc, cpu.xpsr | (padded ? PADDED : 0)]
    const { privileged } = cpu
    for (let i = 0; i < WORDS; i++) {
      const problem = this.#store(frame + 4 * i, words[i] ?? 0, privileged, stacking)
      if (problem !== undefined) return problem
    }
    return extended ? this.#pushFpu(frame + BASIC) : undefined
  }

  /** Reads the frame at `sp`, but for its floating-point state; nothing has changed then. */
  read(sp: number, extended: boolean, privileged: boolean): Frame | FrameProblem {
    const words = new Int32Array(WORDS)
    for (let i = 0; i < WORDS; i++) {
      const value = this.#load(sp + 4 * i, privileged)
      if (typeof value !== 'number') return value
      words[i] = value
    }
    const xpsr = words[XPSR] ?? 0
    const padded = (extended || this.#scb.alignsStack) && (xpsr & PADDED) !== 0
    return {
      words,
      thread: (xpsr & XPSR_EXCEPTION) === 0,
      sp: (sp + (extended ? EXTENDED : BASIC)) | (padded ? 4 : 0),
    }
  }

  /** Gives the floating-point registers of the extended frame at `sp` back. */
  restoreFpu(sp: number, privileged: boolean): FrameProblem | undefined {
    const cpu = this.#cpu
    const address = sp + BASIC
    if (this.#fpu.lazy) {
      this.#fpu.settle() // nobody has touched the registers since
      return undefined
    }
    if (!this.#fpu.permits(privileged)) return { kind: noCoprocessor, address }
    for (let i = 0; i < FP_REGISTERS; i++) {
      const value = this.#load(address + 4 * i, privileged)
      if (typeof value !== 'number') return value
      cpu.s[i] = value
    }
    const fpscr = this.#load(address + FPSCR, privileged)
    if (typeof fpscr !== 'number') return fpscr
    cpu.fpscr = fpscr
    return undefined
  }

  /** Gives the other registers of a frame back; SP is not among them. */
  restore({ words }: Frame): void {
    const cpu = this.#cpu
    const { r } = cpu
    for (let i = 0; i < 4; i++) r[i] = words[i] ?? 0
    r[12] = words[4] ?? 0
    r[14] = words[5] ?? 0
    cpu.pc = (words[RETURN_ADDRESS] ?? 0) & ~1
    cpu.setXpsr(words[XPSR] ?? 0)
  }

  /**
   * Fills the frame that was reserved for floating-point state (PreserveFPState()), on behalf of
   * whom it belongs to.
   */
  preserve(): FrameProblem | undefined {
    const cpu = this.#cpu
    const { fpccr, fpcar } = this.#fpu
    const privileged = (fpccr & Fpccr.USER) === 0
    const priority = fpccr & Fpccr.HFRDY ? this.#state.executionPriority : -1
    for (let i = 0; i <= FP_REGISTERS; i++) {
      const value = i === FP_REGISTERS ? cpu.fpscr : (cpu.s[i] ?? 0)
      const problem = this.#store(fpcar + 4 * i, value, privileged, lazyStacking, priority)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  get #limit(): number {
    if (!this.#v8) return 0
    const ignored = this.#scb.ignoresStackLimits && this.#state.executionPriority < 0
    return ignored ? 0 : this.#cpu.stackLimit
  }

  #pushFpu(address: number): FrameProblem | undefined {
    const cpu = this.#cpu
    const { privileged } = cpu
    if (this.#fpu.fpccr & Fpccr.LSPEN) {
      this.#fpu.postpone(address)
      return undefined
    }
    if (!this.#fpu.permits(privileged)) return { kind: noCoprocessor, address }
    for (let i = 0; i < FP_REGISTERS; i++) {
      const problem = this.#store(address + 4 * i, cpu.s[i] ?? 0, privileged, stacking)
      if (problem !== undefined) return problem
    }
    return this.#store(address + FPSCR, cpu.fpscr, privileged, stacking)
  }

  #store(
    address: number,
    value: number,
    privileged: boolean,
    faults: FrameFaults,
    priority?: number,
  ): FrameProblem | undefined {
    if (!this.#mpu.permits(address, 4, Access.WRITE, privileged, priority)) {
      return { kind: faults.forbidden, address }
    }
    if (this.#cpu.memory.store(address | 0, 4, value)) return undefined
    return { kind: faults.failed, address }
  }

  #load(address: number, privileged: boolean): number | FrameProblem {
    if (!this.#mpu.permits(address, 4, Access.READ, privileged)) {
      return { kind: unstacking.forbidden, address }
    }
    const value = this.#cpu.memory.load(address | 0, 4)
    return value < 0 ? { kind: unstacking.failed, address } : value
  }
}
