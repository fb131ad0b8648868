import type { Clock } from '../../base/clock.js'
import { hex, isOpenampError, OpenampError } from '../../base/errors.js'
import { Waits } from '../../base/waits.js'
import { RpmsgDevice, VirtioRpmsgRemote } from '../../rpmsg/index.js'
import { type TransportQueue, VIRTIO_ID, VIRTIO_STATUS } from '../../virtio/index.js'
import type { Descriptor, Message } from './descriptor.js'
import { GuestMemory, MemoryTable } from './memory.js'
import {
  backendMessage,
  decodeRequest,
  type Request,
  replyConfig,
  replyState,
  replyU64,
  VHOST_USER_BACKEND,
  VHOST_USER_F_PROTOCOL_FEATURES,
  VHOST_USER_FLAG,
  VHOST_USER_PROTOCOL_F,
} from './message.js'
import { QueueState } from './queue.js'

export interface SessionOptions {
  /** Virtio features to offer. */
  readonly features: number
  /** Offer notifications as messages, besides event descriptors. */
  readonly inband: boolean
  readonly clock: Clock
  /** Sends bytes to the front-end. @throws ERR_PEER where it does not read what it is sent */
  readonly send: (bytes: Uint8Array) => void
  /** The link is up. */
  readonly ready: (rpmsg: RpmsgDevice) => void
  /** The link has ended, and the front-end is still there. */
  readonly stopped: (reason: Error) => void
  /** An error that no message brought: the session is to be closed. */
  readonly failed: (error: Error) => void
}

const bit = (n: number): bigint => 1n << BigInt(n)
const PROTOCOL_FEATURES = bit(VHOST_USER_F_PROTOCOL_FEATURES)
const F = VHOST_USER_PROTOCOL_F
const INBAND = bit(F.INBAND_NOTIFICATIONS)
/** Without these, notifications in messages have no channel, or no end. */
const INBAND_NEEDS = bit(F.REPLY_ACK) | bit(F.BACKEND_REQ)

