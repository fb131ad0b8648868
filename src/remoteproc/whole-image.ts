import { OpenampError } from '../base/errors.js'
import type { ReadImageOptions } from '../firmware/index.js'
import type { KernelFirmware } from './kernel-machine.js'
import type { FirmwareSource } from './loader.js'

const PIECE = 0x10_0000
const LIMIT = 0x1000_0000

/**
 * An image with all its bytes, for a kernel that reads it itself.
 * @throws ERR_IMAGE where it is larger than `limit` bytes, and as `readImage` does
 */
export async function wholeImage(
  source: FirmwareSource,
  { signal, limit = LIMIT }: ReadImageOptions = {},
): Promise<KernelFirmware> {
  if (source instanceof Uint8Array) return { name: 'firmware', bytes: source }
  const image = await source.open({ signal })
  try {
    const pieces: Uint8Array[] = []
    let size = 0
    for (;;) {
      const piece = await image.load(size, Math.min(PIECE, (image.size ?? Infinity) - size))
      if (piece === undefined || piece.length === 0) break
      pieces.push(piece)
      size += piece.length
      if (size === image.size) break
      if (size > limit) {
        throw new OpenampError('ERR_IMAGE', `${source.name}: it has more than ${limit} bytes`)
      }
    }
    await image.finish()
    const bytes = new Uint8Array(size)
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return { name: source.name, bytes }
  } finally {
    await image.close()
  }
}
