import { OpenampError } from '../base/errors.js'
import { elfFormat } from './elf-format.js'
import type { FirmwareImage } from './image.js'
import { type ImageReading, type ImageStart, type ImageStore, memory } from './store.js'

/**
 * A format that images come in: OpenAMP's `struct loader_ops` (remoteproc_loader.h). A further one is
 * a file with one of these, and a line in `firmwareFormats`.
 */
export interface FirmwareFormat {
  /** With its article: "an ELF file". */
  readonly name: string
  /** What `probe` looks for, for whoever has something else: "7f 45 4c 46 at offset 0x0". */
  readonly sign: string
  /** Whether an image that begins so is one (`elf_identify`). `head`: 64 bytes, or all there are. */
  probe(head: Uint8Array): boolean
  /**
   * Reads headers, what is to be loaded, and what the image says about itself, in the order of the
   * file where it can. Every size and offset is the image's word: checked before it is used.
   * @throws ERR_IMAGE
   */
  read(start: ImageStart): ImageReading<FirmwareImage>
}

/** The formats that are told by their first bytes, in the order in which they are tried. */
export const firmwareFormats: readonly FirmwareFormat[] = [elfFormat]

export interface ReadImageOptions {
  /** The format; found out by the first bytes unless given. `rawBinary` has no sign and must be. */
  readonly format?: FirmwareFormat | undefined
  /** Ends the reading with ERR_ABORTED. */
  readonly signal?: AbortSignal | undefined
  /**
   * The most bytes to hold of what is to be loaded and of the headers, where the image is not in
   * memory anyway; 256 MiB unless given.
   */
  readonly limit?: number | undefined
}

/** As much as any format needs to be told by. */
const headSize = 64
const defaultLimit = 0x1000_0000

/**
 * Reads and decodes an image. What is not needed of it (debug information, as a rule nine tenths) is
 * passed over: a store that can go back is not asked for it, of one that cannot it is not kept.
 * @throws ERR_IMAGE, ERR_ABORTED, ERR_TIMEOUT (nothing came for too long), ERR_STATE (a stream that
 *   was read before)
 */
export async function readImage(
  source: Uint8Array | ImageStore,
  options: ReadImageOptions = {},
): Promise<FirmwareImage> {
  const { signal, limit = defaultLimit } = options
  const bytes = source instanceof Uint8Array ? source : undefined
  const store = source instanceof Uint8Array ? memory(source) : source
  const { name } = store
  throwIfAborted(name, signal)
  const image = await store.open({ signal })
  try {
    const head = bytes ?? (await image.load(0, headSize)) ?? new Uint8Array()
    const size = image.size ?? (head.length < headSize ? head.length : undefined)
    const format = options.format ?? formatOf(head, name)
    const reading = format.read({ name, head, size, limit })
    let step = reading.next()
    while (step.done !== true) {
      throwIfAborted(name, signal)
      step = reading.next(await image.load(step.value.offset, step.value.size))
    }
    await image.finish()
    return step.value
  } finally {
    await image.close()
  }
}

function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new OpenampError('ERR_ABORTED', `reading ${name} was aborted`, { cause: signal.reason })
}

/** @throws ERR_IMAGE where no format is known by these first bytes */
function formatOf(head: Uint8Array, name: string): FirmwareFormat {
  const format = firmwareFormats.find((candidate) => candidate.probe(head))
  if (format !== undefined) return format
  const start = Array.from(head.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'))
  const found = head.length === 0 ? 'an empty file' : start.join(' ')
  const expected = firmwareFormats.map(
    (candidate) => `${candidate.name}: expected ${candidate.sign}`,
  )
  throw new OpenampError(
    'ERR_IMAGE',
    `${name}: not ${expected.join(', nor ')}, found ${found}; a raw binary needs a load address (rawBinary, --load-address)`,
  )
}
