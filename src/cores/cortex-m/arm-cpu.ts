import type { CoreFault } from '../core.js'
import { DebugControl } from '../debug.js'
import { armFlags, FloatUnit, flagsOfArm, Rounding, roundingOfArm } from '../float/unit.js'
import type { MappedMemory } from '../memory.js'
import type { ArmPart } from './parts.js'
import type { PredecodedPages } from './predecode.js'
import { Access, type ExecutionSystem } from './system-interface.js'
import { hasDsp } from './thumb32-arithmetic.js'

/** Flags, in their places in xPSR and in CPSR. */
export const PSR_N = 0x8000_0000 | 0
export const PSR_Z = 1 << 30
export const PSR_C = 1 << 29
export const PSR_V = 1 << 28
export const PSR_Q = 1 << 27
export const PSR_GE_SHIFT = 16

/** Bits of FPSCR, those that are not cumulative flags together. */
const FPSCR_NZCV = 0xf000_0000 | 0
const FPSCR_AHP = 1 << 26
const FPSCR_DN = 1 << 25
const FPSCR_FZ = 1 << 24
const FPSCR_MODES = 0xf7c0_0000 | 0

/**
 * What every Arm core is, whatever its profile, as far as the execution of instructions goes:
 * registers, flags, memory, and its place in time. A profile adds its modes and special registers.
 */
export abstract class ArmCpu {
  readonly part: ArmPart
  abstract readonly memory: MappedMemory
  /** The code of the instruction set that is executed. */
  abstract readonly pages: PredecodedPages
  abstract readonly system: ExecutionSystem
  /** Executes Thumb instructions (T32). */
  abstract thumb: boolean
  /** A core that is not in Thumb state executes A32; the M profile has none. */
  abstract readonly hasA32: boolean
  /** Code may do what is reserved to it. */
  abstract readonly privileged: boolean
  /** The address below which the current SP may not go: 0 where there is no limit. */
  abstract readonly stackLimit: number
  /** Bits of SP that can be 1. */
  abstract readonly stackBits: number
  /** Misaligned loads and stores of all kinds fault; a division by zero faults. */
  abstract readonly trapsUnaligned: boolean
  abstract readonly trapsDivision: boolean
  readonly debug = new DebugControl(() => {
    this.memory.watched = this.debug.watched
    this.flushCode()
  })
  /** Exceptions and interrupts that were entered since reset, for who follows the core. */
  traps = 0

  /** r0 to r12, the current SP, LR; r15 is not used. */
  readonly r: Int32Array
  /** The address of the next instruction, bit 0 clear, as a signed number. */
  pc = 0

  /** N is the sign of `n`; Z is set where `z` is 0; C is 0 or 1; V is the sign of `v`. */
  n = 0
  z = 1
  c = 0
  v = 0
  /** Q, 0 or 1, and the four GE bits. */
  q = 0
  ge = 0
  /** ITSTATE of the instruction at `pc`; valid between two calls of `interpret`. */
  itstate = 0

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
  /** What the access that is being checked is for, so that a fault can tell. */
  accessing: Access = Access.READ

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

  /** Address of the last exclusive load, undefined where none is open; its value and size. */
  exclusive: number | undefined
  exclusiveValue = 0
  exclusiveSize = 0

  /**
   * What a program asks of its debugger by the instruction that its profile has for it: r0 and r1 to what
   * r0 becomes. Undefined where nobody answers.
   */
  semihost: ((operation: number, parameter: number) => number) | undefined

  #fault: CoreFault | undefined

  /**
   * @param r 16 words for the registers
   * @param s 32 words for those of floating point
   */
  constructor(part: ArmPart, r: Int32Array, s: Int32Array) {
    this.r = r
    this.s = s
    this.part = part
  }

  /** Everything that is in the core, as after a reset, but for what a profile adds. */
  protected resetShared(): void {
    this.flushCode()
    this.r.fill(0)
    this.setApsr(0)
    this.itstate = 0
    this.s.fill(0)
    this.fpscr = 0
    this.fpuReady = false
    this.left = this.end = 0
    this.protected = false
    this.openMemory()
    this.attention = true
    this.waiting = this.waitsForEvent = this.event = false
    this.exclusive = undefined
    this.traps = 0
    this.#fault = undefined
  }

  /** Loads and stores reach all of main memory directly. */
  openMemory(): void {
    this.dataBase = this.memory.main.base
    this.dataSize = this.memory.main.size
  }

  /** What is executed from now on is what memory holds now. */
  synchronizeCode(): void {
    this.pages.synchronize()
  }

  /** Nothing that was decoded is used any more. */
  flushCode(): void {
    this.pages.flush()
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

  get apsr(): number {
    return (
      (this.n & PSR_N) |
      (this.z === 0 ? PSR_Z : 0) |
      (this.c === 0 ? 0 : PSR_C) |
      (this.v < 0 ? PSR_V : 0) |
      (this.q === 0 ? 0 : PSR_Q) |
      (this.ge << PSR_GE_SHIFT)
    )
  }

  setApsr(value: number): void {
    this.n = value & PSR_N
    this.z = value & PSR_Z ? 0 : 1
    this.c = value & PSR_C ? 1 : 0
    this.v = (value & PSR_V) << 3
    this.q = value & PSR_Q ? 1 : 0
    this.ge = hasDsp(this.part) ? (value >>> PSR_GE_SHIFT) & 15 : 0
  }

  /** r0 to r15, the last of which is the pc, and the status register: for whoever wants to look. */
  abstract get registers(): number[]

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
