import { hex, OpenampError } from '../base/errors.js'
import type { Wait, WaitOptions } from '../base/waits.js'
import type { Agreement } from './agreement.js'
import type { TxBuffer } from './buffers.js'
import {
  CONTROL,
  CONTROL_TYPE,
  FRAGMENT,
  writeControlMessage,
  writeFragment,
} from './control-message.js'
import type { RpmsgDevice } from './device.js'
import type { Endpoint } from './endpoint.js'
import type { Sender } from './senders.js'

/** Something that waits to be sent, or for a buffer to be filled in place. */
interface Job {
  /** Undefined where the buffer itself is wanted. */
  readonly bytes: Uint8Array | undefined
  readonly destination: number
  readonly wait: Wait<TxBuffer | undefined>
  /** Bytes that have gone in fragments. */
  sent: number
}

/**
 * What an endpoint with an agreement has to send, in order: one message at a time waits for the ring,
 * so that a pause takes hold at once, and fragments of a message have nothing between them.
 */
export class Outbox implements Sender {
  readonly endpoint: Endpoint
  readonly #device: RpmsgDevice
  readonly #agreement: Agreement
  readonly #jobs: Job[] = []
  /** It stands in the queue for a transmit buffer. */
  #queued = false
  /** To whom it must be said, before anything else, that the message begun will not be completed. */
  #abortTo: number | undefined

  constructor(device: RpmsgDevice, endpoint: Endpoint, agreement: Agreement) {
    this.#device = device
    this.endpoint = endpoint
    this.#agreement = agreement
  }

  get waiting(): number {
    return this.#jobs.length
  }

  async send(bytes: Uint8Array, options: WaitOptions | undefined): Promise<void> {
    this.#check(bytes.length)
    if (!this.#large(bytes) && !this.#agreement.paused && this.#trySend(bytes)) return
    await this.#enqueue(bytes, options)
  }

  /** @returns false where something waits already, or no buffer is free. @throws ERR_PAUSED, … */
  trySend(bytes: Uint8Array): boolean {
    this.#check(bytes.length)
    if (this.#large(bytes)) {
      const { payloadSize } = this.#device
      throw new OpenampError(
        'ERR_MESSAGE_SIZE',
        `a message of ${bytes.length} bytes needs more than one buffer of ${payloadSize}: use send, which waits for them`,
      )
    }
    this.requireFlow()
    return this.#trySend(bytes)
  }

  async buffer(options: WaitOptions | undefined): Promise<TxBuffer | undefined> {
    if (!this.#agreement.paused) {
      const buffer = this.tryBuffer()
      if (buffer !== undefined) return buffer
    }
    return this.#enqueue(undefined, options)
  }

  tryBuffer(): TxBuffer | undefined {
    // Who has given up, a moment ago, holds nobody up.
    if (this.#jobs.length > 0) this.pump()
    return this.#jobs.length > 0 ? undefined : this.#device.tryGetTx()
  }

  /** Sends a buffer that was filled in place, after what waits already. */
  sendNocopy(buffer: TxBuffer, length: number, destination: number): void {
    if (this.#jobs.length === 0) {
      this.#device.transmit(buffer, this.endpoint.address, destination, length)
      return
    }
    // Who waits may need the very buffer, so it is given back.
    const bytes = buffer.bytes.slice(0, length)
    this.#device.releaseTx(buffer)
    // It fails only with the endpoint, and then every operation on it says so.
    this.#enqueue(bytes, undefined).catch(() => {})
  }

  /** @throws ERR_PAUSED where the peer has paused the endpoint */
  requireFlow(): void {
    if (!this.#agreement.paused) return
    const what = `endpoint ${hex(this.endpoint.address)} was paused by its peer`
    throw new OpenampError('ERR_PAUSED', `${what}: send waits until it is resumed`)
  }

  /** Sends what can be sent now; to be called when something has changed that it waits for. */
  pump(): void {
    while (this.pending) {
      const buffer = this.#device.tryGetTx()
      if (buffer === undefined) {
        this.#queueUp()
        return
      }
      this.#use(buffer)
    }
    if (!this.#queued) return
    this.#queued = false
    this.#device.senders.remove(this)
  }

  close(error: Error): void {
    this.#queued = false
    this.#abortTo = undefined
    this.#device.senders.remove(this)
    for (const job of this.#jobs.splice(0)) job.wait.reject(error)
  }

  // ---- in the queue for transmit buffers

  get pending(): boolean {
    // Asked first: it may find that a message was given up.
    return this.#next() !== undefined || this.#abortTo !== undefined
  }

  take(buffer: TxBuffer | undefined): void {
    this.#queued = false
    if (buffer === undefined) return
    this.#use(buffer)
    this.pump()
  }

  fail(error: Error): void {
    this.close(error)
  }

  #queueUp(): void {
    if (this.#queued) return
    this.#queued = true
    this.#device.senders.add(this)
  }

  async #enqueue(
    bytes: Uint8Array | undefined,
    options: WaitOptions | undefined,
  ): Promise<TxBuffer | undefined> {
    const what = this.#agreement.paused ? 'resumption by the peer' : 'free transmit buffer'
    const wait = this.#device.waits.add<TxBuffer | undefined>('buffer', what, options)
    this.#jobs.push({ bytes, destination: this.endpoint.destination, wait, sent: 0 })
    this.pump()
    try {
      return await wait.promise
    } finally {
      // Where it has given up, the next one may go.
      this.pump()
    }
  }

  /** The first that still wants to be sent, if it may be sent now. */
  #next(): Job | undefined {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      if (job.wait.pending) {
        const large = job.bytes !== undefined && this.#large(job.bytes)
        const refusal = large ? this.#refusal(job) : undefined
        if (refusal === undefined) {
          const { paused, state } = this.#agreement
          return paused || (large && state === 'asked') ? undefined : job
        }
        job.wait.reject(refusal)
      }
      this.#jobs.shift()
      if (job.sent > 0) this.#abortTo = job.destination
    }
    return undefined
  }

  /** Why a large message cannot go, or go on. */
  #refusal(job: Job): OpenampError | undefined {
    const { state } = this.#agreement
    if (job.destination !== this.endpoint.destination || (job.sent > 0 && state !== 'agreed')) {
      const what = 'the peer closed its end in the middle of the message'
      return new OpenampError('ERR_CLOSED', what)
    }
    return this.#tooLong(job.bytes?.length ?? 0)
  }

