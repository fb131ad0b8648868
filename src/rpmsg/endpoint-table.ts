import type { Endpoint } from './endpoint.js'
import { RPMSG_ADDR_ANY, RPMSG_NS_ADDR, RPMSG_RESERVED_ADDRESSES } from './header.js'

const none: ReadonlySet<Endpoint> = new Set()

/** The open endpoints of a device, by address and by name. */
export class EndpointTable {
  readonly #byAddress = new Map<number, Endpoint>()
  readonly #byName = new Map<string, Set<Endpoint>>()
  #next: number

  /** @param next the first address that is given out dynamically */
  constructor(next = RPMSG_RESERVED_ADDRESSES) {
    this.#next = next
  }

  get size(): number {
    return this.#byAddress.size
  }

  get all(): Iterable<Endpoint> {
    return this.#byAddress.values()
  }

  at(address: number): Endpoint | undefined {
    return this.#byAddress.get(address)
  }

  named(name: string): Iterable<Endpoint> {
    return this.#byName.get(name) ?? none
  }

  /** The peer's service `name` at `destination` has an endpoint here. */
  isBound(name: string, destination: number): boolean {
    for (const endpoint of this.named(name)) if (endpoint.destination === destination) return true
    return false
  }

  has(address: number): boolean {
    return address === RPMSG_NS_ADDR || this.#byAddress.has(address)
  }

  /**
   * The next dynamic address. One that was given up is not given out again before all others were:
   * what the peer still sends to it must not reach somebody else.
   */
  freeAddress(): number {
    let address = this.#next
    while (this.#byAddress.has(address)) address = after(address)
    this.#next = after(address)
    return address
  }

  add(endpoint: Endpoint): void {
    this.#byAddress.set(endpoint.address, endpoint)
    const { name } = endpoint
    if (name === '') return
    const others = this.#byName.get(name)
    if (others === undefined) this.#byName.set(name, new Set([endpoint]))
    else others.add(endpoint)
  }

  delete(endpoint: Endpoint): void {
    this.#byAddress.delete(endpoint.address)
    const others = this.#byName.get(endpoint.name)
    others?.delete(endpoint)
    if (others?.size === 0) this.#byName.delete(endpoint.name)
  }
}

function after(address: number): number {
  return address + 1 === RPMSG_ADDR_ANY ? RPMSG_RESERVED_ADDRESSES : address + 1
}
