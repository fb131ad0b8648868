import { OpenampError } from '../base/errors.js'
import { callBack } from '../base/events.js'
import { Assembly } from './assembly.js'
import type { RxBuffer } from './buffers.js'
import { CONTROL_TYPE, type ControlMessage, FRAGMENT } from './control-message.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'
import { Outbox } from './outbox.js'

/** The largest `maxMessageSize`: 1 GiB. */
export const MESSAGE_SIZE_MAX = 2 ** 30

/**
 * What an endpoint has agreed with the endpoint that it is bound to, over the control channel:
 * messages larger than a buffer, and flow control. `none` until the peer's end has said that it takes
 * part; then it may be sent what plain RPMsg does not have.
 */
export class Agreement {
  readonly #device: RpmsgDevice
  readonly #endpoint: Endpoint
  /** Bytes of the largest message that this end takes; 0 for those of a buffer. */
  readonly #most: number
  readonly outbox: Outbox
  #state: 'none' | 'asked' | 'agreed' = 'none'
  #peerMost = 0
  #paused = false
  #pauseWanted = false
  #pauseTold = false
  /** Pauses the peer through the transport, where that has flow control of its own. */
  #carrier: ((pause: boolean) => void) | undefined
  /** Said as soon as there is a buffer: then, not before, is it looked at what there is to say. */
  #opening = false
  #telling = false
  /** The peer's end has been told that this one takes part. */
  #told = false
  #assembly: Assembly | undefined

  /** @throws ERR_USAGE for a size that is no integer from 0 to 1 GiB */
  constructor(device: RpmsgDevice, endpoint: Endpoint) {
    const { maxMessageSize = 0 } = endpoint.options
    if (!Number.isInteger(maxMessageSize) || maxMessageSize < 0) {
      throw new OpenampError('ERR_USAGE', `maxMessageSize ${maxMessageSize} is no number of bytes`)
    }
    if (maxMessageSize > MESSAGE_SIZE_MAX) {
      const most = `more than ${MESSAGE_SIZE_MAX}`
      throw new OpenampError('ERR_USAGE', `maxMessageSize ${maxMessageSize} is ${most}`)
    }
    this.#device = device
    this.#endpoint = endpoint
    this.#most = maxMessageSize
    this.outbox = new Outbox(device, endpoint, this)
  }

  get state(): 'none' | 'asked' | 'agreed' {
    if (this.#carrier !== undefined) return 'agreed'
    // Without the control channel nothing holds, of whatever agreement that is heard of first.
    return this.#device.control.connected ? this.#state : 'none'
  }

  /** The peer has paused us. */
  get paused(): boolean {
    return this.#paused
  }

  /** Bytes of the largest message that can be sent; 0 where none larger than a buffer can. */
  get limit(): number {
    return this.state === 'agreed' ? Math.min(this.#most, this.#peerMost) : 0
  }

  get most(): number {
    return this.#most
  }

  /** Pauses or resumes the peer, at once or as soon as it is known to take part. */
  pause(wanted: boolean): void {
    this.#pauseWanted = wanted
    this.#tellPause()
  }

  /** The transport has flow control of its own: there is nothing to be agreed, nor a larger message. */
  carriedBy(pause: (pause: boolean) => void): void {
    this.#carrier = pause
  }

  // ---- for the control channel

  /** Tells the peer's end that this one takes part. */
  ask(): void {
    if (this.#state === 'none') this.#state = 'asked'
    if (this.#opening) return
    this.#opening = true
    this.#device.control.say(() => {
      this.#opening = false
      const { address, destination, bound, closed } = this.#endpoint
      if (closed || !bound) return undefined
      this.#told = true
      return [CONTROL_TYPE.OPEN, address, destination, this.#most]
    }, this.#endpoint)
  }

  /** The peer's end takes part; `most` is the largest message that it takes. */
  opened(most: number): void {
    if (this.#state === 'none') this.ask()
    this.#dropUnfinished()
    // Who heard of that may have destroyed it.
    if (this.#endpoint.closed) return
    this.#state = 'agreed'
    this.#peerMost = most
    this.#pauseTold = false
    this.#tellPause()
    this.outbox.pump()
  }

  /** The peer's end takes no part. */
  refused(): void {
    if (this.#state === 'agreed') this.peerGone()
    else this.none()
  }

  /** The peer's end has closed: nobody is there to whom that could go which waits. */
  peerGone(): void {
    this.outbox.close(new OpenampError('ERR_CLOSED', 'the peer closed its end'))
    this.none()
  }

  /** There is no control channel any more. */
  none(): void {
    this.#dropUnfinished()
    this.#state = 'none'
    this.#told = false
    this.#peerMost = 0
    this.#pauseTold = false
    this.setPaused(false)
    this.outbox.pump()
  }

  setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    callBack(() => this.#endpoint.options.flow?.(paused, this.#endpoint))
    this.outbox.pump()
  }

  /**
   * Takes a fragment.
   * @returns the message where it is whole
   * @throws ERR_PEER where the fragment does not fit what was agreed or sent before
   */
  fragment(control: ControlMessage, payload: RxBuffer): Assembly | undefined {
    if (this.#assembly === undefined && control.offset > 0) {
      // The rest of a message whose beginning was for somebody else at this address.
      this.#device.drop('unfinished message', payload)
      return undefined
    }
    this.#assembly ??= new Assembly(control, this.#most)
    const assembly = this.#assembly
    assembly.add(control, payload.data.subarray(FRAGMENT.DATA))
    if (!assembly.complete) return undefined
    this.#assembly = undefined
    return assembly
  }

  /** The peer will not complete what it has begun. */
  aborted(): void {
    this.#dropUnfinished()
  }

  /** The endpoint has ended; what it still wanted to send ends with `error`. */
  close(error: Error): void {
    if (this.#state !== 'none') {
      const { address, destination } = this.#endpoint
      const { control } = this.#device
      // A peer that makes endpoints of ours come and go, and takes no buffer, must not have words pile up:
      // where it has taken one to hear of this endpoint, it hears of its end; where it has only asked, its
      // question is answered as long as not too many are.
      if (this.#told) control.say(() => [CONTROL_TYPE.CLOSE, address, destination, 0])
      else if (this.#state === 'agreed') control.refuse(address, destination)
    }
    this.#dropUnfinished()
    this.#state = 'none'
    this.#paused = false
    this.outbox.close(error)
  }

  #tellPause(): void {
    if (this.#carrier !== undefined) {
      if (this.#pauseWanted === this.#pauseTold) return
      this.#pauseTold = this.#pauseWanted
      this.#carrier(this.#pauseTold)
      return
    }
    if (this.#state !== 'agreed' || this.#telling || this.#pauseWanted === this.#pauseTold) return
    this.#telling = true
    this.#device.control.say(() => {
      this.#telling = false
      if (this.#state !== 'agreed' || this.#pauseWanted === this.#pauseTold) return undefined
      this.#pauseTold = this.#pauseWanted
      const { address, destination } = this.#endpoint
      return [CONTROL_TYPE.FLOW, address, destination, this.#pauseTold ? 1 : 0]
    }, this.#endpoint)
  }

  #dropUnfinished(): void {
    const assembly = this.#assembly
    if (assembly === undefined) return
    this.#assembly = undefined
    const { source, destination, received } = assembly
    this.#device.drop('unfinished message', { source, destination, length: received })
  }
}
