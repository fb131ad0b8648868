import { hex, OpenampError } from '../base/errors.js'
import { rethrowLater } from '../base/events.js'
import type { WaitOptions } from '../base/waits.js'
import { Agreement } from './agreement.js'
import type { RxBuffer, TxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import { RPMSG_ADDR_ANY } from './header.js'

/** What can be sent: bytes, or a string that is sent as UTF-8. */
export type Payload = Uint8Array | string

export interface EndpointOptions {
  /** Name of the service; it is announced where `announce` says so. At most 32 bytes. */
  readonly name?: string
  /** Its own address; the next free one from 1024 on unless given. */
  readonly address?: number
  /** The peer's address; fixed by the first message or an announcement back unless given. */
  readonly destination?: number
  /** Announce the name to the peer, and its end when the endpoint is destroyed. */
  readonly announce?: boolean
  /** Called for each message. The buffer is lent until the call returns, `hold` keeps it. */
  readonly receive?: (message: RxBuffer, endpoint: Endpoint) => void
  /** Called when the destination becomes known. */
  readonly bound?: (endpoint: Endpoint) => void
  /** Called when the peer destroys its end (rpmsg_ns_unbind_cb), or with the error that ended all. */
  readonly unbound?: (endpoint: Endpoint, error?: Error) => void
  /**
   * Takes and sends messages of up to so many bytes, in fragments, where the peer's end does it too;
   * at most that much memory is kept for a message that comes in. Without it a message is refused
   * that does not fit a buffer.
   */
  readonly maxMessageSize?: number
  /**
   * Pauses and resumes the peer, and is paused by it, where the peer's end does it too. Comes along
   * with `maxMessageSize`.
   */
  readonly flowControl?: boolean
  /** Called when the peer pauses or resumes this end (rpmsg_endpoint.flow_cb of Linux). */
  readonly flow?: (paused: boolean, endpoint: Endpoint) => void
}

const encoder = new TextEncoder()

/** So many messages `sendAll` puts into the rings before it lets others have their turn. */
const SEND_ALL_MAX = 256

/**
 * An RPMsg endpoint: an address with a callback (struct rpmsg_endpoint of OpenAMP and Linux). Made
 * by `RpmsgDevice.createEndpoint`.
 */
export class Endpoint {
  readonly name: string
  readonly address: number
  readonly #device: RpmsgDevice
  readonly options: EndpointOptions
  /** The peer's address, RPMSG_ADDR_ANY while it is not known. */
  destination: number
  /** The peer is told of its end: its name was announced, or it uses a service of the peer's. */
  announced = false
  /** It is to be announced, as soon as there is a buffer. */
  announcing = false
  /** It is offered to the peer, and stays when one user of it goes. */
  service: boolean
  /** What it can agree with its peer beyond plain RPMsg, where it was asked for. */
  readonly agreement: Agreement | undefined
  /** For the channel that it belongs to: our own program has destroyed it. */
  destroyed: (() => void) | undefined
  #closed: Error | undefined

  constructor(device: RpmsgDevice, address: number, options: EndpointOptions) {
    this.#device = device
    this.address = address
    this.options = options
    this.name = options.name ?? ''
    this.destination = options.destination ?? RPMSG_ADDR_ANY
    this.service = options.announce === true
    const wanted = options.maxMessageSize !== undefined || options.flowControl === true
    this.agreement = wanted ? new Agreement(device, this) : undefined
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  get bound(): boolean {
    return this.destination !== RPMSG_ADDR_ANY
  }

  /** The peer has paused this end: `send` waits, the calls that do not wait throw ERR_PAUSED. */
  get paused(): boolean {
    return this.agreement?.paused ?? false
  }

  /** Both ends have flow control. */
  get flowControl(): boolean {
    return this.agreement?.state === 'agreed'
  }

  /** Bytes of the largest message that can be sent to the bound peer. */
  get maxMessageSize(): number {
    return Math.max(this.#device.payloadSize, this.agreement?.limit ?? 0)
  }

  /**
   * Asks the peer to pause or to resume sending to this endpoint (rpmsg_set_flow_control). What is
   * under way still comes.
   * @throws ERR_STATE where this end was made without flow control, or the peer's has none
   */
  setFlowControl(pause: boolean): void {
    this.#requireOpen()
    const { agreement } = this
    if (agreement === undefined || agreement.state === 'none') {
      const who = agreement === undefined ? `endpoint ${this.#label()}` : 'its peer'
      const what = `endpoint ${this.#label()} cannot pause its peer`
      throw new OpenampError('ERR_STATE', `${what}: ${who} has no flow control`)
    }
    agreement.pause(pause)
  }

  /**
   * Announces the name, or announces it again (rpmsg_ns_announce with RL_NS_CREATE).
   * @throws ERR_USAGE for an endpoint without a name, ERR_CLOSED
   */
  announce(): void {
    this.#requireOpen()
    if (this.name === '') {
      throw new OpenampError('ERR_USAGE', 'an endpoint that is announced needs a name')
    }
    this.service = true
    this.#device.announceEndpoint(this, false)
  }

  /** Announces the end of the service, and leaves the endpoint as it is (RL_NS_DESTROY). */
  unannounce(): void {
    this.#requireOpen()
    this.service = false
    this.announcing = false
    if (this.announced) this.#device.announceEndpoint(this, true)
  }

  /**
   * Sends to the bound peer; waits for a free buffer if need be, and leave the bytes alone so long:
   * they are copied when there is one.
   * @throws ERR_MESSAGE_SIZE, ERR_CLOSED, ERR_ADDRESS (not bound), ERR_TIMEOUT, ERR_ABORTED,
   *   ERR_CRASHED, ERR_STOPPED
   */
  async send(payload: Payload, options?: WaitOptions): Promise<void> {
    await this.sendOffchannel(payload, this.address, this.destination, options)
  }

  /** Like `send`, to an address of the caller's choice. */
  async sendTo(payload: Payload, destination: number, options?: WaitOptions): Promise<void> {
    await this.sendOffchannel(payload, this.address, destination, options)
  }

  /** Like `send`, with source and destination of the caller's choice. */
  async sendOffchannel(
    payload: Payload,
    source: number,
    destination: number,
    options?: WaitOptions,
  ): Promise<void> {
    const bytes = encode(payload)
    const agreed = this.#agreed(source, destination)
    if (agreed === undefined) this.#checkLength(bytes.length)
    this.#requireReady(source, destination)
    if (agreed !== undefined) {
      await agreed.outbox.send(bytes, options)
      return
    }
    await this.#device.grantTx(
      (buffer) => {
        buffer.bytes.set(bytes)
        this.#device.transmitSoon(buffer, source, destination, bytes.length)
      },
      this,
      options,
    )
  }

  /**
   * Sends at once or not at all.
   * @returns false where no buffer is free
   * @throws as `send` does, and ERR_PAUSED where the peer has paused the endpoint
   */
  trySend(payload: Payload): boolean {
    return this.trySendOffchannel(payload, this.address, this.destination)
  }

  /**
   * Sends as many as there are free buffers for, under one kick.
   * @returns how many of the first were sent; throws as `send` does, those before it are sent then
   */
  trySendMany(payloads: Iterable<Payload>): number {
    return this.#device.batch(() => {
      let count = 0
      for (const payload of payloads) {
        if (!this.trySend(payload)) break
        count++
      }
      return count
    })
  }

  /**
   * Sends all, in order, as many under one kick as there are free buffers for; waits for buffers if
   * need be, and leave the bytes alone so long. Throws as `send` does.
   */
  async sendAll(payloads: Iterable<Payload>, options?: WaitOptions): Promise<void> {
    const all = [...payloads]
    if (this.agreement !== undefined) {
      // Some may be large, or the peer pause us in between.
      for (const payload of all) await this.send(payload, options)
      return
    }
    for (let next = 0; next < all.length; ) {
      const payload = all[next]
      const sent = this.trySendMany(all.slice(next, next + SEND_ALL_MAX))
      next += sent
      if (sent > 0 || payload === undefined) continue
      await this.send(payload, options)
      next++
    }
  }

  /**
   * Sends, and stops this thread until a buffer is free if need be; callbacks are called meanwhile.
   * @throws as `send` and `RpmsgDevice.waitSync`, ERR_TIMEOUT
   */
  sendSync(payload: Payload, { timeout }: { readonly timeout?: number } = {}): void {
    const deadline = timeout === undefined ? timeout : performance.now() + timeout
    while (!this.trySend(payload)) {
      const left = deadline === undefined ? {} : { timeout: deadline - performance.now() }
      // What waits before it may wait for a word of the peer's, not for a buffer.
      const forWord = this.#device.senders.free && (this.agreement?.outbox.waiting ?? 0) > 0
      if (forWord ? this.#device.waitSync(left) : this.#device.waitTxSync(left)) continue
      throw new OpenampError('ERR_TIMEOUT', `no free transmit buffer within ${timeout} ms`)
    }
  }

  trySendTo(payload: Payload, destination: number): boolean {
    return this.trySendOffchannel(payload, this.address, destination)
  }

  trySendOffchannel(payload: Payload, source: number, destination: number): boolean {
    const bytes = encode(payload)
    const agreed = this.#agreed(source, destination)
    if (agreed === undefined) this.#checkLength(bytes.length)
    this.#requireReady(source, destination)
    if (agreed !== undefined) return agreed.outbox.trySend(bytes)
    const buffer = this.#device.tryGetTx()
    if (buffer === undefined) return false
    buffer.bytes.set(bytes)
    this.#device.transmit(buffer, source, destination, bytes.length)
    return true
  }

  /** A transmit buffer to fill in place; waits for one if need be. Then send or release it. */
  async getTxPayloadBuffer(options?: WaitOptions): Promise<TxBuffer> {
    this.#requireOpen()
    let granted: TxBuffer | undefined
    if (this.agreement !== undefined) granted = await this.agreement.outbox.buffer(options)
    else {
      await this.#device.grantTx(
        (buffer) => {
          granted = buffer
        },
        this,
        options,
      )
    }
    if (granted === undefined) throw this.#closedError()
    this.#device.txHeld++
    return granted
  }

  /** A transmit buffer to fill in place, or undefined where none is free. @throws ERR_PAUSED */
  tryGetTxPayloadBuffer(): TxBuffer | undefined {
    this.#requireOpen()
    this.agreement?.outbox.requireFlow()
    const buffer =
      this.agreement === undefined ? this.#device.tryGetTx() : this.agreement.outbox.tryBuffer()
    if (buffer !== undefined) this.#device.txHeld++
    return buffer
  }

  /**
   * Sends a buffer of `getTxPayloadBuffer` whose first `length` bytes were filled in. Where it throws,
   * the buffer is still the caller's.
   * @throws ERR_STATE for a buffer that is not the caller's, ERR_PAUSED, and as `send` does
   */
  sendNocopy(buffer: TxBuffer, length: number, destination = this.destination): void {
    this.sendOffchannelNocopy(buffer, length, this.address, destination)
  }

  /** Like `sendNocopy`, with source and destination of the caller's choice. */
  sendOffchannelNocopy(
    buffer: TxBuffer,
    length: number,
    source: number,
    destination: number,
  ): void {
    if (buffer.owner !== this.#device.transport) {
      const why = buffer.owned ? 'is of another device' : 'was sent or released before'
      throw new OpenampError('ERR_STATE', `the transmit buffer ${why}`)
    }
    this.#checkLength(length)
    this.#requireReady(source, destination)
    const agreed = this.#agreed(source, destination)
    agreed?.outbox.requireFlow()
    this.#device.txHeld--
    if (agreed === undefined) this.#device.transmit(buffer, source, destination, length)
    else agreed.outbox.sendNocopy(buffer, length, destination)
  }

  /** Gives back a buffer of `getTxPayloadBuffer` unsent. */
  releaseTxBuffer(buffer: TxBuffer): void {
    if (buffer.owner !== this.#device.transport) return
    this.#device.txHeld--
    this.#device.releaseTx(buffer)
  }

  /** Keeps a received buffer beyond the callback (rpmsg_hold_rx_buffer). */
  holdRxBuffer(buffer: RxBuffer): void {
    buffer.hold()
  }

  /** Gives a held buffer back to the peer (rpmsg_release_rx_buffer). */
  releaseRxBuffer(buffer: RxBuffer): void {
    buffer.release()
  }

  /** Ends the endpoint; an announced name is announced as destroyed. */
  destroy(): void {
    this.#device.destroyEndpoint(this)
  }

  /** For the device: no message reaches it any more. @returns what every operation on it says now */
  markClosed(reason: Error | undefined): Error {
    const error = reason ?? this.#closedError()
    this.#closed = error
    this.agreement?.close(error)
    return error
  }

  /** For the device: a message has come. */
  receive(message: RxBuffer): void {
    try {
      this.options.receive?.(message, this)
    } catch (error) {
      rethrowLater(error)
    }
  }

  /** The agreement that what is sent from and to these addresses falls under. */
  #agreed(source: number, destination: number): Agreement | undefined {
    const own = source === this.address && destination === this.destination
    return own ? this.agreement : undefined
  }

  #closedError(): OpenampError {
    return new OpenampError('ERR_CLOSED', `endpoint ${this.#label()} is closed`)
  }

  #label(): string {
    return this.name === '' ? hex(this.address) : `${this.name} (${hex(this.address)})`
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  #requireReady(source: number, destination: number): void {
    this.#requireOpen()
    if (destination === RPMSG_ADDR_ANY) {
      throw new OpenampError(
        'ERR_ADDRESS',
        `endpoint ${this.#label()} is not bound: the peer's address is not known yet`,
      )
    }
    requireAddress('source', source)
    requireAddress('destination', destination)
  }

  #checkLength(length: number): void {
    const most = this.#device.payloadSize
    if (!Number.isInteger(length) || length < 0 || length > most) {
      throw new OpenampError(
        'ERR_MESSAGE_SIZE',
        `a message of ${length} bytes on ${this.#label()}: a buffer carries at most ${most}`,
      )
    }
  }
}

function encode(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? encoder.encode(payload) : payload
}

function requireAddress(what: string, address: number): void {
  if (Number.isInteger(address) && address >= 0 && address < RPMSG_ADDR_ANY) return
  throw new OpenampError('ERR_ADDRESS', `${what} address ${address} is not from 0x0 to 0xfffffffe`)
}
