import type { Region } from '../../memory/region.js'
import type { Bus, CoreFault } from '../core.js'
import { DebugControl } from '../debug.js'
import { FloatUnit } from '../float/unit.js'
import { MappedMemory, type MappedRegion } from '../memory.js'
import { Counter } from './counter.js'
import type { Extensions } from './extensions.js'
import { EXECUTE, MACHINE, Pmp, USER } from './pmp.js'
import { PredecodedPages } from './predecode.js'
import { addressAtFault, CAUSE_INTERRUPT, causeName, describeTrap, signalOf } from './trap.js'

/** Bits of `mstatus` that this hart has; without user mode MPP reads M-mode (3) always. */
export const MSTATUS_MIE = 1 << 3
export const MSTATUS_MPIE = 1 << 7
export const MSTATUS_MPP = 3 << 11
export const MSTATUS_FS = 3 << 13
export const MSTATUS_MPRV = 1 << 17
export const MSTATUS_TW = 1 << 21
const MPP_SHIFT = 11

/** Memory in which nothing is: where each access is to be looked at, this is what is in reach. */
const NOTHING: MappedRegion = {
  base: 0,
  size: 0,
  bytes: new Uint8Array(),
  halves: new Uint16Array(),
  words: new Int32Array(),
}

/**
 * Everything that one hart is, apart from how it executes: registers, CSRs, memory, and its place
 * in time. `interpreter.ts` and `slow-path.ts` work on it; a compiler would do the same.
 */
export class Hart {
  /** x0 to x31, and at index 32 the register into which writes to x0 go. */
  readonly x: Int32Array
  readonly memory: MappedMemory
  readonly extensions: Extensions
  /** What is predecoded of the code that the present mode may execute. */
  pages: PredecodedPages
  readonly debug = new DebugControl(() => {
    this.memory.watched = this.debug.watched
    this.protectionChanged()
  })
  pc = 0

  /** M-mode or U-mode (`pmp.ts`). */
  mode = MACHINE
  readonly pmp = new Pmp()
  /**
   * The memory in which loads and stores need no look at the protection: the main region, or none.
   * This and `guarded` are what data accesses stand under (mode, MPRV and PMP).
   */
  direct: MappedRegion
  /** True where all other accesses are to be checked with `mayAccess`. */
  guarded = false
  #dataMode = MACHINE
  readonly #machinePages: PredecodedPages
  readonly #userPages: PredecodedPages

  /** f0 to f31, and what `fcsr` says: its flags are the unit's. */
  readonly f: Int32Array
  readonly float = new FloatUnit('riscv')
  frm = 0

  /** Instructions that may still be executed in this stretch, and the cycle at its end. */
  left = 0
  end = 0
  /** The instruction that `interpret` has come to and does not execute itself. */
  packed = 0
  imm = 0

  mstatus = 0
  mcounteren = 0
  menvcfg = 0
  mie = 0
  /** `mip`: driven by the interrupt controllers. */
  mip = 0
  mtvec = 0
  mscratch = 0
  mepc = 0
  mcause = 0
  mtval = 0
  mcountinhibit = 0
  readonly mcycle = new Counter()
  readonly minstret = new Counter()
  /** What the `time` CSR shows: the platform's `mtime`, a safe integer or a bigint of 64 bits. */
  readonly time: () => number | bigint

  /** Set by WFI until an interrupt that is enabled in `mie` is pending. */
  waiting = false
  /** Why the hart cannot go on, once it cannot. */
  lockup: string | undefined
  /** Cycles in which no instruction retired: those of traps, and those skipped while waiting. */
  #notRetired = 0
  /** `retired` at the last trap; its description; exceptions since then without an instruction. */
  #trapAt = -1
  #trapReason = ''
  #exceptions = 0
  /** Exceptions and interrupts since reset. */
  traps = 0

  /** The exception that has not been returned from: `mcause`, `mtval`, `pc`, and x0 to x31 at it. */
  #faulted = false
  #faultCause = 0
  #faultValue = 0
  #faultPc = 0
  readonly #faultX = new Int32Array(33)
  #faultValueHigh = 0
  #faultPcHigh = 0
  readonly #faultXHigh = new Int32Array(33)

