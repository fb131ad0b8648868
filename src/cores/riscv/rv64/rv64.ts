import { hex, OpenampError } from '../../../base/errors.js'
import { RV64_EXTENSIONS } from '../extensions.js'
import { Rv32, type Rv32Options } from '../rv32.js'
import { interpret64 } from './interpreter.js'
import { executeSlow64 } from './slow-path.js'

/** As far as an immediate reaches. */
const DISTANCE = 0x800
const END = 0x1_0000_0000

/**
 * An RV64IMAC hart with Zicsr, Zifencei, user mode and PMP; all of it is interpreted. Its memory is
 * in the lower 4 GiB, a page away from both their ends. Registers beyond 2^53 are rounded in `state`
 * and `fault`, where they are numbers.
 * @throws ERR_MEMORY for a region elsewhere
 */
export class Rv64 extends Rv32 {
  constructor(options: Omit<Rv32Options, 'compile' | 'extensions'>) {
    for (const { name, da, size } of options.regions) {
      if (da >= DISTANCE && da + size <= END - DISTANCE) continue
      const found = `region ${name}: ${hex(da)} + ${hex(size)}`
      throw new OpenampError('ERR_MEMORY', `${found} is at an end of the lower 4 GiB`)
    }
    const execution = { interpret: interpret64, executeSlow: executeSlow64 }
    super({ ...options, extensions: RV64_EXTENSIONS }, execution)
  }
}
