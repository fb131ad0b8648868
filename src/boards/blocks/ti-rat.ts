import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// TI's AM64x technical reference manual (SPRUIM2), "Region-based Address Translation (RAT)".
const CONFIG = 0x004
const REGION = 0x020
/** Of a region's registers, from the start of its 16 bytes. */
const CTRL = 0x0
const BASE = 0x4
const TRANS_L = 0x8
const TRANS_U = 0xc

const REGIONS = 8
/** Where there would be more of them, the registers read 0. */
const REGIONS_END = 0x800
/** RAT_CONFIG of the Cortex-M4F's: 36 bits of system address, one check, eight regions. */
const CONFIG_VALUE = 0x0024_0000 | 0x100 | REGIONS

const CTRL_ENABLE = 0x8000_0000
const CTRL_SIZE = 0x3f
const UPPER_BITS = 0xffff
/** Regions of less than a page, or of more than there is, are no use: the manual has 12 to 32. */
const LOWEST_SIZE = 12
const HIGHEST_SIZE = 32
const TWO_32 = 0x1_0000_0000

/** A region that is enabled, as it translates. */
interface Translation {
  readonly start: number
  readonly end: number
  readonly target: number
}

/**
 * The translation of addresses between a core and the system: regions of 2^SIZE bytes, at multiples of
 * that. What no region is for goes through as it is; where two overlap, the one of the lower number
 * translates (the manual forbids it).
 */
export class TiRat implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #first: number
  readonly #last: number
  readonly #registers = new Uint32Array(4 * REGIONS)
  #translations: readonly Translation[] = []

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'option'>) {
    this.#unmodelled = place.unmodelled
    this.#first = place.option('first')
    this.#last = place.option('last')
  }

  reset(): void {
    this.#registers.fill(0)
    this.#translations = []
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return -1
    if (offset === CONFIG) return CONFIG_VALUE
    if (offset < REGION || offset >= REGIONS_END) return this.#unmodelled.load(offset)
    return this.#registers[(offset - REGION) >>> 2] ?? 0
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (size !== 4) return false
    if (offset === CONFIG) return true
    if (offset < REGION || offset >= REGIONS_END) {
      this.#unmodelled.store(offset, value)
      return true
    }
    const index = (offset - REGION) >>> 2
    this.#registers[index] = value & implemented(offset & 0xf)
    this.#translations = this.#enabled()
    return true
  }

  /** The system's address for one of the core's; undefined where that does not leave the core's own. */
  translate(address: number): number | undefined {
    if (address < this.#first || address > this.#last) return undefined
    for (const { start, end, target } of this.#translations) {
      if (address >= start && address < end) return target + (address - start)
    }
    return address
  }

  #enabled(): readonly Translation[] {
    const found: Translation[] = []
    for (let region = 0; region < REGIONS; region++) {
      const register = (name: number): number => this.#registers[4 * region + (name >>> 2)] ?? 0
      if ((register(CTRL) & CTRL_ENABLE) === 0) continue
      const bits = Math.max(register(CTRL) & CTRL_SIZE, LOWEST_SIZE)
      const size = 2 ** Math.min(bits, HIGHEST_SIZE)
      // Address bits below the size count for nothing.
      const aligned = (at: number): number => Math.floor(at / size) * size
      const start = aligned(register(BASE))
      const target = aligned(register(TRANS_U) * TWO_32 + register(TRANS_L))
      found.push({ start, end: start + size, target })
    }
    return found
  }
}

/** The bits of a region's register that keep what is written to them. */
function implemented(register: number): number {
  if (register === CTRL) return CTRL_ENABLE | CTRL_SIZE
  return register === TRANS_U ? UPPER_BITS : -1
}

export const tiRatType: BlockType = {
  about:
    "TI's region-based address translation (RAT), of the core's addresses from option first to last (AM64x TRM)",
  options: { first: 0x6000_0000, last: 0xdfff_ffff },
  translation: true,
  make: (place) => {
    const rat = new TiRat(place)
    return { device: rat, translate: (address) => rat.translate(address) }
  },
}
