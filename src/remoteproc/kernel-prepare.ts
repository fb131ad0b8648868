import {
  type FirmwareImage,
  imageResourceTable,
  memory,
  type ResourceTable,
  readImage,
} from '../firmware/index.js'
import { unknownImage } from './attach.js'
import type { KernelFirmware, KernelRemote } from './kernel-machine.js'
import type { FirmwareSource } from './loader.js'
import type { ImageOptions } from './prepare.js'
import type { TraceReader } from './trace.js'
import { wholeImage } from './whole-image.js'

/** An image for a kernel's remote, as far as this end has to know it. */
export interface PreparedForKernel {
  readonly image: FirmwareImage
  /** The table in the image: what the kernel makes of it stays with the kernel. */
  readonly table: ResourceTable | undefined
  readonly traces: readonly TraceReader[]
  /** What is to be laid where the kernel finds it; undefined leaves the kernel what it has. */
  readonly firmware: KernelFirmware | undefined
}

/**
 * Reads the image that was given, or the one that the kernel has, where it can be read.
 * @throws ERR_IMAGE, ERR_RESOURCE_TABLE for one that was given
 */
export async function prepareForKernel(
  remote: KernelRemote,
  source: FirmwareSource | undefined,
  options: ImageOptions,
): Promise<PreparedForKernel> {
  const firmware = source === undefined ? undefined : await wholeImage(source, options)
  const image = await imageOf(remote, firmware, options)
  const { resourceTable: choice } = options
  const at = typeof choice === 'object' && 'address' in choice ? choice : {}
  const table = choice === 'none' ? undefined : imageResourceTable(image, at)
  return { image, table, traces: remote.traces(table), firmware }
}

async function imageOf(
  remote: KernelRemote,
  given: KernelFirmware | undefined,
  options: ImageOptions,
): Promise<FirmwareImage> {
  if (given !== undefined) return readImage(memory(given.bytes, given.name), options)
  const found = await remote.firmware()
  if (found === undefined) return unknownImage({ architecture: undefined })
  try {
    return await readImage(memory(found.bytes, found.name), options)
  } catch {
    // What the kernel takes is the kernel's affair.
    return unknownImage({ architecture: undefined })
  }
}
