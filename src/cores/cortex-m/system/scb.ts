import type { Cpu } from '../cpu.js'
import { Exception } from './exception.js'
import type { ExceptionState } from './exception-state.js'
import type { FaultStatus } from './fault-status.js'
import { cacheSize, ID_END, ID_PFR0, identification } from './identification.js'

// Offsets in the system control space (Armv7-M ARM, "System control and ID registers").
const ICTR = 0x004
const ACTLR = 0x008
const CPUID = 0xd00
const ICSR = 0xd04
const VTOR = 0xd08
const AIRCR = 0xd0c
const SCR = 0xd10
const CCR = 0xd14
const SHPR1 = 0xd18
const SHPR3 = 0xd20
const SHCSR = 0xd24
const CFSR = 0xd28
const HFSR = 0xd2c
const DFSR = 0xd30
const MMFAR = 0xd34
const BFAR = 0xd38
const CCSIDR = 0xd80
const CSSELR = 0xd84
const CPACR = 0xd88
const STIR = 0xf00
const ICIALLU = 0xf50
const ICIMVAU = 0xf58

/** Bits of ICSR. */
const NMIPENDSET = 0x8000_0000 | 0
const PENDSVSET = 1 << 28
const PENDSVCLR = 1 << 27
const PENDSTSET = 1 << 26
const PENDSTCLR = 1 << 25
const ISRPENDING = 1 << 22
const VECTPENDING_SHIFT = 12
const RETTOBASE = 1 << 11

/** AIRCR: the key that a write must have in its upper half, the one that is read there, and bits. */
const VECTKEY = 0x05fa
const VECTKEYSTAT = 0xfa05
const PRIGROUP_SHIFT = 8
const SYSRESETREQ = 1 << 2
/** ARMv8-M: SYSRESETREQ and the like, of which a core without the other world has none. */
const VECTRESET = 1 << 0

/** Bits of SCR. */
const SLEEPONEXIT = 1 << 1
const SLEEPDEEP = 1 << 2
const SEVONPEND = 1 << 4

/** Bits of CCR. */
const NONBASETHRDENA = 1 << 0
const USERSETMPEND = 1 << 1
const UNALIGN_TRP = 1 << 3
const DIV_0_TRP = 1 << 4
const BFHFNMIGN = 1 << 8
const STKALIGN = 1 << 9
const STKOFHFNMIGN = 1 << 10
const CACHES = 3 << 16
const BRANCH_PREDICTION = 1 << 18

/** SHCSR: where each exception has its active, pending and enable bit. */
const handlers = [
  { number: Exception.MEM_MANAGE, active: 0, pending: 13, enable: 16 },
  { number: Exception.BUS_FAULT, active: 1, pending: 14, enable: 17 },
  { number: Exception.USAGE_FAULT, active: 3, pending: 12, enable: 18 },
  { number: Exception.SVCALL, active: 7, pending: 15, enable: undefined },
  { number: Exception.DEBUG_MONITOR, active: 8, pending: undefined, enable: undefined },
  { number: Exception.PENDSV, active: 10, pending: undefined, enable: undefined },
  { number: Exception.SYSTICK, active: 11, pending: undefined, enable: undefined },
] as const
const SVCALLPENDED = 1 << 15

/** What the system control block asks of what is around it. */
export interface ScbHost {
  /** STIR: external interrupt `line` is to be pended. */
  trigger(line: number): void
  /** AIRCR.SYSRESETREQ was written. */
  resetRequested(): void
}

/** The system control block: what the core is, what it is set to, and the state of exceptions. */
export class Scb {
  readonly #cpu: Cpu
  readonly #state: ExceptionState
  readonly #status: FaultStatus
  readonly #host: ScbHost
  /** The first edition has a handful of these registers only. */
  readonly #v6: boolean
  readonly #v8: boolean
  /** Bits of CCR that can be written, and those that are set for good. */
  readonly #ccrMask: number
  readonly #ccrFixed: number
  /** The address of the vector table. */
  vtor = 0
  #prigroup = 0
  #scr = 0
  #actlr = 0
  #csselr = 0

