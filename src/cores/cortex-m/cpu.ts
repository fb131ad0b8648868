import { hex } from '../../base/errors.js'
import type { Region } from '../../memory/region.js'
import type { Bus, CoreFault } from '../core.js'
import { DebugControl } from '../debug.js'
import { armFlags, FloatUnit, flagsOfArm, Rounding, roundingOfArm } from '../float/unit.js'
import { MappedMemory } from '../memory.js'
import { CoreBus } from './core-bus.js'
import type { Part } from './parts.js'
import { PredecodedPages } from './predecode.js'
import type { System } from './system-interface.js'

/** Fields of xPSR. */
export const XPSR_N = 0x8000_0000 | 0
export const XPSR_Z = 1 << 30
export const XPSR_C = 1 << 29
export const XPSR_V = 1 << 28
export const XPSR_Q = 1 << 27
export const XPSR_T = 1 << 24
export const XPSR_GE_SHIFT = 16
export const XPSR_EXCEPTION = 0x1ff

/** Bits of CONTROL. */
export const CONTROL_NPRIV = 1
export const CONTROL_SPSEL = 2
export const CONTROL_FPCA = 4

/** Bits of FPSCR, those that are not cumulative flags together. */
const FPSCR_NZCV = 0xf000_0000 | 0
const FPSCR_AHP = 1 << 26
const FPSCR_DN = 1 << 25
const FPSCR_FZ = 1 << 24
const FPSCR_MODES = 0xf7c0_0000 | 0

/** Bits of CCR that instructions depend on. */
export const CCR_UNALIGN_TRP = 1 << 3
export const CCR_DIV_0_TRP = 1 << 4

/**
 * Everything that one core is, apart from how it executes: registers, memory, and its place in
 * time. The interpreter works on it, `system/` does, and a compiler would do the same.
 */
export class Cpu {
  readonly part: Part
  readonly memory: MappedMemory
  readonly pages: PredecodedPages
  readonly system: System
  readonly debug = new DebugControl(() => {
    this.memory.watched = this.debug.watched
    this.pages.flush()
  })
  /** Exceptions and interrupts that were entered since reset, for who follows the core. */
  traps = 0

  /** r0 to r12, the current SP, LR; r15 is not used. */
  readonly r: Int32Array
  /** The address of the next instruction, bit 0 clear, as a signed number. */
  pc = 0
  /** The stack pointer that is not in `r[13]`: PSP while MSP is current, and the other way round. */
  otherSp = 0
  /** True while `r[13]` is PSP. */
  usesPsp = false

  /** N is the sign of `n`; Z is set where `z` is 0; C is 0 or 1; V is the sign of `v`. */
  n = 0
  z = 1
  c = 0
  v = 0
  /** Q, 0 or 1, and the four GE bits. */
  q = 0
  ge = 0
  /** EPSR.T: clear only after a branch to an even address, which faults at the next instruction. */
  thumb = true
  /** The number of the exception that is being handled, 0 in Thread mode. */
  ipsr = 0
  /** ITSTATE of the instruction at `pc`; valid between two calls of `interpret`. */
  itstate = 0
  primask = 0
  faultmask = 0
  basepri = 0
  control = 0
  /** Stack limits of ARMv8-M, 0 elsewhere. */
  msplim = 0
  psplim = 0
  /** CCR, CPACR: registers of the system control block on which instructions depend. */
  ccr = 0
  cpacr = 0

  /** s0 to s31; d0 to d15 are pairs of them, the lower half first. */
  readonly s: Int32Array
  /** The arithmetic, with FPSCR's modes and its cumulative flags. */
  readonly float = new FloatUnit('arm')
  /** FPSCR but for the cumulative flags, which `float` collects. */
  #fpscr = 0
  /** True while floating-point instructions may execute without asking `system.useFpu`. */
  fpuReady = false

  /** Instructions that may still be executed in this stretch, and the cycle at its end. */
  left = 0
  end = 0
  /** The instruction that `interpret` has come to and does not execute itself. */
  packed = 0
  imm = 0

