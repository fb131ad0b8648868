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
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const why = code === 'ENOENT' ? 'there is no such file' : code
    throw new OpenampError('ERR_USAGE', `${text}: cannot be read: ${why}`, { cause })
  }
  return parseBoard(json, text)
}
