import type { CompiledMemory } from './state.js'

/** How a core compiles hot code. */
export interface CompileOptions extends CompiledMemory {
  /**
   * How often the same place must be found executing before it is compiled, of each look that is had every
   * 2000 instructions. 0 is for tests: everything is compiled, before it is executed for the first time.
   */
  readonly threshold?: number
}
