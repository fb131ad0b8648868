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
  const found = `${image.bits}-bit ${machineName(image.machine)}`
  const others = boards.filter((other) => runs(other, image)).map(({ name }) => name)
  if (others.length === 0) {
    throw new OpenampError('ERR_IMAGE', `no board here runs an image of its kind: ${found}`)
  }
  const { machine, bits } = parts[board.core.part]
  const wanted = `expected a ${bits}-bit ${machineName(machine)} image, for board ${board.name}`
  throw new OpenampError('ERR_IMAGE', `${wanted}, found ${found}; try ${others.join(', ')}`)
}
