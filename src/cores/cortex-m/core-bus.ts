import type { Bus, Counting } from '../core.js'
import type { AccessSize } from '../memory.js'
import type { Cpu } from './cpu.js'

/** The private peripheral bus: 0xe000_0000 to 0xe00f_ffff. */
const PRIVATE = 0xe00

/** True for addresses of the private peripheral bus. */
export function isPrivate(address: number): boolean {
  return address >>> 20 === PRIVATE
}

/** Bit-band aliases: a word for each bit of the megabyte at SRAM's and the peripherals' beginning. */
const BIT_BAND_SRAM = 0x22
const BIT_BAND_PERIPHERALS = 0x42
const BIT_BAND_MASK = 0xfe

/** What the core reaches beyond mapped memory: its own peripherals, bit-band aliases, the board. */
export class CoreBus implements Bus {
  readonly #cpu: Cpu
  readonly #board: Bus

  constructor(cpu: Cpu, board: Bus) {
    this.#cpu = cpu
    this.#board = board
  }

  load(address: number, size: AccessSize): number {
    if (isPrivate(address)) return this.#cpu.system.load(address, size)
    if (this.#isBitBand(address)) {
      const value = this.#cpu.memory.load(bitBandByte(address), 1)
      return value < 0 ? -1 : (value >>> bitBandBit(address)) & 1
    }
    const value = this.#board.load(address, size)
    return value < 0 && this.#cpu.system.ignoresBusFault(address) ? 0 : value
  }

  counting(address: number): Counting | undefined {
    if (isPrivate(address)) return this.#cpu.system.counting(address)
    return this.#board.counting?.(address)
  }

  store(address: number, size: AccessSize, value: number): boolean {
    if (isPrivate(address)) return this.#cpu.system.store(address, size, value)
    if (this.#isBitBand(address)) {
      const { memory } = this.#cpu
      const at = bitBandByte(address)
      const old = memory.load(at, 1)
      if (old < 0) return false
      const bit = 1 << bitBandBit(address)
      return memory.store(at, 1, value & 1 ? old | bit : old & ~bit)
    }
    return this.#board.store(address, size, value) || this.#cpu.system.ignoresBusFault(address)
  }

  #isBitBand(address: number): boolean {
    if (!this.#cpu.part.bitBanding) return false
    const top = (address >>> 24) & BIT_BAND_MASK
    return top === BIT_BAND_SRAM || top === BIT_BAND_PERIPHERALS
  }
}

function bitBandByte(alias: number): number {
  return ((alias & 0xf000_0000) | ((alias & 0x01ff_ffff) >>> 5)) >>> 0
}

function bitBandBit(alias: number): number {
  return (alias >>> 2) & 7
}
