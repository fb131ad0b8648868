import { readFile } from 'node:fs/promises'
import { OpenampError } from '../base/errors.js'
import { boardFor, boardNamed } from '../boards/catalogue/index.js'
import type { BoardDescription } from '../boards/description.js'
import { parts } from '../boards/parts/index.js'
import { parseBoard } from '../boards/read-board.js'
import { type FirmwareImage, machineName } from '../firmware/index.js'

/** The board of `--board`: a name, or a JSON file, which has a dot or a slash in it. @throws ERR_USAGE */
export async function boardOption(text: string): Promise<BoardDescription> {
  if (!/[./\\]/.test(text)) return boardNamed(text)
  let json: string
  try {
    json = await readFile(text, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OpenampError('ERR_USAGE', `--board: ${why}`, { cause })
  }
  return parseBoard(json, text)
}

/**
 * The board that an image runs on.
 * @param chosen undefined for the first of the catalogue that runs such images
 * @throws ERR_IMAGE where it runs no such images
 */
export function boardForImage(
  chosen: BoardDescription | undefined,
  image: FirmwareImage,
): BoardDescription {
  const board = chosen ?? boardFor(image)
  const { machine, bits } = parts[board.core.part]
  if (image.machine === machine && image.bits === bits) return board
  const wanted = `expected a ${bits}-bit ${machineName(machine)} image, for board ${board.name}`
  const found = `found ${image.bits}-bit ${image.machineName}`
  throw new OpenampError('ERR_IMAGE', `${image.name}: ${wanted}, ${found}`)
}
