import type { Counting } from '../../core.js'
import { isPrivate } from '../core-bus.js'
import type { Cpu } from '../cpu.js'
import { Op } from '../operation.js'
import { cps, mrs, msr } from '../special-registers.js'
import type { Access, Fault, System } from '../system-interface.js'
import { Dwt } from './dwt.js'
import { Exception } from './exception.js'
import { ExceptionState } from './exception-state.js'
import { Exceptions } from './exceptions.js'
import { Cfsr, FaultStatus } from './fault-status.js'
import { FpuControl } from './fpu-control.js'
import { Mpu } from './mpu.js'
import { Nvic } from './nvic.js'
import { PrivatePeripheralBus } from './ppb.js'
import { Scb } from './scb.js'
import { StackFrames } from './stack-frame.js'
import { SysTick, type SysTickClock } from './systick.js'

/** What a chip has chosen around its core. */
export interface SystemOptions {
  /** The clock beside the core's that SysTick can count; none unless given. */
  readonly systick?: SysTickClock
  /**
   * ARMv8-M: true where software lives in the Secure state only, as images without a Non-secure
   * side do on a core with the Security Extension. EXC_RETURN then reads 0xffff_fffd and the like;
   * otherwise it is the Non-secure state's, 0xffff_ffbc.
   */
  readonly secure?: boolean
}

const NO_CLOCK: SysTickClock = { referenceCycles: 0, tenMilliseconds: 0 }

/** Everything of a Cortex-M that is not the execution of instructions. */
export class CortexMSystem implements System {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly #status = new FaultStatus()
  readonly #nvic: Nvic
  readonly #systick: SysTick
  readonly #scb: Scb
  readonly #mpu: Mpu
  readonly #dwt: Dwt
  readonly #fpu: FpuControl
  readonly #exceptions: Exceptions
  readonly #bus: PrivatePeripheralBus

  constructor(cpu: Cpu, options: SystemOptions = {}) {
    const state = new ExceptionState(cpu)
    const status = this.#status
    const nvic = new Nvic(cpu, state)
    const systick = new SysTick(cpu, state, options.systick ?? NO_CLOCK)
    const scb = new Scb(cpu, state, status, {
      trigger: (line) => nvic.trigger(line),
      resetRequested: () => {
        cpu.resetRequested = true
      },
    })
    const mpu = new Mpu(cpu, state)
    const dwt = new Dwt(cpu, state)
    const fpu = new FpuControl(cpu, state)
    const frames = new StackFrames(cpu, state, scb, mpu, fpu)
    const { secure = false } = options
    this.#cpu = cpu
    this.#state = state
    this.#nvic = nvic
    this.#systick = systick
    this.#scb = scb
    this.#mpu = mpu
    this.#dwt = dwt
    this.#fpu = fpu
    this.#exceptions = new Exceptions({ cpu, state, status, scb, nvic, mpu, fpu, frames, secure })
    this.#bus = new PrivatePeripheralBus(cpu, { nvic, systick, scb, mpu, dwt, fpu })
  }

  reset(vectors: number): void {
    this.#state.reset()
    this.#status.reset()
    this.#nvic.reset()
    this.#systick.reset()
    this.#scb.reset(vectors)
    this.#mpu.reset()
    this.#dwt.reset()
    this.#fpu.reset()
  }

  fault(fault: Fault, address: number): void {
    this.#exceptions.fault(fault, address)
  }

  supervisorCall(): void {
    this.#exceptions.supervisorCall()
  }

  accessSpecial(op: Op, rd: number, rn: number): void {
    const cpu = this.#cpu
    if (op === Op.MRS) mrs(cpu, rd)
    else if (op === Op.MSR) msr(cpu, rd, rn)
    else cps(cpu)
  }

  returnsTo(): boolean {
    return this.#cpu.ipsr !== 0
  }

  hidesUnprivileged(address: number): boolean {
    return isPrivate(address)
  }

  exceptionReturn(value: number): void {
    this.#exceptions.return(value)
  }

  takePending(): boolean {
    return this.#exceptions.takePending()
  }

  wakes(event: boolean): boolean {
    if (event && this.#cpu.event) return true
    return this.#state.first !== 0 && this.#state.firstPriority < this.#state.wakePriority
  }

  useFpu(): boolean {
    return this.#exceptions.useFpu()
  }

  get interruptible(): boolean {
    if (this.#state.admitsInterrupts) return true
    const ticks = this.#systick.dueCycle !== Number.POSITIVE_INFINITY
    const { executionPriority } = this.#state
    return ticks && this.#state.groupPriority(Exception.SYSTICK) < executionPriority
  }

  get dueCycle(): number {
    return this.#systick.dueCycle
  }

  due(): void {
    this.#systick.due()
  }

  setInterrupt(line: number, level: boolean): void {
    this.#nvic.setLine(line, level)
  }

  load(address: number, size: 1 | 2 | 4): number {
    return this.#bus.load(address, size)
  }

  counting(address: number): Counting | undefined {
    return this.#cpu.privileged ? this.#dwt.counting(address & 0xf_ffff) : undefined
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    return this.#bus.store(address, size, value)
  }

  ignoresBusFault(address: number): boolean {
    if (!this.#scb.ignoresBusFaults || this.#state.executionPriority >= 0) return false
    this.#status.record(Cfsr.PRECISERR | Cfsr.BFARVALID, address)
    return true
  }

  permits(address: number, size: number, access: Access, privileged: boolean): boolean {
    return this.#mpu.permits(address, size, access, privileged)
  }

  fetchWindow(pc: number): void {
    this.#mpu.fetchWindow(pc)
  }
}
