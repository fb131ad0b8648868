import type { MappedMemory } from '../memory.js'
import { MemoryAccess } from './access.js'
import type { CodeSource, Instruction } from './instruction.js'
import { type DeviceAccess, type Helper, type RegionImports, regionModule } from './module.js'
import { ModuleCache } from './module-cache.js'
import { findRegion, isFull, pagesOf } from './region.js'
import type { CompiledMemory } from './state.js'
import { type Emitter, writeRegion } from './structure.js'
import { PARAMETERS } from './writer.js'

/** Executes a region from entry number `entry` on, at most `left` instructions; see `state.ts`. */
export type Run = (entry: number, left: number) => number

/** A region that has been compiled. */
export interface Compiled {
  readonly module: WebAssembly.Module
  /** Bytes of the module. */
  readonly size: number
  /** Where it has been looked for, and whether it cannot become larger. */
  readonly roots: readonly number[]
  readonly full: boolean
  /** Addresses of the pages of 4096 bytes that its instructions lie in. */
  readonly pages: readonly number[]
  /** Where it can be entered, by the numbers of the entries, and how many instructions must be left. */
  readonly entries: readonly { readonly pc: number; readonly need: number }[]
}

/** Whether compiled code can be had: it is found out with the first module. */
export type Availability = 'unknown' | 'here' | 'forbidden'

/** What is made for a family of processors. */
export interface Family<I extends Instruction> {
  readonly source: CodeSource<I>
  emitter(access: MemoryAccess): Emitter<I>
  /** What the emitter's code calls, if it calls anything. */
  readonly helper?: Helper
}

const noHelper: Helper = () => 0

/** Of all cores in this thread. */
const modules = new ModuleCache()

/** Makes WebAssembly modules of predecoded code. */
export class Compiler<I extends Instruction> {
  readonly #memory: CompiledMemory
  readonly #shared: boolean
  readonly #source: CodeSource<I>
  readonly #emitter: Emitter<I>
  readonly #helper: Helper
  readonly #device: DeviceAccess
  availability: Availability = 'unknown'

  constructor(
    memory: MappedMemory,
    compiled: CompiledMemory,
    family: Family<I>,
    device: DeviceAccess,
  ) {
    this.#memory = compiled
    const access = new MemoryAccess(memory.regions, compiled.memory.buffer)
    this.#shared = access.shared
    this.#source = family.source
    this.#helper = family.helper ?? noHelper
    this.#device = device
    this.#emitter = family.emitter(access)
  }

  /**
   * The region that is entered at `roots`. Where the engine compiles as much only in the background it comes
   * later, to `later`; until then, and where there is nothing to compile, it is undefined.
   */
  compile(
    roots: readonly number[],
    later: (compiled: Compiled | undefined) => void,
  ): Compiled | undefined {
    if (this.availability === 'forbidden') return undefined
    const region = findRegion(this.#source, roots)
    if (region === undefined) return undefined
    const { writer, code, entries } = writeRegion(region, this.#emitter, this.#memory.state)
    const bytes = regionModule(this.#shared, PARAMETERS, writer.calls, writer.locals, code)
    const about = {
      size: bytes.length,
      roots,
      full: isFull(region),
      pages: pagesOf(region),
      entries,
    }
    const known = modules.find(bytes)
    if (known !== undefined) return { module: known, ...about }
    try {
      const module = new WebAssembly.Module(bytes)
      this.availability = 'here'
      modules.keep(bytes, module)
      return { module, ...about }
    } catch (error) {
      // Browsers compile no more than a few kilobytes at once where a person may be kept waiting.
      if (error instanceof RangeError) {
        WebAssembly.compile(bytes).then(
          (module) => {
            modules.keep(bytes, module)
            later({ module, ...about })
          },
          () => later(undefined),
        )
        return undefined
      }
      if (this.availability === 'here') throw error
      // A page may forbid it (Content-Security-Policy, "wasm-unsafe-eval"): it stays so.
      this.availability = 'forbidden'
      return undefined
    }
  }

  /** @param first see `RegionImports` */
  instantiate({ module }: Compiled, first: number): Run {
    const { memory } = this.#memory
    const imports: RegionImports = { memory, first, helper: this.#helper, device: this.#device }
    return new WebAssembly.Instance(module, { '': imports }).exports['run'] as Run
  }
}
