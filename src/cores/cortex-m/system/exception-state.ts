import type { Cpu } from '../cpu.js'
import { Exception, MOST_INTERRUPTS } from './exception.js'

/** The priority of Thread mode with nothing active: lower than any exception's. */
export const THREAD_PRIORITY = 256

/** Priorities that cannot be changed. */
const PRIORITY_RESET = -3
const PRIORITY_NMI = -2
const PRIORITY_HARD_FAULT = -1

/**
 * Exception n is bit n + 16 of the maps, so that the words from 1 on are those of the NVIC's
 * registers: 32 external interrupts each.
 */
const SHIFT = 16
const WORDS = 1 + Math.ceil(MOST_INTERRUPTS / 32)

/** Enabled for good, whatever SHCSR and NVIC say. */
const ALWAYS_ENABLED = [
  Exception.RESET,
  Exception.NMI,
  Exception.HARD_FAULT,
  Exception.SVCALL,
  Exception.PENDSV,
  Exception.SYSTICK,
] as const

/** Those whose priority is a register and which external interrupts are not, by architecture. */
const CONFIGURABLE_V6 = [Exception.SVCALL, Exception.PENDSV, Exception.SYSTICK] as const
const CONFIGURABLE_V7 = [
  Exception.MEM_MANAGE,
  Exception.BUS_FAULT,
  Exception.USAGE_FAULT,
  ...CONFIGURABLE_V6,
  Exception.DEBUG_MONITOR,
] as const

/**
 * What every exception of a core is: its priority, whether it is enabled, pending, active. Which of
 * the pending ones comes first, and the priority that the active ones give, are kept up to date
 * with each change, so that asking for them costs nothing.
 */
export class ExceptionState {
  readonly #cpu: Cpu
  readonly #priorities = new Int16Array(SHIFT + MOST_INTERRUPTS)
  readonly #enabled = new Int32Array(WORDS)
  readonly #pending = new Int32Array(WORDS)
  readonly #active = new Int32Array(WORDS)
  /** The lines that exist, as words like the maps. */
  readonly #lines = new Int32Array(WORDS)
  readonly #configurable: readonly number[]
  /** Priority bits that this part has, and those that decide on preemption (PRIGROUP). */
  readonly #priorityMask: number
  #groupMask = 0xff
  #first = 0
  #firstPriority = THREAD_PRIORITY
  #activePriority = THREAD_PRIORITY
  #activeCount = 0
  /** Bit 4 of SCR, SEVONPEND: an exception that becomes pending is an event, even when disabled. */
  pendingIsEvent = false

  constructor(cpu: Cpu) {
    const { architecture, interrupts, priorityBits } = cpu.part
    this.#cpu = cpu
    this.#configurable = architecture === 'v6-m' ? CONFIGURABLE_V6 : CONFIGURABLE_V7
    this.#priorityMask = (0xff << (8 - priorityBits)) & 0xff
    for (let line = 0; line < Math.min(interrupts, MOST_INTERRUPTS); line++) {
      this.#lines[1 + (line >>> 5)] = (this.#lines[1 + (line >>> 5)] ?? 0) | (1 << (line & 31))
    }
    this.reset()
  }

  reset(): void {
    this.#priorities.fill(0)
    this.#priorities[Exception.RESET] = PRIORITY_RESET
    this.#priorities[Exception.NMI] = PRIORITY_NMI
    this.#priorities[Exception.HARD_FAULT] = PRIORITY_HARD_FAULT
    this.#enabled.fill(0)
    for (const number of ALWAYS_ENABLED) this.#enabled[0] = (this.#enabled[0] ?? 0) | bit(number)
    this.#pending.fill(0)
    this.#active.fill(0)
    this.#groupMask = 0xff
    this.#first = 0
    this.#firstPriority = THREAD_PRIORITY
    this.#activePriority = THREAD_PRIORITY
    this.#activeCount = 0
    this.pendingIsEvent = false
  }

  /** The enabled pending exception that comes first, or 0: by priority, then by number. */
  get first(): number {
    return this.#first
  }

  /** The priority with which `first` preempts: without its subpriority. */
  get firstPriority(): number {
    return this.#group(this.#firstPriority)
  }

  /** The priority of the active exceptions alone, no mask register considered. */
  get activePriority(): number {
    return this.#activePriority
  }

  /** How many exceptions are active: 0 in Thread mode, unless a handler has left itself active. */
  get activeCount(): number {
    return this.#activeCount
  }

  /** ExecutionPriority() of the manual: what a pending exception must be above to be taken. */
  get executionPriority(): number {
    const priority = this.wakePriority
    return this.#cpu.primask === 0 ? priority : Math.min(priority, 0)
  }

