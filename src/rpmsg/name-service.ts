import { OpenampError } from '../base/errors.js'
import { callBack } from '../base/events.js'
import type { Wait, WaitOptions } from '../base/waits.js'
import type { RxBuffer } from './buffers.js'
import type { Channel } from './channel.js'
import { CONTROL_NAME } from './control-message.js'
import type { RpmsgDevice } from './device.js'
import { readNameServiceMessage } from './header.js'

/** A service that the peer offers. */
export interface Announcement {
  readonly name: string
  /** The peer's address. */
  readonly address: number
}

/** What a program may hear of the name service, as `rpmsg_init_vdev` of OpenAMP takes it. */
export interface NameServiceCallbacks {
  /**
   * The peer has announced a service for which nobody waits and to which no endpoint is bound
   * (rpmsg_ns_bind_cb): now is the time to bind one. Called again where it is announced again.
   */
  readonly nsBind?: ((device: RpmsgDevice, name: string, destination: number) => void) | undefined
  /** The peer has destroyed a service, known or not (rpmsg_ns_unbind_cb of the device). */
  readonly nsUnbind?: ((device: RpmsgDevice, name: string, destination: number) => void) | undefined
}

/** A peer that offers more than this many services at once is taken for broken. */
const ANNOUNCEMENTS_MAX = 4096

interface Request {
  readonly name: string
  readonly wait: Wait<Channel>
  readonly bind: (peer: Announcement) => Channel
}

/**
 * The name service at address 53: what the peer has announced, who waits for it, and the binding of
 * our own announced endpoints when the peer announces back.
 */
export class NameService {
  readonly #device: RpmsgDevice
  readonly #callbacks: NameServiceCallbacks
  readonly #announcements = new Map<string, Announcement>()
  readonly #requests: Request[] = []

  constructor(device: RpmsgDevice, callbacks: NameServiceCallbacks) {
    this.#device = device
    this.#callbacks = callbacks
  }

  get announcements(): readonly Announcement[] {
    return [...this.#announcements.values()]
  }

  /**
   * Binds a channel to the first announcement of `name` that has none yet; waits for it. The channel
   * is bound before the next message is looked at, so nothing sent to it is missed.
   */
  async bind(
    name: string,
    options: WaitOptions,
    bind: (peer: Announcement) => Channel,
  ): Promise<Channel> {
    const known = this.announcements.filter((other) => other.name === name)
    const free = known.find(({ address }) => !this.#device.isBound(name, address))
    if (free !== undefined) return bind(free)
    if (known.length > 0) {
      throw new OpenampError('ERR_STATE', `channel ${name} is bound already`)
    }
    const what = `announcement of ${name}`
    const wait = this.#device.waits.add<Channel>('announcement', what, options)
    const request = { name, wait, bind }
    this.#requests.push(request)
    try {
      return await wait.promise
    } finally {
      const at = this.#requests.indexOf(request)
      if (at >= 0) this.#requests.splice(at, 1)
    }
  }

  receive(message: RxBuffer): void {
    const said = readNameServiceMessage(message.data)
    if (said === undefined) {
      this.#device.drop('malformed name service message', message)
      return
    }
    // The library's own, of which no program needs to know.
    if (said.name === CONTROL_NAME) {
      if (said.destroy) this.#device.control.destroyed(said.address)
      else this.#device.control.announced(said.address)
    } else if (said.destroy) this.#destroyed(said.name, said.address)
    else this.#created(said.name, said.address)
  }

  close(error: Error): void {
    for (const request of this.#requests.splice(0)) request.wait.reject(error)
    this.#announcements.clear()
  }

  #created(name: string, address: number): void {
    // Our own name coming back is the acknowledgement, not news.
    for (const endpoint of this.#device.named(name)) {
      if (!endpoint.service) continue
      if (!endpoint.bound) this.#device.bindEndpoint(endpoint, address)
      if (endpoint.destination === address) return
    }
    const key = keyOf(name, address)
    if (!this.#announcements.has(key)) {
      if (this.#announcements.size === ANNOUNCEMENTS_MAX) {
        throw new OpenampError('ERR_PEER', `name service: more than ${ANNOUNCEMENTS_MAX} channels`)
      }
      const announcement = { name, address }
      this.#announcements.set(key, announcement)
      this.#device.events.emit({ type: 'announced', name, address })
      if (this.#serve(announcement)) return
    }
    if (this.#device.isBound(name, address)) return
    callBack(() => this.#callbacks.nsBind?.(this.#device, name, address))
  }

  /** @returns true where somebody has waited for it and has it now */
  #serve(announcement: Announcement): boolean {
    for (const { name, wait, bind } of this.#requests) {
      if (name !== announcement.name || !wait.pending) continue
      try {
        wait.resolve(bind(announcement))
        return true
      } catch (error) {
        // Its own address is in use: the next one may have better luck.
        wait.reject(asError(error))
      }
    }
    return false
  }

  #destroyed(name: string, address: number): void {
    if (this.#announcements.delete(keyOf(name, address))) {
      this.#device.events.emit({ type: 'destroyed', name, address })
    }
    this.#device.unbindPeer(name, address)
    callBack(() => this.#callbacks.nsUnbind?.(this.#device, name, address))
  }
}

function keyOf(name: string, address: number): string {
  return `${address} ${name}`
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
