import { hex } from '../base/errors.js'
import type { CoreFault } from './core.js'

/** A fault in one line: what, where, and the address that could not be reached. */
export function describeFault({ cause, pc, address }: CoreFault): string {
  const where = `${cause} at pc ${hex(pc, 8)}`
  return address === undefined ? where : `${where}, address ${hex(address, 8)}`
}

/** A fault that is never returned from: `handler` has come to wait at `pc`, and nothing ends that. */
export function describeSleep(fault: CoreFault, pc: number, handler: string): string {
  return `${describeFault(fault)}; ${handler} waits for ever at pc ${hex(pc >>> 0, 8)}`
}

/** A fault that is never returned from: `handler` has got into an endless loop at `pc`. */
export function describeHang(fault: CoreFault, pc: number, handler: string): string {
  return `${describeFault(fault)}; ${handler} stays in an endless loop at pc ${hex(pc >>> 0, 8)}`
}