  /** Address and value of the last LR; the address is compared as a signed number. */
  #reserved: number | undefined
  reservedValue = 0
  reservedValueHigh = 0

  /** On RV64: the upper halves of x0 to x31 and of what is 64 bits wide besides; 0 on RV32. */
  readonly xHigh = new Int32Array(33)
  pcHigh = 0
  mtvecHigh = 0
  mscratchHigh = 0
  mepcHigh = 0
  mtvalHigh = 0

  /**
   * @param x 33 words for the registers, where they are not to be the hart's own
   * @param f 32 words for those of F, likewise
   */
  constructor(
    regions: readonly [Region, ...Region[]],
    bus: Bus,
    time: () => number | bigint,
    extensions: Extensions,
    x = new Int32Array(33),
    f = new Int32Array(32),
  ) {
    this.x = x
    this.f = f
    this.memory = new MappedMemory(regions, bus)
    this.extensions = extensions
    const pagesOf = (mode: number): PredecodedPages =>
      new PredecodedPages(this.memory, extensions, this.debug, (address) =>
        this.pmp.permits(mode, address, 2, EXECUTE),
      )
    this.#machinePages = pagesOf(MACHINE)
    this.#userPages = pagesOf(USER)
    this.pages = this.#machinePages
    this.direct = this.memory.main
    this.time = time
  }

  reset(entry: number): void {
    this.x.fill(0)
    this.xHigh.fill(0)
    this.f.fill(0)
    this.pcHigh = this.mtvecHigh = this.mscratchHigh = this.mepcHigh = this.mtvalHigh = 0
    this.float.flags = this.frm = 0
    this.mode = MACHINE
    this.pmp.reset()
    this.protectionChanged()
    this.pc = entry | 0
    this.left = this.end = 0
    this.mstatus = MSTATUS_MPP
    this.mie = this.mip = this.mtvec = this.mscratch = this.mcounteren = this.menvcfg = 0
    this.mepc = this.mcause = this.mtval = this.mcountinhibit = 0
    this.mcycle.reset()
    this.minstret.reset()
    this.waiting = false
    this.lockup = undefined
    this.#notRetired = 0
    this.#trapAt = -1
    this.#exceptions = this.traps = 0
    this.#faulted = false
    this.#reserved = undefined
  }

