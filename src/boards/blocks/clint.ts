import type { Counting } from '../../cores/core.js'
import type { BlockType } from '../block.js'
import type { Device } from '../device.js'
import type { UnmodelledRegisters } from '../unmodelled.js'

// RISC-V Advanced Core Local Interruptor specification, which has SiFive's CLINT layout.
const MSIP = 0x0000
const MTIMECMP_LOW = 0x4000
const MTIMECMP_HIGH = 0x4004
const MTIME_LOW = 0xbff8
const MTIME_HIGH = 0xbffc

const WORD = 0x1_0000_0000

/** What the CLINT asks of the board around it. */
export interface ClintHost {
  /** The core's clock. */
  cycle(): number
  /** Cycles of the core to one tick of `mtime`. */
  readonly cyclesPerTick: number
  /** Told when a register that the interrupt lines depend on has been written. */
  interruptsChanged(): void
}

/** Software interrupt and timer of one hart. */
export class Clint implements Device {
  readonly #host: ClintHost
  readonly #unmodelled: UnmodelledRegisters
  #msip = 0
  #compareLow = 0xffff_ffff
  #compareHigh = 0xffff_ffff
  /** What software has set `mtime` ahead of the ticks since reset, modulo 2^64. */
  #offset = 0n
  /** `#offset` is not 0. */
  #moved = false
  /** The cycle from which on the timer interrupt is pending; Infinity beyond safe integers. */
  #dueCycle = Number.POSITIVE_INFINITY

  constructor(host: ClintHost, unmodelled: UnmodelledRegisters) {
    this.#host = host
    this.#unmodelled = unmodelled
  }

  reset(): void {
    this.#msip = 0
    this.#compareLow = 0xffff_ffff
    this.#compareHigh = 0xffff_ffff
    this.#offset = 0n
    this.#moved = false
    this.#dueCycle = Number.POSITIVE_INFINITY
    this.#unmodelled.reset()
  }

  get softwareInterrupt(): boolean {
    return this.#msip !== 0
  }

  /** The cycle at which `mtime` reaches `mtimecmp`: the timer interrupt is pending from it on. */
  get dueCycle(): number {
    return this.#dueCycle
  }

  get mtime(): number | bigint {
    const ticks = this.#ticks
    return this.#moved ? BigInt.asUintN(64, BigInt(ticks) + this.#offset) : ticks
  }

  get #ticks(): number {
    return Math.floor(this.#host.cycle() / this.#host.cyclesPerTick)
  }

  load(offset: number, size: number): number {
    if (size !== 4) return -1
    switch (offset) {
      case MSIP:
        return this.#msip
      case MTIMECMP_LOW:
        return this.#compareLow
      case MTIMECMP_HIGH:
        return this.#compareHigh
      case MTIME_LOW:
        return low(this.mtime)
      case MTIME_HIGH:
        return high(this.mtime)
      default:
        return this.#unmodelled.load(offset)
    }
  }

  counting(offset: number): Counting | undefined {
    const { cyclesPerTick } = this.#host
    const mtime = this.mtime
    if (offset === MTIME_LOW) {
      return { value: low(mtime), perCycle: 1 / cyclesPerTick, until: Number.POSITIVE_INFINITY }
    }
    if (offset !== MTIME_HIGH) return undefined
    // It is what it is until the lower half begins anew.
    const ticks = 0xffff_ffff - low(mtime)
    return { value: high(mtime), perCycle: 0, until: this.#host.cycle() + ticks * cyclesPerTick }
  }

  store(offset: number, size: number, value: number): boolean {
    if (size !== 4) return false
    const due = this.#dueCycle
    switch (offset) {
      case MSIP:
        this.#msip = value & 1
        this.#host.interruptsChanged()
        return true
      case MTIMECMP_LOW:
        this.#compareLow = value
        break
      case MTIMECMP_HIGH:
        this.#compareHigh = value
        break
      case MTIME_LOW:
        this.#setTime((BigInt(this.mtime) & ~0xffff_ffffn) | BigInt(value))
        break
      case MTIME_HIGH:
        this.#setTime((BigInt(this.mtime) & 0xffff_ffffn) | (BigInt(value) << 32n))
        break
      default:
        this.#unmodelled.store(offset, value)
        return true
    }
    this.#findDueCycle()
    if (this.#dueCycle !== due) this.#host.interruptsChanged()
    return true
  }

  #setTime(mtime: bigint): void {
    this.#offset = BigInt.asUintN(64, mtime - BigInt(this.#ticks))
    this.#moved = this.#offset !== 0n
  }

  #findDueCycle(): void {
    const ticks = this.#moved ? this.#ticksOfCompareModulo() : this.#ticksOfCompare()
    const due = ticks * this.#host.cyclesPerTick
    if (due <= this.#host.cycle()) this.#dueCycle = 0
    else this.#dueCycle = Number.isSafeInteger(due) ? due : Number.POSITIVE_INFINITY
  }

  /** `mtimecmp`; the ticks since reset at which `mtime` reaches it, where software has never set that. */
  #ticksOfCompare(): number {
    return this.#compareHigh * WORD + this.#compareLow
  }

  #ticksOfCompareModulo(): number {
    const compare = (BigInt(this.#compareHigh) << 32n) | BigInt(this.#compareLow)
    const now = BigInt(this.mtime)
    if (compare <= now) return 0
    return Number(BigInt(this.#ticks) + compare - now)
  }
}

function low(value: number | bigint): number {
  return typeof value === 'number' ? value >>> 0 : Number(value & 0xffff_ffffn)
}

function high(value: number | bigint): number {
  return typeof value === 'number' ? Math.floor(value / 0x1_0000_0000) : Number(value >> 32n)
}

export const clintType: BlockType = {
  about: 'software interrupt and timer of a RISC-V hart (ACLINT specification)',
  options: { 'cycles-per-tick': 10 },
  make: (place) => {
    const clint = new Clint(
      {
        cycle: () => place.cycle(),
        cyclesPerTick: place.option('cycles-per-tick'),
        interruptsChanged: () => place.dueCycleChanged(),
      },
      place.unmodelled,
    )
    const software = { high: () => clint.softwareInterrupt }
    const timer = { high: () => place.cycle() >= clint.dueCycle, dueCycle: () => clint.dueCycle }
    return { device: clint, coreLines: { software, timer }, time: () => clint.mtime }
  },
}
