import type { MappedMemory } from '../memory.js'
import { Compiler, type Family } from './compiler.js'
import type { Instruction } from './instruction.js'
import type { DeviceAccess } from './module.js'
import type { CompileOptions } from './options.js'
import { LEFT, REFUSED } from './state.js'
import { CompiledTier, type Entry, type EntryPages, type Outcome } from './tier.js'

/** Instructions that are interpreted between two looks at what is being executed. */
const SAMPLE_INTERVAL = 2000
const SAMPLES_TO_COMPILE = 2
/**
 * A core that executes less than one in so many cycles waits nearly always: it must have been seen at a place more
 * often, for to compile holds up an answer, and saves that much only in the long run.
 */
const MOSTLY_WAITING = 32
const SAMPLES_WHILE_WAITING = 16
/** Instructions after which the look at one place ends, if there was no jump. */
const LONGEST_LOOK = 64
/** Bytes of the longest instruction. */
const LONGEST_INSTRUCTION = 4
/**
 * So often compiled code has devices accessed before it is left: the engine replaces what it has compiled in a
 * hurry by something better when the function is called the next time.
 */
const MOST_ACCESSES = 0x1000

/** What of a core's state has to do with its tiers. */
export interface TieredState {
  pc: number
  /** Instructions that may still be executed in this stretch, and the cycle at its end. */
  left: number
  end: number
  /** The instruction that the interpreter has come to and does not execute itself. */
  packed: number
  imm: number
  readonly memory: MappedMemory
}

/** What a family's core gives its tiers. */
export interface TieredCore<I extends Instruction, S extends TieredState> extends Family<I> {
  readonly state: S
  readonly pages: EntryPages
  /** The operation, the lowest byte of a predecoded word, that stands for an entry. */
  readonly mark: number
  /** Executes from `pc` on until nothing is left; true at an instruction that it does not execute. */
  interpret(state: S): boolean
  /** False while loads, stores and fetches are to be checked, which compiled code does not do. */
  mayRun(state: S): boolean
  /**
   * Makes the access of a load or store that compiled code has come to, with all that comes of it, as the
   * interpreter does; where the stretch ends with it and the next one may begin at once, that begins, and where it
   * may not nothing is left. Without this such accesses are the interpreter's.
   * @returns what is loaded, unsigned; -1 where nothing has been done, and the interpreter is to do it
   */
  access?(state: S, packed: number, address: number, value: number): number
  /** Registers that compiled code has in memory and the core elsewhere: there, and back. */
  enter?(state: S): void
  leave?(state: S): void
}

/** A core's two tiers: code is interpreted first, and what is hot is compiled. */
export class Tiers<I extends Instruction, S extends TieredState> {
  readonly #core: TieredCore<I, S>
  readonly #state: S
  readonly #tier: CompiledTier<I>
  readonly #threshold: number
  readonly #outcome: Outcome = { pc: 0, left: 0 }
  readonly #samples = new Map<number, number>()
  readonly #words: Int32Array
  /** Instructions that have been seen to access devices. */
  readonly #accessing = new Set<number>()
  /** Accesses to devices since compiled code has been entered. */
  #accesses = 0
  #untilSample = SAMPLE_INTERVAL
  /** The cycle of the last look, and whether the core had nearly always waited since the one before. */
  #lookedAt = 0
  #waits = false
  /** The last look has come to an instruction that is not the interpreter's, and goes on behind it. */
  #looking = false

  constructor(core: TieredCore<I, S>, options: CompileOptions) {
    this.#core = core
    this.#state = core.state
    this.#threshold = options.threshold ?? SAMPLES_TO_COMPILE
    this.#words = new Int32Array(options.memory.buffer, options.state)
    const device: DeviceAccess = (pc, packed, address, value) =>
      this.#access(pc, packed, address, value)
    const compiler = new Compiler(core.state.memory, options, core, device)
    this.#tier = new CompiledTier(compiler, options, core.pages, core.mark)
  }

  /** What has been compiled and is in use. */
  get size(): { readonly modules: number; readonly entries: number; readonly bytes: number } {
    return this.#tier.size
  }

  /** The instruction in whose place an entry stands. */
  original(entry: number): { readonly packed: number; readonly imm: number } | undefined {
    return this.#tier.entry(entry)
  }

  /** All that is predecoded is about to be dropped. */
  flush(): void {
    this.#tier.flush()
    this.#samples.clear()
    this.#accessing.clear()
  }

  /** The instruction at `pc` has accessed a device. */
  accessed(pc: number): void {
    this.#accessing.add(pc)
  }

  /** Whether the load or store at `pc` is one that accesses devices, as far as has been seen. */
  accesses(pc: number): boolean {
    return this.#threshold === 0 || this.#accessing.has(pc)
  }

