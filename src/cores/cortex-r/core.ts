import type { Region } from '../../memory/region.js'
import {
  type Bus,
  type Core,
  type CoreFault,
  type CoreState,
  type CoreStop,
  LONGEST_STRETCH,
} from '../core.js'
import { armDelays } from '../cortex-m/delay.js'
import { interpret } from '../cortex-m/interpreter.js'
import type { DelayNote } from '../delay/delay-loops.js'
import { describeFault, describeHang } from '../describe-fault.js'
import { CortexRCpu } from './cpu.js'
import { CortexRDebug } from './debug.js'
import { executeAny } from './execute.js'
import type { RPart } from './parts.js'

/** What a core is put between. */
export interface CortexROptions {
  readonly part: RPart
  /** Memory that is mapped directly. The first region is the one that is fastest to reach. */
  readonly regions: readonly [Region, ...Region[]]
  /** Everything else. */
  readonly bus: Bus
  /** Told once a place of loops that wait, of which rounds are skipped. */
  readonly onDelay?: (note: DelayNote) => void
}

const BUDGET: CoreStop = { kind: 'budget' }
const REQUESTED: CoreStop = { kind: 'requested' }
const WAITING: CoreStop = { kind: 'waiting' }

/** A Cortex-R core. Its interrupt controller and its timers are devices of the board. */
export class CortexR implements Core {
  readonly debug: CortexRDebug
  readonly #cpu: CortexRCpu
  readonly #delays: ReturnType<typeof armDelays>
  #stopRequested = false

  constructor({ part, regions, bus, onDelay }: CortexROptions) {
    this.#cpu = new CortexRCpu(part, regions, bus)
    this.#delays = armDelays(this.#cpu, undefined, () => executeAny(this.#cpu))
    this.#delays.onNote = (note) => onDelay?.({ ...note, within: this.#within })
    this.debug = new CortexRDebug(this.#cpu)
  }

  get cycle(): number {
    return this.#cpu.cycle
  }

  get quietUntil(): number {
    return this.#delays.quietUntil
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

  /** Everything that is in the core. */
  get cpu(): CortexRCpu {
    return this.#cpu
  }

  /** Drives the two interrupt inputs. */
  setInterrupts(irq: boolean, fiq: boolean): void {
    this.#cpu.system.setInterrupts(irq, fiq)
  }

  /** @param entry where execution begins */
  reset(entry: number): void {
    this.#cpu.reset(entry)
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
      const { cycle } = cpu
      if (cpu.waiting) {
        const event = cpu.waitsForEvent && cpu.event
        if (!event && !system.wakes) return WAITING
        if (event) cpu.event = false
        cpu.waiting = cpu.waitsForEvent = false
      }
      if (cycle >= untilCycle) return BUDGET
      if (cpu.attention) {
        cpu.attention = false
        if (system.takePending()) cpu.traps++
      }
      cpu.left = Math.max(1, Math.min(untilCycle - cycle, LONGEST_STRETCH))
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
  #stretch(cpu: CortexRCpu): void {
    let stopped = this.#passDelay(cpu)
    if (cpu.lockup !== undefined) return
    while (stopped || interpret(cpu)) {
      stopped = false
      executeAny(cpu)
      if (cpu.attention || cpu.waiting || cpu.left <= 0) return
      if (this.#stopRequested || cpu.lockup !== undefined) return
      if (cpu.debug.stop !== undefined) return
    }
  }

  /** @returns true at an instruction for `executeAny` */
  #passDelay(cpu: CortexRCpu): boolean {
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
    const { system, fault } = this.#cpu
    if (system.handled === undefined) return undefined
    const handler = `in the handler of ${system.handled}`
    return fault === undefined ? handler : `${handler}, after ${describeFault(fault)}`
  }

  /** The core is in a loop that only an exception gets it out of. */
  #endless(cpu: CortexRCpu, pc: number): void {
    const { system, fault } = cpu
    if (fault === undefined || system.interruptible) return
    cpu.lockup = describeHang(fault, pc, 'its handler')
  }
}