  #use(buffer: TxBuffer): void {
    const job = this.#next()
    const { address } = this.endpoint
    if (this.#abortTo !== undefined) {
      writeControlMessage(buffer.bytes, [CONTROL_TYPE.ABORT, address, this.#abortTo, 0])
      this.#abortTo = undefined
      this.#device.control.transmit(buffer, CONTROL.SIZE)
      return
    }
    if (job === undefined) {
      this.#device.releaseTx(buffer)
      return
    }
    const { bytes, destination } = job
    if (bytes === undefined) {
      this.#jobs.shift()
      job.wait.resolve(buffer)
      return
    }
    if (this.#large(bytes)) {
      const length = writeFragment(buffer.bytes, address, destination, bytes, job.sent)
      job.sent += length
      this.#device.control.transmit(buffer, FRAGMENT.DATA + length)
      if (job.sent < bytes.length) return
    } else {
      buffer.bytes.set(bytes)
      this.#device.transmit(buffer, address, destination, bytes.length)
    }
    this.#jobs.shift()
    job.wait.resolve(undefined)
  }

  #trySend(bytes: Uint8Array): boolean {
    const buffer = this.tryBuffer()
    if (buffer === undefined) return false
    buffer.bytes.set(bytes)
    const { address, destination } = this.endpoint
    this.#device.transmit(buffer, address, destination, bytes.length)
    return true
  }

  #large(bytes: Uint8Array): boolean {
    return bytes.length > this.#device.payloadSize
  }

  #check(length: number): void {
    const error = this.#tooLong(length)
    if (error !== undefined) throw error
  }

  #tooLong(length: number): OpenampError | undefined {
    const { payloadSize } = this.#device
    if (length <= payloadSize) return undefined
    const { most, state, limit } = this.#agreement
    const what = `a message of ${length} bytes: a buffer carries at most ${payloadSize}`
    if (length > most) {
      return new OpenampError(
        'ERR_MESSAGE_SIZE',
        `${what}, and this end's maxMessageSize is ${most}`,
      )
    }
    if (state === 'none') {
      return new OpenampError(
        'ERR_MESSAGE_SIZE',
        `${what}, and the peer does not put larger ones together`,
      )
    }
    if (state === 'agreed' && length > limit) {
      return new OpenampError('ERR_MESSAGE_SIZE', `${what}, and the peer takes at most ${limit}`)
    }
    return undefined
  }
}
