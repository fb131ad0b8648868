import type { Compiled, Compiler, Run } from './compiler.js'
import type { Instruction } from './instruction.js'
import type { CompileLimits, CompileOptions } from './options.js'
import { ENTRIES_PER_MODULE, INTERPRET, JUMP_MASK, JUMPS, jumpPlace, LEFT } from './state.js'

const LIMITS: CompileLimits = { modules: 256, bytes: 8 * 0x10_0000 }
/** What so many exits of a module lead to becomes a part of it; twice as many the next time. */
const EXITS_TO_GROW = 16
/** Whatever it was left for at least once in so many times becomes one with it: the cases of a switch, say. */
const NEARLY_AS_OFTEN = 32
const MOST_GROWTHS = 8
/** After so many runs an entry is looked at: it must have executed so many instructions each time. */
const RUNS_TO_JUDGE = 256
const WORTH_A_RUN = 12

/**
 * Compiling must not take more time than executing, however much code there is and however it is gone
 * through: so many bytes of modules at once, and another one for each so many instructions that have been
 * executed, which takes about four times as long.
 */
const BYTES_AT_ONCE = 0x4_0000
const INSTRUCTIONS_A_BYTE = 500

/** A place in the code at which compiled code can be entered. */
export interface Entry {
  readonly pc: number
  /** Instructions that must be left. */
  readonly need: number
  readonly number: number
  readonly module: Module
  readonly run: Run
  /** Number within its module, and as it stands in the table of jumps. */
  readonly index: number
  readonly jump: number
  /** The words of the predecoded page in whose place the entry stands. */
  readonly packed: number
  readonly imm: number
  runs: number
  executed: number
}

/** A region in use. */
interface Module {
  readonly slot: number
  readonly compiled: Compiled
  /** Those entries that no younger module has taken over. */
  readonly entries: Set<Entry>
  /** Where it has been left for, and how often. */
  readonly exits: Map<number, number>
  readonly growths: number
  /** The synchronization since which its code is known to be what memory holds. */
  verified: number
  dropped: boolean
}

/** Predecoded code, in which the entries are put. */
export interface EntryPages {
  /** Two words from byte offset `pc & 4095` on hold the instruction at `pc`. */
  existing(pc: number): Int32Array | undefined
  /**
   * Counted up when pages have to be compared with memory before what is decoded in them is executed
   * again. `find` does that for the page that `pc` lies in.
   */
  readonly synchronization: number
  find(pc: number): Int32Array | undefined
}

/** Where compiled code has been left: the core is brought there. */
export interface Outcome {
  pc: number
  left: number
}

/**
 * The regions that are compiled, and what decides which are. An entry stands in the predecoded page in
 * the place of its instruction, so that the interpreter comes upon it at no cost.
 */
export class CompiledTier<I extends Instruction> {
  readonly #compiler: Compiler<I>
  readonly #pages: EntryPages
  readonly #mark: number
  readonly #words: Int32Array
  readonly #entries: (Entry | undefined)[] = []
  readonly #free: number[] = []
  readonly #modules = new Set<Module>()
  readonly #slots: number[]
  readonly #mostBytes: number
  #bytes = 0
  #refused = new Set<number>()
  /** Counted up when all code is dropped: what is compiled in the background may be of before. */
  #generation = 0
  /** Bytes that may be compiled now; Infinity for tests that have everything compiled. */
  #budget: number
  /** By how much more is left than there was, for stretches that compiled code has begun itself. */
  #extended = 0

  /** @param mark the operation in the lowest byte of an instruction's word that stands for an entry */
  constructor(
    compiler: Compiler<I>,
    { memory, state, threshold, limits = LIMITS }: CompileOptions,
    pages: EntryPages,
    mark: number,
  ) {
    this.#compiler = compiler
    this.#pages = pages
    this.#mark = mark
    this.#words = new Int32Array(memory.buffer, state)
    this.#slots = Array.from({ length: limits.modules }, (_, i) => limits.modules - i)
    this.#mostBytes = limits.bytes
    this.#budget = threshold === 0 ? Number.POSITIVE_INFINITY : BYTES_AT_ONCE
  }

