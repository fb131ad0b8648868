import type { Hart } from './hart.js'
import { Op } from './operation.js'

/** Bytes of the loads and stores that name their address by a register and an offset. */
const sizes: Readonly<Record<number, number>> = {
  [Op.LB]: 1,
  [Op.LBU]: 1,
  [Op.LH]: 2,
  [Op.LHU]: 2,
  [Op.LW]: 4,
  [Op.SB]: 1,
  [Op.SH]: 2,
  [Op.SW]: 4,
  [Op.FLW]: 4,
  [Op.FSW]: 4,
  [Op.LWU]: 4,
  [Op.LD]: 8,
  [Op.SD]: 8,
}

/** Whether the instruction in `hart.packed` would make an access that stops the core. */
export function isWatched(hart: Hart): boolean {
  const op = hart.packed & 0xff
  const base = hart.x[(hart.packed >>> 14) & 31] ?? 0
  const size = sizes[op]
  if (size !== undefined) {
    const store = (op >= Op.SB && op <= Op.SW) || op === Op.FSW || op === Op.SD
    return hart.debug.watches(hart.pc, store ? 'write' : 'read', base + hart.imm, size)
  }
  const double = op >= Op.LR_D && op <= Op.AMOMAXU_D
  if (!double && (op < Op.LR || op > Op.AMOMAXU)) return false
  const load = op === Op.LR || op === Op.LR_D
  const access = load ? 'read' : op === Op.SC || op === Op.SC_D ? 'write' : 'both'
  return hart.debug.watches(hart.pc, access, base, double ? 8 : 4)
}
