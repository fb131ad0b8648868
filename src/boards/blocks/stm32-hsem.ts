import type { BlockPlace, BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// RM0436 (STM32MP15), "Hardware semaphore (HSEM)": 32 registers of each kind, a word each.
const SEMAPHORES = 32
const R = 0x00
const RLR = 0x80

const LOCK = 0x8000_0000
const CORE_SHIFT = 8
const OWNER_BITS = 0xfff

/** ST's hardware semaphores, of which the other processor takes none. */
export class Stm32Hsem implements Device {
  readonly #unmodelled: UnmodelledRegisters
  readonly #core: number
  /** 0 where free, else LOCK with the owner. */
  readonly #owners = new Uint32Array(SEMAPHORES)

  constructor(place: Pick<BlockPlace, 'unmodelled' | 'option'>) {
    this.#unmodelled = place.unmodelled
    this.#core = place.option('core') << CORE_SHIFT
  }

  reset(): void {
    this.#owners.fill(0)
    this.#unmodelled.reset()
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (offset >= RLR + 4 * SEMAPHORES) return this.#unmodelled.load(offset, size)
    const index = (offset % RLR) >>> 2
    // Reading RLR takes a semaphore that is free.
    if (offset >= RLR && this.#owners[index] === 0) this.#owners[index] = LOCK | this.#core
    return this.#owners[index] ?? 0
  }

  store(offset: number, size: 1 | 2 | 4, value: number): boolean {
    if (offset >= RLR) {
      this.#unmodelled.store(offset, value, size)
      return true
    }
    const index = (offset - R) >>> 2
    const owner = value & OWNER_BITS
    const held = this.#owners[index] ?? 0
    if (value >= LOCK) {
      if (held === 0 && (owner & ~0xff) === this.#core) this.#owners[index] = LOCK | owner
    } else if ((held & OWNER_BITS) === owner) {
      this.#owners[index] = 0
    }
    return true
  }
}

export const stm32HsemType: BlockType = {
  about: "ST's hardware semaphores; the core has the number of the option `core` (RM0436)",
  options: { core: 2 },
  make: (place) => ({ device: new Stm32Hsem(place) }),
}
