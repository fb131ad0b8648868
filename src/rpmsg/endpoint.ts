import { hex, OpenampError } from '../base/errors.js'
import type { WaitOptions } from '../base/waits.js'
import type { RxBuffer, TxBuffer } from './buffers.js'
import type { RpmsgDevice } from './device.js'
import { RPMSG_ADDR_ANY } from './header.js'

/** What can be sent: bytes, or a string that is sent as UTF-8. */
export type Payload = Uint8Array | string

export interface EndpointOptions {
  /** Name of the service; it is announced where `announce` says so. At most 32 bytes. */
  readonly name?: string
  /** Its own address; the lowest free one from 1024 unless given. */
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
  /** Its name was told to the peer, as an announcement or as the answer to one. */
  announced = false
  #closed: Error | undefined

  constructor(device: RpmsgDevice, address: number, options: EndpointOptions) {
    this.#device = device
    this.address = address
    this.options = options
    this.name = options.name ?? ''
    this.destination = options.destination ?? RPMSG_ADDR_ANY
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  get bound(): boolean {
    return this.destination !== RPMSG_ADDR_ANY
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
    const bytes = this.#encode(payload)
    this.#requireReady(source, destination)
    await this.#device.grantTx(
      (buffer) => {
        buffer.bytes.set(bytes)
        this.#device.transmitSoon(buffer, source, destination, bytes.length)
      },
      this,
      options,
    )
  }

  /** Sends at once or not at all. @returns false where no buffer is free; throws as `send` does */
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
      if (this.#device.waitTxSync(left)) continue
      throw new OpenampError('ERR_TIMEOUT', `no free transmit buffer within ${timeout} ms`)
    }
  }

  trySendTo(payload: Payload, destination: number): boolean {
    return this.trySendOffchannel(payload, this.address, destination)
  }

  trySendOffchannel(payload: Payload, source: number, destination: number): boolean {
    const bytes = this.#encode(payload)
    this.#requireReady(source, destination)
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
    await this.#device.grantTx(
      (buffer) => {
        granted = buffer
      },
      this,
      options,
    )
    if (granted === undefined) throw this.#closedError()
    return granted
  }

  /** A transmit buffer to fill in place, or undefined where none is free. */
  tryGetTxPayloadBuffer(): TxBuffer | undefined {
    this.#requireOpen()
    return this.#device.tryGetTx()
  }

  /** Sends a buffer of `getTxPayloadBuffer` whose first `length` bytes were filled in. */
  sendNocopy(buffer: TxBuffer, length: number, destination = this.destination): void {
    if (buffer.owner !== this.#device.transport) {
      const why = buffer.owned ? 'is of another device' : 'was sent or released before'
      throw new OpenampError('ERR_STATE', `the transmit buffer ${why}`)
    }
    this.#checkLength(length)
    this.#requireReady(this.address, destination)
    this.#device.transmit(buffer, this.address, destination, length)
  }

  /** Gives back a buffer of `getTxPayloadBuffer` unsent. */
  releaseTxBuffer(buffer: TxBuffer): void {
    if (buffer.owner === this.#device.transport) this.#device.releaseTx(buffer)
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

  /** For the device: no message reaches it any more. */
  markClosed(reason: Error | undefined): void {
    this.#closed = reason ?? this.#closedError()
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

  #encode(payload: Payload): Uint8Array {
    const bytes = typeof payload === 'string' ? encoder.encode(payload) : payload
    this.#checkLength(bytes.length)
    return bytes
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

function requireAddress(what: string, address: number): void {
  if (Number.isInteger(address) && address >= 0 && address < RPMSG_ADDR_ANY) return
  throw new OpenampError('ERR_ADDRESS', `${what} address ${address} is not from 0x0 to 0xfffffffe`)
}
