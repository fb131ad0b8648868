import { hex } from '../base/errors.js'
import type { CoreDebug, InstructionObserver } from '../cores/debug.js'
import { type FirmwareImage, printable } from '../firmware/index.js'

/** Writes a line for each instruction: cycle, address, encoding, what it is, and where. */
export class InstructionTrace implements InstructionObserver {
  readonly #core: CoreDebug
  readonly #image: FirmwareImage
  readonly #write: (line: string) => void

  constructor(core: CoreDebug, image: FirmwareImage, write: (line: string) => void) {
    this.#core = core
    this.#image = image
    this.#write = write
  }

  instruction(pc: number, cycle: number, trapped: boolean): void {
    const instruction = this.#core.disassemble(pc)
    const place = this.#image.functionAt(pc)
    const bits = instruction?.bits.toString(16).padStart(2 * instruction.size, '0') ?? ''
    const where = place === undefined ? '' : `  ; ${printable(place.name)}+${hex(place.offset)}`
    const text = instruction?.text ?? 'no memory'
    const mark = trapped ? '!' : ' '
    this.#write(
      `${String(cycle).padStart(10)}${mark} ${pc.toString(16).padStart(8, '0')}  ${bits.padEnd(8)}  ${text}${where}\n`,
    )
  }
}
