import type { Waiting } from '../base/doorbell.js'
import { hex, isOpenampError, OpenampError } from '../base/errors.js'
import { EventSource, rethrowLater } from '../base/events.js'
import type { Wait, WaitOptions, Waits } from '../base/waits.js'
import type { RxBuffer, TxBuffer } from './buffers.js'
import { Channel, type ChannelOptions } from './channel.js'
import { Endpoint, type EndpointOptions } from './endpoint.js'
import {
  RPMSG_ADDR_ANY,
  RPMSG_NAME_SIZE,
  RPMSG_NS_ADDR,
  RPMSG_RESERVED_ADDRESSES,
  writeNameServiceMessage,
} from './header.js'
import { type Announcement, NameService } from './name-service.js'
import { Pacing } from './pacing.js'
import type { RpmsgTransport } from './transport.js'

/** What happens on an RPMsg device, for observers. */
export type RpmsgEvent =
  | { readonly type: 'announced'; readonly name: string; readonly address: number }
  | { readonly type: 'destroyed'; readonly name: string; readonly address: number }
  | {
      readonly type: 'dropped'
      readonly reason: 'no endpoint' | 'queue full' | 'malformed name service message'
      readonly source: number
      readonly destination: number
      readonly length: number
    }

export interface RpmsgDeviceOptions {
  /** Where everything that waits for the peer is registered. */
  readonly waits: Waits
  /** How it waits for the peer and sends in bulk; asleep, a kick for each message unless given. */
  readonly waiting?: Waiting | undefined
  /** Announce back when an announced channel is bound: on unless given, as host only. */
  readonly acknowledge?: boolean
  /** Told once of an error that shows the peer broken; the owner ends the link. */
  readonly onPeerFault?: (error: OpenampError) => void
}

/** Counters of one device, for diagnosis. */
export interface RpmsgStats {
  readonly sent: number
  readonly received: number
  readonly dropped: number
  readonly endpoints: number
  readonly sendersWaiting: number
  readonly rxHeld: number
  readonly txFree: number
}

interface Sender {
  readonly endpoint: Endpoint | undefined
  readonly grant: (buffer: TxBuffer) => void
  readonly wait: Wait<void>
}

/** The endpoints of one link, with name service (struct rpmsg_device). */
export class RpmsgDevice {
  readonly transport: RpmsgTransport
  readonly events = new EventSource<RpmsgEvent>()
  readonly waits: Waits
  readonly #acknowledge: boolean
  readonly #onPeerFault: (error: OpenampError) => void
  readonly #endpoints = new Map<number, Endpoint>()
  readonly #nameService: NameService
  readonly #senders: Sender[] = []
  readonly #pacing: Pacing
  #closed: Error | undefined
  #sent = 0
  #received = 0
  #dropped = 0
  /** There was more than one look could take, and the next is on the clock. */
  #pollDue = false

  constructor(transport: RpmsgTransport, options: RpmsgDeviceOptions) {
    this.transport = transport
    this.waits = options.waits
    this.#acknowledge = transport.role === 'host' && (options.acknowledge ?? true)
    this.#onPeerFault = options.onPeerFault ?? (() => {})
    this.#nameService = new NameService(this)
    this.#pacing = new Pacing(transport, options.waiting)
    transport.sink = {
      received: (buffer) => this.#dispatch(buffer),
      txAvailable: () => this.#serveSenders(),
    }
  }

  get role(): 'host' | 'remote' {
    return this.transport.role
  }

  /** Bytes of the largest message. */
  get payloadSize(): number {
    return this.transport.payloadSize
  }

  /** Somebody waits for a free transmit buffer. */
  get starving(): boolean {
    return this.#senders.length > 0
  }

  get stats(): RpmsgStats {
    return {
      sent: this.#sent,
      received: this.#received,
      dropped: this.#dropped,
      endpoints: this.#endpoints.size,
      sendersWaiting: this.#senders.length,
      ...this.transport.stats(),
    }
  }

  /** What the peer has announced and not destroyed. */
  get announcements(): readonly Announcement[] {
    return this.#nameService.announcements
  }

