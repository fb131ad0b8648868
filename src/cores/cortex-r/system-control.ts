import type { CortexRCpu } from './cpu.js'
import { CycleCounter } from './cycle-counter.js'
import type { Pmsa } from './pmsa.js'

/** Bits of SCTLR (ARMv7-AR manual, B6.1.93; Cortex-R5 TRM, 4.3.13). */
const SCTLR_M = 1 << 0
const SCTLR_A = 1 << 1
const SCTLR_V = 1 << 13
const SCTLR_BR = 1 << 17
const SCTLR_DZ = 1 << 19
const SCTLR_TE = 1 << 30
/** What is always 1, and what can be written. */
const SCTLR_ONES = 0x00c5_0878
const SCTLR_WRITABLE = 0x7e2a_7807

/** CPACR: there is no Advanced SIMD, and no register above d15. */
const CPACR_WITHOUT = 0xc000_0000 | 0

const FPEXC_EN = 1 << 30
/** The FPU of a Cortex-R5: VFPv3-D16. */
const FPSID = 0x4102_3153
const MVFR0 = 0x1011_0221
const MVFR1 = 0x0000_0011

/** Identification registers of CP15 c0 by CRm and opc2 (Cortex-R5 TRM, 4.2). */
const features: Readonly<Record<string, number>> = {
  '0,1': 0x8003_c003, // CTR
  '0,2': 0x0001_0001, // TCMTR
  '1,0': 0x131, // ID_PFR0: A32, T32
  '1,1': 0x001, // ID_PFR1
  '1,2': 0x0001_0400, // ID_DFR0
  '1,4': 0x0021_0030, // ID_MMFR0: PMSAv7
  '1,6': 0x0120_0000, // ID_MMFR2
  '1,7': 0x0211, // ID_MMFR3
  '2,0': 0x0210_1111, // ID_ISAR0 and so on
  '2,1': 0x1311_2111,
  '2,2': 0x2123_2141,
  '2,3': 0x0111_2131,
  '2,4': 0x0001_0142,
}

/** A register of CP15: opc1, CRn, CRm and opc2. */
export interface Place {
  readonly opc1: number
  readonly crn: number
  readonly crm: number
  readonly opc2: number
}

/**
 * The system control coprocessor of a Cortex-R5, CP15, as far as software that starts up and runs on
 * one goes. Caches and branch predictors are not there: what is done to them is done.
 */
export class SystemControl {
  readonly #cpu: CortexRCpu
  readonly #mpu: Pmsa
  readonly #counter: CycleCounter
  #sctlr = SCTLR_ONES
  #cpacr = CPACR_WITHOUT
  #fpexc = 0
  dfsr = 0
  ifsr = 0
  dfar = 0
  ifar = 0
  /** Registers that keep what is written to them, by their place. */
  readonly #kept = new Map<string, number>()

  constructor(cpu: CortexRCpu, mpu: Pmsa) {
    this.#cpu = cpu
    this.#mpu = mpu
    this.#counter = new CycleCounter(() => cpu.cycle)
  }

  reset(highVectors: boolean): void {
    this.#kept.clear()
    this.#counter.reset()
    this.#fpexc = 0
    this.#storeCpacr(0)
    this.dfsr = this.ifsr = this.dfar = this.ifar = 0
    this.#storeSctlr(highVectors ? SCTLR_V : 0)
  }

  /** The address of the vectors. */
  get vectors(): number {
    return this.#sctlr & SCTLR_V ? 0xffff_0000 | 0 : 0
  }