  /** The predecoded page that `pc` lies in has been dropped. */
  changed(pc: number): void {
    this.#tier.changed(pc)
  }

  /** Executes as `interpret` does, in whichever tier. */
  execute(): boolean {
    const state = this.#state
    if (!this.#core.mayRun(state)) return this.interpret()
    if (this.#threshold === 0) return this.#compileAll()
    for (;;) {
      if (this.#interpret(this.#untilSample)) {
        if (!this.#atEntry) return true
        if (this.#run()) return true
      } else if (state.left > 0) {
        if (!this.#looking) this.#begin()
        this.#untilSample = SAMPLE_INTERVAL
        if (this.#look()) return true
      }
      if (state.left <= 0) return false
    }
  }

  /** Executes as `execute` does, but nothing that is compiled. */
  interpret(): boolean {
    for (;;) {
      if (!this.#core.interpret(this.#state)) return false
      if (!this.#atEntry) return true
      const entry = this.#tier.entry(this.#state.imm)
      if (entry !== undefined && this.#step(entry)) return true
    }
  }

  /** The interpreter has come to an entry. */
  get #atEntry(): boolean {
    return (this.#state.packed & 0xff) === this.#core.mark
  }

  /** Interprets `most` instructions at most. The core's time is right whenever it stops. */
  #interpret(most: number): boolean {
    const state = this.#state
    const rest = Math.max(0, state.left - most)
    state.left -= rest
    state.end -= rest
    const before = state.left
    const stopped = this.#core.interpret(state)
    this.#untilSample -= before - state.left
    state.left += rest
    state.end += rest
    return stopped
  }

  /** Runs compiled code from the entry that the interpreter has come to. @returns as `interpret` */
  #run(): boolean {
    const state = this.#state
    const entry = this.#tier.entry(state.imm)
    if (entry === undefined) return false
    const outcome = this.#outcome
    const before = state.left
    outcome.left = before
    this.#accesses = 0
    this.#core.enter?.(state)
    this.#tier.run(entry, outcome)
    state.left = outcome.left
    state.pc = outcome.pc
    this.#core.leave?.(state)
    // Too little is left, or the first instruction is none for compiled code.
    return outcome.left === before && outcome.pc === entry.pc && this.#step(entry)
  }

  /** See `DeviceAccess`. */
  #access(pc: number, packed: number, address: number, value: number): number {
    const state = this.#state
    const words = this.#words
    const left = words[LEFT >> 2] ?? 0
    state.pc = pc
    state.left = left
    const { access } = this.#core
    const mayGoOn = access !== undefined && ++this.#accesses < MOST_ACCESSES
    const result = mayGoOn ? access(state, packed, address, value) : REFUSED
    if (result < 0) {
      words[LEFT >> 2] = REFUSED
      return 0
    }
    words[LEFT >> 2] = state.left
    this.#tier.extend(state.left - (left - 1))
    return result
  }

  #step(entry: Entry): boolean {
    return this.#tier.without(entry, () => this.#interpret(1))
  }

  /** A look begins. */
  #begin(): void {
    const state = this.#state
    const cycle = state.end - state.left
    this.#tier.earn(SAMPLE_INTERVAL)
    this.#waits = cycle - this.#lookedAt > MOSTLY_WAITING * SAMPLE_INTERVAL
    this.#lookedAt = cycle
  }

  /**
   * Looks which code it is that the time goes into: where the next jump goes, for that is where a block
   * begins, and hot ones are come upon often.
   */
  #look(): boolean {
    const state = this.#state
    this.#looking = false
    for (let i = 0; i < LONGEST_LOOK && state.left > 0; i++) {
      const before = state.pc
      if (this.#interpret(1)) {
        if (this.#atEntry) return this.#run()
        this.#looking = true
        this.#untilSample = 0
        return true
      }
      const { pc } = state
      if ((pc - before) >>> 0 <= LONGEST_INSTRUCTION) continue
      if (this.#tier.at(pc) !== undefined) return false
      const count = (this.#samples.get(pc) ?? 0) + 1
      this.#samples.set(pc, count)
      if (count < (this.#waits ? SAMPLES_WHILE_WAITING : this.#threshold)) return false
      this.#samples.delete(pc)
      this.#tier.compile(pc)
      return false
    }
    return false
  }

  #compileAll(): boolean {
    const state = this.#state
    while (state.left > 0) {
      if (this.#tier.at(state.pc) === undefined) this.#tier.compile(state.pc)
      if (!this.#interpret(1)) continue
      if (!this.#atEntry) return true
      if (this.#run()) return true
    }
    return false
  }
}