  constructor(cpu: Cpu, state: ExceptionState, status: FaultStatus, host: ScbHost) {
    const { architecture } = cpu.part
    const caches = cacheSize(cpu.part, 0) !== 0
    this.#cpu = cpu
    this.#state = state
    this.#status = status
    this.#host = host
    this.#v6 = architecture === 'v6-m'
    this.#v8 = architecture === 'v8-m'
    const traps = USERSETMPEND | UNALIGN_TRP | DIV_0_TRP | BFHFNMIGN
    if (this.#v6) {
      this.#ccrMask = 0
      this.#ccrFixed = STKALIGN | UNALIGN_TRP
    } else if (this.#v8) {
      this.#ccrMask = traps | STKOFHFNMIGN | CACHES | BRANCH_PREDICTION
      this.#ccrFixed = STKALIGN | NONBASETHRDENA
    } else {
      // Where there are caches (Cortex-M7) alignment and branch prediction are for good as well.
      this.#ccrMask = traps | NONBASETHRDENA | (caches ? CACHES : STKALIGN)
      this.#ccrFixed = caches ? STKALIGN | BRANCH_PREDICTION : 0
    }
  }

  reset(vectors: number): void {
    this.vtor = vectors & this.#vtorMask
    this.#prigroup = 0
    this.#scr = 0
    this.#actlr = 0
    this.#csselr = 0
    this.#cpu.ccr = this.#ccrFixed | STKALIGN
    this.#cpu.cpacr = 0
  }