  /** True while the MPU is to be asked. */
  protected = false
  /**
   * The part of main memory that loads and stores reach directly: all of it, unless the MPU says
   * otherwise. `system/` narrows it when the MPU or the privilege changes.
   */
  dataBase = 0
  dataSize = 0
  /** The bytes around `pc` that may be executed, while `protected`. */
  fetchBase = 0
  fetchSize = 0

  /**
   * Set by whatever may make an exception pending or no longer masked: `run` asks the system before
   * the next instruction.
   */
  attention = false
  /** Set by WFI and WFE until the system says that the core wakes. */
  waiting = false
  /** True while it is WFE that waits. */
  waitsForEvent = false
  /** The event register of WFE. */
  event = false
  /** Why the core cannot go on, once it cannot. */
  lockup: string | undefined
  /** True once software has asked for a reset of the chip (AIRCR.SYSRESETREQ). */
  resetRequested = false

  /** Address of the last exclusive load, undefined where none is open; its value and size. */
  exclusive: number | undefined
  exclusiveValue = 0
  exclusiveSize = 0

  /**
   * What a program asks of its debugger with BKPT 0xAB: r0 and r1 to what r0 becomes. Undefined where
   * nobody answers: it is a breakpoint as any.
   */
  semihost: ((operation: number, parameter: number) => number) | undefined

  #fault: CoreFault | undefined

  /**
   * @param makeSystem gives exceptions and private peripherals for this core
   * @param r 16 words for the registers, where they are not to be the core's own
   * @param s 32 words for those of floating point, likewise
   */
  constructor(
    part: Part,
    regions: readonly [Region, ...Region[]],
    bus: Bus,
    makeSystem: (cpu: Cpu) => System,
    r = new Int32Array(16),
    s = new Int32Array(32),
  ) {
    this.r = r
    this.s = s
    this.part = part
    this.memory = new MappedMemory(regions, new CoreBus(this, bus))
    this.pages = new PredecodedPages(this.memory, part, this.debug)
    this.system = makeSystem(this)
    this.openMemory()
  }

  /** Loads and stores reach all of main memory directly. */
  openMemory(): void {
    this.dataBase = this.memory.main.base
    this.dataSize = this.memory.main.size
  }

  /** @param vectors the address of the vector table, from which SP and pc are loaded */
  reset(vectors: number): void {
    const sp = this.memory.load(vectors, 4)
    const entry = this.memory.load(vectors + 4, 4)
    this.pages.flush()
    this.r.fill(0)
    this.r[13] = sp & ~3
    this.r[14] = -1
    this.pc = entry & ~1
    this.otherSp = 0
    this.usesPsp = false
    this.setApsr(0)
    this.thumb = (entry & 1) !== 0
    this.ipsr = this.itstate = 0
    this.primask = this.faultmask = this.basepri = this.control = 0
    this.msplim = this.psplim = 0
    this.s.fill(0)
    this.fpscr = 0
    this.fpuReady = false
    this.left = this.end = 0
    this.protected = false
    this.openMemory()
    this.attention = true
    this.waiting = this.waitsForEvent = this.event = false
    this.lockup = undefined
    this.resetRequested = false
    this.exclusive = undefined
    this.#fault = undefined
    this.ccr = this.cpacr = this.traps = 0
    this.system.reset(vectors)
    if (sp < 0 || entry < 0) this.lockup = `no vector table at ${hex(vectors >>> 0, 8)}`
  }

  /** Instructions begun since reset, and cycles skipped: exact at each access to a device. */
  get cycle(): number {
    return this.end - this.left
  }

  /** Moves the clock of a waiting core on. */
  skipTo(cycle: number): void {
    const skipped = cycle - this.cycle
    if (skipped > 0) this.end += skipped
  }

  get privileged(): boolean {
    return this.ipsr !== 0 || (this.control & CONTROL_NPRIV) === 0
  }

  get msp(): number {
    return this.usesPsp ? this.otherSp : (this.r[13] ?? 0)
  }

