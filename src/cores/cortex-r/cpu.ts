import type { Region } from '../../memory/region.js'
import type { Bus } from '../core.js'
import { ArmCpu } from '../cortex-m/arm-cpu.js'
import { PredecodedPages, thumbDecoder } from '../cortex-m/predecode.js'
import { MappedMemory } from '../memory.js'
import { a32Decoder } from './a32.js'
import { BANKS, bankOf, Mode, modeOf, PSR_IT_HIGH, PSR_IT_LOW, PSR_MASKS, PSR_T } from './mode.js'
import type { RPart } from './parts.js'
import { CortexRSystem } from './system.js'
import { decodeNarrow, decodeWide } from './t32.js'

/** What of CPSR a write without execution state changes: flags, masks, mode. */
const APSR_BITS = 0xf80f_0000 | 0

/** Everything that one Cortex-R is, apart from how it executes. */
export class CortexRCpu extends ArmCpu {
  declare readonly part: RPart
  readonly memory: MappedMemory
  readonly system: CortexRSystem
  readonly hasA32 = true
  readonly stackBits = -1
  readonly stackLimit = 0
  /** The code of the instruction set that is executed. */
  pages: PredecodedPages
  readonly #a32: PredecodedPages
  readonly #t32: PredecodedPages
  #thumb = false

  #mode: Mode = Mode.SVC
  /** A, I and F of CPSR: what is masked. */
  masks = PSR_MASKS
  /** SP and LR of the modes that are not the current one, SPSR of each, by bank. */
  readonly #sp = new Int32Array(BANKS)
  readonly #lr = new Int32Array(BANKS)
  readonly #spsr = new Int32Array(BANKS)
  /** r8 to r12 of FIQ mode, or of the others while that is the current one. */
  readonly #other = new Int32Array(5)

  /** The upper word of the last exclusive load of a pair, unsigned. */
  exclusiveUpper = 0
  /** SCTLR.A, SCTLR.DZ. */
  trapsUnaligned = false
  trapsDivision = false

  /** Why the core cannot go on, once it cannot. */
  lockup: string | undefined

  constructor(part: RPart, regions: readonly [Region, ...Region[]], bus: Bus) {
    super(part, new Int32Array(16), new Int32Array(32))
    this.memory = new MappedMemory(regions, bus)
    this.#a32 = new PredecodedPages(this.memory, this.debug, a32Decoder(part))
    const t32 = thumbDecoder(part, decodeNarrow, decodeWide)
    this.#t32 = new PredecodedPages(this.memory, this.debug, t32)
    this.pages = this.#a32
    this.system = new CortexRSystem(this)
    this.openMemory()
  }

  /** @param entry the address of the reset vector, 0 or 0xffff_0000 */
  reset(entry: number): void {
    this.resetShared()
    this.#mode = Mode.SVC
    this.masks = PSR_MASKS
    for (const bank of [this.#sp, this.#lr, this.#spsr, this.#other]) bank.fill(0)
    this.thumb = false
    this.pc = entry & ~3
    this.lockup = undefined
    this.system.reset(entry !== 0)
  }

  get thumb(): boolean {
    return this.#thumb
  }

  set thumb(on: boolean) {
    this.#thumb = on
    this.pages = on ? this.#t32 : this.#a32
  }

  override synchronizeCode(): void {
    const { written } = this.memory
    // The one takes the note of what was stored away from the other.
    const before = written[0] ?? 0
    this.#a32.synchronize()
    written[0] = before
    this.#t32.synchronize()
  }

  override flushCode(): void {
    this.#a32.flush()
    this.#t32.flush()
  }

  get privileged(): boolean {
    return this.#mode !== Mode.USR
  }

  get mode(): Mode {
    return this.#mode
  }

  /** Changes the mode, and the registers that it has of its own. */
  set mode(mode: Mode) {
    const from = bankOf(this.#mode)
    const to = bankOf(mode)
    const changesFiq = (this.#mode === Mode.FIQ) !== (mode === Mode.FIQ)
    this.#mode = mode
    if (from !== to) {
      const { r } = this
      this.#sp[from] = r[13] ?? 0
      this.#lr[from] = r[14] ?? 0
      r[13] = this.#sp[to] ?? 0
      r[14] = this.#lr[to] ?? 0
      if (changesFiq) {
        for (let i = 0; i < 5; i++) {
          const value = r[8 + i] ?? 0
          r[8 + i] = this.#other[i] ?? 0
          this.#other[i] = value
        }
      }
    }
    this.system.privilegeMayHaveChanged()
  }

  /** SPSR of the current mode; user and system mode have none. */
  get spsr(): number | undefined {
    const bank = bankOf(this.#mode)
    return bank === 0 ? undefined : this.#spsr[bank]
  }

  set spsr(value: number) {
    const bank = bankOf(this.#mode)
    if (bank !== 0) this.#spsr[bank] = value
  }

  /** A register of user mode, as LDM and STM with ^ reach it. */
  userRegister(number: number): number {
    if (number >= 13 && bankOf(this.#mode) !== 0) {
      return (number === 13 ? this.#sp[0] : this.#lr[0]) ?? 0
    }
    if (number >= 8 && number < 13 && this.#mode === Mode.FIQ) return this.#other[number - 8] ?? 0
    return this.r[number] ?? 0
  }

  setUserRegister(number: number, value: number): void {
    if (number >= 13 && bankOf(this.#mode) !== 0) {
      if (number === 13) this.#sp[0] = value
      else this.#lr[0] = value
    } else if (number >= 8 && number < 13 && this.#mode === Mode.FIQ) {
      this.#other[number - 8] = value
    } else this.r[number] = value
  }

  /** SP of a mode, as SRS reaches it. */
  stackOf(mode: Mode): number {
    const bank = bankOf(mode)
    return (bank === bankOf(this.#mode) ? this.r[13] : this.#sp[bank]) ?? 0
  }

  setStackOf(mode: Mode, value: number): void {
    const bank = bankOf(mode)
    if (bank === bankOf(this.#mode)) this.r[13] = value
    else this.#sp[bank] = value
  }

  get cpsr(): number {
    const it = this.itstate
    const state = this.#thumb ? PSR_T : 0
    return this.apsr | ((it & 3) << 25) | ((it >> 2) << 10) | this.masks | state | this.#mode
  }

  /** Sets the flags that `mask` names, and with `control` masks and mode; execution state stays. */
  writeCpsr(value: number, mask: number): void {
    this.setApsr((this.apsr & ~mask) | (value & mask & APSR_BITS))
    if (!this.privileged) return
    this.masks = (this.masks & ~mask) | (value & mask & PSR_MASKS)
    const mode = modeOf(value)
    if ((mask & 0x1f) !== 0 && mode !== undefined) this.mode = mode
    this.attention = true
  }

  /** Sets everything, as the return from an exception does. */
  restoreCpsr(value: number): void {
    this.setApsr(value)
    this.itstate = ((value & PSR_IT_LOW) >>> 25) | ((value & PSR_IT_HIGH) >>> 8)
    this.masks = value & PSR_MASKS
    this.thumb = (value & PSR_T) !== 0
    // A mode that there is not is unpredictable: it stays what it is.
    this.mode = modeOf(value) ?? this.#mode
    this.system.returned(value)
    this.attention = true
  }

  /** r0 to r15, the last of which is the pc, and CPSR. */
  get registers(): number[] {
    const registers = Array.from(this.r, (value) => value >>> 0)
    registers[15] = this.pc >>> 0
    return [...registers, this.cpsr >>> 0]
  }
}
