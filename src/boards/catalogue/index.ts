import { OpenampError } from '../../base/errors.js'
import type { BoardDescription } from '../description.js'
import { parts } from '../parts/index.js'
import { virtRv32 } from './virt-rv32.js'

/** The boards that there are; of those that run an image, the first is taken unless told otherwise. */
export const boards: readonly [BoardDescription, ...BoardDescription[]] = [virtRv32]

/** The board of that name. @throws ERR_USAGE where there is none */
export function boardNamed(name: string): BoardDescription {
  const board = boards.find((each) => each.name === name)
  if (board !== undefined) return board
  const names = boards.map((each) => each.name).join(', ')
  throw new OpenampError('ERR_USAGE', `there is no board "${name}"; there are ${names}`)
}

/**
 * The board that an image is run on where nobody has chosen one.
 * @param image ELF `e_machine` and class; undefined where there is no image
 * @returns the first board that runs such images, and the first of all where none does
 */
export function boardFor(image: { machine: number; bits: number } | undefined): BoardDescription {
  const runs = ({ core }: BoardDescription): boolean => {
    const { machine, bits } = parts[core.part]
    return machine === image?.machine && bits === image.bits
  }
  return boards.find(runs) ?? boards[0]
}