  /** The open endpoints, by address. */
  get endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values()
  }

  /** To be called when the peer has kicked. Reports a broken peer instead of throwing. */
  poll(): void {
    this.look(this.#pacing.arms)
  }

  /**
   * Stops this thread until a message has come in; callbacks are called meanwhile.
   * @param options.timeout milliseconds; for ever unless given
   * @returns false where the time has passed first
   * @throws ERR_USAGE where the machine has no doorbell for that, or the thread is one that must not be
   *   stopped (a page's own); the error that ended the link
   */
  waitSync({ timeout = Number.POSITIVE_INFINITY }: { readonly timeout?: number } = {}): boolean {
    this.requireOpen()
    return this.#pacing.wait(this, false, timeout)
  }

  /** As `waitSync`, until a transmit buffer is free. */
  waitTxSync({ timeout = Number.POSITIVE_INFINITY }: { readonly timeout?: number } = {}): boolean {
    this.requireOpen()
    return this.#pacing.wait(this, true, timeout)
  }

  /** What is sent while `callback` runs, by calls that do not wait, goes out under one kick. */
  batch<T>(callback: () => T): T {
    return this.#pacing.batch(callback)
  }

  /**
   * Makes an endpoint (rpmsg_create_ept).
   * @throws ERR_ADDRESS for an address in use or out of range, ERR_USAGE for a name over 32 bytes or
   *   without one where it shall be announced, ERR_CLOSED or the error that ended the link
   */
  createEndpoint(options: EndpointOptions = {}): Endpoint {
    if (this.#closed !== undefined) throw this.#closed
    checkName(options)
    const address = options.address ?? this.#freeAddress()
    if (!Number.isInteger(address) || address < 0 || address >= RPMSG_ADDR_ANY) {
      throw new OpenampError('ERR_ADDRESS', `endpoint address ${address} is not a 32-bit address`)
    }
    if (address === RPMSG_NS_ADDR || this.#endpoints.has(address)) {
      throw new OpenampError('ERR_ADDRESS', `endpoint address ${hex(address)} is in use`)
    }
    const endpoint = new Endpoint(this, address, options)
    this.#endpoints.set(address, endpoint)
    if (options.announce === true) this.#announce(endpoint, false)
    return endpoint
  }

  destroyEndpoint(endpoint: Endpoint): void {
    if (endpoint.closed) return
    this.#remove(endpoint, undefined)
    if (this.#closed !== undefined) return
    if (endpoint.announced) this.#announce(endpoint, true)
  }

  /**
   * Host: waits until the peer announces `name`, binds an endpoint to it and acknowledges.
   * @throws ERR_STATE where the channel is bound already, ERR_TIMEOUT, ERR_ABORTED, ERR_IDLE, …
   */
  async channel(name: string, options: ChannelOptions & WaitOptions = {}): Promise<Channel> {
    if (this.#closed !== undefined) throw this.#closed
    return this.#nameService.bind(name, options, (announcement) => {
      const channel = Channel.bind(this, announcement, options)
      // The announcement back, on which remotes of OpenAMP's RPC kind wait.
      if (this.#acknowledge) this.#announce(channel.endpoint, false)
      return channel
    })
  }

  /**
   * Offers a channel to the peer: an endpoint whose name is announced. It can send once the peer
   * has announced back or sent a first message (`Channel.whenBound`).
   */
  announce(name: string, options: ChannelOptions = {}): Channel {
    return Channel.offer(this, name, options)
  }

  /** Ends the link: every endpoint is closed with `error`, every waiting sender rejected. */
  close(error: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.transport.close()
    for (const endpoint of [...this.#endpoints.values()]) {
      this.#remove(endpoint, error)
      this.#call(() => endpoint.options.unbound?.(endpoint, error))
    }
    for (const sender of this.#senders.splice(0)) sender.wait.reject(error)
    this.#nameService.close(error)
  }

  // ---- for endpoints, channels and the name service

  /** Messages that have come in. */
  get received(): number {
    return this.#received
  }

  requireOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  /** As `poll`. @param arm ask the peer for a kick when more comes */
  look(arm: boolean): void {
    if (this.#closed !== undefined) return
    try {
      // Whoever sends faster than we look must not keep the rest of the program from running.
      if (this.transport.poll(arm) && arm) this.#pollLater()
    } catch (error) {
      this.#fault(error)
    }
  }

  tryGetTx(): TxBuffer | undefined {
    // Who waits already comes first.
    return this.#senders.length > 0 ? undefined : this.#getTx()
  }

  /** Calls `grant` with a transmit buffer, at once if one is free, in the order of the calls. */
  async grantTx(
    grant: (buffer: TxBuffer) => void,
    endpoint?: Endpoint,
    options: WaitOptions = {},
  ): Promise<void> {
    const free = this.tryGetTx()
    if (free !== undefined) {
      grant(free)
      return
    }
    if (this.#closed !== undefined) throw this.#closed
    const wait = this.waits.add<void>('buffer', 'free transmit buffer', options)
    const sender: Sender = { endpoint, grant, wait }
    this.#senders.push(sender)
    // A buffer may have come free before the peer saw that we want to be told.
    if (this.#notifyTx(true)) this.#serveSenders()
    try {
      await wait.promise
    } finally {
      const at = this.#senders.indexOf(sender)
      if (at >= 0) this.#senders.splice(at, 1)
    }
  }

  transmit(buffer: TxBuffer, source: number, destination: number, length: number): void {
    this.#sent++
    this.transport.send(buffer, source, destination, length)
    this.#pacing.sent()
  }

  /** As `transmit`, where the peer need not know before the end of the turn. */
  transmitSoon(buffer: TxBuffer, source: number, destination: number, length: number): void {
    this.#sent++
    this.transport.send(buffer, source, destination, length)
    this.#pacing.sentSoon()
  }

  releaseTx(buffer: TxBuffer): void {
    this.transport.releaseTx(buffer)
    this.#serveSenders()
  }

  drop(reason: (RpmsgEvent & { type: 'dropped' })['reason'], message: RxBuffer): void {
    this.#dropped++
    const { source, destination, length } = message
    this.events.emit({ type: 'dropped', reason, source, destination, length })
  }

  /** The peer has destroyed the service at `address`: its endpoints are closed. */
  unbindPeer(name: string, address: number): void {
    for (const endpoint of [...this.#endpoints.values()]) {
      if (endpoint.name !== name || endpoint.destination !== address) continue
      if (endpoint.options.announce === true) {
        // Our own service outlives its user; the next one may bind.
        endpoint.destination = RPMSG_ADDR_ANY
      } else {
        this.#remove(
          endpoint,
          new OpenampError('ERR_CLOSED', `channel ${name} was destroyed by the peer`),
        )
      }
      this.#call(() => endpoint.options.unbound?.(endpoint))
    }
  }

  bindEndpoint(endpoint: Endpoint, destination: number): void {
    endpoint.destination = destination
    this.#call(() => endpoint.options.bound?.(endpoint))
  }

  #dispatch(message: RxBuffer): void {
    this.#received++
    if (message.destination === RPMSG_NS_ADDR) {
      this.#nameService.receive(message)
      return
    }
    const endpoint = this.#endpoints.get(message.destination)
    if (endpoint === undefined) {
      this.drop('no endpoint', message)
      return
    }
    if (!endpoint.bound && message.source !== RPMSG_ADDR_ANY) {
      this.bindEndpoint(endpoint, message.source)
      if (endpoint.closed) {
        this.drop('no endpoint', message)
        return
      }
    }
    try {
      endpoint.options.receive?.(message, endpoint)
    } catch (error) {
      rethrowLater(error)
    }
  }

  #serveSenders(): void {
    for (let sender = this.#senders[0]; sender !== undefined; sender = this.#senders[0]) {
      // Who has given up meanwhile (timeout, abort, endpoint closed) gets nothing sent.
      const buffer = sender.wait.pending ? this.#getTx() : undefined
      if (sender.wait.pending && buffer === undefined) {
        if (!this.#notifyTx(true)) return
        continue
      }
      this.#senders.shift()
      if (buffer === undefined) continue
      sender.grant(buffer)
      sender.wait.resolve()
    }
    this.#notifyTx(false)
  }

  #announce(endpoint: Endpoint, destroy: boolean): void {
    if (!this.transport.nameService) return
    endpoint.announced = !destroy
    const { name, address } = endpoint
    const bytes = writeNameServiceMessage({ name, address, destroy })
    const sent = this.grantTx((buffer) => {
      buffer.bytes.set(bytes)
      this.transmit(buffer, address, RPMSG_NS_ADDR, bytes.length)
    })
    // It fails only with the link, and then every operation on the link says so.
    sent.catch(() => {})
  }

  #remove(endpoint: Endpoint, reason: Error | undefined): void {
    endpoint.markClosed(reason)
    this.#endpoints.delete(endpoint.address)
    const closed = new OpenampError('ERR_CLOSED', `endpoint ${hex(endpoint.address)} is closed`)
    for (const sender of this.#senders.filter((other) => other.endpoint === endpoint)) {
      sender.wait.reject(reason ?? closed)
    }
  }

  #freeAddress(): number {
    let address = RPMSG_RESERVED_ADDRESSES
    while (this.#endpoints.has(address)) address++
    return address
  }

  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      rethrowLater(error)
    }
  }

  #getTx(): TxBuffer | undefined {
    try {
      return this.transport.getTx()
    } catch (error) {
      return this.#fault(error)
    }
  }

  #notifyTx(wanted: boolean): boolean {
    try {
      return this.#closed === undefined && this.transport.notifyTx(wanted)
    } catch (error) {
      this.#fault(error)
      return false
    }
  }

  #pollLater(): void {
    if (this.#pollDue) return
    this.#pollDue = true
    this.waits.clock.after(1, 'timer', () => {
      this.#pollDue = false
      this.poll()
    })
  }

  /** What the peer is caught lying about ends the link; any other error is our own. */
  #fault(error: unknown): undefined {
    if (!isOpenampError(error, 'ERR_PEER') && !isOpenampError(error, 'ERR_MEMORY')) throw error
    this.#onPeerFault(error)
    this.close(error)
    return undefined
  }
}

function checkName({ name = '', announce = false }: EndpointOptions): void {
  if (announce && name === '') {
    throw new OpenampError('ERR_USAGE', 'an endpoint that is announced needs a name')
  }
  if (name.includes('\0') || new TextEncoder().encode(name).length > RPMSG_NAME_SIZE) {
    throw new OpenampError(
      'ERR_USAGE',
      `channel name ${JSON.stringify(name)} does not fit ${RPMSG_NAME_SIZE} bytes without a NUL`,
    )
  }
}