  set msp(value: number) {
    if (this.usesPsp) this.otherSp = value & ~3
    else this.r[13] = value & ~3
  }

  get psp(): number {
    return this.usesPsp ? (this.r[13] ?? 0) : this.otherSp
  }

  set psp(value: number) {
    if (this.usesPsp) this.r[13] = value & ~3
    else this.otherSp = value & ~3
  }

  /** The limit below which the current SP may not go: 0 without ARMv8-M. */
  get stackLimit(): number {
    return this.usesPsp ? this.psplim : this.msplim
  }

  get fpscr(): number {
    return this.#fpscr | armFlags(this.float.flags)
  }

  set fpscr(value: number) {
    this.#fpscr = value & FPSCR_MODES
    this.float.flags = flagsOfArm(value)
    this.float.rounding = roundingOfArm[(value >>> 22) & 3] ?? Rounding.NEAREST_EVEN
    this.float.flushToZero = (value & FPSCR_FZ) !== 0
    this.float.defaultNan = (value & FPSCR_DN) !== 0
    this.float.alternativeHalf = (value & FPSCR_AHP) !== 0
  }

  /** N, Z, C and V of FPSCR, in the upper four bits. */
  get floatFlags(): number {
    return this.#fpscr & FPSCR_NZCV
  }

  /** Sets N, Z, C and V of FPSCR, given in the upper four bits. */
  setFloatFlags(flags: number): void {
    this.#fpscr = (this.#fpscr & ~FPSCR_NZCV) | flags
  }

  /** Makes PSP (or MSP) the current stack pointer. */
  selectStack(process: boolean): void {
    if (process === this.usesPsp) return
    const sp = this.r[13] ?? 0
    this.r[13] = this.otherSp
    this.otherSp = sp
    this.usesPsp = process
  }

  /** r0 to r15, the last of which is the pc, and xPSR: for whoever wants to look. */
  get registers(): number[] {
    const registers = Array.from(this.r, (value) => value >>> 0)
    registers[15] = this.pc >>> 0
    return [...registers, this.xpsr >>> 0]
  }

  /** APSR, IPSR and EPSR in one. */
  get xpsr(): number {
    const it = this.itstate
    return this.apsr | (this.thumb ? XPSR_T : 0) | ((it & 3) << 25) | ((it >> 2) << 10) | this.ipsr
  }

  get apsr(): number {
    return (
      (this.n & XPSR_N) |
      (this.z === 0 ? XPSR_Z : 0) |
      (this.c === 0 ? 0 : XPSR_C) |
      (this.v < 0 ? XPSR_V : 0) |
      (this.q === 0 ? 0 : XPSR_Q) |
      (this.ge << XPSR_GE_SHIFT)
    )
  }

  /** Sets every field of xPSR, as an exception return does. */
  setXpsr(value: number): void {
    this.setApsr(value)
    this.thumb = (value & XPSR_T) !== 0
    this.itstate = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc)
    this.ipsr = value & XPSR_EXCEPTION
  }

  setApsr(value: number): void {
    this.n = value & XPSR_N
    this.z = value & XPSR_Z ? 0 : 1
    this.c = value & XPSR_C ? 1 : 0
    this.v = (value & XPSR_V) << 3
    this.q = value & XPSR_Q ? 1 : 0
    this.ge =
      this.part.architecture === 'v7e-m' || this.part.architecture === 'v8-m'
        ? (value >>> XPSR_GE_SHIFT) & 15
        : 0
  }

  /** The fault that has not been returned from, the first where one led to the next. */
  get fault(): CoreFault | undefined {
    return this.#fault
  }

  /** Remembers a fault that is being taken, with the registers as they are now. */
  noteFault(cause: string, address?: number): void {
    this.#fault ??= {
      cause,
      pc: this.pc >>> 0,
      ...(address === undefined ? {} : { address: address >>> 0 }),
      registers: this.registers,
    }
  }

  /** The handler has returned. */
  forgetFault(): void {
    this.#fault = undefined
  }
}
