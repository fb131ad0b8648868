import { CONTROL_FPCA, type Cpu } from '../cpu.js'
import { Exception } from './exception.js'
import type { ExceptionState } from './exception-state.js'
import { mediaFeatures } from './identification.js'

// Offsets in the system control space.
const FPCCR = 0xf34
const FPCAR = 0xf38
const FPDSCR = 0xf3c
const MVFR0 = 0xf40
const MVFR2 = 0xf48

/** Bits of FPCCR. */
export const Fpccr = {
  LSPACT: 1 << 0,
  USER: 1 << 1,
  THREAD: 1 << 3,
  HFRDY: 1 << 4,
  MMRDY: 1 << 5,
  BFRDY: 1 << 6,
  MONRDY: 1 << 8,
  /** Of ARMv8-M, like the next one. */
  UFRDY: 1 << 10,
  CLRONRET: 1 << 28,
  LSPEN: 1 << 30,
  ASPEN: 0x8000_0000 | 0,
} as const

const STATE =
  Fpccr.LSPACT | Fpccr.USER | Fpccr.THREAD | Fpccr.HFRDY | Fpccr.MMRDY | Fpccr.BFRDY | Fpccr.MONRDY
const STATE_V8 = STATE | Fpccr.UFRDY

/** AHP, DN, FZ, RMode: the bits of FPSCR that a new context takes from FPDSCR. */
const DEFAULTS = 0x07c0_0000

/** Bits of CPACR for CP10, in the lower half of the field that CP10 and CP11 share. */
const CP10_SHIFT = 20

/** The registers around floating point: who may use it, and where its state is saved lazily. */
export class FpuControl {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly present: boolean
  readonly #v8: boolean
  fpccr = 0
  /** Where s0 of the frame is that is to be filled. */
  fpcar = 0
  #fpdscr = 0

  constructor(cpu: Cpu, state: ExceptionState) {
    this.#cpu = cpu
    this.#state = state
    this.present = cpu.part.fpu !== 'none'
    this.#v8 = cpu.part.architecture === 'v8-m'
    this.reset()
  }

  reset(): void {
    this.fpccr = this.present ? Fpccr.ASPEN | Fpccr.LSPEN : 0
    this.fpcar = 0
    this.#fpdscr = 0
  }

  /** True while state of an earlier context stands in the registers, not yet in its frame. */
  get lazy(): boolean {
    return (this.fpccr & Fpccr.LSPACT) !== 0
  }

  /** CheckVFPEnabled(): whether CPACR lets code of this privilege use floating point. */
  permits(privileged: boolean): boolean {
    const access = (this.#cpu.cpacr >>> CP10_SHIFT) & 3
    return this.present && (access === 3 || (access === 1 && privileged))
  }

  /** UpdateFPCCR(): the frame is reserved at `address`, and filled when somebody needs the registers. */
  postpone(address: number): void {
    const cpu = this.#cpu
    const ready =
      (this.#canTake(Exception.HARD_FAULT) ? Fpccr.HFRDY : 0) |
      (this.#canTake(Exception.MEM_MANAGE) ? Fpccr.MMRDY : 0) |
      (this.#canTake(Exception.BUS_FAULT) ? Fpccr.BFRDY : 0) |
      (this.#canTake(Exception.DEBUG_MONITOR) ? Fpccr.MONRDY : 0)
    const ready8 = this.#v8 && this.#canTake(Exception.USAGE_FAULT) ? Fpccr.UFRDY : 0
    this.fpcar = address & ~7
    this.fpccr =
      (this.fpccr & ~STATE_V8) |
      Fpccr.LSPACT |
      (cpu.privileged ? 0 : Fpccr.USER) |
      (cpu.ipsr === 0 ? Fpccr.THREAD : 0) |
      ready |
      ready8
  }

  /** The frame is filled, or what stands in the registers is taken back as it is. */
  settle(): void {
    this.fpccr &= ~Fpccr.LSPACT
  }

  /** Makes a new context for whoever uses floating point first, if that is switched on (ASPEN). */
  begin(): void {
    const cpu = this.#cpu
    if ((this.fpccr & Fpccr.ASPEN) === 0 || (cpu.control & CONTROL_FPCA) !== 0) return
    cpu.fpscr = (cpu.fpscr & ~DEFAULTS) | this.#fpdscr
    cpu.control |= CONTROL_FPCA
  }

  load(offset: number): number {
    if (!this.present) return 0
    if (offset === FPCCR) return this.fpccr
    if (offset === FPCAR) return this.fpcar
    if (offset === FPDSCR) return this.#fpdscr
    if (offset >= MVFR0 && offset <= MVFR2) {
      return mediaFeatures(this.#cpu.part, (offset - MVFR0) >>> 2)
    }
    return 0
  }

  store(offset: number, value: number): void {
    if (!this.present) return
    const own = this.#v8 ? STATE_V8 | Fpccr.CLRONRET : STATE
    if (offset === FPCCR) this.fpccr = value & (Fpccr.ASPEN | Fpccr.LSPEN | own)
    else if (offset === FPCAR) this.fpcar = value & ~7
    else if (offset === FPDSCR) this.#fpdscr = value & DEFAULTS
    this.#cpu.fpuReady = false
  }

  /** Whether `number` could be taken in what runs now: recorded for a fault while saving lazily. */
  #canTake(number: number): boolean {
    const state = this.#state
    return state.isEnabled(number) && state.groupPriority(number) < state.executionPriority
  }
}
