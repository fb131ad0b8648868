import { Compiler } from '../../compile/compiler.js'
import type { CompileOptions } from '../../compile/options.js'
import { CompiledTier, type Entry, type Outcome } from '../../compile/tier.js'
import type { Hart } from '../hart.js'
import { interpret } from '../interpreter.js'
import { Op } from '../operation.js'
import { MACHINE } from '../pmp.js'
import { RiscvEmitter } from './emit.js'
import { type RiscvInstruction, RiscvSource } from './source.js'

/** Instructions that are interpreted between two looks at what is being executed. */
const SAMPLE_INTERVAL = 2000
const SAMPLES_TO_COMPILE = 2
/** Instructions after which the look at one place ends, if there was no jump. */
const LONGEST_LOOK = 64

/** A hart's two tiers: code is interpreted first, and what is hot is compiled. */
export class Tiers {
  readonly #tier: CompiledTier<RiscvInstruction>
  readonly #threshold: number
  readonly #outcome: Outcome = { pc: 0, left: 0 }
  #samples = new Map<number, number>()
  #untilSample = SAMPLE_INTERVAL

  constructor(hart: Hart, options: CompileOptions) {
    const { pages, memory } = hart
    this.#threshold = options.threshold ?? SAMPLES_TO_COMPILE
    const source = new RiscvSource(pages, this.#threshold === 0, (entry) => this.#tier.entry(entry))
    const compiler = new Compiler(memory, options, {
      source,
      emitter: (access) => new RiscvEmitter(access),
    })
    this.#tier = new CompiledTier(compiler, options, pages, Op.COMPILED)
    pages.onFlush = () => {
      this.#tier.flush()
      this.#samples.clear()
    }
  }

  /** What has been compiled and is in use. */
  get size(): { readonly modules: number; readonly bytes: number } {
    return this.#tier.size
  }

  /** Executes as `interpret` does, in whichever tier. */
  execute(hart: Hart): boolean {
    // Compiled code looks at no protection.
    if (hart.guarded || hart.mode !== MACHINE) return this.#guarded(hart)
    if (this.#threshold === 0) return this.#compileAll(hart)
    for (;;) {
      const stopped = this.#interpret(hart, this.#untilSample)
      if (stopped) {
        if ((hart.packed & 0xff) !== Op.COMPILED) return true
        if (this.#run(hart)) return true
      } else if (hart.left > 0) {
        this.#untilSample = SAMPLE_INTERVAL
        if (this.#look(hart)) return true
      }
      if (hart.left <= 0) return false
    }
  }

  /** Interprets `most` instructions at most. The hart's time is right whenever it stops. */
  #interpret(hart: Hart, most: number): boolean {
    const rest = Math.max(0, hart.left - most)
    hart.left -= rest
    hart.end -= rest
    const before = hart.left
    const stopped = interpret(hart)
    this.#untilSample -= before - hart.left
    hart.left += rest
    hart.end += rest
    return stopped
  }

  /** Runs compiled code from the entry that the interpreter has come to. @returns as `interpret` */
  #run(hart: Hart): boolean {
    const entry = this.#tier.entry(hart.imm)
    if (entry === undefined) return false
    const outcome = this.#outcome
    const before = hart.left
    outcome.left = before
    this.#tier.run(entry, outcome)
    hart.left = outcome.left
    hart.pc = outcome.pc
    // Too little is left, or the first instruction is none for compiled code.
    return outcome.left === before && outcome.pc === entry.pc && this.#step(hart, entry)
  }

  #step(hart: Hart, entry: Entry): boolean {
    return this.#tier.without(entry, () => this.#interpret(hart, 1))
  }

  /**
   * Looks which code it is that the time goes into: where the next jump goes, for that is where a block
   * begins, and hot ones are come upon often.
   */
  #look(hart: Hart): boolean {
    for (let i = 0; i < LONGEST_LOOK && hart.left > 0; i++) {
      const before = hart.pc
      if (this.#interpret(hart, 1)) return (hart.packed & 0xff) !== Op.COMPILED || this.#run(hart)
      if ((hart.pc - before) >>> 0 <= 4) continue
      if (this.#tier.at(hart.pc) !== undefined) return false
      const count = (this.#samples.get(hart.pc) ?? 0) + 1
      if (count >= this.#threshold) {
        this.#samples.delete(hart.pc)
        this.#tier.compile(hart.pc)
      } else {
        this.#samples.set(hart.pc, count)
      }
      return false
    }
    return false
  }

  #guarded(hart: Hart): boolean {
    for (;;) {
      if (!interpret(hart)) return false
      if ((hart.packed & 0xff) !== Op.COMPILED) return true
      const entry = this.#tier.entry(hart.imm)
      if (entry !== undefined && this.#step(hart, entry)) return true
    }
  }

  #compileAll(hart: Hart): boolean {
    while (hart.left > 0) {
      if (this.#tier.at(hart.pc) === undefined) this.#tier.compile(hart.pc)
      if (!this.#interpret(hart, 1)) continue
      if ((hart.packed & 0xff) !== Op.COMPILED) return true
      if (this.#run(hart)) return true
    }
    return false
  }
}