  /** Exceptions are entered in Thumb state. */
  get thumbExceptions(): boolean {
    return (this.#sctlr & SCTLR_TE) !== 0
  }

  /** What is executed may use coprocessors 10 and 11. */
  get reachesFpu(): boolean {
    const access = (this.#cpacr >>> 20) & 0xf
    return access === 0xf || (access === 5 && this.#cpu.privileged)
  }

  get admitsFpu(): boolean {
    return this.reachesFpu && (this.#fpexc & FPEXC_EN) !== 0
  }

  /** VMRS of anything but FPSCR. @returns undefined where there is no such register */
  loadVfp(register: number): number | undefined {
    switch (register) {
      case 0:
        return FPSID
      case 6:
        return MVFR1
      case 7:
        return MVFR0
      case 8:
        return this.#fpexc
      default:
        return undefined
    }
  }

  /** VMSR of anything but FPSCR. @returns whether there is such a register */
  storeVfp(register: number, value: number): boolean {
    if (register === 0) return true
    if (register !== 8) return false
    this.#fpexc = value & FPEXC_EN
    this.#cpu.fpuReady = false
    return true
  }

  /** MRC. @returns undefined where the instruction is undefined */
  load(place: Place): number | undefined {
    const { opc1, crn, crm, opc2 } = place
    if (!this.#cpu.privileged && !this.#isOpen(place)) return undefined
    const mpu = this.#mpu
    const at = `${crm},${opc2}`
    if (opc1 !== 0) return this.#loadCacheType(place)
    switch (crn) {
      case 0:
        if (at === '0,4') return this.#cpu.part.mpuRegions << 8
        if (at === '0,5') return this.#cpu.part.mpidr
        return crm === 0 && features[at] === undefined ? this.#cpu.part.midr : (features[at] ?? 0)
      case 1:
        if (at === '0,0') return this.#sctlr
        return at === '0,2' ? this.#cpacr : this.#keep(place)
      case 5:
        if (at === '0,0') return this.dfsr
        return at === '0,1' ? this.ifsr : this.#keep(place)
      case 6:
        switch (at) {
          case '0,0':
            return this.dfar
          case '0,2':
            return this.ifar
          case '1,0':
            return mpu.baseAddress
          case '1,2':
            return mpu.size
          case '1,4':
            return mpu.access
          case '2,0':
            return mpu.number
          default:
            return undefined
        }
      case 9:
        return crm >= 12 ? this.#counter.load(crm, opc2) : this.#keep(place)
      case 7:
        return 0
      case 11:
      case 13:
      case 15:
        return this.#keep(place)
      default:
        return undefined
    }
  }

  /** MCR. @returns false where the instruction is undefined */
  store(place: Place, value: number): boolean {
    const { opc1, crn, crm, opc2 } = place
    if (!this.#cpu.privileged && !this.#isOpen(place)) return false
    const mpu = this.#mpu
    const at = `${crm},${opc2}`
    if (opc1 !== 0) return crn === 15 || (opc1 === 2 && crn === 0)
    switch (crn) {
      case 1:
        if (at === '0,0') this.#storeSctlr(value)
        else if (at === '0,2') this.#storeCpacr(value)
        else this.#kept.set(nameOf(place), value)
        return true
      case 5:
        if (at === '0,0') this.dfsr = value
        else if (at === '0,1') this.ifsr = value
        else this.#kept.set(nameOf(place), value)
        return true
      case 6:
        switch (at) {
          case '0,0':
            this.dfar = value
            return true
          case '0,2':
            this.ifar = value
            return true
          case '1,0':
            mpu.baseAddress = value
            return true
          case '1,2':
            mpu.size = value
            return true
          case '1,4':
            mpu.access = value
            return true
          case '2,0':
            mpu.number = value & (this.#cpu.part.mpuRegions - 1)
            return true
          default:
            return false
        }
      case 7:
        this.#maintain(crm, opc2)
        return true
      case 9:
        if (crm >= 12) return this.#counter.store(crm, opc2, value)
        this.#kept.set(nameOf(place), value)
        return true
      case 11:
      case 13:
      case 15:
        this.#kept.set(nameOf(place), value)
        return true
      default:
        return false
    }
  }

  /** Operations on caches, and barriers by their old names (c7). */
  #maintain(crm: number, opc2: number): void {
    const cpu = this.#cpu
    const invalidatesCode = crm === 5
    const barrier = crm === 10 && (opc2 === 4 || opc2 === 5)
    if (barrier || invalidatesCode) cpu.memory.fence()
    if (invalidatesCode || (crm === 10 && opc2 === 4)) cpu.synchronizeCode()
  }

  #storeSctlr(value: number): void {
    const sctlr = (value & SCTLR_WRITABLE) | SCTLR_ONES
    this.#sctlr = sctlr
    this.#cpu.trapsUnaligned = (sctlr & SCTLR_A) !== 0
    this.#cpu.trapsDivision = (sctlr & SCTLR_DZ) !== 0
    this.#mpu.configure((sctlr & SCTLR_M) !== 0, (sctlr & SCTLR_BR) !== 0, (sctlr & SCTLR_V) !== 0)
  }

  /** Of all coprocessors there are 10 and 11 only, and those together. */
  #storeCpacr(value: number): void {
    this.#cpacr = (value & 0x00f0_0000) | CPACR_WITHOUT
    this.#cpu.fpuReady = false
  }

  #loadCacheType({ opc1, crn, crm, opc2 }: Place): number | undefined {
    if (crn === 15) return 0
    if (crn !== 0 || crm !== 0) return undefined
    if (opc1 === 1 && opc2 === 0) return 0xf01f_e019 // CCSIDR: 32 KiB, 4 ways
    if (opc1 === 1 && opc2 === 1) return 0x0920_0003 // CLIDR: both at level 1
    return opc1 === 2 && opc2 === 0 ? 0 : undefined // CSSELR
  }

  /** What user mode reaches: barriers, and two of the thread registers. */
  #isOpen({ opc1, crn, crm, opc2 }: Place): boolean {
    if (opc1 !== 0) return false
    if (crn === 7) return (crm === 5 && opc2 === 4) || (crm === 10 && (opc2 === 4 || opc2 === 5))
    return crn === 13 && crm === 0 && (opc2 === 2 || opc2 === 3)
  }

  #keep(place: Place): number {
    return this.#kept.get(nameOf(place)) ?? 0
  }
}

function nameOf({ opc1, crn, crm, opc2 }: Place): string {
  return `${opc1},${crn},${crm},${opc2}`
}
