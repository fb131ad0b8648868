import type { Region } from '../../memory/region.js'
import type { CompileOptions } from '../compile/options.js'
import { REGISTERS, WRITTEN } from '../compile/state.js'
import {
  type Bus,
  type Core,
  type CoreFault,
  type CoreState,
  type CoreStop,
  LONGEST_STRETCH,
} from '../core.js'
import type { DelayNote } from '../delay/delay-loops.js'
import { describeFault, describeHang, describeSleep } from '../describe-fault.js'
import { FLOATS } from './compile/registers.js'
import { thumbTiers } from './compile/tiers.js'
import { Cpu } from './cpu.js'
import { CortexMDebug } from './debug.js'
import { armDelays } from './delay.js'
import { interpret } from './interpreter.js'
import type { Part } from './parts.js'
import { executeSlow } from './slow-path.js'
import { Exception, exceptionName } from './system/exception.js'
import { CortexMSystem, type SystemOptions } from './system/system.js'

/** What a core is put between. */
export interface CortexMOptions {
  readonly part: Part
  /**
   * Memory that is mapped directly. The first region is the main RAM, the second the one that
   * constants in code are read from; these two are the fastest to reach.
   */
  readonly regions: readonly [Region, ...Region[]]
  /** Everything else, but the private peripheral bus. */
  readonly bus: Bus
  /** What the chip has chosen around its core. */
  readonly system?: SystemOptions
  /** Told once a place of loops that wait, of which rounds are skipped. */
  readonly onDelay?: (note: DelayNote) => void
  /** Hot code is compiled to WebAssembly; without, all of it is interpreted. */
  readonly compile?: CompileOptions | undefined
}

/** Bytes of WFI in its usual encoding. */
const WFI_LENGTH = 2

const BUDGET: CoreStop = { kind: 'budget' }
const REQUESTED: CoreStop = { kind: 'requested' }
const WAITING: CoreStop = { kind: 'waiting' }
const RESET: CoreStop = { kind: 'reset' }

/** A Cortex-M core with its NVIC, SysTick and system control block. */
export class CortexM implements Core {
  readonly debug: CortexMDebug
  readonly #cpu: Cpu
  readonly #tiers: ReturnType<typeof thumbTiers> | undefined
  readonly #delays: ReturnType<typeof armDelays>
  #stopRequested = false

