import type { CompileOptions } from '../../compile/options.js'
import { REGISTERS } from '../../compile/state.js'
import { Tiers } from '../../compile/tiers.js'
import { isOrdinary, isRounding } from '../../float/unit.js'
import { computeFloat } from '../float-operations.js'
import { type Hart, MSTATUS_FS } from '../hart.js'
import { interpret } from '../interpreter.js'
import { Op } from '../operation.js'
import { MACHINE } from '../pmp.js'
import { RiscvEmitter } from './emit.js'
import { FLOAT_CHANGED, FLOAT_ON, FLOAT_ORDINARY } from './registers.js'
import { type RiscvInstruction, RiscvSource } from './source.js'

/**
 * The two tiers of a hart. Code of user mode is interpreted.
 * @param access see `TieredCore.access`
 */
export function riscvTiers(
  hart: Hart,
  options: CompileOptions,
  access: (hart: Hart, packed: number, address: number, value: number) => number,
): Tiers<RiscvInstruction, Hart> {
  const { pages, float } = hart
  const words = new Int32Array(options.memory.buffer, options.state + REGISTERS)
  const tiers: Tiers<RiscvInstruction, Hart> = new Tiers(
    {
      state: hart,
      pages,
      mark: Op.COMPILED,
      source: new RiscvSource(pages, options.threshold === 0, (entry) => tiers.original(entry)),
      emitter: (memory) => new RiscvEmitter(memory, (pc) => tiers.accesses(pc)),
      interpret,
      access,
      helper: (packed, imm, integer) => {
        const result = computeFloat(hart, packed, imm, integer)
        words[FLOAT_ORDINARY] = isOrdinary(float, hart.frm) ? 1 : 0
        return result
      },
      mayRun: ({ guarded, mode }) => !guarded && mode === MACHINE,
      enter: ({ mstatus, frm }) => {
        words[FLOAT_ON] = (mstatus & MSTATUS_FS) !== 0 && isRounding(frm) ? 1 : 0
        words[FLOAT_ORDINARY] = isOrdinary(float, frm) ? 1 : 0
        words[FLOAT_CHANGED] = 0
      },
      leave: (state) => {
        if (words[FLOAT_CHANGED] !== 0) state.mstatus |= MSTATUS_FS
      },
    },
    options,
  )
  pages.onFlush = () => tiers.flush()
  return tiers
}
