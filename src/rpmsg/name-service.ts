import { OpenampError } from '../base/errors.js'
import type { Wait, WaitOptions } from '../base/waits.js'
import type { RxBuffer } from './buffers.js'
import type { Channel } from './channel.js'
import type { RpmsgDevice } from './device.js'
import { readNameServiceMessage } from './header.js'

/** A service that the peer offers. */
export interface Announcement {
  readonly name: string
  /** The peer's address. */
  readonly address: number
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
  readonly #announcements: Announcement[] = []
  readonly #requests: Request[] = []

  constructor(device: RpmsgDevice) {
    this.#device = device
  }

  get announcements(): readonly Announcement[] {
    return [...this.#announcements]
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
    const known = this.#announcements.filter((other) => other.name === name)
    const free = known.find((announcement) => !this.#isBound(announcement))
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
    if (said.destroy) this.#destroyed(said.name, said.address)
    else this.#created(said.name, said.address)
  }

  close(error: Error): void {
    for (const request of this.#requests.splice(0)) request.wait.reject(error)
    this.#announcements.length = 0
  }

  #created(name: string, address: number): void {
    // Our own name coming back is the acknowledgement, not news.
    for (const endpoint of this.#device.endpoints) {
      if (endpoint.name !== name || endpoint.options.announce !== true) continue
      if (!endpoint.bound) this.#device.bindEndpoint(endpoint, address)
      if (endpoint.destination === address) return
    }
    if (this.#announcements.some((a) => a.name === name && a.address === address)) return
    if (this.#announcements.length === ANNOUNCEMENTS_MAX) {
      throw new OpenampError('ERR_PEER', `name service: more than ${ANNOUNCEMENTS_MAX} channels`)
    }
    const announcement = { name, address }
    this.#announcements.push(announcement)
    this.#device.events.emit({ type: 'announced', name, address })
    for (const { name: wanted, wait, bind } of this.#requests) {
      if (wanted !== name || !wait.pending) continue
      try {
        wait.resolve(bind(announcement))
        return
      } catch (error) {
        // Its own address is in use: the next one may have better luck.
        wait.reject(asError(error))
      }
    }
  }

  #destroyed(name: string, address: number): void {
    const at = this.#announcements.findIndex((a) => a.name === name && a.address === address)
    if (at >= 0) {
      this.#announcements.splice(at, 1)
      this.#device.events.emit({ type: 'destroyed', name, address })
    }
    this.#device.unbindPeer(name, address)
  }

  #isBound(announcement: Announcement): boolean {
    for (const endpoint of this.#device.endpoints) {
      const { name, destination } = endpoint
      if (name === announcement.name && destination === announcement.address) return true
    }
    return false
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
