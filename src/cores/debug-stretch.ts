import type { DebugControl } from './debug.js'

/** What a stretch under a debugger needs of a core's state. */
export interface Steppable {
  pc: number
  left: number
  end: number
  readonly cycle: number
  /** Exceptions and interrupts since reset. */
  readonly traps: number
}

/**
 * Executes where a debugger has something to say: as it would be without, unless every instruction
 * is to be told of, or the next one to be executed whatever is set there.
 */
export class DebugStretch {
  readonly #control: DebugControl
  readonly #core: Steppable
  readonly #redecode: (pc: number) => void
  /** The cycle of the instruction that observers were told of last, and the traps before it. */
  #toldAt = -1
  #traps = 0

  /** @param redecode has the instruction at `pc` decoded anew, for what is set there has changed */
  constructor(control: DebugControl, core: Steppable, redecode: (pc: number) => void) {
    this.#control = control
    this.#core = core
    this.#redecode = redecode
  }

  /** The core was reset: what comes now is another life's. */
  reset(): void {
    this.#toldAt = -1
    this.#traps = 0
    this.#control.stop = undefined
    this.#control.passing = undefined
  }

  /** @param whole executes until `left` has been counted down, or something happens */
  run(whole: () => void): void {
    const core = this.#core
    const control = this.#control
    const pc = core.pc >>> 0
    const passing = control.passing === pc
    if (!passing && control.passing !== undefined) control.passing = undefined
    if (!passing && control.observers.length === 0) {
      whole()
      return
    }
    const { cycle } = core
    core.left = 1
    core.end = cycle + 1
    if (passing) this.#redecode(pc)
    if (passing || !control.breakpoints.has(pc)) this.#tell(pc, cycle)
    whole()
    if (!passing) return
    control.passing = undefined
    this.#redecode(pc)
  }

  #tell(pc: number, cycle: number): void {
    // One that the debugger has stopped was told of before that.
    if (cycle === this.#toldAt) return
    const { traps } = this.#core
    const trapped = traps !== this.#traps
    this.#toldAt = cycle
    this.#traps = traps
    for (const observer of this.#control.observers) observer.instruction(pc, cycle, trapped)
  }
}
