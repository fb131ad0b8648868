import type { MappedMemory } from '../memory.js'

/** More than a buffer can have bytes. */
const SPAN = 2 ** 36

/** The words of a core's memory by where they really are: a region may be seen at several addresses. */
export class MemoryWords {
  readonly #memory: MappedMemory
  readonly #buffers: ArrayBufferLike[] = []
  readonly #words: Int32Array[] = []

  constructor(memory: MappedMemory) {
    this.#memory = memory
    for (const { bytes } of memory.regions) {
      const { buffer } = bytes
      if (this.#buffers.includes(buffer)) continue
      this.#buffers.push(buffer)
      this.#words.push(new Int32Array(buffer, 0, buffer.byteLength >>> 2))
    }
  }

  /** See `LoopState.locate`. */
  locate(address: number): number | undefined {
    if ((address & 3) !== 0) return undefined
    const region = this.#memory.find(address)
    if (region === undefined) return undefined
    const { base, bytes } = region
    const offset = bytes.byteOffset + ((address - base) >>> 0)
    return this.#buffers.indexOf(bytes.buffer) * SPAN + offset
  }

  get(location: number): number {
    return this.#words[Math.floor(location / SPAN)]?.[(location % SPAN) / 4] ?? 0
  }

  set(location: number, value: number): void {
    const words = this.#words[Math.floor(location / SPAN)]
    if (words !== undefined) words[(location % SPAN) / 4] = value
  }
}
