import type { MappedMemory } from '../memory.js'
import { Compiler, type Family } from './compiler.js'
import type { Instruction } from './instruction.js'
import type { CompileOptions } from './options.js'
import { CompiledTier, type Entry, type EntryPages, type Outcome } from './tier.js'

/** Instructions that are interpreted between two looks at what is being executed. */
const SAMPLE_INTERVAL = 2000
const SAMPLES_TO_COMPILE = 2
/**
 * A core that executes less than one in so many cycles waits nearly always: what it has been seen at is
 * forgotten, for to compile that would cost more than it ever saves, and hold up an answer meanwhile.
 */
const MOSTLY_WAITING = 32
/** Instructions after which the look at one place ends, if there was no jump. */
const LONGEST_LOOK = 64
/** Bytes of the longest instruction. */
const LONGEST_INSTRUCTION = 4

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
  #untilSample = SAMPLE_INTERVAL
  /** The cycle of the last look. */
  #lookedAt = 0

  constructor(core: TieredCore<I, S>, options: CompileOptions) {
    this.#core = core
    this.#state = core.state
    this.#threshold = options.threshold ?? SAMPLES_TO_COMPILE
    const compiler = new Compiler(core.state.memory, options, core)
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
        this.#untilSample = SAMPLE_INTERVAL
        this.#tier.earn(SAMPLE_INTERVAL)
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
    this.#core.enter?.(state)
    this.#tier.run(entry, outcome)
    state.left = outcome.left
    state.pc = outcome.pc
    this.#core.leave?.(state)
    // Too little is left, or the first instruction is none for compiled code.
    return outcome.left === before && outcome.pc === entry.pc && this.#step(entry)
  }

  #step(entry: Entry): boolean {
    return this.#tier.without(entry, () => this.#interpret(1))
  }

  /**
   * Looks which code it is that the time goes into: where the next jump goes, for that is where a block
   * begins, and hot ones are come upon often.
   */
  #look(): boolean {
    const state = this.#state
    const cycle = state.end - state.left
    if (cycle - this.#lookedAt > MOSTLY_WAITING * SAMPLE_INTERVAL) this.#samples.clear()
    this.#lookedAt = cycle
    for (let i = 0; i < LONGEST_LOOK && state.left > 0; i++) {
      const before = state.pc
      if (this.#interpret(1)) return !this.#atEntry || this.#run()
      const { pc } = state
      if ((pc - before) >>> 0 <= LONGEST_INSTRUCTION) continue
      if (this.#tier.at(pc) !== undefined) return false
      const count = (this.#samples.get(pc) ?? 0) + 1
      this.#samples.set(pc, count)
      if (count < this.#threshold) return false
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
