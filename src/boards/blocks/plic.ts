import type { BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// RISC-V Platform-Level Interrupt Controller specification, "Memory Map".
const PRIORITY = 0x00_0000
const PENDING = 0x00_1000
const ENABLE = 0x00_2000
const THRESHOLD = 0x20_0000
const CLAIM = 0x20_0004

/** Sources are numbered from 1; 0 means none. */
const SOURCES = 96
const WORDS = SOURCES / 32
const HIGHEST_PRIORITY = 7

/**
 * Interrupt controller with one context, hart 0 in machine mode. All its sources are levels: a high
 * line makes its source pending, which it stays until it is claimed, even if the line has dropped;
 * if the line is high when the claim is completed, the source is pending again.
 */
export class Plic implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #changed: () => void
  readonly #priorities = new Uint8Array(SOURCES)
  readonly #lines = new Int32Array(WORDS)
  readonly #pending = new Int32Array(WORDS)
  readonly #claimed = new Int32Array(WORDS)
  readonly #enabled = new Int32Array(WORDS)
  #threshold = 0

  /** @param changed told when a register has been written or read that `external` depends on */
  constructor(unmodelled: UnmodelledRegisters, changed: () => void) {
    this.#unmodelled = unmodelled
    this.#changed = changed
  }

  reset(): void {
    this.#priorities.fill(0)
    this.#lines.fill(0)
    this.#pending.fill(0)
    this.#claimed.fill(0)
    this.#enabled.fill(0)
    this.#threshold = 0
    this.#unmodelled.reset()
  }

  /** Drives the line of `source`. */
  setLine(source: number, high: boolean): void {
    const word = source >>> 5
    const bit = 1 << (source & 31)
    const lines = this.#lines[word] ?? 0
    this.#lines[word] = high ? lines | bit : lines & ~bit
    if (high && !((this.#claimed[word] ?? 0) & bit)) this.#setPending(word, bit)
  }

  /** The external interrupt line to the hart. */
  get external(): boolean {
    return this.#best() !== 0
  }

  load(offset: number, size: number): number {
    if (size !== 4) return -1
    if (offset < PENDING) {
      const priority = this.#priorities[(offset - PRIORITY) >>> 2]
      return priority ?? this.#unmodelled.load(offset)
    }
    if (offset >= PENDING && offset < PENDING + 4 * WORDS) {
      return (this.#pending[(offset - PENDING) >>> 2] ?? 0) >>> 0
    }
    if (offset >= ENABLE && offset < ENABLE + 4 * WORDS) {
      return (this.#enabled[(offset - ENABLE) >>> 2] ?? 0) >>> 0
    }
    if (offset === THRESHOLD) return this.#threshold
    if (offset === CLAIM) return this.#claim()
    return this.#unmodelled.load(offset)
  }

  store(offset: number, size: number, value: number): boolean {
    if (size !== 4) return false
    if (offset < 4 * SOURCES) {
      // Source 0 does not exist; its register is not one.
      if (offset !== 0) this.#priorities[offset >>> 2] = value & HIGHEST_PRIORITY
    } else if (offset >= PENDING && offset < PENDING + 4 * WORDS) {
      return true // read-only
    } else if (offset >= ENABLE && offset < ENABLE + 4 * WORDS) {
      const word = (offset - ENABLE) >>> 2
      this.#enabled[word] = word === 0 ? value & ~1 : value
    } else if (offset === THRESHOLD) {
      this.#threshold = value & HIGHEST_PRIORITY
    } else if (offset === CLAIM) {
      if (value < SOURCES) this.#complete(value)
    } else {
      this.#unmodelled.store(offset, value)
      return true
    }
    this.#changed()
    return true
  }

  #setPending(word: number, bit: number): void {
    this.#pending[word] = (this.#pending[word] ?? 0) | bit
  }

  /** The enabled pending source above the threshold that comes first, or 0. */
  #best(): number {
    let best = 0
    let bestPriority = this.#threshold
    for (let word = 0; word < WORDS; word++) {
      let bits = (this.#pending[word] ?? 0) & (this.#enabled[word] ?? 0)
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits)
        const source = word * 32 + bit
        const priority = this.#priorities[source] ?? 0
        if (priority > bestPriority) {
          best = source
          bestPriority = priority
        }
        bits &= bits - 1
      }
    }
    return best
  }

  #claim(): number {
    const source = this.#best()
    if (source === 0) return 0
    const word = source >>> 5
    const bit = 1 << (source & 31)
    this.#pending[word] = (this.#pending[word] ?? 0) & ~bit
    this.#claimed[word] = (this.#claimed[word] ?? 0) | bit
    this.#changed()
    return source
  }

  #complete(source: number): void {
    const word = source >>> 5
    const bit = 1 << (source & 31)
    this.#claimed[word] = (this.#claimed[word] ?? 0) & ~bit
    if ((this.#lines[word] ?? 0) & bit) this.#setPending(word, bit)
  }
}

export const plicType: BlockType = {
  about: 'platform-level interrupt controller, one context (RISC-V PLIC specification)',
  make: (place) => {
    const plic = new Plic(place.unmodelled, () => place.linesChanged())
    const external = { high: () => plic.external }
    return {
      device: plic,
      coreLines: { external },
      setLine: (number, high) => plic.setLine(number, high),
    }
  },
}
