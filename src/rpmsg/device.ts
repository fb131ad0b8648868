import type { Waiting } from '../base/doorbell.js'
import { hex, isOpenampError, OpenampError } from '../base/errors.js'
import { callBack, EventSource } from '../base/events.js'
import type { WaitOptions, Waits } from '../base/waits.js'
import type { Agreement } from './agreement.js'
import type { Assembly } from './assembly.js'
import type { RxBuffer, TxBuffer } from './buffers.js'
import { Channel, type ChannelOptions } from './channel.js'
import { Endpoint, type EndpointOptions } from './endpoint.js'
import { EndpointTable } from './endpoint-table.js'
import {
  RPMSG_ADDR_ANY,
  RPMSG_NAME_SIZE,
  RPMSG_NS_ADDR,
  writeNameServiceMessage,
} from './header.js'
import { LinkControl } from './link-control.js'
import { type Announcement, NameService, type NameServiceCallbacks } from './name-service.js'
import { Pacing } from './pacing.js'
import { Senders } from './senders.js'
import { DropCounts, type DropReason, type RpmsgEvent, type RpmsgStats } from './stats.js'
import type { RpmsgTransport } from './transport.js'

export interface RpmsgDeviceOptions extends NameServiceCallbacks {
  /** Where everything that waits for the peer is registered. */
  readonly waits: Waits
  /** How it waits for the peer and sends in bulk; asleep, a kick for each message unless given. */
  readonly waiting?: Waiting | undefined
  /** Announce back when an announced channel is bound: on unless given, as host only. */
  readonly acknowledge?: boolean
  /** Told once of an error that shows the peer broken; the owner ends the link. */
  readonly onPeerFault?: (error: OpenampError) => void
}

/** The endpoints of one link, with name service (struct rpmsg_device). */
export class RpmsgDevice {
  readonly transport: RpmsgTransport
  readonly events = new EventSource<RpmsgEvent>()
  readonly waits: Waits
  readonly #acknowledge: boolean
  readonly #onPeerFault: (error: OpenampError) => void
  readonly #endpoints = new EndpointTable()
  readonly #nameService: NameService
  /** What two ends of this library agree on beyond plain RPMsg. */
  readonly control: LinkControl
  /** Those who wait for a transmit buffer. */
  readonly senders: Senders
  readonly #drops = new DropCounts()
  readonly #pacing: Pacing
  #closed: Error | undefined
  #sent = 0
  #received = 0
  /** Messages put together from fragments that the user holds. */
  #wholeHeld = 0
  /** Transmit buffers in the user's hands. */
  txHeld = 0
  /** There was more than one look could take, and the next is on the clock. */
  #pollDue = false

