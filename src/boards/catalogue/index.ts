import { OpenampError } from '../../base/errors.js'
import type { BoardDescription } from '../description.js'
import { parts } from '../parts/index.js'
import { am62M4 } from './am62-m4.js'
import { imx8mpM7 } from './imx8mp-m7.js'
import { mps2An385, mps2An386, mps2An500, mps2An505 } from './mps2.js'
import { stm32mp15M4 } from './stm32mp15-m4.js'
import { virtRv32 } from './virt-rv32.js'
import { virtRv64 } from './virt-rv64.js'
import { zynqmpR5 } from './zynqmp-r5.js'

/** The boards that there are; of those that run an image, the first is taken unless told otherwise. */
export const boards: readonly [BoardDescription, ...BoardDescription[]] = [
  virtRv32,
  virtRv64,
  mps2An386,
  mps2An385,
  mps2An500,
  mps2An505,
  stm32mp15M4,
  imx8mpM7,
  am62M4,
  zynqmpR5,
]

/** The board of that name. @throws ERR_USAGE where there is none */
export function boardNamed(name: string): BoardDescription {
  const board = boards.find((each) => each.name === name)
  if (board !== undefined) return board
  const names = boards.map((each) => each.name).join(', ')
  throw new OpenampError('ERR_USAGE', `there is no board "${name}"; there are ${names}`)
}

/** An image's ELF `e_machine` and class. */
export interface Kind {
  readonly machine: number
  readonly bits: number
}

/** Whether a board runs such images. */
export function runs({ core }: BoardDescription, image: Kind | undefined): boolean {
  const { machine, bits } = parts[core.part]
  return machine === image?.machine && bits === image.bits
}

/**
 * The board that an image is run on where nobody has chosen one.
 * @param image undefined where there is no image
 * @returns the first board that runs such images, and the first of all where none does
 */
export function boardFor(image: Kind | undefined): BoardDescription {
  return boards.find((board) => runs(board, image)) ?? boards[0]
}