  /** The same as if PRIMASK were 0: what an exception must be above to end a WFI. */
  get wakePriority(): number {
    const { basepri, faultmask } = this.#cpu
    let priority = this.#activePriority
    if (basepri !== 0) priority = Math.min(priority, this.#group(basepri))
    if (faultmask !== 0) priority = Math.min(priority, PRIORITY_HARD_FAULT)
    return priority
  }

  /** True when `first` is to be taken before the next instruction. */
  get preempts(): boolean {
    return this.#first !== 0 && this.firstPriority < this.executionPriority
  }

  /** True where an external interrupt is enabled that would preempt what runs. */
  get admitsInterrupts(): boolean {
    const running = this.executionPriority
    for (let i = 1; i < WORDS; i++) {
      let bits = this.#enabled[i] ?? 0
      while (bits !== 0) {
        const number = i * 32 + 31 - Math.clz32(bits & -bits) - SHIFT
        if (this.groupPriority(number) < running) return true
        bits &= bits - 1
      }
    }
    return false
  }

  isEnabled(number: number): boolean {
    return has(this.#enabled, number)
  }

  isPending(number: number): boolean {
    return has(this.#pending, number)
  }

  isActive(number: number): boolean {
    return has(this.#active, number)
  }

  priority(number: number): number {
    return this.#priorities[number] ?? 0
  }

  /** The part of the priority that decides on preemption. */
  groupPriority(number: number): number {
    return this.#group(this.priority(number))
  }

  /** Bits of a priority that the part does not have read as zero. */
  setPriority(number: number, value: number): void {
    if (number >= Exception.EXTERNAL ? !has(this.#lines, number) : !this.#isConfigurable(number)) {
      return
    }
    this.#priorities[number] = value & this.#priorityMask
    if (this.isActive(number)) this.#findActivePriority()
    if (this.isPending(number)) this.#findFirst()
  }

  /** Splits priorities into group and subpriority (AIRCR.PRIGROUP, 0 to 7). */
  setPriorityGrouping(prigroup: number): void {
    this.#groupMask = ~((2 << prigroup) - 1) & 0xff
    this.#findActivePriority()
    this.#cpu.attention = true
  }

  setEnabled(number: number, enabled: boolean): void {
    write(this.#enabled, number, enabled)
    if (this.isPending(number)) this.#findFirst()
  }

  setPending(number: number): void {
    if (this.pendingIsEvent && !this.isPending(number)) this.#cpu.event = true
    write(this.#pending, number, true)
    if (this.isEnabled(number)) this.#consider(number)
  }

  clearPending(number: number): void {
    write(this.#pending, number, false)
    if (this.#first === number) this.#findFirst()
  }

  setActive(number: number, active: boolean): void {
    if (active === this.isActive(number)) return
    write(this.#active, number, active)
    this.#activeCount += active ? 1 : -1
    this.#findActivePriority()
    this.#cpu.attention = true
  }

  /** Pending and in first place no more, but active: its handler is about to run. */
  take(number: number): void {
    this.clearPending(number)
    this.setActive(number, true)
  }

  /** The NVIC's words: interrupts 32 × `index` and on. */
  enabledWord(index: number): number {
    return this.#enabled[1 + index] ?? 0
  }

  pendingWord(index: number): number {
    return this.#pending[1 + index] ?? 0
  }

  activeWord(index: number): number {
    return this.#active[1 + index] ?? 0
  }

  setEnabledWord(index: number, bits: number): void {
    this.#enabled[1 + index] = bits & (this.#lines[1 + index] ?? 0)
    this.#findFirst()
  }

  setPendingWord(index: number, bits: number): void {
    const news = bits & (this.#lines[1 + index] ?? 0)
    if (this.pendingIsEvent && news & ~this.pendingWord(index)) this.#cpu.event = true
    this.#pending[1 + index] = news
    this.#findFirst()
  }

  /** True while an external interrupt is pending, enabled or not (ICSR.ISRPENDING). */
  get interruptPending(): boolean {
    for (let i = 1; i < WORDS; i++) if (this.#pending[i] !== 0) return true
    return false
  }

  #group(priority: number): number {
    return priority < 0 ? priority : priority & (this.#groupMask | 0x100)
  }

  #isConfigurable(number: number): boolean {
    return this.#configurable.includes(number)
  }

  #consider(number: number): void {
    const priority = this.priority(number)
    if (
      priority < this.#firstPriority ||
      (priority === this.#firstPriority && number < this.#first)
    ) {
      this.#first = number
      this.#firstPriority = priority
    }
    this.#cpu.attention = true
  }

  #findFirst(): void {
    this.#first = 0
    this.#firstPriority = THREAD_PRIORITY
    for (let i = 0; i < WORDS; i++) {
      let bits = (this.#pending[i] ?? 0) & (this.#enabled[i] ?? 0)
      while (bits !== 0) {
        this.#consider(i * 32 + 31 - Math.clz32(bits & -bits) - SHIFT)
        bits &= bits - 1
      }
    }
  }

  #findActivePriority(): void {
    let best = THREAD_PRIORITY
    if (this.#activeCount !== 0) {
      for (let i = 0; i < WORDS; i++) {
        let bits = this.#active[i] ?? 0
        while (bits !== 0) {
          const number = i * 32 + 31 - Math.clz32(bits & -bits) - SHIFT
          best = Math.min(best, this.groupPriority(number))
          bits &= bits - 1
        }
      }
    }
    this.#activePriority = best
  }
}

function bit(number: number): number {
  return 1 << ((number + SHIFT) & 31)
}

function has(map: Int32Array, number: number): boolean {
  return ((map[(number + SHIFT) >>> 5] ?? 0) & bit(number)) !== 0
}

function write(map: Int32Array, number: number, value: boolean): void {
  const index = (number + SHIFT) >>> 5
  const bits = map[index] ?? 0
  map[index] = value ? bits | bit(number) : bits & ~bit(number)
}
