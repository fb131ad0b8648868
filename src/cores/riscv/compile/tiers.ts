import type { CompileOptions } from '../../compile/options.js'
import { Tiers } from '../../compile/tiers.js'
import type { Hart } from '../hart.js'
import { interpret } from '../interpreter.js'
import { Op } from '../operation.js'
import { MACHINE } from '../pmp.js'
import { RiscvEmitter } from './emit.js'
import { type RiscvInstruction, RiscvSource } from './source.js'

/** The two tiers of a hart. Code of user mode is interpreted. */
export function riscvTiers(hart: Hart, options: CompileOptions): Tiers<RiscvInstruction, Hart> {
  const { pages } = hart
  const tiers: Tiers<RiscvInstruction, Hart> = new Tiers(
    {
      state: hart,
      pages,
      mark: Op.COMPILED,
      source: new RiscvSource(pages, options.threshold === 0, (entry) => tiers.original(entry)),
      emitter: (access) => new RiscvEmitter(access),
      interpret,
      mayRun: ({ guarded, mode }) => !guarded && mode === MACHINE,
    },
    options,
  )
  pages.onFlush = () => tiers.flush()
  return tiers
}
