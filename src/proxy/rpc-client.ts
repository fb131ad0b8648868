import { OpenampError } from '../base/errors.js'
import type { WaitOptions } from '../base/waits.js'
import type { Channel } from '../rpmsg/index.js'
import { type RpcAnswer, readAnswer, writeRequest } from './rpc-message.js'

/**
 * Calls procedures of the peer (rpmsg_rpc_client_init) on a channel that is its own from then on, one
 * at a time, in the order of the calls: an answer names its service, not its request.
 */
export class RpcClient {
  readonly #channel: Channel
  #last: Promise<unknown> = Promise.resolve()
  /** By service: answers on the way that nobody waits for any more. */
  readonly #late = new Map<number, number>()

  constructor(channel: Channel) {
    this.#channel = channel
  }

  /**
   * Calls a service and waits for its answer. Where the wait ends early, the answer that may still come
   * is not taken for that of the next call.
   * @param id 32 bits; OpenAMP's server looks at the lowest byte only
   * @throws ERR_USAGE for an id that is none, ERR_MESSAGE_SIZE, ERR_TIMEOUT, ERR_ABORTED, ERR_PEER for a
   *   message that is no answer, and what ends the link
   */
  async call(id: number, params: Uint8Array, options: WaitOptions = {}): Promise<RpcAnswer> {
    requireId(id)
    return this.#inTurn(async () => {
      await this.#send(id, params, options)
      try {
        return await this.#answerOf(id, options)
      } catch (error) {
        this.#late.set(id, this.#lateOf(id) + 1)
        throw error
      }
    })
  }

  /** Calls a service that does not answer. Errors as `call`. */
  async notify(id: number, params: Uint8Array, options: WaitOptions = {}): Promise<void> {
    requireId(id)
    await this.#inTurn(() => this.#send(id, params, options))
  }

  /** Closes the channel (rpmsg_rpc_client_release). */
  close(): void {
    this.#channel.close()
  }

  async #send(id: number, params: Uint8Array, options: WaitOptions): Promise<void> {
    await this.#channel.whenBound(options)
    await this.#channel.send(writeRequest({ id, params }), options)
  }

  async #answerOf(id: number, options: WaitOptions): Promise<RpcAnswer> {
    for (;;) {
      const { data } = await this.#channel.receive(options)
      const answer = readAnswer(data)
      if (answer === undefined) {
        throw new OpenampError('ERR_PEER', `an RPC answer of ${data.length} bytes has no id`)
      }
      const late = this.#lateOf(answer.id)
      if (late > 0) this.#late.set(answer.id, late - 1)
      else if (answer.id === id) return answer
      else {
        const found = `service ${id} was called, and service ${answer.id} has answered`
        throw new OpenampError('ERR_PEER', found)
      }
    }
  }

  #lateOf(id: number): number {
    return this.#late.get(id) ?? 0
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act, act)
    this.#last = turn.catch(() => {})
    return turn
  }
}

function requireId(id: number): void {
  if (Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff) return
  throw new OpenampError('ERR_USAGE', `RPC service id ${id} is no 32-bit number`)
}
