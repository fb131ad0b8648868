import { Access, type ExecutionSystem, Fault } from '../cortex-m/system-interface.js'
import { describeFault } from '../describe-fault.js'
import type { CortexRCpu } from './cpu.js'
import { Mode, PSR_A, PSR_F, PSR_I } from './mode.js'
import { Pmsa } from './pmsa.js'
import { SystemControl } from './system-control.js'

/** Offsets of the vectors (ARMv7-AR manual, B1.8.1). */
const Vector = {
  UNDEFINED: 0x04,
  SUPERVISOR_CALL: 0x08,
  PREFETCH_ABORT: 0x0c,
  DATA_ABORT: 0x10,
  IRQ: 0x18,
  FIQ: 0x1c,
} as const

type Vector = (typeof Vector)[keyof typeof Vector]

/** Fault status of DFSR and IFSR in a PMSA implementation (B5.4.1), with bit 4 in its place. */
const Status = {
  BACKGROUND: 0x00,
  ALIGNMENT: 0x01,
  DEBUG: 0x02,
  EXTERNAL: 0x08,
  PERMISSION: 0x0d,
} as const

/** DFSR: it was a write. */
const WRITE_NOT_READ = 1 << 11

/** What a person calls the faults. */
const texts: Readonly<Record<Fault, string>> = {
  [Fault.UNDEFINED_INSTRUCTION]: 'undefined instruction',
  [Fault.INVALID_STATE]: 'undefined instruction',
  [Fault.NO_COPROCESSOR]: 'undefined instruction: coprocessor absent or disabled',
  [Fault.DIVIDE_BY_ZERO]: 'undefined instruction: division by zero',
  [Fault.STACK_OVERFLOW]: 'undefined instruction',
  [Fault.FETCH_FORBIDDEN]: 'prefetch abort: the MPU forbids it',
  [Fault.FETCH_FAILED]: 'prefetch abort: nothing is there',
  [Fault.BREAKPOINT]: 'prefetch abort: BKPT without a debugger',
  [Fault.UNALIGNED]: 'data abort: alignment',
  [Fault.ACCESS_FORBIDDEN]: 'data abort: the MPU forbids it',
  [Fault.ACCESS_FAILED]: 'data abort: nothing is there',
}

const names: Readonly<Record<Vector, string>> = {
  [Vector.UNDEFINED]: 'undefined instruction',
  [Vector.SUPERVISOR_CALL]: 'supervisor call',
  [Vector.PREFETCH_ABORT]: 'prefetch abort',
  [Vector.DATA_ABORT]: 'data abort',
  [Vector.IRQ]: 'IRQ',
  [Vector.FIQ]: 'FIQ',
}

/** Exceptions of the A and R profile, and what CP15 has to do with the execution of instructions. */
export class CortexRSystem implements ExecutionSystem {
  readonly control: SystemControl
  readonly mpu: Pmsa
  readonly #cpu: CortexRCpu
  /** Levels of the interrupt inputs. */
  irq = false
  fiq = false
  /** FIQ is connected: it has been high once. */
  #fiqSeen = false
  /** CPSR of what a fault that `CortexRCpu` remembers has interrupted. */
  #interrupted: number | undefined

  constructor(cpu: CortexRCpu) {
    this.#cpu = cpu
    this.mpu = new Pmsa(cpu)
    this.control = new SystemControl(cpu, this.mpu)
  }

  /** @param high the vectors are at the upper end of memory */
  reset(high: boolean): void {
    this.#interrupted = undefined
    this.#fiqSeen = false
    this.mpu.reset()
    this.control.reset(high)
  }

  setInterrupts(irq: boolean, fiq: boolean): void {
    if (irq !== this.irq || fiq !== this.fiq) this.#cpu.attention = true
    this.irq = irq
    this.fiq = fiq
    if (fiq) this.#fiqSeen = true
  }

  /** An interrupt is there, masked or not: WFI ends. */
  get wakes(): boolean {
    return this.irq || this.fiq
  }

