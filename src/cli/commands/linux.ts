import { OpenampError } from '../../base/errors.js'
import { printable } from '../../firmware/index.js'
import type { Terminal } from '../terminal.js'
import { lab, labHelp } from './lab.js'
import { udev, udevHelp } from './udev.js'

/** The help of the one that is named, else of all. */
export function linuxHelp([name]: readonly string[]): string {
  if (name === 'lab') return labHelp
  return name === 'udev' ? udevHelp : `${labHelp}\n\n${udevHelp}`
}

/** `openamp linux WHAT`. @throws ERR_USAGE for a word that is none of them */
export async function linux(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === 'lab') return lab(rest, terminal)
  if (name === 'udev') return udev(rest, terminal)
  const found = name === undefined ? 'nothing' : `"${printable(name)}"`
  throw new OpenampError('ERR_USAGE', `openamp linux: expected lab or udev, found ${found}`)
}