  /** Modules that there are, the places at which they can be entered, and their bytes. */
  get size(): { readonly modules: number; readonly entries: number; readonly bytes: number } {
    const entries = this.#entries.length - this.#free.length
    return { modules: this.#modules.size, entries, bytes: this.#bytes }
  }

  /** So many instructions have been executed: more may be compiled. */
  earn(instructions: number): void {
    this.#budget += instructions / INSTRUCTIONS_A_BYTE
  }

  /** Compiled code has come to the end of a stretch and goes on in the next one, of so many instructions more. */
  extend(instructions: number): void {
    this.#extended += instructions
  }

  entry(number: number): Entry | undefined {
    return this.#entries[number]
  }

  /** The entry at `pc`. */
  at(pc: number): Entry | undefined {
    const page = this.#pages.existing(pc)
    const at = pc & 0xfff
    if (page === undefined || ((page[at] ?? 0) & 0xff) !== this.#mark) return undefined
    return this.#entries[page[at + 1] ?? 0]
  }

  /**
   * Executes compiled code from `entry` on, as long as there is some. Where it could do nothing at all
   * `outcome.left` is as before.
   * @param outcome `left`: instructions that may be executed
   */
  run(entry: Entry, outcome: Outcome): void {
    const words = this.#words
    const begun = outcome.left
    this.#extended = 0
    let current = entry
    for (;;) {
      const before = outcome.left
      outcome.pc = current.pc
      if (before < current.need || !this.#isUpToDate(current.module)) break
      const result = current.run(current.index, before)
      const pc = result & ~INTERPRET
      outcome.pc = pc
      outcome.left = words[LEFT >> 2] ?? 0
      if ((result & INTERPRET) !== 0) break
      const next = this.#exit(current.module, pc)
      if (next === undefined) break
      const place = (JUMPS + jumpPlace(pc)) >> 2
      words[place] = pc
      words[place + 1] = next.jump
      current = next
    }
    const executed = begun + this.#extended - outcome.left
    entry.executed += executed
    this.earn(executed)
    if (++entry.runs === RUNS_TO_JUDGE) this.#judge(entry)
  }

  /** Compiles the region at `pc`. @returns its entry there, if it is there at once */
  compile(pc: number): Entry | undefined {
    if (this.#refused.has(pc)) return undefined
    this.#compile([pc], 0)
    return this.at(pc)
  }

  /** Puts the instruction in the place of the entry, and back again, around what is done with it. */
  without<T>(entry: Entry, action: () => T): T {
    this.#restore(entry)
    try {
      return action()
    } finally {
      const page = this.#pages.existing(entry.pc)
      if (page !== undefined && this.#entries[entry.number] === entry) this.#put(page, entry)
    }
  }

  /** The predecoded pages are gone: so is all that has been compiled. */
  flush(): void {
    this.#generation++
    for (const { slot } of this.#modules) this.#slots.push(slot)
    this.#modules.clear()
    this.#entries.length = 0
    this.#free.length = 0
    this.#bytes = 0
    this.#refused.clear()
    this.#forgetJumps()
  }

  /** The predecoded page that `pc` lies in has been dropped: so is what has been compiled of it. */
  changed(pc: number): void {
    const page = pc & ~0xfff
    for (const module of this.#modules) {
      if (module.compiled.pages.includes(page)) this.#drop(module)
    }
  }

  #isUpToDate(module: Module): boolean {
    const { synchronization } = this.#pages
    if (module.verified === synchronization) return true
    module.verified = synchronization
    // A page that has changed says so to `changed`.
    for (const page of module.compiled.pages) this.#pages.find(page)
    return !module.dropped
  }

  /**
   * A module has been left for `pc`. What it is left for often becomes a part of it.
   * @returns the entry there
   */
  #exit(module: Module, pc: number): Entry | undefined {
    const { exits, growths, compiled } = module
    const there = this.at(pc)
    const count = (exits.get(pc) ?? 0) + 1
    exits.set(pc, count)
    if (count !== EXITS_TO_GROW << growths || this.#refused.has(pc)) return there
    if (there?.module === module) return there
    if (this.#budget <= 0) {
      // It is for later.
      exits.set(pc, 0)
      return there
    }
    if (growths >= MOST_GROWTHS || compiled.full) return there ?? this.compile(pc)
    const others = there === undefined ? [] : there.module.compiled.roots
    // All at once: to compile the region again for each of them would cost more than they do.
    const near = [...exits].flatMap(([exit, times]) =>
      times * NEARLY_AS_OFTEN >= count ? [exit] : [],
    )
    this.#compile([...new Set([...compiled.roots, ...near, ...others, pc])], growths + 1)
    return this.at(pc)
  }

  #compile(roots: readonly number[], growths: number): void {
    const [first] = roots
    if (first === undefined || this.#budget <= 0) return
    // What is compiled in the background is not asked for again before it comes.
    const pc = roots.at(-1) ?? first
    this.#refused.add(pc)
    const generation = this.#generation
    const compiled = this.#compiler.compile(roots, (later) => {
      if (later === undefined || generation !== this.#generation) return
      this.#refused.delete(pc)
      this.#install(later, growths)
    })
    if (compiled === undefined) return
    this.#refused.delete(pc)
    this.#install(compiled, growths)
  }

  #install(compiled: Compiled, growths: number): void {
    this.#budget -= compiled.size
    for (const module of this.#modules) {
      if (this.#slots.length > 0 && this.#bytes + compiled.size <= this.#mostBytes) break
      this.#drop(module)
    }
    const slot = this.#slots.pop()
    if (slot === undefined) return
    const first = slot * ENTRIES_PER_MODULE
    const run = this.#compiler.instantiate(compiled, first)
    const module: Module = {
      ...{ slot, compiled, entries: new Set(), exits: new Map(), growths },
      ...{ verified: this.#pages.synchronization, dropped: false },
    }
    this.#modules.add(module)
    this.#bytes += compiled.size
    compiled.entries.forEach(({ pc, need }, index) => {
      const page = this.#pages.existing(pc)
      if (page === undefined) return
      // The newer one has been compiled because the older one was left too often.
      const old = this.at(pc)
      if (old !== undefined) this.#remove(old)
      const at = pc & 0xfff
      const number = this.#free.pop() ?? this.#entries.length
      const entry: Entry = {
        ...{ pc, need, number, module, run, index, jump: first + index },
        ...{ packed: page[at] ?? 0, imm: page[at + 1] ?? 0, runs: 0, executed: 0 },
      }
      this.#entries[number] = entry
      this.#put(page, entry)
      module.entries.add(entry)
    })
  }

  #drop(module: Module): void {
    if (!this.#modules.delete(module)) return
    module.dropped = true
    for (const entry of module.entries) this.#remove(entry)
    this.#bytes -= module.compiled.size
    this.#slots.push(module.slot)
    this.#forgetJumps()
  }

  /** An entry that leads to hardly any work costs more than it saves: device accesses in a loop. */
  #judge(entry: Entry): void {
    if (entry.executed >= RUNS_TO_JUDGE * WORTH_A_RUN) {
      entry.runs = entry.executed = 0
      return
    }
    if (this.#entries[entry.number] === entry) this.#remove(entry)
    this.#refused.add(entry.pc)
  }

  /** Takes an entry away; a module without any goes with the last one. */
  #remove(entry: Entry): void {
    const { module, number } = entry
    this.#restore(entry)
    this.#entries[number] = undefined
    this.#free.push(number)
    module.entries.delete(entry)
    if (module.entries.size === 0) this.#drop(module)
  }

  #put(page: Int32Array, { pc, number }: Entry): void {
    page[pc & 0xfff] = this.#mark
    page[(pc & 0xfff) + 1] = number
  }

  #restore({ pc, packed, imm, number }: Entry): void {
    const page = this.#pages.existing(pc)
    // Where the page has been dropped meanwhile there is nothing to be restored.
    if (page === undefined || page[pc & 0xfff] !== this.#mark) return
    if (page[(pc & 0xfff) + 1] !== number) return
    page[pc & 0xfff] = packed
    page[(pc & 0xfff) + 1] = imm
  }

  #forgetJumps(): void {
    this.#words.fill(0, JUMPS >> 2, (JUMPS + JUMP_MASK + 8) >> 2)
  }
}