  /** Whether an interrupt could come in between what is executed. */
  get interruptible(): boolean {
    const { masks } = this.#cpu
    return (masks & PSR_I) === 0 || ((masks & PSR_F) === 0 && this.#fiqSeen)
  }

  /** The mode in words, where it is one in which an exception is handled. */
  get handled(): string | undefined {
    switch (this.#cpu.mode) {
      case Mode.ABT:
        return 'an abort'
      case Mode.UND:
        return 'an undefined instruction'
      case Mode.IRQ:
        return 'an IRQ'
      case Mode.FIQ:
        return 'a FIQ'
      default:
        return undefined
    }
  }

  fault(fault: Fault, address: number): void {
    const cpu = this.#cpu
    const { control } = this
    switch (fault) {
      case Fault.FETCH_FORBIDDEN:
      case Fault.FETCH_FAILED:
      case Fault.BREAKPOINT:
        control.ifsr = this.#fetchStatus(fault, address)
        if (fault !== Fault.BREAKPOINT) control.ifar = address
        this.#abort(fault, fault === Fault.BREAKPOINT ? undefined : address, Vector.PREFETCH_ABORT)
        return
      case Fault.UNALIGNED:
      case Fault.ACCESS_FORBIDDEN:
      case Fault.ACCESS_FAILED: {
        const write = cpu.accessing === Access.WRITE ? WRITE_NOT_READ : 0
        control.dfsr = this.#dataStatus(fault, address) | write
        control.dfar = address
        this.#abort(fault, address, Vector.DATA_ABORT)
        return
      }
      default:
        this.#abort(fault, undefined, Vector.UNDEFINED)
    }
  }

  #fetchStatus(fault: Fault, address: number): number {
    if (fault === Fault.BREAKPOINT) return Status.DEBUG
    if (fault === Fault.FETCH_FAILED) return Status.EXTERNAL
    return this.mpu.covers(address) ? Status.PERMISSION : Status.BACKGROUND
  }

  #dataStatus(fault: Fault, address: number): number {
    if (fault === Fault.UNALIGNED) return Status.ALIGNMENT
    if (fault === Fault.ACCESS_FAILED) return Status.EXTERNAL
    return this.mpu.covers(address) ? Status.PERMISSION : Status.BACKGROUND
  }

  /** Takes the exception of a fault at `cpu.pc`. */
  #abort(fault: Fault, address: number | undefined, vector: Vector): void {
    const cpu = this.#cpu
    const handlerFaults = cpu.pc >>> 0 === (this.control.vectors | vector) >>> 0
    cpu.noteFault(texts[fault], address)
    this.#interrupted ??= cpu.cpsr
    if (handlerFaults) {
      const first = cpu.fault === undefined ? texts[fault] : describeFault(cpu.fault)
      cpu.lockup = `${first}; the vector of ${names[vector]} faults itself: ${texts[fault]}`
      return
    }
    if (vector === Vector.UNDEFINED) {
      this.#enter(vector, Mode.UND, cpu.pc + (cpu.thumb ? 2 : 4), 0)
    } else {
      this.#enter(vector, Mode.ABT, cpu.pc + (vector === Vector.DATA_ABORT ? 8 : 4), PSR_A)
    }
  }

  /** SVC: `cpu.pc` is already behind the instruction. */
  supervisorCall(): void {
    this.#enter(Vector.SUPERVISOR_CALL, Mode.SVC, this.#cpu.pc, 0)
  }

  /** Takes the interrupt that is there and not masked. @returns whether there is one */
  takePending(): boolean {
    const cpu = this.#cpu
    const next = cpu.pc + 4
    if (this.fiq && (cpu.masks & PSR_F) === 0) {
      this.#enter(Vector.FIQ, Mode.FIQ, next, PSR_A | PSR_F)
      return true
    }
    if (this.irq && (cpu.masks & PSR_I) === 0) {
      this.#enter(Vector.IRQ, Mode.IRQ, next, PSR_A)
      return true
    }
    return false
  }

  #enter(vector: Vector, mode: Mode, link: number, masks: number): void {
    const cpu = this.#cpu
    const { cpsr } = cpu
    cpu.mode = mode
    cpu.spsr = cpsr
    cpu.r[14] = link
    cpu.masks |= PSR_I | masks
    cpu.itstate = 0
    cpu.thumb = this.control.thumbExceptions
    cpu.pc = (this.control.vectors + vector) | 0
    cpu.exclusive = undefined
    cpu.attention = true
  }

  /** CPSR has been restored: a fault may be over with that. */
  returned(cpsr: number): void {
    if (this.#interrupted === undefined || ((this.#interrupted ^ cpsr) & 0xff) !== 0) return
    this.#interrupted = undefined
    this.#cpu.forgetFault()
  }

  privilegeMayHaveChanged(): void {
    this.mpu.update()
    // CPACR may admit privileged code alone.
    this.#cpu.fpuReady = false
  }

  // The M profile's.
  accessSpecial(): void {
    this.fault(Fault.UNDEFINED_INSTRUCTION, 0)
  }

  returnsTo(): boolean {
    return false
  }

  exceptionReturn(): void {}

  hidesUnprivileged(): boolean {
    return false
  }

  useFpu(): boolean {
    if (this.control.admitsFpu) {
      this.#cpu.fpuReady = true
      return true
    }
    this.fault(Fault.UNDEFINED_INSTRUCTION, 0)
    return false
  }

  permits(address: number, size: number, access: Access, privileged: boolean): boolean {
    return this.mpu.permits(address, size, access, privileged)
  }

  fetchWindow(pc: number): void {
    this.mpu.fetchWindow(pc)
  }
}
