import { Rv32 } from '../../cores/riscv/rv32.js'
import { MEI, MSI, MTI } from '../../cores/riscv/trap.js'
import type { CorePart, PartPlace } from './part.js'

/** A RISC-V hart: its timer and its interrupt controller are devices of the board. */
export function riscvPart({ regions, bus, time, compile }: PartPlace): CorePart {
  const core = new Rv32({ regions, bus, time, compile })
  return {
    core,
    get registers() {
      return core.registers
    },
    drive({ software, timer, external }) {
      core.pending =
        (software?.high() ? MSI : 0) | (timer?.high() ? MTI : 0) | (external?.high() ? MEI : 0)
    },
    wakesAt({ timer }) {
      const due = timer?.dueCycle?.() ?? Number.POSITIVE_INFINITY
      return core.enabled & MTI && due > core.cycle ? due : Number.POSITIVE_INFINITY
    },
    wakesOn: () => (core.enabled & MEI) !== 0,
  }
}
