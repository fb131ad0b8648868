import { CortexR } from '../../cores/cortex-r/core.js'
import type { RPart } from '../../cores/cortex-r/parts.js'
import type { CorePart, PartPlace } from './part.js'
import { Semihosting } from './semihosting.js'

/** An image that begins from here on has its vectors at the upper end of the address space. */
const HIGH_ENTRY = 0xfffc_0000
const HIGH_VECTORS = 0xffff_0000

/**
 * Where a Cortex-R begins: with its vectors, not at an image's entry. From that follows only at which end of
 * memory they are (as Linux's xlnx_r5_remoteproc has it).
 */
export function vectorsOf(entry: number): number {
  return entry >= HIGH_ENTRY ? HIGH_VECTORS : 0
}

/** A Cortex-R: its interrupt controller and its timers are devices of the board. */
export function cortexRPart(part: RPart): (place: PartPlace) => CorePart {
  return ({ regions, bus, cyclesPerSecond, send, end, delay }) => {
    const core = new CortexR({ part, regions, bus, onDelay: delay })
    const { cpu } = core
    const semihosting = new Semihosting({
      ...{ memory: cpu.memory, cyclesPerSecond, send, end },
      cycle: () => core.cycle,
      pass: (cycles) => {
        cpu.left -= cycles
      },
    })
    cpu.semihost = (operation, parameter) => semihosting.call(operation, parameter)
    return {
      core,
      debug: core.debug,
      compiled: { modules: 0, entries: 0, bytes: 0 },
      get registers() {
        return [...cpu.r]
      },
      drive: ({ external, fast }) => {
        core.setInterrupts(external?.high() ?? false, fast?.high() ?? false)
      },
      wakesAt: () => Number.POSITIVE_INFINITY,
      wakesOn: () => true,
    }
  }
}