  /** True when a return to Thread mode with nothing else to do goes to sleep. */
  get sleepsOnExit(): boolean {
    return (this.#scr & SLEEPONEXIT) !== 0
  }

  /** True when a frame lies at a multiple of 8 whatever SP was. */
  get alignsStack(): boolean {
    return (this.#cpu.ccr & STKALIGN) !== 0
  }

  /** True when Thread mode may be returned to while other exceptions are active. */
  get allowsNestedThread(): boolean {
    return (this.#cpu.ccr & NONBASETHRDENA) !== 0
  }

  /** True when failing loads and stores of handlers as urgent as HardFault are passed over. */
  get ignoresBusFaults(): boolean {
    return (this.#cpu.ccr & BFHFNMIGN) !== 0
  }

  /** True when stack limits do not hold for handlers as urgent as HardFault. */
  get ignoresStackLimits(): boolean {
    return (this.#cpu.ccr & STKOFHFNMIGN) !== 0
  }

  /** True when unprivileged code may write `offset` nonetheless. */
  unprivilegedMayStore(offset: number): boolean {
    return offset === STIR && (this.#cpu.ccr & USERSETMPEND) !== 0
  }

  /** @returns a register's word; `offset` is a multiple of 4 */
  load(offset: number): number {
    switch (offset) {
      case ICTR:
        return this.#v6 ? 0 : ((this.#cpu.part.interrupts + 31) >>> 5) - 1
      case ACTLR:
        return this.#actlr
      case CPUID:
        return this.#cpu.part.cpuid
      case ICSR:
        return this.#icsr
      case VTOR:
        return this.vtor
      case AIRCR:
        return (VECTKEYSTAT << 16) | (this.#prigroup << PRIGROUP_SHIFT)
      case SCR:
        return this.#scr
      case CCR:
        return this.#cpu.ccr
      case SHCSR:
        return this.#shcsr
      default:
        break
    }
    if (offset >= SHPR1 && offset <= SHPR3) {
      let word = 0
      for (let i = 0; i < 4; i++) {
        word |= this.#state.priority(offset - SHPR1 + 4 + i) << (8 * i)
      }
      return word
    }
    return this.#v6 ? 0 : this.#loadMain(offset)
  }

  /** Registers that only the main editions have. */
  #loadMain(offset: number): number {
    const status = this.#status
    switch (offset) {
      case CFSR:
        return status.cfsr
      case HFSR:
        return status.hfsr
      case DFSR:
        return status.dfsr
      case MMFAR:
        return status.mmfar
      case BFAR:
        return status.bfar
      case CCSIDR:
        return cacheSize(this.#cpu.part, this.#csselr)
      case CSSELR:
        return this.#csselr
      case CPACR:
        return this.#cpu.cpacr
      default:
        return offset >= ID_PFR0 && offset < ID_END ? identification(this.#cpu.part, offset) : 0
    }
  }

  /**
   * Stores of words, and of bytes and halfwords where these are allowed (SHPR, CFSR); others are
   * ignored. `offset` is a multiple of `size`.
   */
  store(offset: number, size: number, value: number): void {
    if (offset >= SHPR1 && offset < SHPR3 + 4) {
      for (let i = 0; i < size; i++) {
        this.#state.setPriority(offset - SHPR1 + 4 + i, (value >>> (8 * i)) & 0xff)
      }
      return
    }
    if ((offset & ~3) === CFSR) {
      // Written bits are cleared.
      this.#status.cfsr &= ~(value << (8 * (offset & 3)))
      return
    }
    if (size === 4) this.#storeWord(offset, value)
  }

  #storeWord(offset: number, value: number): void {
    switch (offset) {
      case ACTLR:
        this.#actlr = value
        break
      case ICSR:
        this.#storeIcsr(value)
        break
      case VTOR:
        this.vtor = value & this.#vtorMask
        break
      case AIRCR:
        this.#storeAircr(value)
        break
      case SCR:
        this.#scr = value & (SLEEPONEXIT | SLEEPDEEP | SEVONPEND)
        this.#state.pendingIsEvent = (value & SEVONPEND) !== 0
        break
      case CCR:
        this.#cpu.ccr = (value & this.#ccrMask) | this.#ccrFixed
        break
      case SHCSR:
        this.#storeShcsr(value)
        break
      case HFSR:
        this.#status.hfsr &= ~value
        break
      case DFSR:
        this.#status.dfsr &= ~value
        break
      case MMFAR:
        this.#status.mmfar = value
        break
      case BFAR:
        this.#status.bfar = value
        break
      case CSSELR:
        this.#csselr = value & 0xf
        break
      case CPACR:
        this.#cpu.cpacr = this.#cpu.part.fpu === 'none' ? 0 : value & (0xf << 20)
        this.#cpu.fpuReady = false
        break
      case STIR:
        if (!this.#v6) this.#host.trigger(value & 0x1ff)
        break
      case ICIALLU:
      case ICIMVAU:
        // There are no caches but that of decoded instructions.
        this.#cpu.pages.flush()
        break
      default:
        break
    }
  }

  get #vtorMask(): number {
    return this.#v6 ? ~0xff : ~0x7f
  }

  get #icsr(): number {
    const state = this.#state
    // BASEPRI and FAULTMASK hide what they mask, PRIMASK does not.
    const { basepri, faultmask } = this.#cpu
    const masked = (basepri !== 0 || faultmask !== 0) && state.firstPriority >= state.wakePriority
    const pending = masked ? 0 : state.first
    return (
      (state.isPending(Exception.NMI) ? NMIPENDSET : 0) |
      (state.isPending(Exception.PENDSV) ? PENDSVSET : 0) |
      (state.isPending(Exception.SYSTICK) ? PENDSTSET : 0) |
      (state.interruptPending ? ISRPENDING : 0) |
      (pending << VECTPENDING_SHIFT) |
      (!this.#v6 && state.activeCount <= 1 ? RETTOBASE : 0) |
      this.#cpu.ipsr
    )
  }

  #storeIcsr(value: number): void {
    const state = this.#state
    if (value & NMIPENDSET) state.setPending(Exception.NMI)
    if (value & PENDSVSET) state.setPending(Exception.PENDSV)
    else if (value & PENDSVCLR) state.clearPending(Exception.PENDSV)
    if (value & PENDSTSET) state.setPending(Exception.SYSTICK)
    else if (value & PENDSTCLR) state.clearPending(Exception.SYSTICK)
  }

  #storeAircr(value: number): void {
    if (value >>> 16 !== VECTKEY) return
    if (value & (SYSRESETREQ | (this.#v6 || this.#v8 ? 0 : VECTRESET))) {
      this.#host.resetRequested()
    }
    if (this.#v6) return
    this.#prigroup = (value >>> PRIGROUP_SHIFT) & 7
    this.#state.setPriorityGrouping(this.#prigroup)
  }

  get #shcsr(): number {
    const state = this.#state
    if (this.#v6) return state.isPending(Exception.SVCALL) ? SVCALLPENDED : 0
    let bits = 0
    for (const { number, active, pending, enable } of handlers) {
      if (state.isActive(number)) bits |= 1 << active
      if (pending !== undefined && state.isPending(number)) bits |= 1 << pending
      if (enable !== undefined && state.isEnabled(number)) bits |= 1 << enable
    }
    return bits
  }

  #storeShcsr(value: number): void {
    const state = this.#state
    const bit = (position: number): boolean => (value & (1 << position)) !== 0
    for (const { number, active, pending, enable } of handlers) {
      if (pending !== undefined && (!this.#v6 || number === Exception.SVCALL)) {
        if (bit(pending)) state.setPending(number)
        else state.clearPending(number)
      }
      if (this.#v6) continue
      state.setActive(number, bit(active))
      if (enable !== undefined) state.setEnabled(number, bit(enable))
    }
  }
}
