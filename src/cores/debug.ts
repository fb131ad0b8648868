/** Which accesses a watchpoint stops at. */
export type WatchKind = 'read' | 'write' | 'access'

/** A range of addresses whose accesses stop the core. */
export interface Watchpoint {
  readonly kind: WatchKind
  readonly address: number
  /** Bytes, at least 1. */
  readonly size: number
}

/** The signals that debuggers know exceptions of a core by. */
export type FaultSignal = 'SIGILL' | 'SIGTRAP' | 'SIGSEGV' | 'SIGBUS' | 'SIGFPE'

/**
 * Why a debugger's business has stopped a core: always before the instruction at `pc`, which has had
 * no effect yet.
 */
export type DebugStop =
  /** there is a breakpoint at `pc` */
  | { readonly kind: 'breakpoint' }
  /** the instruction would make an access that is watched; `address` is where that begins */
  | { readonly kind: 'watchpoint'; readonly watch: WatchKind; readonly address: number }
  /** the instruction raises an exception, which the debugger sees before the firmware does */
  | { readonly kind: 'fault'; readonly signal: FaultSignal; readonly cause: string }

/** Told of each instruction, before it is executed. */
export interface InstructionObserver {
  /**
   * @param pc unsigned
   * @param cycle the cycle in which it is executed
   * @param trapped it is the first one of an exception or interrupt
   */
  instruction(pc: number, cycle: number, trapped: boolean): void
}

/** A register, as debuggers know it. */
export interface DebugRegister {
  /** The debugger's number of it. */
  readonly number: number
  readonly name: string
  readonly bits: 8 | 16 | 32 | 64
  /** A type of GDB's target descriptions, where `int` says too little. */
  readonly type?: string
}

/** Registers under the name of a feature of GDB's target descriptions. */
export interface DebugFeature {
  readonly name: string
  readonly registers: readonly DebugRegister[]
}

/** What an instruction does to the order of things. */
export type Flow =
  | 'next'
  /** a jump or branch, which leaves the stack of calls as it is */
  | 'jump'
  | 'call'
  /** also the return from an exception or interrupt */
  | 'return'

/** One disassembled instruction. */
export interface Disassembled {
  /** Bytes: 2 or 4. */
  readonly size: number
  /** Its bits, as they are read from memory: the first half of a long Arm one is the upper. */
  readonly bits: number
  /** In the words of the family's assembler; jump targets are absolute addresses. */
  readonly text: string
  readonly flow: Flow
}

/**
 * What the debugger asks of a core: where to stop, and what to tell. All of it costs a running core
 * nothing as long as `active` is false.
 */
export class DebugControl {
  /** Something has been asked for: the core interprets, each instruction by itself where it must. */
  active = false
  /** Exceptions are shown to the debugger before the firmware's handler has them. */
  catchFaults = false
  /** Why the core has stopped; taken by its `run`. */
  stop: DebugStop | undefined
  #passing: number | undefined
  readonly #onChange: () => void
  readonly #breakpoints = new Set<number>()
  #watchpoints: readonly Watchpoint[] = []
  #observers: readonly InstructionObserver[] = []

  /** @param onChange told when breakpoints, watchpoints or observers have changed */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /**
   * The address at which the next instruction is executed whatever is set there. Undefined again
   * once it was, or something else has come first.
   */
  get passing(): number | undefined {
    return this.#passing
  }

  set passing(pc: number | undefined) {
    const before = this.active
    this.#passing = pc
    this.#weigh()
    // What was compiled has left its marks in the code that is interpreted from now on.
    if (this.active && !before) this.#onChange()
  }

  /** By address, unsigned; for Arm without the Thumb bit. */
  get breakpoints(): ReadonlySet<number> {
    return this.#breakpoints
  }

  get watched(): boolean {
    return this.#watchpoints.length > 0
  }

  get observers(): readonly InstructionObserver[] {
    return this.#observers
  }

  addBreakpoint(address: number): void {
    this.#breakpoints.add(address)
    this.#changed()
  }

  removeBreakpoint(address: number): void {
    this.#breakpoints.delete(address)
    this.#changed()
  }

  addWatchpoint(watchpoint: Watchpoint): void {
    this.removeWatchpoint(watchpoint)
    this.#watchpoints = [...this.#watchpoints, watchpoint]
    this.#changed()
  }

  removeWatchpoint({ kind, address, size }: Watchpoint): void {
    this.#watchpoints = this.#watchpoints.filter(
      (other) => other.kind !== kind || other.address !== address || other.size !== size,
    )
    this.#changed()
  }

  /** @returns what takes the observer away again */
  observe(observer: InstructionObserver): () => void {
    this.#observers = [...this.#observers, observer]
    this.#changed()
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer)
      this.#changed()
    }
  }

  /** Takes away every breakpoint and watchpoint; observers stay. */
  clear(): void {
    this.#breakpoints.clear()
    this.#watchpoints = []
    this.catchFaults = false
    this.#passing = undefined
    this.stop = undefined
    this.#changed()
  }

  /** The core has come to a breakpoint at `pc`. @returns false where it is to be passed */
  breaks(pc: number): boolean {
    if (this.#passing === pc >>> 0) return false
    this.stop = { kind: 'breakpoint' }
    return true
  }

  /** The instruction at `pc` is about to make an access. @returns whether that stops the core */
  watches(pc: number, access: 'read' | 'write' | 'both', address: number, size: number): boolean {
    if (this.#passing === pc >>> 0) return false
    const begin = address >>> 0
    for (const watch of this.#watchpoints) {
      if (begin >= watch.address + watch.size || begin + size <= watch.address) continue
      if (watch.kind !== 'access' && access !== 'both' && watch.kind !== access) continue
      this.stop = {
        kind: 'watchpoint',
        watch: watch.kind,
        address: Math.max(begin, watch.address),
      }
      return true
    }
    return false
  }

  /** The instruction at `pc` raises an exception. @returns whether that stops the core */
  faults(pc: number, signal: FaultSignal, cause: string): boolean {
    if (!this.catchFaults || this.#passing === pc >>> 0) return false
    this.stop = { kind: 'fault', signal, cause }
    return true
  }

  #changed(): void {
    this.#weigh()
    this.#onChange()
  }

  #weigh(): void {
    const points = this.#breakpoints.size + this.#watchpoints.length
    this.active = points + this.#observers.length > 0 || this.#passing !== undefined
  }
}

/** What debuggers and tools see of a core, whatever its family. */
export interface CoreDebug {
  readonly control: DebugControl
  /** The name that GDB has for it: "riscv:rv32", "arm". */
  readonly architecture: string
  /** The number of the program counter among its registers. */
  readonly pc: number
  /** The features of its target description; the first one has what every back-trace needs. */
  readonly features: readonly DebugFeature[]
  /** The register of that number, unsigned; undefined where it has none. */
  readRegister(number: number): bigint | undefined
  /** @returns false where there is no such register, or it cannot be written */
  writeRegister(number: number, value: bigint): boolean
  /**
   * Reads memory, or a device's register, with all that this does to the device.
   * @returns -1 where nothing answers
   */
  load(address: number, size: 1 | 2 | 4): number
  /** Writes memory or a device's register; code that was changed is decoded anew. */
  store(address: number, size: 1 | 2 | 4, value: number): boolean
  /** The instruction at `address`; undefined where there is no memory. */
  disassemble(address: number): Disassembled | undefined
}
