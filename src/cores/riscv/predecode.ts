import { type MappedMemory, type MappedRegion, PAGE_SIZE } from '../memory.js'
import { decodeCompressed, decodeFetchFault, decodeFull, isCompressed } from './decode.js'
import type { Extensions } from './extensions.js'

/** Predecoded pages are dropped beyond this number, so that code that wanders costs bounded memory. */
const MOST_PAGES = 2048

/**
 * Predecoded code, a page at a time and within it an instruction at a time, as it is reached. Byte
 * offset `at` of a page (always even) and the word after it hold the instruction there; 0 where it
 * has not been reached yet. What is decoded stays until `flush` (FENCE.I, reset, other protection).
 */
export class PredecodedPages {
  readonly #memory: MappedMemory
  readonly #extensions: Extensions
  readonly #mayFetch: (address: number) => boolean
  readonly #byRegion: readonly {
    readonly region: MappedRegion
    readonly pages: (Int32Array | undefined)[]
  }[]
  /** Told before all that is decoded is dropped. */
  onFlush: () => void = () => {}
  #used: { readonly pages: (Int32Array | undefined)[]; readonly index: number }[] = []

  /** @param mayFetch whether the 16 bits of code at an address may be executed */
  constructor(
    memory: MappedMemory,
    extensions: Extensions,
    mayFetch: (address: number) => boolean,
  ) {
    this.#memory = memory
    this.#extensions = extensions
    this.#mayFetch = mayFetch
    this.#byRegion = memory.regions.map((region) => ({
      region,
      pages: new Array<Int32Array | undefined>(Math.ceil(region.size / PAGE_SIZE)).fill(undefined),
    }))
  }

  /** The page that `pc` lies in, or undefined where there is no memory. */
  find(pc: number): Int32Array | undefined {
    for (const { region, pages } of this.#byRegion) {
      const offset = (pc - region.base) >>> 0
      if (offset < region.size) {
        const index = offset >>> 12
        return pages[index] ?? this.#add(pages, index)
      }
    }
    return undefined
  }

  #add(pages: (Int32Array | undefined)[], index: number): Int32Array {
    if (this.#used.length >= MOST_PAGES) this.flush()
    const page = new Int32Array(PAGE_SIZE)
    pages[index] = page
    this.#used.push({ pages, index })
    return page
  }

  /** The page that `pc` lies in, if anything in it has been decoded. */
  existing(pc: number): Int32Array | undefined {
    for (const { region, pages } of this.#byRegion) {
      const offset = (pc - region.base) >>> 0
      if (offset < region.size) return pages[offset >>> 12]
    }
    return undefined
  }

  /** Decodes the instruction at `pc` into its place in `page`. */
  decode(page: Int32Array, pc: number): void {
    const at = pc & (PAGE_SIZE - 1)
    const low = this.#fetch(pc)
    if (low < 0) decodeFetchFault(pc, page, at)
    else if (isCompressed(low)) decodeCompressed(low, pc, page, at, this.#extensions)
    else {
      const high = this.#fetch((pc + 2) | 0)
      if (high < 0) decodeFetchFault((pc + 2) | 0, page, at)
      else decodeFull((high << 16) | low, pc, page, at, this.#extensions)
    }
  }

  #fetch(address: number): number {
    return this.#mayFetch(address) ? this.#memory.fetch(address) : -1
  }

  flush(): void {
    this.onFlush()
    for (const { pages, index } of this.#used) pages[index] = undefined
    this.#used = []
  }
}