/**
 * One front-end's session: the state of the vhost-user protocol, and on it an RPMsg link in the
 * remote's role. What the front-end says is checked before it is used; what it says wrongly is an
 * error, after which the session is to be closed.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #offered: bigint
  readonly #offeredProtocol: bigint
  readonly #memory = new GuestMemory()
  readonly #queues = [new QueueState(0), new QueueState(1)]
  #features = 0n
  #protocol = 0n
  #status = 0
  #backendChannel: Descriptor | undefined
  /** Calls that the backend channel had no room for, by queue. */
  readonly #unsent = new Set<number>()
  #link: RpmsgDevice | undefined
  /** A message is being handled: an error of the link's is its answer. */
  #handling = false
  #failure: unknown
  #closed = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#offered = BigInt(options.features) | PROTOCOL_FEATURES
    const always = bit(F.MQ) | bit(F.REPLY_ACK) | bit(F.BACKEND_REQ) | bit(F.CONFIG) | bit(F.STATUS)
    this.#offeredProtocol = options.inband ? always | INBAND : always
  }

  /**
   * Handles one message, and answers it. Its descriptors are the session's from here on.
   * @throws what is wrong with it, after the front-end was told if it wants to know
   */
  receive(message: Message): void {
    const files = [...message.descriptors]
    const wantsReply = (message.flags & VHOST_USER_FLAG.NEED_REPLY) !== 0
    const acknowledge = (error: boolean): void => {
      if (wantsReply && this.#has(F.REPLY_ACK)) {
        this.#options.send(replyU64(message.request, error ? 1n : 0n))
      }
    }
    this.#handling = true
    try {
      if (this.#closed) return
      const request = decodeRequest(message.request, message.payload)
      checkFiles(request, files.length)
      const reply = this.#handle(request, message.request, files)
      if (this.#failure !== undefined) throw this.#failure
      if (reply !== undefined) this.#options.send(reply)
      else acknowledge(false)
    } catch (error) {
      acknowledge(true)
      throw asPeerError(error)
    } finally {
      this.#handling = false
      for (const file of files) file.close()
    }
  }

  /** Ends the session: the link with `reason`, and everything that the front-end has given. */
  close(reason: Error): void {
    if (this.#closed) return
    this.#closed = true
    const link = this.#link
    this.#link = undefined
    link?.close(reason)
    for (const queue of this.#queues) {
      if (isOpenampError(reason, 'ERR_PEER')) queue.error?.signal()
      queue.closeEvents()
    }
    this.#backendChannel?.close()
    this.#memory.release()
  }

  #handle(request: Request, id: number, files: Descriptor[]): Uint8Array | undefined {
    switch (request.name) {
      case 'GET_FEATURES':
        return replyU64(id, this.#offered)
      case 'GET_PROTOCOL_FEATURES':
        return replyU64(id, this.#offeredProtocol)
      case 'GET_QUEUE_NUM':
        return replyU64(id, BigInt(this.#queues.length))
      case 'GET_STATUS':
        return replyU64(id, BigInt(this.#status))
      case 'GET_CONFIG':
        // An RPMsg device has no configuration.
        return replyConfig(id, request.offset, request.size)
      case 'GET_VRING_BASE': {
        const queue = this.#queue(request.index)
        this.#stopLink('the front-end has stopped a ring')
        queue.started = false
        queue.setKick(undefined)
        queue.setCall(undefined)
        return replyState(id, queue.index, queue.base)
      }
      case 'SET_OWNER':
        return undefined
      case 'SET_FEATURES':
        this.#setFeatures(request.value)
        return undefined
      case 'SET_PROTOCOL_FEATURES':
        this.#setProtocolFeatures(request.value)
        return undefined
      case 'SET_STATUS':
        this.#setStatus(Number(request.value & 0xffn))
        return undefined
      case 'SET_CONFIG':
        throw lie('the configuration of an RPMsg device is read-only')
      case 'RESET_OWNER':
        for (const queue of this.#queues) queue.enabled = false
        this.#stopLink('the front-end has disabled the rings')
        return undefined
      case 'SET_BACKEND_REQ_FD':
        this.#backendChannel?.close()
        this.#unsent.clear()
        this.#backendChannel = files.shift()
        return undefined
      case 'SET_MEM_TABLE':
        this.#memory.replace(new MemoryTable(request.regions, files))
        if (this.#link === undefined) this.#memory.releaseOld()
        return undefined
      default:
        this.#handleRing(request, this.#queue(request.index), files)
        return undefined
    }
  }

  #handleRing(
    request: Extract<Request, { readonly index: number }>,
    queue: QueueState,
    files: Descriptor[],
  ): void {
    switch (request.name) {
      case 'SET_VRING_NUM':
        this.#requireStopped(request.name)
        queue.setNum(request.num)
        break
      case 'SET_VRING_BASE':
        this.#requireStopped(request.name)
        if (request.num > 0xffff) throw lie(`base ${request.num} of vring ${queue.index}`)
        queue.base = request.num
        break
      case 'SET_VRING_ADDR':
        if (this.#link !== undefined && queue.sameAddresses(request)) break
        this.#requireStopped(request.name)
        queue.setAddresses(request, this.#memory)
        break
      case 'SET_VRING_KICK': {
        if (request.noFd && !this.#has(F.INBAND_NOTIFICATIONS)) {
          throw lie(`vring ${queue.index} is to be polled, which this back-end does not`)
        }
        const kick = files.shift()
        queue.setKick(kick)
        kick?.watch(
          () => this.#kicked(queue),
          (error) => this.#fail(error),
        )
        break
      }
      case 'SET_VRING_CALL':
        queue.setCall(files.shift())
        break
      case 'SET_VRING_ERR':
        queue.setError(files.shift())
        break
      case 'SET_VRING_ENABLE':
        if (!this.#has(VHOST_USER_F_PROTOCOL_FEATURES, this.#features)) {
          throw lie('SET_VRING_ENABLE without VHOST_USER_F_PROTOCOL_FEATURES')
        }
        queue.enabled = request.num !== 0
        if (!queue.enabled) this.#stopLink('the front-end has disabled a ring')
        break
      case 'VRING_KICK':
        if (!this.#has(F.INBAND_NOTIFICATIONS)) {
          throw lie('VRING_KICK without VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS')
        }
        this.#kicked(queue)
        return
    }
    this.#startLink()
  }

  #setFeatures(features: bigint): void {
    const unknown = features & ~this.#offered
    if (unknown !== 0n) throw lie(`features ${hex(unknown)} were not offered`)
    if (features !== this.#features) this.#requireStopped('SET_FEATURES')
    this.#features = features
  }

  #setProtocolFeatures(features: bigint): void {
    const unknown = features & ~this.#offeredProtocol
    if (unknown !== 0n) throw lie(`protocol features ${hex(unknown)} were not offered`)
    if ((features & INBAND) !== 0n && (features & INBAND_NEEDS) !== INBAND_NEEDS) {
      throw lie('INBAND_NOTIFICATIONS without BACKEND_REQ and REPLY_ACK')
    }
    this.#protocol = features
  }

  #setStatus(status: number): void {
    this.#status = status
    if ((status & VIRTIO_STATUS.DRIVER_OK) !== 0) this.#startLink()
    else this.#stopLink('the driver has reset the device')
  }

  #kicked(queue: QueueState): void {
    queue.started = true
    if (this.#link !== undefined) this.#link.poll()
    else {
      try {
        this.#startLink()
      } catch (error) {
        this.#fail(error)
      }
    }
  }

  /**
   * The link comes up with the first kick of queue 0, which is the driver's receive queue: by then
   * it has filled it. Both rings must be known and enabled, and where the front-end passes the
   * device status on, the driver must be there.
   */
  #startLink(): void {
    if (this.#link !== undefined || this.#closed || this.#queues[0]?.started !== true) return
    const enabled = !this.#has(VHOST_USER_F_PROTOCOL_FEATURES, this.#features)
    if (!this.#queues.every((queue) => queue.configured && (enabled || queue.enabled))) return
    const { DRIVER_OK } = VIRTIO_STATUS
    if (this.#has(F.STATUS) && (this.#status & DRIVER_OK) === 0) return

    const status = VIRTIO_STATUS.ACKNOWLEDGE | VIRTIO_STATUS.DRIVER | DRIVER_OK
    const queues = this.#queues.map((queue): TransportQueue => {
      const ring = queue.open(this.#memory)
      return { ring: () => ring, base: queue.base, notify: () => this.#call(queue) }
    })
    const transport = {
      deviceId: VIRTIO_ID.RPMSG,
      deviceFeatures: this.#options.features,
      driverFeatures: Number(this.#features & ~PROTOCOL_FEATURES),
      status,
      queues,
    }
    const remote = new VirtioRpmsgRemote({ transport, space: this.#memory })
    const link = new RpmsgDevice(remote, {
      waits: new Waits(this.#options.clock),
      onPeerFault: (error) => this.#fail(error),
    })
    this.#link = link
    for (const queue of this.#queues) queue.started = true
    this.#options.ready(link)
    link.poll()
  }

  #stopLink(why: string): void {
    const link = this.#link
    if (link === undefined) return
    this.#link = undefined
    const reason = new OpenampError('ERR_STOPPED', why)
    link.close(reason)
    for (const queue of this.#queues) queue.leave()
    this.#unsent.clear()
    this.#memory.releaseOld()
    this.#options.stopped(reason)
  }

  /** Tells the driver that the device has used buffers of a queue. */
  #call(queue: QueueState): void {
    if (queue.call !== undefined) queue.call.signal()
    else if (this.#has(F.INBAND_NOTIFICATIONS)) this.#sendCall(queue.index)
  }

  #sendCall(index: number): void {
    const bytes = backendMessage(VHOST_USER_BACKEND.VRING_CALL, index)
    const drained = (): void => {
      const unsent = [...this.#unsent]
      this.#unsent.clear()
      for (const other of unsent) this.#sendCall(other)
    }
    // One call stands for all that are due on its queue.
    if (this.#unsent.has(index)) return
    if (this.#unsent.size > 0 || this.#backendChannel?.send(bytes, drained) === false) {
      this.#unsent.add(index)
    }
  }

  #requireStopped(name: string): void {
    if (this.#link !== undefined) throw lie(`${name} while the rings run`)
  }

  #queue(index: number): QueueState {
    const queue = this.#queues[index]
    if (queue === undefined) throw lie(`vring ${index} of ${this.#queues.length}`)
    return queue
  }

  #has(feature: number, features = this.#protocol): boolean {
    return (features & bit(feature)) !== 0n
  }

  #fail(error: unknown): void {
    if (this.#closed) return
    this.#failure ??= error
    if (!this.#handling) this.#options.failed(asPeerError(error))
  }
}

/** Addresses and sizes that do not fit are the front-end's, whatever they are called where found. */
function asPeerError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error), { cause: error })
  if (!isOpenampError(error) || error.code === 'ERR_PEER') return error
  return new OpenampError('ERR_PEER', `vhost-user: ${error.message}`, { cause: error })
}

/** @throws ERR_PEER unless the message has as many descriptors as it must have */
function checkFiles(request: Request, count: number): void {
  const expected = expectedFiles(request)
  if (count !== expected) {
    throw lie(`${request.name} came with ${count} file descriptors, not ${expected}`)
  }
}

function expectedFiles(request: Request): number {
  switch (request.name) {
    case 'SET_MEM_TABLE':
      return request.regions.length
    case 'SET_BACKEND_REQ_FD':
      return 1
    case 'SET_VRING_KICK':
    case 'SET_VRING_CALL':
    case 'SET_VRING_ERR':
      return request.noFd ? 0 : 1
    default:
      return 0
  }
}

function lie(what: string): OpenampError {
  return new OpenampError('ERR_PEER', `vhost-user: ${what}`)
}
