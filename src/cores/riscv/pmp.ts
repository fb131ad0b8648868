import type { MappedRegion } from '../memory.js'

/** Privilege modes, by their numbers in `mstatus.MPP`. */
export const USER = 0
export const MACHINE = 3

/** Permissions of an entry: bits R, W and X of its byte in `pmpcfg`. */
export const READ = 1
export const WRITE = 2
export const EXECUTE = 4

/** Entries that there are (`pmpaddr0` to `pmpaddr15`). */
export const PMP_ENTRIES = 16

/** The fields of an entry's byte. */
const MODE = 3 << 3
const TOR = 1 << 3
const NA4 = 2 << 3
const NAPOT = 3 << 3
const LOCKED = 1 << 7

interface Rule {
  readonly start: number
  /** The first address behind it; up to 2^35, for the registers hold addresses of 34 bits. */
  readonly end: number
  readonly permissions: number
  readonly locked: boolean
}

/**
 * Physical memory protection (privileged specification, "Physical Memory Protection"), with a
 * granularity of four bytes.
 */
export class Pmp {
  readonly #config = new Uint8Array(PMP_ENTRIES)
  readonly #address = new Uint32Array(PMP_ENTRIES)
  #rules: readonly Rule[] = []
  /** True if a locked entry binds M-mode. */
  bindsMachine = false

  reset(): void {
    this.#config.fill(0)
    this.#address.fill(0)
    this.#rulesChanged()
  }

  /** Four bytes of configuration, from entry `first` on, as a signed number. */
  config(first: number): number {
    let word = 0
    for (let i = 0; i < 4; i++) word |= (this.#config[first + i] ?? 0) << (8 * i)
    return word
  }

  /** Writes them; what is locked stays, and W without R, which is reserved, becomes neither. */
  setConfig(first: number, word: number): void {
    for (let i = 0; i < 4; i++) {
      if (this.#isLocked(first + i)) continue
      const byte = (word >>> (8 * i)) & (LOCKED | MODE | READ | WRITE | EXECUTE)
      this.#config[first + i] = byte & READ ? byte : byte & ~WRITE
    }
    this.#rulesChanged()
  }

  /** `pmpaddr`: an address in units of four bytes, as a signed number. */
  address(entry: number): number {
    return (this.#address[entry] ?? 0) | 0
  }

  setAddress(entry: number, value: number): void {
    // The address below a locked range is locked with it.
    const next = this.#config[entry + 1] ?? 0
    if (this.#isLocked(entry) || (next & LOCKED && (next & MODE) === TOR)) return
    this.#address[entry] = value
    this.#rulesChanged()
  }

  #isLocked(entry: number): boolean {
    return ((this.#config[entry] ?? 0) & LOCKED) !== 0
  }

  #rulesChanged(): void {
    const rules: Rule[] = []
    this.#config.forEach((byte, i) => {
      const address = this.#address[i] ?? 0
      const permissions = byte & (READ | WRITE | EXECUTE)
      const locked = (byte & LOCKED) !== 0
      const add = (start: number, end: number): void => {
        if (start < end) rules.push({ start, end, permissions, locked })
      }
      switch (byte & MODE) {
        case TOR:
          add(i === 0 ? 0 : 4 * (this.#address[i - 1] ?? 0), 4 * address)
          break
        case NA4:
          add(4 * address, 4 * address + 4)
          break
        case NAPOT: {
          // As many ones at the end as the size has doubled from 8 bytes.
          const size =
            8 * 2 ** (address === 0xffff_ffff ? 32 : 31 - Math.clz32(~address & (address + 1)))
          const start = Math.floor((4 * address) / size) * size
          add(start, start + size)
          break
        }
        default:
          break
      }
    })
    this.#rules = rules
    this.bindsMachine = rules.some(({ locked }) => locked)
  }

  /** Whether all of an access in `mode` is permitted: by the first entry that has a part in it. */
  permits(mode: number, address: number, size: number, permissions: number): boolean {
    const start = address >>> 0
    for (const rule of this.#rules) {
      if (start >= rule.end || start + size <= rule.start) continue
      if (start < rule.start || start + size > rule.end) return false
      if (mode === MACHINE && !rule.locked) return true
      return (rule.permissions & permissions) === permissions
    }
    return mode === MACHINE
  }

  /** Whether `mode` may read and write everywhere in `region`. */
  opens(mode: number, { base, size }: MappedRegion): boolean {
    return this.permits(mode, base, size, READ | WRITE)
  }
}
