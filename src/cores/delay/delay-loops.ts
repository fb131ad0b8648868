import type { Instruction } from '../compile/instruction.js'
import type { Counting } from '../core.js'
import type { MappedMemory } from '../memory.js'
import { MemoryWords } from './memory-words.js'
import { type LoopState, type Rounds, roundsOf } from './rounds.js'
import type { Step } from './step.js'

/** Instructions of the longest loop that is looked at. */
const LONGEST_LOOP = 48
/** A stretch of fewer instructions is executed as it is. */
const SHORTEST_STRETCH = 256
/** Places are told apart by so many bits of the address less: a loop has few. */
const PLACE_SHIFT = 6
/** The places at which stretches have begun last, by the lowest bits of their numbers. */
const PLACES = 64
/**
 * After a look in vain so many stretches that begin there pass at most before the next one. One that comes after a
 * long one counts for many: a look costs no more than some hundred instructions do.
 */
const MOST_PATIENCE = 0x3ff
const LONG_STRETCH_SHIFT = 8
/** What is skipped is told of from so many instructions on. */
const WORTH_TELLING = 1_000_000
const MOST_LOOPS = 64
const NOWHERE = -1

/** What of a core's state loops that wait have to do with. */
export interface LoopingState {
  pc: number
  /** Instructions that may still be executed in this stretch, and the cycle at its end. */
  left: number
  end: number
  readonly memory: MappedMemory
  readonly cycle: number
}

/** What a family's core gives for its loops. */
export interface LoopingCore<I extends Instruction> {
  readonly state: LoopingState
  /** By the numbers that steps have for them. */
  readonly registers: Int32Array
  /** The instruction at `pc`, which has been executed just now; undefined where it is not known. */
  instruction(pc: number): I | undefined
  /** What it does, where it leads to `next`; undefined for one that no such loop has. */
  steps(instruction: I, next: number): readonly Step[] | undefined
  /** Executes until nothing is left, in whatever tier; true at an instruction that it does not execute. */
  interpret(): boolean
  /**
   * Executes the read of a register that counts, at which the interpreter has stopped: nothing but the
   * register that it is read into changes. @returns false where the read may not be made from here
   */
  readCounter(): boolean
  /** The core's own counter of a number that steps have for it. */
  counter(number: number): Counting | undefined
}

/** A loop of which rounds are skipped, for people. */
export interface DelayNote {
  readonly pc: number
  /** Rounds that it still has to go; Infinity for one that only an interrupt or another's store ends. */
  readonly rounds: number
  /** Instructions of a round. */
  readonly length: number
  /** It waits for a word of memory to change, or counts in one. */
  readonly memory: boolean
  /** "in the handler of …", where the core adds that. */
  readonly within?: string | undefined
}

/**
 * Loops that only wait: for a counter to run out, for a word of memory to change, or for ever. What they
 * do in a round is worked out, and so is how many rounds there are; those that fit into a stretch are
 * done in one step. A stretch is what nothing from outside can come into, so the core is at the end of it
 * as if it had executed them all.
 *
 * Looked for where a stretch begins, which is the same instruction whichever tier executes.
 */
export class DelayLoops<I extends Instruction> {
  /** Told of each place once in a life. */
  onNote: (note: DelayNote) => void = () => {}
  /**
   * Where the core is in a loop that it never leaves by itself, and in which it neither reads nor writes
   * memory; undefined elsewhere. Valid until the next stretch.
   */
  endless: number | undefined
  /**
   * The cycle until which the core does nothing but to go through the loop that it is in, if nothing from
   * outside comes; a cycle that has passed where it is in none. Valid until the next stretch.
   */
  quietUntil = 0
  readonly #core: LoopingCore<I>
  readonly #words: MemoryWords
  readonly #loop: LoopState
  /** Of each place its number, the looks in vain, and the stretches that pass without one. */
  readonly #places = new Int32Array(PLACES).fill(NOWHERE)
  readonly #patience = new Int32Array(PLACES)
  readonly #pause = new Int32Array(PLACES)
  /** The cycle at which the last stretch has begun. */
  #begunAt = 0
  /** Instructions skipped by the places where loops begin; Infinity once that has been told. */
  readonly #skipped = new Map<number, number>()

