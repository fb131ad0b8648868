import { hex, OpenampError } from '../base/errors.js'
import type { ResourceTable, VdevEntry } from '../firmware/index.js'
import type { Location } from '../memory/address-space.js'
import { checkBufferSizes } from '../rpmsg/buffer-config.js'
import {
  type BufferPool,
  type BufferSizes,
  RPMSG_BUFFER_SIZE,
  readBufferConfig,
} from '../rpmsg/index.js'
import { strideOf } from '../rpmsg/virtio-host.js'
import type { Processor } from './machine.js'
import { namedPlace } from './named-memory.js'

/** The buffers of one direction. */
export interface DirectionOptions {
  /**
   * Bytes of one buffer with its header of 16; what the remote says in its config space unless given,
   * 512 where it says nothing.
   */
  readonly size?: number
  /** Name of the carve-out that they lie in; "vdevNbuffer" unless given, or free memory. */
  readonly carveout?: string
}

/** The buffers of the RPMsg devices, from the host's view (rpmsg_virtio_config in OpenAMP). */
export interface BufferOptions {
  /** Remote to host: r2h_buf_size. */
  readonly rx?: DirectionOptions
  /** Host to remote: h2r_buf_size. */
  readonly tx?: DirectionOptions
}

/** The buffers of one RPMsg device, settled. */
export interface BufferPlan {
  readonly pool: BufferPool
  readonly txPool?: BufferPool
  /** The feature bit by which the sizes of the config space are accepted, as a mask; or 0. */
  readonly features?: number
}

/** Hands out `size` bytes of free memory. @returns their device address @throws ERR_NO_SPACE */
export type Allocate = (size: number, what: string) => number

interface Direction {
  readonly count: number
  readonly size: number
  readonly stride: number
}

/**
 * Settles size and place of one device's buffers. Receive buffers come first where both directions
 * share a stretch of memory, as Linux and RPMsg-Lite have it.
 * @param name of the image, for messages
 * @throws ERR_NO_SPACE, ERR_RESOURCE_TABLE (no such carve-out, sizes in the config space that hold no
 *   message), ERR_MEMORY, ERR_USAGE for sizes given that hold no message
 */
export function planBuffers(
  name: string,
  table: ResourceTable,
  entry: VdevEntry,
  processor: Processor,
  options: BufferOptions,
  allocate: Allocate,
): BufferPlan {
  const what = `${name}: buffers of vdev ${entry.vdev}`
  const { sizes, align, features } = settleSizes(table, entry, options, what)
  const [rxCount = 0, ...others] = entry.vrings.map((vring) => vring.num)
  const txCount = others.reduce((sum, num) => sum + num, 0)
  const rx = { count: rxCount, size: sizes.rx, stride: strideOf(sizes.rx, align) }
  const tx = { count: txCount, size: sizes.tx, stride: strideOf(sizes.tx, align) }

  const rxName = options.rx?.carveout
  const txName = options.tx?.carveout
  const findPlace = (chosen: string | undefined, directions: readonly Direction[]): Location => {
    const carveout = namedPlace(table, processor, chosen ?? `vdev${entry.vdev}buffer`)
    const needed = directions.reduce((sum, { count, stride }) => sum + count * stride, 0)
    if (carveout !== undefined) {
      if (carveout.len < needed) {
        throw new OpenampError(
          'ERR_NO_SPACE',
          `${what}: ${story(directions)} need ${hex(needed)} bytes, carve-out ${carveout.name} has ${hex(carveout.len)}`,
        )
      }
      return processor.space.locate('da', carveout.da, carveout.len, what)
    }
    if (chosen !== undefined) {
      throw new OpenampError('ERR_RESOURCE_TABLE', `${what}: there is no carve-out ${chosen}`)
    }
    const { shared } = processor
    return { region: shared, offset: allocate(needed, what) - shared.da }
  }
  if (rxName === txName) {
    const { region, offset } = findPlace(rxName, [rx, tx])
    const behind = { region, offset: offset + rx.count * rx.stride }
    return { pool: poolAt({ region, offset }, rx), txPool: poolAt(behind, tx), features }
  }
  const pool = poolAt(findPlace(rxName, [rx]), rx)
  return { pool, txPool: poolAt(findPlace(txName, [tx]), tx), features }
}

function poolAt({ region, offset }: Location, { count, size, stride }: Direction): BufferPool {
  return { region, offset, size: count * stride, bufferSize: size, stride }
}

/** "16 buffers of 512 and 16 of 1024", or together where they are alike. */
function story(directions: readonly Direction[]): string {
  const [first, second] = directions
  if (second !== undefined && first?.size === second.size) {
    return `${first.count + second.count} buffers of ${first.size}`
  }
  return directions
    .map(({ count, size }, i) => (i === 0 ? `${count} buffers of ${size}` : `${count} of ${size}`))
    .join(' and ')
}

/** What the host is told goes before what the remote offers; the feature says who was heard. */
function settleSizes(
  table: ResourceTable,
  entry: VdevEntry,
  options: BufferOptions,
  what: string,
): { readonly sizes: BufferSizes; readonly align: number; readonly features: number } {
  const start = entry.configOffset
  const config = table.bytes.subarray(start, start + entry.configLen)
  const offered = readBufferConfig(entry.dfeatures, config, what)
  const sizes = {
    rx: options.rx?.size ?? offered?.sizes.rx ?? RPMSG_BUFFER_SIZE,
    tx: options.tx?.size ?? offered?.sizes.tx ?? RPMSG_BUFFER_SIZE,
  }
  checkBufferSizes(sizes, 'ERR_USAGE', what)
  const heard = offered?.sizes.rx === sizes.rx && offered.sizes.tx === sizes.tx
  return { sizes, align: offered?.align ?? 1, features: heard ? offered.feature : 0 }
}
