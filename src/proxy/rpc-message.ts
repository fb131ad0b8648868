/**
 * The messages of OpenAMP's RPC service (lib/include/openamp/rpmsg_rpc_client_server.h): a request is
 * an id and parameters, an answer an id, a status and parameters; little endian.
 */
export const RPC_REQUEST = { ID: 0, PARAMS: 4 } as const
export const RPC_ANSWER = { ID: 0, STATUS: 4, PARAMS: 8 } as const

/** RPMSG_RPC_SERVICE_NAME: both ends announce it. */
export const RPC_CHANNEL = 'rpmsg-rpc'

/** rpmsg_rpc_answer.status. FAILED is this project's: OpenAMP's server does not answer then. */
export const RPC_STATUS = { OK: 0, INVALID_ID: -1, FAILED: -5 } as const

/** MAX_BUF_LEN: a longer request is left unanswered by OpenAMP's server. */
export const RPC_REQUEST_MAX = 488

export interface RpcRequest {
  /** Of the service, 32 bits. */
  readonly id: number
  readonly params: Uint8Array
}

export interface RpcAnswer {
  readonly id: number
  /** `RPC_STATUS`, or what the service says; undefined where it did not come. */
  readonly status: number | undefined
  readonly params: Uint8Array
}

/** @returns undefined for a message without a whole id */
export function readRequest(message: Uint8Array): RpcRequest | undefined {
  if (message.length < RPC_REQUEST.PARAMS) return undefined
  const id = viewOf(message).getUint32(RPC_REQUEST.ID, true)
  return { id, params: message.subarray(RPC_REQUEST.PARAMS) }
}

export function writeRequest({ id, params }: RpcRequest): Uint8Array {
  const message = new Uint8Array(RPC_REQUEST.PARAMS + params.length)
  viewOf(message).setUint32(RPC_REQUEST.ID, id, true)
  message.set(params, RPC_REQUEST.PARAMS)
  return message
}

/**
 * An answer of OpenAMP's server lacks its last 4 bytes: those of the status, where it has no
 * parameters.
 * @returns undefined for a message without a whole id
 */
export function readAnswer(message: Uint8Array): RpcAnswer | undefined {
  if (message.length < RPC_ANSWER.STATUS) return undefined
  const view = viewOf(message)
  const id = view.getUint32(RPC_ANSWER.ID, true)
  const whole = message.length >= RPC_ANSWER.PARAMS
  const status = whole ? view.getInt32(RPC_ANSWER.STATUS, true) : undefined
  return { id, status, params: message.subarray(RPC_ANSWER.PARAMS) }
}

export function writeAnswer(id: number, status: number, params: Uint8Array): Uint8Array {
  const message = new Uint8Array(RPC_ANSWER.PARAMS + params.length)
  viewOf(message).setUint32(RPC_ANSWER.ID, id, true)
  viewOf(message).setInt32(RPC_ANSWER.STATUS, status, true)
  message.set(params, RPC_ANSWER.PARAMS)
  return message
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
