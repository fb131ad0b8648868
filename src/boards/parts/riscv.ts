import type { Extensions } from '../../cores/riscv/extensions.js'
import { Rv32 } from '../../cores/riscv/rv32.js'
import { Rv64 } from '../../cores/riscv/rv64/rv64.js'
import { MEI, MSI, MTI } from '../../cores/riscv/trap.js'
import type { CorePart, PartPlace } from './part.js'

/** A RISC-V hart: its timer and its interrupt controller are devices of the board. */
export function riscvPart(extensions: Extensions): (place: PartPlace) => CorePart {
  return ({ regions, bus, time, wait, compile, delay }) =>
    partOf(
      extensions.wide
        ? new Rv64({ regions, bus, time })
        : new Rv32({ regions, bus, time, wait, compile, extensions, onDelay: delay }),
    )
}

function partOf(core: Rv32): CorePart {
  return {
    core,
    debug: core.debug,
    get compiled() {
      return core.compiled
    },
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