  /** The exception that has not been returned from, the first where one led to the next. */
  get fault(): CoreFault | undefined {
    if (!this.#faulted) return undefined
    const wide = (low: number, high: number): number => (high >>> 0) * 2 ** 32 + (low >>> 0)
    const value = addressAtFault(this.#faultCause, this.#faultValue)
    const address = value === undefined ? undefined : wide(value, this.#faultValueHigh)
    return {
      cause: causeName(this.#faultCause),
      pc: wide(this.#faultPc, this.#faultPcHigh),
      ...(address === undefined ? {} : { address }),
      registers: Array.from(this.#faultX.subarray(0, 32), (low, i) =>
        wide(low, this.#faultXHigh[i] ?? 0),
      ),
    }
  }

  /** Instructions begun since reset, and cycles skipped: exact at each access to a device. */
  get cycle(): number {
    return this.end - this.left
  }

  /** Instructions that have retired since reset. */
  get retired(): number {
    return this.cycle - this.#notRetired
  }

  /** Moves the clock of a waiting hart on. */
  skipTo(cycle: number): void {
    const skipped = cycle - this.cycle
    if (skipped <= 0) return
    this.#notRetired += skipped
    this.end += skipped
  }

  /** Takes the exception `cause` at the instruction in `pc`, which costs its cycle. */
  exception(cause: number, value: number, valueHigh = 0): void {
    if (this.debug.catchFaults) {
      const signal = signalOf(cause)
      if (signal !== undefined && this.debug.faults(this.pc, signal, causeName(cause))) return
    }
    if (!this.#faulted) {
      this.#faulted = true
      this.#faultCause = cause
      this.#faultValue = value
      this.#faultPc = this.pc
      this.#faultX.set(this.x)
      this.#faultValueHigh = valueHigh
      this.#faultPcHigh = this.pcHigh
      this.#faultXHigh.set(this.xHigh)
    }
    this.#enterTrap(cause, value, this.mtvec & ~3)
    this.mtvalHigh = valueHigh
    if (++this.#exceptions > 1) this.lockup = this.#trapReason
    this.left--
    this.#notRetired++
  }

  /** Takes the interrupt `number` before the instruction in `pc`; this takes no time. */
  interrupt(number: number): void {
    const vector = this.mtvec & 1 ? number * 4 : 0
    this.#enterTrap(CAUSE_INTERRUPT | number, 0, (this.mtvec & ~3) + vector)
  }

  /** Privileged specification, "Privilege and Global Interrupt-Enable Stack in mstatus". */
  #enterTrap(cause: number, value: number, target: number): void {
    // Traps with no instruction between them are one story, and its beginning is what a person
    // wants to hear. A second exception at the handler's first instruction would go on for ever.
    if (this.retired !== this.#trapAt) {
      this.#trapAt = this.retired
      this.#trapReason = describeTrap(cause, value, this.pc)
      this.#exceptions = 0
    }
    this.traps++
    this.mepc = this.pc
    this.mcause = cause
    this.mtval = value
    this.mtvalHigh = 0
    this.mepcHigh = this.pcHigh
    this.pcHigh = this.mtvecHigh
    const enabled = this.mstatus & MSTATUS_MIE ? MSTATUS_MPIE : 0
    const rest = this.mstatus & ~(MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE)
    this.mstatus = rest | (this.mode << MPP_SHIFT) | enabled
    this.mode = MACHINE
    this.modeChanged()
    this.#reserved = undefined
    this.pc = target | 0
  }

  /** MRET. */
  returnFromTrap(): void {
    this.mode = (this.mstatus & MSTATUS_MPP) >>> MPP_SHIFT
    const enabled = this.mstatus & MSTATUS_MPIE ? MSTATUS_MIE : 0
    const least = this.extensions.user ? 0 : MSTATUS_MPP
    const gone = this.mode === MACHINE ? 0 : MSTATUS_MPRV
    const rest = this.mstatus & ~(MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE | gone)
    this.mstatus = rest | least | MSTATUS_MPIE | enabled
    this.modeChanged()
    this.#reserved = undefined
    this.#faulted = false
    this.pc = this.mepc
    this.pcHigh = this.mepcHigh
  }

  /** To be called when `mode` or `mstatus.MPRV` has changed, or MPP while that is set. */
  modeChanged(): void {
    const { mode, mstatus, pmp, memory } = this
    const other = (mstatus & MSTATUS_MPRV) !== 0
    this.#dataMode = other ? (mstatus & MSTATUS_MPP) >>> MPP_SHIFT : mode
    this.pages = mode === USER ? this.#userPages : this.#machinePages
    this.guarded = this.#dataMode === USER || pmp.bindsMachine
    const open = !this.guarded || pmp.opens(this.#dataMode, memory.main)
    this.direct = open && !memory.watched ? memory.main : NOTHING
  }

  /** To be called when an entry of the PMP has changed, or what a debugger has set. */
  protectionChanged(): void {
    this.flushCode()
    this.modeChanged()
  }

  /** FENCE.I: what has been predecoded is not looked at any more. */
  flushCode(): void {
    this.#machinePages.flush()
    this.#userPages.flush()
  }

  /** Whether the PMP lets loads (READ) or stores (WRITE) have an access. */
  mayAccess(address: number, size: number, permissions: number): boolean {
    return !this.guarded || this.pmp.permits(this.#dataMode, address, size, permissions)
  }

  /** Whether an interrupt that is pending and enabled in `mie` is taken now. */
  get interruptible(): boolean {
    return this.mode === USER || (this.mstatus & MSTATUS_MIE) !== 0
  }

  reserve(address: number, value: number, valueHigh = 0): void {
    this.#reserved = address | 0
    this.reservedValue = value
    this.reservedValueHigh = valueHigh
  }

  /** Ends the reservation. @returns whether it was for `address` */
  endReservation(address: number): boolean {
    const held = this.#reserved === (address | 0)
    this.#reserved = undefined
    return held
  }
}
