import type { AddressSpace } from '../../src/memory/address-space.js'
import { RxBuffer, TxBuffer } from '../../src/rpmsg/buffers.js'
import { noSink, type RpmsgSink, type RpmsgTransport } from '../../src/rpmsg/transport.js'
import { DESC_F, USED_F_NO_NOTIFY, Vring } from '../../src/virtio/index.js'

export interface MasterOptions {
  readonly space: AddressSpace
  readonly base: number
  readonly count: number
  readonly align: number
  readonly vringSize: number
  readonly kick: (notifyId: number) => void
}

const BUFFER_SIZE = 512
const NO_INTERRUPT = 1
const CHAIN_END = 32768

/**
 * Plays the master of RPMsg-Lite, with its habits: NO_INTERRUPT on both rings for good, WRITE on every
 * descriptor, vring 1's buffers handed to itself through the used ring, which both ends write; used.len
 * taken for a buffer's size; no notice of the buffers that it returns.
 */
export class RpmsgLiteMaster implements RpmsgTransport {
  readonly role = 'host'
  readonly nameService = true
  readonly payloadSize = BUFFER_SIZE - 16
  sink: RpmsgSink = noSink
  readonly #rx: Vring
  readonly #tx: Vring
  readonly #space: AddressSpace
  readonly #kick: (notifyId: number) => void
  #rxUsed = 0
  #txUsed = 0
  #closed = false

  constructor(options: MasterOptions) {
    const { space, base, count, align, vringSize } = options
    this.#space = space
    this.#kick = options.kick
    const ring = (i: number) =>
      Vring.legacy(space, 'da', base + i * vringSize, count, align, `vring ${i}`)
    this.#rx = ring(0)
    this.#tx = ring(1)
    const buffers = space.daToPa(base + 2 * vringSize)
    for (const [i, vring] of [this.#rx, this.#tx].entries()) {
      vring.zero()
      vring.availFlags = NO_INTERRUPT
      for (let head = 0; head < count; head++) {
        const address = buffers + (i * count + head) * BUFFER_SIZE
        const next = head === count - 1 ? CHAIN_END : head + 1
        vring.descriptors.write(head, address, BUFFER_SIZE, DESC_F.WRITE, next)
        if (vring === this.#rx) this.#offer(this.#rx, head)
        else vring.setUsedElem(head, head, BUFFER_SIZE)
      }
    }
    this.#tx.usedIdx = count
    this.#kick(0)
  }

  getTx(): TxBuffer | undefined {
    if (this.#closed || this.#txUsed === this.#tx.usedIdx) return undefined
    const head = this.#tx.usedId(this.#txUsed)
    const size = this.#tx.usedLen(this.#txUsed)
    // rpmsg_lite_alloc_tx_buffer tells its caller this size.
    if (size !== BUFFER_SIZE) throw new Error(`a buffer was returned with length ${size}`)
    this.#txUsed = (this.#txUsed + 1) & 0xffff
    const buffer = new TxBuffer(head)
    buffer.place(this.#locate(this.#tx, head), size)
    buffer.owner = this
    return buffer
  }

  send(buffer: TxBuffer, source: number, destination: number, length: number): void {
    if (this.#closed) return
    buffer.writeHeader(source, destination, length)
    buffer.owner = undefined
    this.#offer(this.#tx, buffer.index)
    if ((this.#tx.usedFlags & USED_F_NO_NOTIFY) === 0) this.#kick(1)
  }

  // It kicks at once.
  flush(): void {}

  releaseTx(): void {
    throw new Error('RPMsg-Lite has no such call')
  }

  notifyTx(): boolean {
    return this.#txUsed !== this.#tx.usedIdx
  }

  hasNews(): boolean {
    return this.#rxUsed !== this.#rx.usedIdx
  }

  get txFree(): boolean {
    return this.#txUsed !== this.#tx.usedIdx
  }

  poll(): boolean {
    while (!this.#closed && this.#rxUsed !== this.#rx.usedIdx) {
      const head = this.#rx.usedId(this.#rxUsed)
      this.#rxUsed = (this.#rxUsed + 1) & 0xffff
      const buffer = new RxBuffer(head, () => {})
      buffer.place(this.#locate(this.#rx, head), BUFFER_SIZE)
      buffer.length = buffer.readHeader()
      buffer.lent = true
      this.sink.received(buffer)
      buffer.lent = false
      if (!this.#closed) this.#offer(this.#rx, head)
    }
    this.sink.txAvailable()
    return false
  }

  close(): void {
    this.#closed = true
  }

  stats() {
    return { rxHeld: 0, txFree: 0, rings: [] }
  }

  #offer(vring: Vring, head: number): void {
    vring.setAvailEntry(vring.availIdx, head)
    vring.availIdx = (vring.availIdx + 1) & 0xffff
  }

  #locate(vring: Vring, head: number) {
    return this.#space.locate('pa', vring.descriptors.addr(head), BUFFER_SIZE, 'buffer')
  }
}
