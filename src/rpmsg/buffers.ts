import { OpenampError } from '../base/errors.js'
import type { Location } from '../memory/address-space.js'
import type { Region } from '../memory/region.js'
import type { CopyPool } from './copy-pool.js'
import { RPMSG_HDR } from './header.js'

const decoder = new TextDecoder()

/** A message buffer in shared memory: a header and room for a payload. */
export class MessageBuffer {
  /** Descriptor head or pool index: the transport's own name for the buffer. */
  readonly index: number
  /**
   * Where the peer finds it: for the transport that owns it. Not always a number, because the engine
   * then keeps one boxed number for it, instead of making a new one at each use.
   */
  address: number | undefined = undefined
  protected region: Region | undefined
  protected offset = 0
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(index: number) {
    this.index = index
  }

  /** The whole room for a payload, as it lies in shared memory. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Puts the buffer at a place of `length` bytes, header included. For transports. */
  place(location: Location, length: number): void {
    const { region, offset } = location
    const capacity = length - RPMSG_HDR.SIZE
    if (this.region === region && this.offset === offset && this.#bytes.length === capacity) return
    this.region = region
    this.offset = offset
    this.#bytes = region.bytes.subarray(offset + RPMSG_HDR.SIZE, offset + length)
  }
}

/**
 * A received message. It is lent until the callback returns; `hold` keeps it (and its buffer away
 * from the peer) until as many `release` calls.
 */
export class RxBuffer extends MessageBuffer {
  readonly #giveBack: (buffer: RxBuffer) => void
  #holds = 0
  #data: Uint8Array | undefined
  /** What `#data` was cut from. */
  #dataOf: Uint8Array | undefined
  /** True while the callback runs: whoever lent the buffer takes it back afterwards. */
  lent = false
  length = 0
  /** Address of the endpoint that sent it. */
  source = 0
  /** Address that it was sent to. */
  destination = 0
  /** rpmsg_hdr.flags as received. */
  flags = 0

  constructor(index: number, giveBack: (buffer: RxBuffer) => void) {
    super(index)
    this.#giveBack = giveBack
  }

  get held(): boolean {
    return this.#holds > 0
  }

  /** Its buffer is one of the ring's, which the peer misses while it is held. */
  get inRing(): boolean {
    return this.index >= 0
  }

  /**
   * The payload where it lies in shared memory, not copied. The peer should not change it any more,
   * but can: copy first what you check and then use.
   */
  get data(): Uint8Array {
    const { bytes, length } = this
    if (this.#data?.length === length && this.#dataOf === bytes) return this.#data
    this.#dataOf = bytes
    this.#data = bytes.subarray(0, length)
    return this.#data
  }

  /**
   * The payload, copied out: into a buffer of its own, or, which is several times as fast, to where
   * `pool` has room.
   */
  copy(pool?: CopyPool): Uint8Array {
    return pool === undefined ? this.data.slice() : pool.copy(this.data)
  }

  /** The payload, copied and decoded as UTF-8. */
  text(): string {
    return decoder.decode(this.copy())
  }

  /**
   * Keeps the buffer beyond the callback. Each hold needs a release.
   * @throws ERR_STATE once the callback has returned: the buffer is the peer's again
   */
  hold(): this {
    if (!this.lent && this.#holds === 0) {
      throw new OpenampError('ERR_STATE', 'the message was given back to the peer, hold it earlier')
    }
    this.#holds++
    return this
  }

  /**
   * Undoes one hold; after the last one the buffer goes back to the peer, and this object will stand
   * for another message: a release too many takes away the hold that somebody has on that.
   */
  release(): void {
    if (this.#holds === 0) return
    this.#holds--
    if (this.#holds === 0 && !this.lent) this.#giveBack(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** Reads the header once into this object. @returns rpmsg_hdr.len, not checked. For transports. */
  readHeader(): number {
    const { region, offset } = this
    if (region === undefined) return 0
    this.source = region.getU32(offset + RPMSG_HDR.SRC)
    this.destination = region.getU32(offset + RPMSG_HDR.DST)
    this.flags = region.getU16(offset + RPMSG_HDR.FLAGS)
    return region.getU16(offset + RPMSG_HDR.LEN)
  }
}

/** A transmit buffer that the caller fills in place (`bytes`) and then sends or gives back. */
export class TxBuffer extends MessageBuffer {
  /** The transport that gave the buffer out, until it is sent or released. For transports. */
  owner: object | undefined = undefined

  /** True from getting the buffer until it is sent or released. */
  get owned(): boolean {
    return this.owner !== undefined
  }

  /** Writes the header before the payload. For transports. */
  writeHeader(source: number, destination: number, length: number): void {
    const { region, offset } = this
    if (region === undefined) return
    region.setU32(offset + RPMSG_HDR.SRC, source)
    region.setU32(offset + RPMSG_HDR.DST, destination)
    region.setU32(offset + RPMSG_HDR.RESERVED, 0)
    region.setU16(offset + RPMSG_HDR.LEN, length)
    region.setU16(offset + RPMSG_HDR.FLAGS, 0)
  }
}
