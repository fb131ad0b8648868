import { OpenampError } from '../../base/errors.js'

// Names and numbers of the vhost-user protocol (QEMU, docs/interop/vhost-user.rst). Numbers stand in
// the machine's byte order, which is little-endian wherever this runs.

/** Header of a message: 12 bytes before each payload. */
export const VHOST_USER_HDR = { REQUEST: 0, FLAGS: 4, SIZE: 8, BYTES: 12 } as const

/** Header flags. */
export const VHOST_USER_FLAG = { VERSION_MASK: 3, VERSION: 1, REPLY: 4, NEED_REPLY: 8 } as const

/** The feature bit that says that there are protocol features. */
export const VHOST_USER_F_PROTOCOL_FEATURES = 30

/** Protocol feature bits; those that this back-end knows. */
export const VHOST_USER_PROTOCOL_F = {
  MQ: 0,
  REPLY_ACK: 3,
  BACKEND_REQ: 5,
  CONFIG: 9,
  INBAND_NOTIFICATIONS: 14,
  STATUS: 16,
} as const

/** Front-end messages, with what their payload is. */
const REQUESTS = {
  GET_FEATURES: { id: 1, payload: 'none' },
  SET_FEATURES: { id: 2, payload: 'u64' },
  SET_OWNER: { id: 3, payload: 'none' },
  RESET_OWNER: { id: 4, payload: 'none' },
  SET_MEM_TABLE: { id: 5, payload: 'memory' },
  SET_VRING_NUM: { id: 8, payload: 'state' },
  SET_VRING_ADDR: { id: 9, payload: 'address' },
  SET_VRING_BASE: { id: 10, payload: 'state' },
  GET_VRING_BASE: { id: 11, payload: 'state' },
  SET_VRING_KICK: { id: 12, payload: 'fd' },
  SET_VRING_CALL: { id: 13, payload: 'fd' },
  SET_VRING_ERR: { id: 14, payload: 'fd' },
  GET_PROTOCOL_FEATURES: { id: 15, payload: 'none' },
  SET_PROTOCOL_FEATURES: { id: 16, payload: 'u64' },
  GET_QUEUE_NUM: { id: 17, payload: 'none' },
  SET_VRING_ENABLE: { id: 18, payload: 'state' },
  SET_BACKEND_REQ_FD: { id: 21, payload: 'none' },
  GET_CONFIG: { id: 24, payload: 'config' },
  SET_CONFIG: { id: 25, payload: 'config' },
  VRING_KICK: { id: 35, payload: 'state' },
  SET_STATUS: { id: 39, payload: 'u64' },
  GET_STATUS: { id: 40, payload: 'none' },
} as const

export type RequestName = keyof typeof REQUESTS

type Named<P> = {
  [N in RequestName]: (typeof REQUESTS)[N]['payload'] extends P ? N : never
}[RequestName]

/** The numbers of the front-end's messages. */
export function requestId(name: RequestName): number {
  return REQUESTS[name].id
}

/** Messages of the back-end's own, over the channel that SET_BACKEND_REQ_FD brings. */
export const VHOST_USER_BACKEND = { VRING_CALL: 4, VRING_ERR: 5 } as const

/** SET_VRING_KICK, _CALL and _ERR: bits of the payload. */
const VRING_IDX_MASK = 0xffn
const VRING_NOFD = 0x100n

/** Regions of a memory table at most, and so the descriptors that one message brings at most. */
export const MEMORY_REGIONS_MAX = 8

/** Bytes of a device's configuration space at most. */
const CONFIG_MAX = 256

const REGION_BYTES = 32
const CONFIG_HDR = 12

/** The largest payload: a configuration space. */
export const PAYLOAD_MAX = CONFIG_HDR + CONFIG_MAX

/** One region of the front-end's memory. Addresses and sizes are as they came, not checked. */
export interface MemoryRegion {
  readonly guestAddress: bigint
  readonly size: bigint
  readonly userAddress: bigint
  readonly mmapOffset: bigint
}

/** A front-end message, its payload decoded. */
export type Request =
  | { readonly name: Named<'none'> }
  | { readonly name: Named<'u64'>; readonly value: bigint }
  | { readonly name: Named<'state'>; readonly index: number; readonly num: number }
  | { readonly name: Named<'fd'>; readonly index: number; readonly noFd: boolean }
  | {
      readonly name: Named<'address'>
      readonly index: number
      readonly flags: number
      readonly descriptors: bigint
      readonly used: bigint
      readonly available: bigint
    }
  | { readonly name: Named<'memory'>; readonly regions: readonly MemoryRegion[] }
  | {
      readonly name: Named<'config'>
      readonly offset: number
      readonly size: number
      readonly flags: number
    }

/** What stands in front of a payload. */
export interface MessageHeader {
  readonly request: number
  readonly flags: number
  readonly size: number
}

/** @throws ERR_PEER for another version of the protocol, a reply, or a payload that no message has */
export function decodeHeader(bytes: Uint8Array): MessageHeader {
  const view = viewOf(bytes)
  const request = view.getUint32(VHOST_USER_HDR.REQUEST, true)
  const flags = view.getUint32(VHOST_USER_HDR.FLAGS, true)
  const size = view.getUint32(VHOST_USER_HDR.SIZE, true)
  if ((flags & VHOST_USER_FLAG.VERSION_MASK) !== VHOST_USER_FLAG.VERSION) {
    throw lie(`message ${request} is of version ${flags & VHOST_USER_FLAG.VERSION_MASK}, not 1`)
  }
  if ((flags & VHOST_USER_FLAG.REPLY) !== 0) throw lie(`message ${request} says it is a reply`)
  if (size > PAYLOAD_MAX) throw lie(`message ${request} has a payload of ${size} bytes`)
  return { request, flags, size }
}

