import type { CompileOptions } from '../../compile/options.js'
import { REGISTERS, WRITTEN } from '../../compile/state.js'
import { Tiers } from '../../compile/tiers.js'
import { isOrdinary } from '../../float/unit.js'
import type { ArmCpu } from '../arm-cpu.js'
import { executeFloat } from '../float-slow-path.js'
import { itstateOf } from '../instruction.js'
import { interpret } from '../interpreter.js'
import { Op } from '../operation.js'
import { ThumbEmitter } from './emit.js'
import { C, FLOAT_FLAGS, FLOAT_ORDINARY, FPU_READY, LIMIT, N, V, Z } from './registers.js'
import { type ThumbInstruction, ThumbSource } from './source.js'

/** The two tiers of a core. While its MPU is on all is interpreted. */
export function thumbTiers(cpu: ArmCpu, options: CompileOptions): Tiers<ThumbInstruction, ArmCpu> {
  const { pages, float } = cpu
  const words = new Int32Array(options.memory.buffer, options.state + REGISTERS)
  const tiers: Tiers<ThumbInstruction, ArmCpu> = new Tiers(
    {
      state: cpu,
      pages,
      mark: Op.COMPILED,
      source: new ThumbSource(pages, options.threshold === 0, (entry) => tiers.original(entry)),
      emitter: (access) =>
        new ThumbEmitter(access, cpu.part.architecture === 'v8-m', options.state + WRITTEN),
      interpret,
      helper: (op, imm) => {
        executeFloat(cpu, op, imm, 0, 0)
        words[FLOAT_ORDINARY] = isOrdinary(float) ? 1 : 0
        return cpu.floatFlags >>> 28
      },
      mayRun: (state) => !state.protected,
      enter: (state) => {
        words[N] = state.n
        words[Z] = state.z
        words[C] = state.c
        words[V] = state.v
        words[LIMIT] = state.stackLimit
        words[FPU_READY] = state.fpuReady ? 1 : 0
        words[FLOAT_FLAGS] = state.floatFlags
        words[FLOAT_ORDINARY] = isOrdinary(float) ? 1 : 0
      },
      leave: (state) => {
        state.n = words[N] ?? 0
        state.z = words[Z] ?? 0
        state.c = words[C] ?? 0
        state.v = words[V] ?? 0
        state.setFloatFlags(words[FLOAT_FLAGS] ?? 0)
        state.itstate = itstateOf(pages.existing(state.pc)?.[state.pc & 0xfff] ?? 0)
      },
    },
    options,
  )
  pages.onFlush = () => tiers.flush()
  pages.onChange = (pc) => tiers.changed(pc)
  return tiers
}
