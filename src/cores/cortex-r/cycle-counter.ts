/** Bits of PMCR (ARMv7-AR manual, C12.8.7). */
const PMCR_E = 1 << 0
const PMCR_C = 1 << 2
const PMCR_D = 1 << 3
const PMCR_WRITABLE = PMCR_E | PMCR_D | (1 << 4) | (1 << 5)
/** Arm, Cortex-R5, three event counters. */
const PMCR_WHAT = 0x4115_1800
const CYCLES = 1 << 31

/**
 * The performance monitors, of which the cycle counter counts: with every cycle, or with every 64th.
 * The event counters keep what is written to them. They raise no interrupt.
 */
export class CycleCounter {
  readonly #cycle: () => number
  #control = 0
  #enabled = 0
  #value = 0
  #since = 0
  readonly #kept = new Map<number, number>()

  /** @param cycle the core's clock */
  constructor(cycle: () => number) {
    this.#cycle = cycle
  }

  reset(): void {
    this.#control = this.#enabled = this.#value = 0
    this.#since = this.#cycle()
    this.#kept.clear()
  }

  /** A register of c9, c12 to c14. */
  load(crm: number, opc2: number): number {
    switch (16 * crm + opc2) {
      case 0xc0: // PMCR
        return PMCR_WHAT | this.#control
      case 0xc1: // PMCNTENSET
      case 0xc2: // PMCNTENCLR
        return this.#enabled
      case 0xd0: // PMCCNTR
        return this.#count() | 0
      default:
        return this.#kept.get(16 * crm + opc2) ?? 0
    }
  }

  store(crm: number, opc2: number, value: number): boolean {
    // What has been counted stays counted.
    this.#value = this.#count()
    this.#since = this.#cycle()
    switch (16 * crm + opc2) {
      case 0xc0:
        this.#control = value & PMCR_WRITABLE
        if (value & PMCR_C) this.#value = 0
        break
      case 0xc1:
        this.#enabled |= value
        break
      case 0xc2:
        this.#enabled &= ~value
        break
      case 0xd0:
        this.#value = value >>> 0
        break
      default:
        this.#kept.set(16 * crm + opc2, value)
    }
    return true
  }

  #count(): number {
    if ((this.#control & PMCR_E) === 0 || (this.#enabled & CYCLES) === 0) return this.#value
    const passed = this.#cycle() - this.#since
    return this.#value + (this.#control & PMCR_D ? Math.floor(passed / 64) : passed)
  }
}