const names = new Map(
  (Object.keys(REQUESTS) as RequestName[]).map((name) => [requestId(name), name]),
)

/** @throws ERR_PEER for a message that this back-end does not know, or a payload of a wrong size */
export function decodeRequest(request: number, payload: Uint8Array): Request {
  const name = names.get(request)
  if (name === undefined) throw lie(`message ${request} is not known`)
  const view = viewOf(payload)
  const exactly = (size: number): void => {
    if (payload.length !== size) {
      throw lie(`${name} has a payload of ${payload.length} bytes, not ${size}`)
    }
  }
  const u32 = (offset: number): number => view.getUint32(offset, true)
  const u64 = (offset: number): bigint => view.getBigUint64(offset, true)

  switch (name) {
    case 'GET_FEATURES':
    case 'SET_OWNER':
    case 'RESET_OWNER':
    case 'GET_PROTOCOL_FEATURES':
    case 'GET_QUEUE_NUM':
    case 'SET_BACKEND_REQ_FD':
    case 'GET_STATUS':
      exactly(0)
      return { name }
    case 'SET_FEATURES':
    case 'SET_PROTOCOL_FEATURES':
    case 'SET_STATUS':
      exactly(8)
      return { name, value: u64(0) }
    case 'SET_VRING_NUM':
    case 'SET_VRING_BASE':
    case 'GET_VRING_BASE':
    case 'SET_VRING_ENABLE':
    case 'VRING_KICK':
      exactly(8)
      return { name, index: u32(0), num: u32(4) }
    case 'SET_VRING_KICK':
    case 'SET_VRING_CALL':
    case 'SET_VRING_ERR': {
      exactly(8)
      const value = u64(0)
      return {
        name,
        index: Number(value & VRING_IDX_MASK),
        noFd: (value & VRING_NOFD) !== 0n,
      }
    }
    case 'SET_VRING_ADDR':
      exactly(40)
      return {
        name,
        index: u32(0),
        flags: u32(4),
        descriptors: u64(8),
        used: u64(16),
        available: u64(24),
      }
    case 'SET_MEM_TABLE': {
      const count = payload.length < 8 ? 0 : u32(0)
      const needed = 8 + count * REGION_BYTES
      // Some front-ends send the whole array, whatever is in use of it.
      const most = 8 + MEMORY_REGIONS_MAX * REGION_BYTES
      if (count < 1 || count > MEMORY_REGIONS_MAX || payload.length < needed) {
        throw lie(`${name} has ${count} regions in ${payload.length} bytes`)
      }
      if (payload.length > most) throw lie(`${name} has a payload of ${payload.length} bytes`)
      const regions = Array.from({ length: count }, (_, i): MemoryRegion => {
        const at = 8 + i * REGION_BYTES
        return {
          guestAddress: u64(at),
          size: u64(at + 8),
          userAddress: u64(at + 16),
          mmapOffset: u64(at + 24),
        }
      })
      return { name, regions }
    }
    case 'GET_CONFIG':
    case 'SET_CONFIG': {
      const size = payload.length < CONFIG_HDR ? 0 : u32(4)
      exactly(CONFIG_HDR + size)
      return { name, offset: u32(0), size, flags: u32(8) }
    }
  }
}

/** A reply with a 64-bit number. */
export function replyU64(request: number, value: bigint): Uint8Array {
  return reply(request, 8, (view, at) => view.setBigUint64(at, value, true))
}

/** A reply with a vring state. */
export function replyState(request: number, index: number, num: number): Uint8Array {
  return reply(request, 8, (view, at) => {
    view.setUint32(at, index, true)
    view.setUint32(at + 4, num, true)
  })
}

/** A reply with a stretch of configuration space that is all zeros. */
export function replyConfig(request: number, offset: number, size: number): Uint8Array {
  return reply(request, CONFIG_HDR + size, (view, at) => {
    view.setUint32(at, offset, true)
    view.setUint32(at + 4, size, true)
  })
}

/** A message of the back-end's own about one vring, which wants no reply. */
export function backendMessage(request: number, index: number): Uint8Array {
  return message(request, VHOST_USER_FLAG.VERSION, 8, (view, at) => {
    view.setUint32(at, index, true)
  })
}

type Fill = (view: DataView, at: number) => void

function reply(request: number, size: number, fill: Fill): Uint8Array {
  return message(request, VHOST_USER_FLAG.VERSION | VHOST_USER_FLAG.REPLY, size, fill)
}

function message(request: number, flags: number, size: number, fill: Fill): Uint8Array {
  const bytes = new Uint8Array(VHOST_USER_HDR.BYTES + size)
  const view = viewOf(bytes)
  view.setUint32(VHOST_USER_HDR.REQUEST, request, true)
  view.setUint32(VHOST_USER_HDR.FLAGS, flags, true)
  view.setUint32(VHOST_USER_HDR.SIZE, size, true)
  fill(view, VHOST_USER_HDR.BYTES)
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `vhost-user: ${what}`)
}
