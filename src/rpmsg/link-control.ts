import { OpenampError } from '../base/errors.js'
import type { RxBuffer, TxBuffer } from './buffers.js'
import {
  CONTROL,
  CONTROL_NAME,
  CONTROL_TYPE,
  type ControlMessage,
  type ControlWords,
  FRAGMENT,
  readControlMessage,
  writeControlMessage,
} from './control-message.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'
import { RPMSG_ADDR_ANY } from './header.js'

/** A peer that asks more than this without taking the answers is taken for broken. */
const REPLIES_MAX = 1024

/**
 * The control channel of a link. Each end that takes part announces it, and says nothing on it before
 * the other has announced it too: a peer that knows none of this sees one more name, and no message.
 * All that plain RPMsg does not have goes to the control channel's address, so that no plain endpoint
 * can ever take it for a message of its own.
 */
export class LinkControl {
  readonly #device: RpmsgDevice
  #endpoint: Endpoint | undefined
  /** Address of the peer's end. */
  #peer: number | undefined
  #replies = 0

  constructor(device: RpmsgDevice) {
    this.#device = device
  }

  /** Our end of it, once somebody has asked for it. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint
  }

  /** Both ends have announced it. */
  get connected(): boolean {
    return this.#peer !== undefined && this.#endpoint !== undefined
  }

  /**
   * Announces our end of it, once.
   * @throws ERR_USAGE where a fragment would not fit into a buffer
   */
  enable(): void {
    const { transport, payloadSize } = this.#device
    if (this.#endpoint !== undefined || !transport.nameService) return
    if (payloadSize <= FRAGMENT.DATA) {
      const what = `the control channel needs more than ${FRAGMENT.DATA}`
      throw new OpenampError('ERR_USAGE', `a buffer carries ${payloadSize} bytes, ${what}`)
    }
    this.#endpoint = this.#device.createEndpoint({ name: CONTROL_NAME, announce: true })
    this.#askAll()
  }

  /** The peer has announced its end. */
  announced(address: number): void {
    if (this.#peer === address) return
    if (this.#peer !== undefined) this.destroyed(this.#peer)
    this.#peer = address
    this.#askAll()
  }

  /** The peer has destroyed its end. */
  destroyed(address: number): void {
    if (this.#peer !== address) return
    this.#peer = undefined
    this.#forget()
  }

  /** Our end was destroyed. */
  closed(): void {
    this.#endpoint = undefined
    this.#forget()
  }

  /** An endpoint has got a peer. */
  bound({ agreement }: Endpoint): void {
    if (this.#ends() !== undefined) agreement?.ask()
  }

  /**
   * Says something as soon as there is a buffer, in the order of the calls. What is said is asked
   * then; undefined is nothing. What is about an endpoint `of` ours is not said any more once that has
   * ended.
   */
  say(words: () => ControlWords | undefined, of?: Endpoint): void {
    const sent = this.#device.grantTx((buffer) => {
      const said = words()
      if (said === undefined) {
        this.#device.releaseTx(buffer)
        return
      }
      writeControlMessage(buffer.bytes, said)
      this.transmit(buffer, CONTROL.SIZE)
    }, of)
    // It fails with the endpoint or the link, and then every operation on that says so.
    sent.catch(() => {})
  }

  /** Sends a buffer in which a control message was written. */
  transmit(buffer: TxBuffer, length: number): void {
    const ends = this.#ends()
    if (ends === undefined) this.#device.releaseTx(buffer)
    else this.#device.transmit(buffer, ends.here, ends.there, length)
  }

  /** @throws ERR_PEER where the peer breaks the protocol that it has announced */
  receive(message: RxBuffer): void {
    if (message.source !== this.#peer) {
      this.#device.drop('unexpected control message', message)
      return
    }
    const control = readControlMessage(message.data)
    const endpoint = this.#device.endpointAt(control.destination)
    if (control.type === CONTROL_TYPE.OPEN) {
      this.#opened(control, endpoint)
      return
    }
    if (endpoint?.agreement === undefined || endpoint.destination !== control.source) {
      // What was under way when the endpoint closed. The peer is told of that, too.
      if (control.type !== CONTROL_TYPE.CLOSE) this.#device.drop('no endpoint', message)
      return
    }
    const { agreement } = endpoint
    switch (control.type) {
      case CONTROL_TYPE.CLOSE:
        agreement.refused()
        break
      case CONTROL_TYPE.FLOW:
        agreement.setPaused(control.value !== 0)
        break
      case CONTROL_TYPE.ABORT:
        agreement.aborted()
        break
      case CONTROL_TYPE.FRAGMENT: {
        const whole = agreement.fragment(control, message)
        if (whole !== undefined) this.#device.deliverWhole(whole, endpoint)
        break
      }
      default: {
        const what = `message of unknown type ${control.type}`
        throw new OpenampError('ERR_PEER', `${CONTROL_NAME}: ${what}`)
      }
    }
  }

  #opened({ source, destination, value }: ControlMessage, endpoint: Endpoint | undefined): void {
    if (source === RPMSG_ADDR_ANY) {
      throw new OpenampError('ERR_PEER', `${CONTROL_NAME}: an endpoint at no address`)
    }
    if (endpoint?.agreement !== undefined) {
      // Like a first message, it tells who is there.
      if (!endpoint.bound) this.#device.bindEndpoint(endpoint, source)
      if (endpoint.destination === source && !endpoint.closed) {
        endpoint.agreement.opened(value)
        return
      }
    }
    if (this.refuse(destination, source)) return
    const what = `more than ${REPLIES_MAX} questions, and no buffers for the answers`
    throw new OpenampError('ERR_PEER', `${CONTROL_NAME}: ${what}`)
  }

  /**
   * Answers a question: who was asked, at our address `here`, takes no part.
   * @returns false where too many answers wait for a buffer
   */
  refuse(here: number, there: number): boolean {
    if (this.#replies === REPLIES_MAX) return false
    this.#replies++
    this.say(() => {
      this.#replies--
      return [CONTROL_TYPE.CLOSE, here, there, 0]
    })
    return true
  }

  /** The addresses of both ends, once both have announced them. */
  #ends(): { readonly here: number; readonly there: number } | undefined {
    if (this.#peer === undefined || this.#endpoint === undefined) return undefined
    return { here: this.#endpoint.address, there: this.#peer }
  }

  #askAll(): void {
    if (this.#ends() === undefined) return
    for (const { agreement, bound } of this.#device.endpoints) if (bound) agreement?.ask()
  }

  #forget(): void {
    for (const { agreement } of this.#device.endpoints) agreement?.none()
  }
}
