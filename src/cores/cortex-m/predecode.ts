import type { DebugControl } from '../debug.js'
import { type MappedMemory, type MappedRegion, PAGE_SIZE } from '../memory.js'
import {
  advance,
  GUARDED,
  guard,
  type Instruction,
  instruction,
  itstateOf,
  LONG,
  lengthOf,
  RD_SHIFT,
  RM_SHIFT,
  RN_SHIFT,
} from './instruction.js'
import { Op } from './operation.js'
import type { ArmPart } from './parts.js'
import { decode16, isLong } from './thumb16.js'
import { decode32 } from './thumb32.js'

/** Predecoded pages are dropped beyond this number, so that code that wanders costs bounded memory. */
const MOST_PAGES = 2048

/** An instruction with what stands around it. */
export interface Decoded {
  readonly instruction: Instruction
  /** Four bytes long; `second` are the upper two in memory, 0 where there are none. */
  readonly long: boolean
  readonly second: number
  /** Its condition: ITSTATE and GUARDED. */
  readonly guarded: number
}

/**
 * Decodes the instruction at `pc`, of which `first` are the lower 16 bits in memory, or -1 where there
 * is none.
 */
export type Decode = (memory: MappedMemory, pc: number, first: number, itstate: number) => Decoded

/** There is nothing to be decoded at `address`. */
export function unfetched(address: number, long: boolean, guarded: number): Decoded {
  return { instruction: instruction(Op.FETCH_FAULT, 0, 0, 0, address), long, second: 0, guarded }
}

/** Decodes Thumb instructions (T32). @param wide decodes those of 32 bits, @param narrow of 16 */
export function thumbDecoder(part: ArmPart, narrow = decode16, wide = decode32): Decode {
  return (memory, pc, first, itstate) => {
    const guarded = guard(itstate)
    if (first < 0) return unfetched(pc, false, guarded)
    if (!isLong(first)) {
      const found = narrow(first, pc, part, itstate !== 0)
      return { instruction: found, long: false, second: 0, guarded }
    }
    const second = memory.fetch((pc + 2) | 0)
    if (second < 0) return unfetched((pc + 2) | 0, true, guarded)
    return { instruction: wide(first, second, pc, part), long: true, second, guarded }
  }
}

/** A page of code, and the memory that it was decoded from. */
interface Page {
  readonly code: Int32Array
  /** The halfwords from which each instruction was decoded, and the memory behind them. */
  readonly source: Uint16Array
  readonly memory: Uint16Array
  /** It is the first region's, of whose stores nobody keeps a record. */
  readonly main: boolean
  /** Offsets in bytes between which instructions have been decoded. */
  low: number
  high: number
  /** The last synchronization at which the page was found to be what memory holds. */
  checked: number
}

/**
 * Predecoded code, a page at a time and within it an instruction at a time, as it is reached. Byte
 * offset `at` of a page (always even) and the word after it hold the instruction there; 0 where it
 * has not been reached yet.
 *
 * What is decoded stays until software synchronizes (ISB, DSB, ICIALLU). As every context switch
 * does that, nothing is thrown away then: a page is compared with memory when it is next found, unless
 * it is in a region that nothing has been stored into meanwhile.
 */
