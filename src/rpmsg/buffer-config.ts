import { type ErrorCode, OpenampError } from '../base/errors.js'
import { RPMSG_HDR } from './header.js'

/** Bytes of one buffer with its header in each direction, from the host's view. */
export interface BufferSizes {
  /** Remote to host (r2h_buf_size in OpenAMP). */
  readonly rx: number
  /** Host to remote (h2r_buf_size in OpenAMP). */
  readonly tx: number
}

/** What a remote says of its buffers in the config space of its RPMsg device. */
export interface BufferConfig {
  /** The feature bit that offers it, as a mask. */
  readonly feature: number
  readonly sizes: BufferSizes
  /** Buffers begin on multiples of this many bytes; 1 where nothing is said. */
  readonly align: number
}

/**
 * One layout of the config space that is in use or was proposed. Upstream has not settled on one yet
 * (OpenAMP's pull request 684 and the series for Linux's virtio_rpmsg_bus that goes with it): this
 * table is the only place that knows any of them. Offsets are bytes; "tx" is the remote's own view.
 */
interface Layout {
  /** Bit number of VIRTIO_RPMSG_F_BUFSZ. */
  readonly bit: number
  /** Bytes of the structure, also the value of its size field where it has one. */
  readonly bytes: number
  /** Where the size field is; layouts that have one begin with the version, one byte of 1. */
  readonly sizeAt?: number
  readonly alignAt?: number
  readonly txAt: number
  readonly rxAt: number
}

/** version u8, size u16, txbuf_size u32, rxbuf_size u32, packed: the one that is written. */
const NEWEST = { bit: 1, bytes: 11, sizeAt: 1, txAt: 3, rxAt: 7 } as const

const LAYOUTS: readonly Layout[] = [
  NEWEST,
  // the fifth version of the series: with rpmsg_buf_align u16 behind the size
  { bit: 1, bytes: 13, sizeAt: 1, alignAt: 3, txAt: 5, rxAt: 9 },
  // the fourth: the same fields, padded to their natural alignment
  { bit: 1, bytes: 16, sizeAt: 2, alignAt: 4, txAt: 8, rxAt: 12 },
  // NuttX's struct fw_rsc_config: r2h_buf_size u32, h2r_buf_size u32, then what has bits of its own
  { bit: 2, bytes: 8, txAt: 0, rxAt: 4 },
]

const VERSION = 1

/** The largest buffer: header and the most that rpmsg_hdr.len can say. */
const BUFFER_SIZE_MAX = RPMSG_HDR.SIZE + 0xffff

/**
 * Reads the buffer sizes from an RPMsg device's config space.
 * @param features what the remote offers
 * @param what for messages: "vdev 0"
 * @returns undefined where none are offered, or in no layout that is known: the feature is then not
 *   to be accepted
 * @throws ERR_RESOURCE_TABLE for sizes that hold no message, or an alignment that is none
 */
export function readBufferConfig(
  features: number,
  config: Uint8Array,
  what: string,
): BufferConfig | undefined {
  const view = new DataView(config.buffer, config.byteOffset, config.length)
  const layout = LAYOUTS.find((candidate) => matches(candidate, features, view))
  if (layout === undefined) return undefined
  const { bit, txAt, rxAt, alignAt } = layout
  const sizes = { rx: view.getUint32(txAt, true), tx: view.getUint32(rxAt, true) }
  checkBufferSizes(sizes, 'ERR_RESOURCE_TABLE', `${what}: its config space`)
  const align = (alignAt === undefined ? 0 : view.getUint16(alignAt, true)) || 1
  if ((align & (align - 1)) !== 0) {
    throw new OpenampError(
      'ERR_RESOURCE_TABLE',
      `${what}: its config space aligns buffers to ${align} bytes, which is not a power of two`,
    )
  }
  return { feature: 1 << bit, sizes, align }
}

/**
 * Config space with these sizes, and the feature bit that offers it: for remotes.
 * @throws ERR_USAGE for sizes that hold no message
 */
export function writeBufferConfig(sizes: BufferSizes): {
  readonly feature: number
  readonly config: Uint8Array
} {
  checkBufferSizes(sizes, 'ERR_USAGE', 'config space')
  const { bit, bytes, sizeAt, txAt, rxAt } = NEWEST
  const config = new Uint8Array(bytes)
  const view = new DataView(config.buffer)
  view.setUint8(0, VERSION)
  view.setUint16(sizeAt, bytes, true)
  view.setUint32(txAt, sizes.rx, true)
  view.setUint32(rxAt, sizes.tx, true)
  return { feature: 1 << bit, config }
}

function matches({ bit, bytes, sizeAt }: Layout, features: number, view: DataView): boolean {
  if ((features & (1 << bit)) === 0 || view.byteLength < bytes) return false
  if (sizeAt === undefined) return true
  return view.getUint8(0) === VERSION && view.getUint16(sizeAt, true) === bytes
}

/** @throws `code` unless both sizes hold a message that rpmsg_hdr.len can count */
export function checkBufferSizes(sizes: BufferSizes, code: ErrorCode, what: string): void {
  for (const size of [sizes.rx, sizes.tx]) {
    if (Number.isInteger(size) && size > RPMSG_HDR.SIZE && size <= BUFFER_SIZE_MAX) continue
    throw new OpenampError(
      code,
      `${what}: buffers of ${size} bytes; expected ${RPMSG_HDR.SIZE + 1} to ${BUFFER_SIZE_MAX}`,
    )
  }
}
