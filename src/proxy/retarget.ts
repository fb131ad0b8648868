import type { Channel } from '../rpmsg/index.js'

/**
 * The messages of OpenAMP's retargeted C library (lib/include/openamp/rpmsg_retarget.h, struct
 * rpmsg_rpc_syscall): 16 bytes, little endian, then data.
 */
export const RPC_SYSCALL = { ID: 0, INT_FIELD1: 4, INT_FIELD2: 8, DATA_LEN: 12, SIZE: 16 } as const

/** rpmsg_rpc_syscall.id. ACK_STATUS is named in the header and used by nobody. */
export const SYSCALL_ID = {
  OPEN: 0x1,
  CLOSE: 0x2,
  WRITE: 0x3,
  READ: 0x4,
  ACK_STATUS: 0x5,
  TERM: 0x6,
} as const

/** The channel that OpenAMP's rpc_demo announces. */
export const RETARGET_CHANNEL = 'rpmsg-openamp-demo-channel'

/** The descriptors of the console, as in POSIX. */
export const STDIN = 0
export const STDOUT = 1
export const STDERR = 2

/** What a message says. A call and its answer have the same form and the same id. */
export interface Syscall {
  readonly id: number
  /** Call: flags (open), else the descriptor. Answer: the result, -1 where it was refused. */
  readonly field1: number
  /** Call: mode (open), bytes (read, write). Answer: the error's number, where OpenAMP has 0. */
  readonly field2: number
  /** Bytes of data as the sender counts them: not to be trusted, and with a NUL too many in writes. */
  readonly dataLength: number
  /** What follows the header in the message. */
  readonly data: Uint8Array
}

/** @returns undefined for a message that is shorter than a header */
export function readSyscall(message: Uint8Array): Syscall | undefined {
  if (message.length < RPC_SYSCALL.SIZE) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  return {
    id: view.getUint32(RPC_SYSCALL.ID, true),
    field1: view.getInt32(RPC_SYSCALL.INT_FIELD1, true),
    field2: view.getInt32(RPC_SYSCALL.INT_FIELD2, true),
    dataLength: view.getUint32(RPC_SYSCALL.DATA_LEN, true),
    data: message.subarray(RPC_SYSCALL.SIZE),
  }
}

const nothing: Uint8Array = new Uint8Array(0)

/** The bytes of a message; `dataLength` is that of the data unless given. */
export function writeSyscall(
  call: Pick<Syscall, 'id' | 'field1'> & Partial<Syscall>,
): Uint8Array<ArrayBuffer> {
  const { id, field1, field2 = 0, data = nothing, dataLength = data.length } = call
  const message = new Uint8Array(RPC_SYSCALL.SIZE + data.length)
  const view = new DataView(message.buffer)
  view.setUint32(RPC_SYSCALL.ID, id, true)
  view.setInt32(RPC_SYSCALL.INT_FIELD1, field1, true)
  view.setInt32(RPC_SYSCALL.INT_FIELD2, field2, true)
  view.setUint32(RPC_SYSCALL.DATA_LEN, dataLength, true)
  message.set(data, RPC_SYSCALL.SIZE)
  return message
}

/** Bytes of the largest message that the C ends have room for (MAX_BUF_LEN), header included. */
const MESSAGE_MAX = 496

/** Bytes of the largest message on a channel, header included. */
export function messageSize({ endpoint }: Channel): number {
  return Math.min(MESSAGE_MAX, endpoint.maxMessageSize)
}