export class PredecodedPages {
  readonly #memory: MappedMemory
  readonly #decode: Decode
  readonly #debug: DebugControl
  readonly #byRegion: readonly {
    readonly region: MappedRegion
    readonly pages: (Page | undefined)[]
  }[]
  readonly #byCode = new WeakMap<Int32Array, Page>()
  #used: { readonly pages: (Page | undefined)[]; readonly index: number }[] = []
  #synchronization = 0
  /** The last synchronization before which memory of other regions may have changed. */
  #written = 0
  /** Told of an address in a page of which nothing that was decoded is true any more. */
  onChange: (pc: number) => void = () => {}
  /** Told before everything is forgotten. */
  onFlush: () => void = () => {}
  readonly #alone = new Int32Array(PAGE_SIZE)

  constructor(memory: MappedMemory, debug: DebugControl, decode: Decode) {
    this.#memory = memory
    this.#decode = decode
    this.#debug = debug
    this.#byRegion = memory.regions.map((region) => ({
      region,
      pages: new Array<Page | undefined>(Math.ceil(region.size / PAGE_SIZE)).fill(undefined),
    }))
  }

  /** The page that `pc` lies in, or undefined where there is no memory. */
  find(pc: number): Int32Array | undefined {
    const regions = this.#byRegion
    // No iterator: every jump to another page comes through here.
    for (let i = 0; i < regions.length; i++) {
      const entry = regions[i]
      if (entry === undefined) break
      const { region, pages } = entry
      const offset = (pc - region.base) >>> 0
      if (offset < region.size) {
        const index = offset >>> 12
        const page = pages[index] ?? this.#add(region, pages, index)
        if (page.checked < (page.main ? this.#synchronization : this.#written)) {
          this.#check(page, pc)
        }
        return page.code
      }
    }
    return undefined
  }

  /** Counted up by `synchronize`. */
  get synchronization(): number {
    return this.#synchronization
  }

  /** The page that `pc` lies in, if anything in it has been decoded. */
  existing(pc: number): Int32Array | undefined {
    const regions = this.#byRegion
    for (let i = 0; i < regions.length; i++) {
      const entry = regions[i]
      if (entry === undefined) break
      const offset = (pc - entry.region.base) >>> 0
      if (offset < entry.region.size) return entry.pages[offset >>> 12]?.code
    }
    return undefined
  }

  /** What is executed from now on is what memory holds now. */
  synchronize(): void {
    this.#synchronization++
    const { shared, written } = this.#memory
    if (written[0] === 0 && !shared) return
    written[0] = 0
    this.#written = this.#synchronization
  }

  #check(page: Page, pc: number): void {
    page.checked = this.#synchronization
    const { source, memory } = page
    for (let i = page.low >>> 1; i < page.high >>> 1; i++) {
      if (source[i] !== memory[i]) {
        page.code.fill(0)
        page.low = PAGE_SIZE
        page.high = 0
        this.onChange(pc)
        return
      }
    }
  }

  #add(region: MappedRegion, pages: (Page | undefined)[], index: number): Page {
    if (this.#used.length >= MOST_PAGES) this.flush()
    const first = (index * PAGE_SIZE) / 2
    const memory = region.halves.subarray(first, first + PAGE_SIZE / 2)
    const page = {
      code: new Int32Array(PAGE_SIZE),
      source: memory.slice(),
      memory,
      main: overlaps(memory, this.#memory.main.bytes),
      low: PAGE_SIZE,
      high: 0,
      checked: this.#synchronization,
    }
    pages[index] = page
    this.#byCode.set(page.code, page)
    this.#used.push({ pages, index })
    return page
  }

  /**
   * Decodes the instruction at `pc` into its place in `page`, and with an IT instruction those of
   * its block: they are not the same outside of it.
   */
  decode(page: Int32Array, pc: number): void {
    const found = this.#put(page, pc, 0)
    if (found === Op.IT) this.decodeBlock(page, pc)
  }

  /** Decodes the block of the IT instruction at `pc`, which lies in `page`. */
  decodeBlock(page: Int32Array, pc: number): void {
    const place = pc & (PAGE_SIZE - 1)
    let itstate = itstateOf(page[place + 1] ?? 0)
    let at = (pc + 2) | 0
    let current = page
    let base = pc & -PAGE_SIZE
    for (; itstate !== 0; itstate = advance(itstate)) {
      if ((at & -PAGE_SIZE) !== base) {
        const next = this.find(at)
        if (next === undefined) return
        current = next
        base = at & -PAGE_SIZE
      }
      this.#put(current, at, itstate)
      at = (at + lengthOf(current[at & (PAGE_SIZE - 1)] ?? 0)) | 0
    }
  }

  /**
   * Decodes the instruction at `pc` for once as one with `itstate`, into a page of its own: where
   * an exception returns into an IT block, or not as the code around it has it.
   */
  decodeAlone(pc: number, itstate: number): Int32Array {
    this.#alone.fill(0)
    this.#put(this.#alone, pc, itstate)
    return this.#alone
  }

  /** Decodes the instruction at `pc` anew, as one with `itstate`: what is set there has changed. */
  redecode(pc: number, itstate: number): void {
    const page = this.find(pc)
    if (page === undefined) return
    if (this.#put(page, pc, itstate) === Op.IT) this.decodeBlock(page, pc)
  }

  #put(page: Int32Array, pc: number, itstate: number): Op {
    const at = pc & (PAGE_SIZE - 1)
    const first = this.#memory.fetch(pc)
    const decoded = this.#decode(this.#memory, pc, first, itstate)
    const { long, second, guarded } = decoded
    const { rd, rn, rm, imm } = decoded.instruction
    const { breakpoints, passing } = this.#debug
    const stops = breakpoints.has(pc >>> 0) && passing !== pc >>> 0
    const op = stops ? Op.BREAKPOINT : decoded.instruction.op
    const conditional = !stops && op !== Op.FETCH_FAULT && op !== Op.BKPT && op !== Op.IT
    page[at] =
      op |
      (conditional ? guarded : guarded & ~GUARDED) |
      (rd << RD_SHIFT) |
      (rn << RN_SHIFT) |
      (rm << RM_SHIFT) |
      (long ? LONG : 0)
    page[at + 1] = imm
    this.#remember(page, at, first, long ? second : -1)
    return op
  }

  /** Notes what the instruction at offset `at` was decoded from; `second` may be -1. */
  #remember(code: Int32Array, at: number, first: number, second: number): void {
    const page = this.#byCode.get(code)
    if (page === undefined) return
    page.source[at >>> 1] = first
    // The half that lies in the next page is not looked at again.
    if (second >= 0 && at + 2 < PAGE_SIZE) page.source[(at >>> 1) + 1] = second
    page.low = Math.min(page.low, at)
    page.high = Math.max(page.high, Math.min(at + (second >= 0 ? 4 : 2), PAGE_SIZE))
  }

  /** Forgets everything. */
  flush(): void {
    this.onFlush()
    for (const { pages, index } of this.#used) pages[index] = undefined
    this.#used = []
  }
}

/** A region may have another name elsewhere, over the same memory. */
function overlaps(page: Uint16Array, region: Uint8Array): boolean {
  const { byteOffset, byteLength } = region
  const offset = page.byteOffset - byteOffset
  return page.buffer === region.buffer && offset >= 0 && offset < byteLength
}
