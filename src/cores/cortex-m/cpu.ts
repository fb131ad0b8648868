import { hex } from '../../base/errors.js'
import type { Region } from '../../memory/region.js'
import type { Bus } from '../core.js'
import { MappedMemory } from '../memory.js'
import { ArmCpu } from './arm-cpu.js'
import { CoreBus } from './core-bus.js'
import type { Part } from './parts.js'
import { PredecodedPages, thumbDecoder } from './predecode.js'
import type { System } from './system-interface.js'

/** Fields of xPSR beside the flags. */
export const XPSR_T = 1 << 24
export const XPSR_EXCEPTION = 0x1ff

/** Bits of CONTROL. */
export const CONTROL_NPRIV = 1
export const CONTROL_SPSEL = 2
export const CONTROL_FPCA = 4

/** Bits of CCR that instructions depend on. */
export const CCR_UNALIGN_TRP = 1 << 3
export const CCR_DIV_0_TRP = 1 << 4

/** SP is a multiple of 4. */
const STACK_BITS = ~3

/**
 * Everything that one Cortex-M is, apart from how it executes: registers, memory, and its place in
 * time. The interpreter works on it, `system/` does, and compiled code does the same.
 */
export class Cpu extends ArmCpu {
  declare readonly part: Part
  readonly memory: MappedMemory
  readonly pages: PredecodedPages
  readonly system: System
  readonly hasA32 = false
  readonly stackBits = STACK_BITS

  /** The stack pointer that is not in `r[13]`: PSP while MSP is current, and the other way round. */
  otherSp = 0
  /** True while `r[13]` is PSP. */
  usesPsp = false

  /** EPSR.T: clear only after a branch to an even address, which faults at the next instruction. */
  thumb = true
  /** The number of the exception that is being handled, 0 in Thread mode. */
  ipsr = 0
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

  /** Why the core cannot go on, once it cannot. */
  lockup: string | undefined
  /** True once software has asked for a reset of the chip (AIRCR.SYSRESETREQ). */
  resetRequested = false

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
    super(part, r, s)
    this.memory = new MappedMemory(regions, new CoreBus(this, bus))
    this.pages = new PredecodedPages(this.memory, this.debug, thumbDecoder(part))
    this.system = makeSystem(this)
    this.openMemory()
  }

  /** @param vectors the address of the vector table, from which SP and pc are loaded */
  reset(vectors: number): void {
    const sp = this.memory.load(vectors, 4)
    const entry = this.memory.load(vectors + 4, 4)
    this.resetShared()
    this.r[13] = sp & STACK_BITS
    this.r[14] = -1
    this.pc = entry & ~1
    this.otherSp = 0
    this.usesPsp = false
    this.thumb = (entry & 1) !== 0
    this.ipsr = 0
    this.primask = this.faultmask = this.basepri = this.control = 0
    this.msplim = this.psplim = 0
    this.lockup = undefined
    this.resetRequested = false
    this.ccr = this.cpacr = 0
    this.system.reset(vectors)
    if (sp < 0 || entry < 0) this.lockup = `no vector table at ${hex(vectors >>> 0, 8)}`
  }

  get trapsUnaligned(): boolean {
    return (this.ccr & CCR_UNALIGN_TRP) !== 0
  }

  get trapsDivision(): boolean {
    return (this.ccr & CCR_DIV_0_TRP) !== 0
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

  /** Sets every field of xPSR, as an exception return does. */
  setXpsr(value: number): void {
    this.setApsr(value)
    this.thumb = (value & XPSR_T) !== 0
    this.itstate = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc)
    this.ipsr = value & XPSR_EXCEPTION
  }
}