  constructor(core: LoopingCore<I>) {
    this.#core = core
    this.#words = new MemoryWords(core.state.memory)
    this.#loop = {
      register: (number) => core.registers[number] ?? 0,
      locate: (address) => this.#words.locate(address),
      word: (location) => this.#words.get(location),
      counting: (address) => core.state.memory.counting(address),
      counter: (number) => core.counter(number),
      get cycle() {
        return core.state.cycle
      },
    }
  }

  reset(): void {
    this.#places.fill(NOWHERE)
    this.#skipped.clear()
    this.#begunAt = 0
    this.rest()
  }

  /** The core has waited until now. */
  waited(): void {
    this.#begunAt = this.#core.state.cycle
  }

  /** A stretch begins in which nothing is looked for. */
  rest(): void {
    this.endless = undefined
    this.quietUntil = 0
  }

  /** To be called at the beginning of each stretch. @returns whether `pass` is to be called */
  begins(): boolean {
    this.rest()
    const { pc, left, cycle } = this.#core.state
    const worth = 1 + ((cycle - this.#begunAt) >> LONG_STRETCH_SHIFT)
    this.#begunAt = cycle
    if (left < SHORTEST_STRETCH) return false
    const place = pc >>> PLACE_SHIFT
    const at = place & (PLACES - 1)
    // Where a stretch begins for the first time it passes without a look.
    if (this.#places[at] !== place) {
      this.#places[at] = place
      this.#patience[at] = this.#pause[at] = 0
      return false
    }
    const pause = this.#pause[at] ?? 0
    if (pause > 0) this.#pause[at] = pause - worth
    return pause <= 0
  }

  /**
   * Executes a little of the stretch, and skips what it can.
   * @returns true at an instruction that the interpreter does not execute
   */
  pass(): boolean {
    const at = (this.#core.state.pc >>> PLACE_SHIFT) & (PLACES - 1)
    const result = this.#look()
    const patience = Math.min(2 * (this.#patience[at] ?? 0) + 1, MOST_PATIENCE)
    this.#patience[at] = this.#pause[at] = result === 'skipped' ? 0 : patience
    return result === 'stopped'
  }

  #look(): 'skipped' | 'stopped' | 'nothing' {
    const { state } = this.#core
    const round = this.#follow()
    if (round === 'stopped') return 'stopped'
    if (round === undefined) return 'nothing'
    let at = 0
    for (const head of headsOf(round)) {
      for (; at < head; at++) if (this.#step()) return 'stopped'
      const ordered = [...round.slice(head), ...round.slice(0, head)]
      if (ordered[0]?.pc !== state.pc) return 'nothing'
      const steps = ordered.flatMap((executed) => executed.steps)
      const rounds = roundsOf(steps, ordered.length, this.#loop)
      if (rounds === undefined) continue
      return this.#skip(rounds, ordered.length) ? 'skipped' : 'nothing'
    }
    return 'nothing'
  }

  /** Executes one round, from where the core is. Undefined where it comes to nothing. */
  #follow(): readonly Executed[] | 'stopped' | undefined {
    const { state } = this.#core
    const first = state.pc
    const round: Executed[] = []
    while (round.length < LONGEST_LOOP) {
      const { pc } = state
      if (this.#step()) return 'stopped'
      const instruction = this.#core.instruction(pc)
      const steps = instruction === undefined ? undefined : this.#core.steps(instruction, state.pc)
      if (steps === undefined) return undefined
      round.push({ pc, steps })
      if (state.pc === first) return round
    }
    return undefined
  }

  /** Skips all rounds that fit in but the last one, which is executed: what it leaves behind is right. */
  #skip({ count, registers, words, memory }: Rounds, length: number): boolean {
    const { state, registers: file } = this.#core
    const { pc } = state
    const skipped = Math.min(count, Math.floor(state.left / length)) - 1
    if (skipped < 1) return false
    for (const [register, amount] of registers) {
      file[register] = (file[register] ?? 0) + Math.imul(amount, skipped)
    }
    for (const [location, amount] of words) {
      this.#words.set(location, this.#words.get(location) + Math.imul(amount, skipped))
    }
    // Others may see to it that a loop which waits for memory ends.
    const ever = count === Number.POSITIVE_INFINITY
    if (!ever || !memory) this.quietUntil = state.end - state.left + count * length
    state.left -= skipped * length
    if (ever && !memory) this.endless = pc
    this.#tell(pc, count, length, skipped, memory)
    return true
  }

  #tell(pc: number, count: number, length: number, skipped: number, memory: boolean): void {
    const before = this.#skipped.get(pc) ?? 0
    if (before === 0 && this.#skipped.size >= MOST_LOOPS) return
    const after = before + skipped * length
    const worth = count === Number.POSITIVE_INFINITY ? after : before + count * length
    this.#skipped.set(pc, worth < WORTH_TELLING ? after : Number.POSITIVE_INFINITY)
    if (worth < WORTH_TELLING || before === Number.POSITIVE_INFINITY) return
    this.onNote({ pc: pc >>> 0, rounds: count, length, memory })
  }

  /** Executes an instruction. @returns true at one that is not executed here */
  #step(): boolean {
    const { state } = this.#core
    const { pc } = state
    const rest = state.left - 1
    state.left = 1
    state.end -= rest
    const stopped = this.#core.interpret()
    state.left += rest
    state.end += rest
    if (!stopped) return false
    const instruction = this.#core.instruction(pc)
    if (instruction === undefined) return true
    const [step] = this.#core.steps(instruction, (pc + instruction.length) | 0) ?? []
    return step === undefined || !this.#readsCounter(step) || !this.#core.readCounter()
  }

  #readsCounter(step: Step): boolean {
    if (step.kind === 'read') return this.#core.counter(step.counter) !== undefined
    if (step.kind !== 'load') return false
    const { base, offset } = step
    const origin = 'register' in base ? this.#loop.register(base.register) : base.value
    return this.#loop.counting((origin + offset) | 0) !== undefined
  }
}

/** An instruction of a round, and what it did. */
interface Executed {
  readonly pc: number
  readonly steps: readonly Step[]
}

/**
 * The places in a round of instructions that are jumped back to. What is left over from one round is not
 * taken into the next one where the loop begins, and that is one of them.
 */
function headsOf(round: readonly Executed[]): number[] {
  return round.flatMap(({ pc }, i) => {
    const before = round.at(i - 1)?.pc ?? pc
    return pc >>> 0 <= before >>> 0 ? [i] : []
  })
}
