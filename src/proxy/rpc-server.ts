import { isOpenampError } from '../base/errors.js'
import { EventSource, type Observer } from '../base/events.js'
import type { Channel } from '../rpmsg/index.js'
import {
  RPC_ANSWER,
  RPC_REQUEST_MAX,
  RPC_STATUS,
  type RpcRequest,
  readRequest,
  writeAnswer,
} from './rpc-message.js'

/** What a service answers: parameters with the status OK, or a status with or without parameters. */
export type RpcResult =
  | Uint8Array
  | { readonly status: number; readonly params?: Uint8Array }
  /** No answer: for requests whose sender waits for none. */
  | undefined

/** A procedure that the peer may call. `params` is its own copy; check it as what a stranger sent. */
export type RpcService = (params: Uint8Array) => RpcResult | Promise<RpcResult>

/** What happens at a server beside answers, for observers. */
export type RpcServerEvent =
  /** A request for a service that there is not. */
  | { readonly type: 'unknown'; readonly id: number }
  /** A service has thrown, or its answer does not fit a buffer. */
  | { readonly type: 'failed'; readonly id: number; readonly cause: unknown }
  /** A message that is no request, and so gets no answer. */
  | { readonly type: 'malformed'; readonly length: number }

export interface RpcServerOptions {
  /** Told of every event from the beginning; more can be added with `events.observe`. */
  readonly observer?: Observer<RpcServerEvent>
  /**
   * Behave byte for byte as OpenAMP's server does: of an id only the lowest byte counts, requests of
   * more than 488 bytes get no answer, and answers lack their last 4 bytes.
   */
  readonly asOpenamp?: boolean
}

const nothing: Uint8Array = new Uint8Array(0)

/**
 * Answers the peer's requests by a table of services (rpmsg_rpc_server_init), one after the other, on
 * a channel that is its own from then on.
 */
export class RpcServer {
  readonly events = new EventSource<RpcServerEvent>()
  readonly #channel: Channel
  readonly #services: ReadonlyMap<number, RpcService>
  readonly #asOpenamp: boolean
  readonly #ended: Promise<void>

  private constructor(
    channel: Channel,
    services: ReadonlyMap<number, RpcService>,
    { observer, asOpenamp = false }: RpcServerOptions,
  ) {
    this.#channel = channel
    this.#services = services
    this.#asOpenamp = asOpenamp
    if (observer !== undefined) this.events.observe(observer)
    this.#ended = this.#run()
    // It is told to whoever asks.
    this.#ended.catch(() => {})
  }

  static serve(
    channel: Channel,
    services: ReadonlyMap<number, RpcService>,
    options: RpcServerOptions = {},
  ): RpcServer {
    return new RpcServer(channel, services, options)
  }

  /** Resolves when the channel is closed. @throws ERR_CRASHED, ERR_STOPPED, ERR_IDLE: what ended the link */
  async whenEnded(): Promise<void> {
    return this.#ended
  }

  /** Closes the channel. */
  async close(): Promise<void> {
    this.#channel.close()
    await this.#ended.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #run(): Promise<void> {
    for await (const { data } of this.#channel) {
      const request = readRequest(data)
      if (request === undefined || (this.#asOpenamp && data.length > RPC_REQUEST_MAX)) {
        this.events.emit({ type: 'malformed', length: data.length })
      } else {
        await this.#serve(request)
      }
    }
  }

  async #serve(request: RpcRequest): Promise<void> {
    const id = this.#asOpenamp ? request.id & 0xff : request.id
    const service = this.#services.get(id)
    if (service === undefined) {
      this.events.emit({ type: 'unknown', id })
      await this.#answer(id, RPC_STATUS.INVALID_ID)
      return
    }
    try {
      const result = await service(request.params)
      if (result === undefined) return
      if (result instanceof Uint8Array) await this.#answer(id, RPC_STATUS.OK, result)
      else await this.#answer(id, result.status, result.params)
    } catch (cause) {
      if (isOpenampError(cause) && this.#channel.closed) throw cause
      this.events.emit({ type: 'failed', id, cause })
      if (!this.#asOpenamp) await this.#answer(id, RPC_STATUS.FAILED)
    }
  }

  async #answer(id: number, status: number, params = nothing): Promise<void> {
    const answer = writeAnswer(id, status, params)
    const cut = this.#asOpenamp ? RPC_ANSWER.PARAMS - RPC_ANSWER.STATUS : 0
    await this.#channel.send(answer.subarray(0, answer.length - cut))
  }
}
