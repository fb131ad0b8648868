import type { CompiledMemory } from './state.js'

/** How a core compiles hot code. */
export interface CompileOptions extends CompiledMemory {
  /**
   * How often the same place must be found executing before it is compiled, of each look that is had every
   * 2000 instructions. 0 is for tests: everything is compiled, before it is executed for the first time.
   */
  readonly threshold?: number
  /** What may be compiled at a time; for tests, that come to the bounds sooner then. */
  readonly limits?: CompileLimits
}

/** The oldest modules are dropped beyond so many, or so many bytes of them. */
export interface CompileLimits {
  /** At most 256. */
  readonly modules: number
  /** A module that is larger than all of them may be is there alone. */
  readonly bytes: number
}
