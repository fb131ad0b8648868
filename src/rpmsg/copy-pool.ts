/** Bytes that are taken from the engine at a time. */
const SLAB_SIZE = 0x1_0000

/** Larger payloads get a buffer of their own: that costs little beside the copying. */
const POOLED_MAX = SLAB_SIZE / 8

/** Copies begin at multiples of this, so that a view of any number type can be laid over one. */
const ALIGN = 8

/**
 * Room for copies of payloads, taken from the engine in large pieces: to make an ArrayBuffer for each
 * small payload costs several times as much as to copy it. As with Node's pooled Buffers, copies share
 * an ArrayBuffer: mind `byteOffset` where you use `buffer`, transfer none of them to another thread, and
 * know that one copy that is kept keeps the 64 KiB around it. `RxBuffer.copy` without a pool has none
 * of this.
 *
 * @example
 * const pool = new CopyPool()
 * rpmsg.createEndpoint({ address: 50, receive: (message) => kept.push(message.copy(pool)) })
 */
export class CopyPool {
  #slab = new ArrayBuffer(0)
  #used = 0

  /** A copy of `source` that is the caller's to keep and to change. */
  copy(source: Uint8Array): Uint8Array {
    const { length } = source
    if (length > POOLED_MAX) return source.slice()
    // A slab that somebody has transferred has no bytes any more.
    if (this.#used + length > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(SLAB_SIZE)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#slab, this.#used, length)
    copy.set(source)
    this.#used += Math.ceil(length / ALIGN) * ALIGN
    return copy
  }
}
