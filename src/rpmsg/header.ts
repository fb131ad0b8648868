import { OpenampError } from '../base/errors.js'

/**
 * struct rpmsg_hdr (Linux drivers/rpmsg/virtio_rpmsg_bus.c; OpenAMP lib/rpmsg/rpmsg_internal.h):
 * 16 bytes before each payload. `reserved` belongs to whoever holds the buffer: sent as 0, never
 * looked at.
 */
export const RPMSG_HDR = { SRC: 0, DST: 4, RESERVED: 8, LEN: 12, FLAGS: 14, SIZE: 16 } as const

/** struct rpmsg_ns_msg (Linux include/linux/rpmsg/ns.h): 40 bytes. */
export const RPMSG_NS_MSG = { NAME: 0, ADDR: 32, FLAGS: 36, SIZE: 40 } as const

/** Bytes of a channel name, its end included if it is shorter. */
export const RPMSG_NAME_SIZE = 32

/** rpmsg_ns_msg.flags. */
export const RPMSG_NS = { CREATE: 0, DESTROY: 1 } as const

/** The address of the name service. */
export const RPMSG_NS_ADDR = 53

/** "Any address": an endpoint that is not bound yet. */
export const RPMSG_ADDR_ANY = 0xffff_ffff

/** The first address that is given out dynamically; those below are for well-known services. */
export const RPMSG_RESERVED_ADDRESSES = 1024

/** Bytes of a buffer unless the two ends agree otherwise: header and 496 bytes of payload. */
export const RPMSG_BUFFER_SIZE = 512

/**
 * Bytes of the largest payload in buffers of `bufferSize` bytes; rpmsg_hdr.len has 16 bits.
 * @throws ERR_USAGE for buffers that hold no more than a header
 */
export function payloadSizeOf(bufferSize: number): number {
  if (!Number.isInteger(bufferSize) || bufferSize <= RPMSG_HDR.SIZE) {
    throw new OpenampError('ERR_USAGE', `buffers of ${bufferSize} bytes carry no message`)
  }
  return Math.min(bufferSize - RPMSG_HDR.SIZE, 0xffff)
}

/** What a name service message says. */
export interface NameServiceMessage {
  readonly name: string
  readonly address: number
  readonly destroy: boolean
}

/**
 * Reads a name service message. The name may lack its end.
 * @returns undefined if it is too short, or names no service or no address
 */
export function readNameServiceMessage(payload: Uint8Array): NameServiceMessage | undefined {
  if (payload.length < RPMSG_NS_MSG.SIZE) return undefined
  const bytes = payload.slice(0, RPMSG_NS_MSG.SIZE)
  const view = new DataView(bytes.buffer)
  const address = view.getUint32(RPMSG_NS_MSG.ADDR, true)
  const end = bytes.indexOf(0)
  const nameEnd = end >= 0 && end < RPMSG_NAME_SIZE ? end : RPMSG_NAME_SIZE
  if (nameEnd === 0 || address === RPMSG_ADDR_ANY) return undefined
  return {
    name: new TextDecoder().decode(bytes.subarray(0, nameEnd)),
    address,
    destroy: (view.getUint32(RPMSG_NS_MSG.FLAGS, true) & RPMSG_NS.DESTROY) !== 0,
  }
}

/** The 40 bytes of a name service message; the name must fit `RPMSG_NAME_SIZE` as UTF-8. */
export function writeNameServiceMessage(message: NameServiceMessage): Uint8Array {
  const bytes = new Uint8Array(RPMSG_NS_MSG.SIZE)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(message.name), RPMSG_NS_MSG.NAME)
  view.setUint32(RPMSG_NS_MSG.ADDR, message.address, true)
  view.setUint32(RPMSG_NS_MSG.FLAGS, message.destroy ? RPMSG_NS.DESTROY : RPMSG_NS.CREATE, true)
  return bytes
}