  constructor(transport: RpmsgTransport, options: RpmsgDeviceOptions) {
    this.transport = transport
    this.waits = options.waits
    this.#acknowledge = transport.role === 'host' && (options.acknowledge ?? true)
    this.#onPeerFault = options.onPeerFault ?? (() => {})
    this.#nameService = new NameService(this, options)
    this.control = new LinkControl(this)
    this.senders = new Senders(transport, options.waits, (error) => this.#fault(error))
    this.#pacing = new Pacing(transport, options.waiting)
    transport.sink = {
      received: (buffer) => this.#dispatch(buffer),
      txAvailable: () => this.senders.serve(),
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
    return this.senders.waiting > 0
  }

  /** Messages that have come in so far, without the rest of `stats`. */
  get received(): number {
    return this.#received
  }

  /** How many wait for a free transmit buffer. */
  get sendersWaiting(): number {
    return this.senders.waiting
  }

  get stats(): RpmsgStats {
    const { rxHeld, ...transport } = this.transport.stats()
    return {
      sent: this.#sent,
      received: this.#received,
      dropped: this.#drops.total,
      drops: this.#drops.byReason,
      endpoints: this.#endpoints.size,
      sendersWaiting: this.senders.waiting,
      ...transport,
      rxHeld: rxHeld + this.#wholeHeld,
      txHeld: this.txHeld,
    }
  }

  /** What the peer has announced and not destroyed. */
  get announcements(): readonly Announcement[] {
    return this.#nameService.announcements
  }

  /** The open endpoints. */
  get endpoints(): Iterable<Endpoint> {
    return this.#endpoints.all
  }

  /** The open endpoint at an address. */
  endpointAt(address: number): Endpoint | undefined {
    return this.#endpoints.at(address)
  }

  /** To be called when the peer has kicked. Reports a broken peer instead of throwing. */
  poll(): void {
    if (this.#closed === undefined) this.#pacing.kicked(this)
  }

  /**
   * Stops this thread until a message has come in; callbacks are called meanwhile.
   * @param options.timeout milliseconds; for ever unless given
   * @returns false where the time has passed first
   * @throws ERR_USAGE where the machine has no doorbell for that, or the thread is one that must not be
   *   stopped (a page's own); ERR_STATE in a callback of this link; the error that ended the link
   */
  waitSync(options?: { readonly timeout?: number }): boolean {
    this.requireOpen()
    return this.#pacing.wait(this, false, options?.timeout ?? Number.POSITIVE_INFINITY)
  }

  /** As `waitSync`, until a transmit buffer is free. */
  waitTxSync(options?: { readonly timeout?: number }): boolean {
    this.requireOpen()
    return this.#pacing.wait(this, true, options?.timeout ?? Number.POSITIVE_INFINITY)
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
    const address = options.address ?? this.#endpoints.freeAddress()
    if (!Number.isInteger(address) || address < 0 || address >= RPMSG_ADDR_ANY) {
      throw new OpenampError('ERR_ADDRESS', `endpoint address ${address} is not a 32-bit address`)
    }
    if (this.#endpoints.has(address)) {
      throw new OpenampError('ERR_ADDRESS', `endpoint address ${hex(address)} is in use`)
    }
    const made = this.transport.openEndpoint?.(options) ?? address
    const endpoint = new Endpoint(this, made, options)
    // Before the endpoint is heard of, so that the peer's end knows who it is when they are bound.
    if (endpoint.agreement !== undefined) this.#takeUp(made, endpoint.agreement)
    this.#endpoints.add(endpoint)
    if (endpoint.bound) this.control.bound(endpoint)
    if (options.announce === true) this.announceEndpoint(endpoint, false)
    return endpoint
  }

  /** Flow control is the transport's own where it has it, else the control channel's. */
  #takeUp(address: number, agreement: Agreement): void {
    const pause = this.transport.flowControl?.(address, (paused) => agreement.setPaused(paused))
    if (pause === undefined) this.control.enable()
    else agreement.carriedBy(pause)
  }

  destroyEndpoint(endpoint: Endpoint): void {
    if (endpoint.closed) return
    this.#remove(endpoint, undefined)
    endpoint.destroyed?.()
    if (this.#closed !== undefined) return
    if (endpoint.announced) this.announceEndpoint(endpoint, true)
  }

  /**
   * Waits until the peer announces `name`, binds an endpoint to it and, as host, acknowledges.
   * @throws ERR_STATE where the channel is bound already, ERR_TIMEOUT, ERR_ABORTED, ERR_IDLE, …
   */
  async channel(name: string, options: ChannelOptions & WaitOptions = {}): Promise<Channel> {
    if (this.#closed !== undefined) throw this.#closed
    return this.#nameService.bind(name, options, (announcement) => {
      const channel = Channel.bind(this, announcement, options)
      // The announcement back, on which remotes of OpenAMP's RPC kind wait.
      if (this.#acknowledge) this.announceEndpoint(channel.endpoint, false)
      // A host's service hears when its user goes, as from OpenAMP's remotes.
      else if (this.role === 'remote') channel.endpoint.announced = this.transport.nameService
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
    for (const endpoint of [...this.#endpoints.all]) {
      this.#remove(endpoint, error)
      callBack(() => endpoint.options.unbound?.(endpoint, error))
    }
    this.senders.close(error)
    this.#nameService.close(error)
  }

  // ---- for endpoints, channels and the name service

  requireOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
  }

  /** As `poll`. @param arm ask the peer for a kick when more comes */
  look(arm: boolean): void {
    if (this.#closed !== undefined) return
    try {
      // Whoever sends faster than we look must not keep the rest of the program from running.
      if (this.#pacing.poll(arm) && arm) this.#pollLater()
    } catch (error) {
      this.#fault(error)
    }
  }

  tryGetTx(): TxBuffer | undefined {
    return this.senders.tryGet()
  }

  /** Calls `grant` with a transmit buffer, at once if one is free, in the order of the calls. */
  async grantTx(
    grant: (buffer: TxBuffer) => void,
    endpoint?: Endpoint,
    options: WaitOptions = {},
  ): Promise<void> {
    await this.senders.grant(grant, endpoint, options)
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
    this.senders.serve()
  }

  drop(reason: DropReason, message: Pick<RxBuffer, 'source' | 'destination' | 'length'>): void {
    this.#drops.add(reason)
    const { source, destination, length } = message
    this.events.emit({ type: 'dropped', reason, source, destination, length })
  }

  /** Our endpoints of a name. */
  named(name: string): Iterable<Endpoint> {
    return this.#endpoints.named(name)
  }

  /** The peer's service `name` at `address` has an endpoint here. */
  isBound(name: string, address: number): boolean {
    return this.#endpoints.isBound(name, address)
  }

  /** The peer has destroyed the service at `address`: its endpoints are closed. */
  unbindPeer(name: string, address: number): void {
    for (const endpoint of [...this.#endpoints.named(name)]) {
      if (endpoint.destination !== address || endpoint.closed) continue
      if (endpoint.service) {
        // Our own service outlives its user; the next one may bind.
        endpoint.destination = RPMSG_ADDR_ANY
        endpoint.agreement?.peerGone()
      } else {
        this.#remove(
          endpoint,
          new OpenampError('ERR_CLOSED', `channel ${name} was destroyed by the peer`),
        )
      }
      callBack(() => endpoint.options.unbound?.(endpoint))
    }
  }

  bindEndpoint(endpoint: Endpoint, destination: number): void {
    endpoint.destination = destination
    callBack(() => endpoint.options.bound?.(endpoint))
    if (!endpoint.closed) this.control.bound(endpoint)
  }

  /** Tells the peer of an endpoint, or of its end. */
  announceEndpoint(endpoint: Endpoint, destroy: boolean): void {
    if (!this.transport.nameService) return
    endpoint.announcing = !destroy
    if (destroy) endpoint.announced = false
    const { name, address } = endpoint
    const bytes = writeNameServiceMessage({ name, address, destroy })
    // An endpoint that ends before its turn has come is not told of: a peer that destroys services
    // without end, and takes no buffer, must not have announcements of ours pile up.
    const of = destroy ? undefined : endpoint
    const sent = this.grantTx((buffer) => {
      if (!destroy && !endpoint.announcing) {
        this.releaseTx(buffer)
        return
      }
      if (!destroy) endpoint.announced = true
      buffer.bytes.set(bytes)
      this.transmit(buffer, address, RPMSG_NS_ADDR, bytes.length)
    }, of)
    // It fails with its endpoint or the link, and then every operation on that says so.
    sent.catch(() => {})
  }

  /** A message that came in fragments. */
  deliverWhole(assembly: Assembly, endpoint: Endpoint): void {
    const message = assembly.message(() => {
      this.#wholeHeld--
    })
    message.lent = true
    endpoint.receive(message)
    message.lent = false
    if (message.held) this.#wholeHeld++
  }

  #dispatch(message: RxBuffer): void {
    this.#received++
    if (message.destination === RPMSG_NS_ADDR) {
      this.#nameService.receive(message)
      return
    }
    const endpoint = this.#endpoints.at(message.destination)
    if (endpoint === undefined) {
      this.drop('no endpoint', message)
      return
    }
    if (endpoint === this.control.endpoint) {
      this.control.receive(message)
      return
    }
    if (!endpoint.bound && message.source !== RPMSG_ADDR_ANY) {
      this.bindEndpoint(endpoint, message.source)
      if (endpoint.closed) {
        this.drop('no endpoint', message)
        return
      }
    }
    endpoint.receive(message)
  }

  #remove(endpoint: Endpoint, reason: Error | undefined): void {
    const error = endpoint.markClosed(reason)
    this.#endpoints.delete(endpoint)
    this.transport.closeEndpoint?.(endpoint.address)
    this.senders.failOf(endpoint, error)
    if (endpoint === this.control.endpoint && reason === undefined) this.control.closed()
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
