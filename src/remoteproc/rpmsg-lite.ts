import { hex, OpenampError } from '../base/errors.js'
import { buildResourceTable } from '../firmware/index.js'
import { RPMSG_BUFFER_SIZE } from '../rpmsg/index.js'
import { strideOf } from '../rpmsg/virtio-host.js'
import { legacyLayout, VIRTIO_FEATURE } from '../virtio/index.js'
import type { BufferOptions } from './buffer-pools.js'

/**
 * The shared memory of one RPMsg-Lite link: vring 0, vring 1, then the buffers of vring 0, then those
 * of vring 1. Both ends are built with the same numbers (rpmsg_platform.h, rpmsg_config.h).
 */
export interface RpmsgLiteLayout {
  /** Device address at which it begins (`shmem_addr`): a multiple of `align`. */
  readonly base: number
  /** Buffers in each direction (RL_BUFFER_COUNT): a power of two. */
  readonly count: number
  /** Alignment of the used rings (VRING_ALIGN). */
  readonly align: number
  /** Bytes from one vring to the next, and to the buffers (VRING_SIZE). */
  readonly vringSize: number
  /** Bytes of a buffer with its header (RL_BUFFER_PAYLOAD_SIZE + 16); 512 unless given. */
  readonly bufferSize?: number
  /** Number of the link (`link_id`), by which its notify ids are 2n and 2n + 1; 0 unless given. */
  readonly link?: number
}

/**
 * What `Remoteproc.init` needs to be the master of a remote that stands on RPMsg-Lite: such an image
 * has no resource table, so the host makes one for itself, which the remote never sees.
 *
 * @example
 * const layout = { base: 0x1800_0000, count: 16, align: 0x1000, vringSize: 0x8000 }
 * await Remoteproc.init({ firmware, machine, ...rpmsgLite(layout) })
 * @throws ERR_USAGE where a ring does not fit `vringSize`, or numbers are not what they must be
 */
export function rpmsgLite(layout: RpmsgLiteLayout): {
  readonly resourceTable: { readonly bytes: Uint8Array }
  readonly buffers: BufferOptions
} {
  const { base, count, align, vringSize, bufferSize = RPMSG_BUFFER_SIZE, link = 0 } = layout
  check(layout)
  const vring = (index: number) => ({
    da: base + index * vringSize,
    num: count,
    align,
    notifyid: 2 * link + index,
  })
  const bytes = buildResourceTable([
    {
      kind: 'carveout',
      name: 'vdev0buffer',
      da: strideOf(base + 2 * vringSize),
      len: 2 * count * strideOf(bufferSize),
    },
    {
      kind: 'vdev',
      dfeatures: 1 << VIRTIO_FEATURE.RPMSG_NS,
      vrings: [vring(0), vring(1)],
    },
  ])
  const size = { size: bufferSize }
  return { resourceTable: { bytes }, buffers: { rx: size, tx: size } }
}

function check({ base, count, align, vringSize }: RpmsgLiteLayout): void {
  const refuse = (why: string): never => {
    throw new OpenampError('ERR_USAGE', `RPMsg-Lite's layout: ${why}`)
  }
  if (!Number.isSafeInteger(base) || base < 0 || base > 0xffff_ffff) {
    refuse(`base ${base} is no 32-bit address`)
  }
  if (!Number.isSafeInteger(vringSize) || vringSize % 4 !== 0) {
    refuse(`vringSize ${vringSize} is not in whole words`)
  }
  const { size } = legacyLayout(count, align, "RPMsg-Lite's layout")
  if (vringSize < size) {
    refuse(`${count} buffers aligned to ${align} take ${hex(size)} bytes of ${hex(vringSize)}`)
  }
  for (const [index, da] of [base, base + vringSize].entries()) {
    if (da % align !== 0) refuse(`vring ${index} at ${hex(da)} is not aligned to ${align}`)
  }
}
