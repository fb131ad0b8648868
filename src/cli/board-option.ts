import { readFile } from 'node:fs/promises'
import { OpenampError } from '../base/errors.js'
import { boardNamed } from '../boards/catalogue/index.js'
import type { BoardDescription } from '../boards/description.js'
import { parseBoard } from '../boards/read-board.js'

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
