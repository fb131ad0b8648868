import { OpenampError } from '../../base/errors.js'
import { boardFor, boards, runs } from '../../boards/catalogue/index.js'
import type { BoardDescription } from '../../boards/description.js'
import { parts } from '../../boards/parts/index.js'
import { EM_NONE, machineName } from '../../firmware/index.js'
import type { ImageKind } from '../../remoteproc/index.js'

/**
 * The board that an image runs on: the one that was chosen, or the first that runs such images.
 * @param image undefined where there is none
 * @throws ERR_IMAGE where that runs no such images, with the boards that do
 */
export function boardToRun(
  chosen: BoardDescription | undefined,
  image: ImageKind | undefined,
): BoardDescription {
  const board = chosen ?? boardFor(image)
  // What is no ELF file may be for any.
  if (image === undefined || image.machine === EM_NONE || runs(board, image)) return board
  const found = `found ${nameOf(image)}`
  const where = image.name === undefined ? '' : `${image.name}: `
  const others = boards.filter((other) => runs(other, image)).map(({ name }) => name)
  if (others.length === 0) {
    const kinds = new Set(boards.map(({ core }) => nameOf(parts[core.part])))
    const wanted = `expected an image of a kind that a board here runs (${[...kinds].join(', ')})`
    throw new OpenampError('ERR_IMAGE', `${where}${wanted}, ${found}`)
  }
  const wanted = `expected a ${nameOf(parts[board.core.part])} image, for board ${board.name}`
  throw new OpenampError('ERR_IMAGE', `${where}${wanted}, ${found}; try ${others.join(', ')}`)
}

const nameOf = ({ bits, machine }: ImageKind): string => `${bits}-bit ${machineName(machine)}`
