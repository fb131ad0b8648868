import type { Region } from '../../memory/region.js'
import type { Bus, Core, CoreFault, CoreState, CoreStop } from '../core.js'
import { Cpu } from './cpu.js'
import { interpret } from './interpreter.js'
import type { Part } from './parts.js'
import { executeSlow } from './slow-path.js'
import type { System } from './system-interface.js'

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
  readonly makeSystem: (cpu: Cpu) => System
}

/** Instructions are counted down in a number of 32 bits, so no stretch is longer than this. */
const LONGEST_STRETCH = 0x4000_0000

const BUDGET: CoreStop = { kind: 'budget' }
const REQUESTED: CoreStop = { kind: 'requested' }
const WAITING: CoreStop = { kind: 'waiting' }
const RESET: CoreStop = { kind: 'reset' }

/** A Cortex-M core with its NVIC, SysTick and system control block. */
export class CortexM implements Core {
  readonly #cpu: Cpu
  #stopRequested = false

  constructor(options: CortexMOptions) {
    this.#cpu = new Cpu(options.part, options.regions, options.bus, options.makeSystem)
  }

  get cycle(): number {
    return this.#cpu.cycle
  }

  get pc(): number {
    return this.#cpu.pc >>> 0
  }

  /** r0 to r15 (the last is the pc), then xPSR. */
  get state(): CoreState {
    const { r, pc, xpsr } = this.#cpu
    const registers = Array.from(r, (value) => value >>> 0)
    registers[15] = pc >>> 0
    return { pc: this.pc, registers: [...registers, xpsr >>> 0] }
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
  }

  skipTo(cycle: number): void {
    this.#cpu.skipTo(cycle)
  }

  requestStop(): void {
    this.#stopRequested = true
  }

  run(untilCycle: number): CoreStop {
    const cpu = this.#cpu
    const { system } = cpu
    this.#stopRequested = false
    for (;;) {
      if (cpu.lockup !== undefined) return { kind: 'lockup', reason: cpu.lockup }
      if (cpu.resetRequested) return RESET
      const cycle = cpu.cycle
      if (cycle >= system.dueCycle) system.due()
      if (cpu.waiting) {
        if (!system.wakes(cpu.waitsForEvent)) return WAITING
        cpu.waiting = cpu.waitsForEvent = false
      }
      if (cycle >= untilCycle) return BUDGET
      if (cpu.attention) {
        cpu.attention = false
        if (system.takePending() && cpu.lockup !== undefined) continue
      }
      const until = Math.min(untilCycle, system.dueCycle)
      cpu.left = Math.max(1, Math.min(until - cycle, LONGEST_STRETCH))
      cpu.end = cycle + cpu.left
      this.#stretch(cpu)
      if (this.#stopRequested) return REQUESTED
    }
  }

  /** Executes until the stretch is over, or something has happened on which exceptions may depend. */
  #stretch(cpu: Cpu): void {
    while (interpret(cpu)) {
      executeSlow(cpu)
      if (cpu.attention || cpu.waiting || cpu.left <= 0) return
      if (this.#stopRequested || cpu.lockup !== undefined) return
    }
  }
}
