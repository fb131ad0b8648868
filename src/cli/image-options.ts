import { OpenampError } from '../base/errors.js'
import { type FirmwareFormat, type ImageStore, rawBinary, stream } from '../firmware/index.js'
import { file } from '../node.js'
import type { DevmemRange } from '../remoteproc/index.js'
import { numberOf } from './options.js'
import type { Terminal } from './terminal.js'

/** The options of every command that reads an image, as parseArgs takes them. */
export const imageOptions = {
  'load-address': { type: 'string' },
  entry: { type: 'string' },
  'resource-table': { type: 'string' },
} as const

/** Their lines in a command's help. */
export const imageHelp = `  --load-address ADDRESS    the image is a raw binary: its bytes are loaded there
  --entry ADDRESS           where a raw binary begins; its load address unless given
  --resource-table ADDRESS  where the resource table is, for images that do not name its section`

interface ImageValues {
  readonly 'load-address'?: string | undefined
  readonly entry?: string | undefined
  readonly 'resource-table'?: string | undefined
}

/** What the options say of an image. */
export interface ChosenImage {
  readonly store: ImageStore
  readonly format: FirmwareFormat | undefined
  /** The address of the resource table. */
  readonly table: number | undefined
}

/** The image that a command was given: `path`, or `-` for standard input. @throws ERR_USAGE */
export function chosenImage(path: string, values: ImageValues, { stdin }: Terminal): ChosenImage {
  const address = (option: keyof ImageValues): number | undefined => {
    const text = values[option]
    return text === undefined
      ? undefined
      : numberOf(text, `--${option}`, { whole: true, atLeast: 0 })
  }
  const loadAddress = address('load-address')
  const entry = address('entry')
  if (loadAddress === undefined && entry !== undefined) {
    throw new OpenampError(
      'ERR_USAGE',
      '--entry is for raw binaries, and needs --load-address; an ELF file says where it begins',
    )
  }
  if (path === '-' && stdin.isTTY) {
    throw new OpenampError(
      'ERR_USAGE',
      'the image is to come from standard input, and that is a terminal; pipe an image into it',
    )
  }
  return {
    // Whoever writes into the pipe may take his time; Ctrl-C is at hand.
    store:
      path === '-'
        ? stream(stdin, { name: 'standard input', stall: Number.POSITIVE_INFINITY })
        : file(path),
    format: loadAddress === undefined ? undefined : rawBinary({ loadAddress, entry }),
    table: address('resource-table'),
  }
}

/** "0x10000000+0x1000". @throws ERR_USAGE */
export function devmemRange(text: string): DevmemRange {
  const [pa = '', size = '', ...more] = text.split('+')
  if (more.length > 0)
    throw new OpenampError('ERR_USAGE', `--devmem: expected ADDRESS+BYTES, found "${text}"`)
  return {
    pa: numberOf(pa, '--devmem ADDRESS+BYTES', { whole: true, atLeast: 0 }),
    size: numberOf(size, '--devmem ADDRESS+BYTES', { whole: true, atLeast: 1 }),
  }
}