  constructor(options: CortexMOptions) {
    const { part, regions, bus, system, compile, onDelay } = options
    const makeSystem = (cpu: Cpu): CortexMSystem => new CortexMSystem(cpu, system)
    if (compile === undefined) {
      this.#cpu = new Cpu(part, regions, bus, makeSystem)
    } else {
      const words = new Int32Array(compile.memory.buffer, compile.state + REGISTERS)
      const r = words.subarray(0, 16)
      const s = words.subarray(FLOATS, FLOATS + 32)
      this.#cpu = new Cpu(part, regions, bus, makeSystem, r, s)
      this.#cpu.memory.written = new Int32Array(compile.memory.buffer, compile.state + WRITTEN, 1)
      this.#tiers = thumbTiers(this.#cpu, compile)
    }
    this.#delays = armDelays(this.#cpu, this.#tiers)
    this.#delays.onNote = (note) => onDelay?.({ ...note, within: this.#within })
    this.debug = new CortexMDebug(this.#cpu)
  }

  /** What is compiled at present. */
  get compiled(): { readonly modules: number; readonly entries: number; readonly bytes: number } {
    return this.#tiers?.size ?? { modules: 0, entries: 0, bytes: 0 }
  }

  get cycle(): number {
    return this.#cpu.cycle
  }

  get quietUntil(): number {
    return Math.min(this.#delays.quietUntil, this.dueCycle)
  }

  get pc(): number {
    return this.#cpu.pc >>> 0
  }

  get state(): CoreState {
    return { pc: this.pc, registers: this.#cpu.registers }
  }

  get fault(): CoreFault | undefined {
    return this.#cpu.fault
  }

  /** Everything that is in the core, for its debugger and the private peripherals. */
  get cpu(): Cpu {
    return this.#cpu
  }

  /** The cycle at which SysTick does something next; Infinity where it does not run. */
  get dueCycle(): number {
    return this.#cpu.system.dueCycle
  }

  /** Drives the external interrupt `line`, 0 to `part.interrupts` - 1. */
  setInterrupt(line: number, level: boolean): void {
    this.#cpu.system.setInterrupt(line, level)
  }

  /** SEV from somewhere else: the event that a core in WFE waits for. */
  sendEvent(): void {
    this.#cpu.event = true
  }

  /** @param vectors the address of the vector table: execution begins where its second word says */
  reset(vectors: number): void {
    this.#cpu.reset(vectors)
    this.#delays.reset()
    this.debug.reset()
  }

  skipTo(cycle: number): void {
    this.#cpu.skipTo(cycle)
    this.#delays.waited()
  }

  requestStop(): void {
    this.#stopRequested = true
  }

  shorten(): void {
    this.requestStop()
  }

  run(untilCycle: number): CoreStop {
    const cpu = this.#cpu
    const { system } = cpu
    this.#stopRequested = false
    // The host may have changed code since.
    cpu.memory.written[0] = 1
    for (;;) {
      if (cpu.lockup !== undefined) return { kind: 'lockup', reason: cpu.lockup }
      if (cpu.resetRequested) return RESET
      const cycle = cpu.cycle
      if (cycle >= system.dueCycle) system.due()
      if (cpu.waiting) {
        if (!system.wakes(cpu.waitsForEvent)) {
          if (!this.#sleepsForEver(cpu)) return WAITING
          continue
        }
        cpu.waiting = cpu.waitsForEvent = false
      }
      if (cycle >= untilCycle) return BUDGET
      if (cpu.attention) {
        cpu.attention = false
        if (system.takePending()) {
          cpu.traps++
          cpu.exclusive = undefined
          if (cpu.lockup !== undefined) continue
        }
      }
      const until = Math.min(untilCycle, system.dueCycle)
      cpu.left = Math.max(1, Math.min(until - cycle, LONGEST_STRETCH))
      cpu.end = cycle + cpu.left
      if (cpu.debug.active) this.debug.stretch(() => this.#stretch(cpu))
      else this.#stretch(cpu)
      const { stop } = cpu.debug
      if (stop !== undefined) {
        cpu.debug.stop = undefined
        return { kind: 'debug', stop }
      }
      if (this.#stopRequested) return REQUESTED
    }
  }

  /** Executes until the stretch is over, or something has happened on which exceptions may depend. */
  #stretch(cpu: Cpu): void {
    // What a debugger has set is seen by the interpreter alone.
    const tiers = cpu.debug.active ? undefined : this.#tiers
    let stopped = this.#passDelay(cpu)
    if (cpu.lockup !== undefined) return
    while (stopped || (tiers === undefined ? interpret(cpu) : tiers.execute())) {
      stopped = false
      executeSlow(cpu)
      if (cpu.attention || cpu.waiting || cpu.left <= 0) return
      if (this.#stopRequested || cpu.lockup !== undefined) return
      if (cpu.debug.stop !== undefined) return
    }
  }

  /** @returns true at an instruction for `executeSlow` */
  #passDelay(cpu: Cpu): boolean {
    // Whoever observes or stops the core sees every instruction.
    const delays = this.#delays
    if (cpu.debug.active) {
      delays.rest()
      return false
    }
    const stopped = delays.begins() && delays.pass()
    const { endless } = delays
    if (endless !== undefined) this.#endless(cpu, endless)
    return stopped
  }

  get #within(): string | undefined {
    const { ipsr, fault } = this.#cpu
    if (ipsr === 0) return undefined
    const handler = `in the handler of ${exceptionName(ipsr)}`
    return fault === undefined ? handler : `${handler}, after ${describeFault(fault)}`
  }

  /** The core waits in the handler of a fault, and there is no interrupt that would come before that. */
  #sleepsForEver(cpu: Cpu): boolean {
    const { ipsr, fault } = cpu
    // PRIMASK keeps an interrupt from being taken, not from ending the wait (Armv7-M ARM, "WFI").
    if (!this.#handlesFault || fault === undefined || cpu.waitsForEvent) return false
    if (cpu.primask !== 0 || cpu.system.interruptible) return false
    cpu.lockup = describeSleep(fault, cpu.pc - WFI_LENGTH, `the handler of ${exceptionName(ipsr)}`)
    return true
  }

  get #handlesFault(): boolean {
    const { ipsr } = this.#cpu
    return ipsr >= Exception.HARD_FAULT && ipsr <= Exception.USAGE_FAULT
  }

  /** The core is in a loop that only an exception gets it out of. */
  #endless(cpu: Cpu, pc: number): void {
    const { ipsr, fault } = cpu
    if (!this.#handlesFault || fault === undefined || cpu.system.interruptible) return
    cpu.lockup = describeHang(fault, pc, `the handler of ${exceptionName(ipsr)}`)
  }
}
