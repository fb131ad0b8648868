import type { Cpu } from '../cpu.js'
import type { Dwt } from './dwt.js'
import type { FpuControl } from './fpu-control.js'
import type { Mpu } from './mpu.js'
import type { Nvic } from './nvic.js'
import type { Scb } from './scb.js'
import type { SysTick } from './systick.js'

/** The system control space on the private peripheral bus. */
const SCS = 0xe000
const SCS_END = 0xf000
/** The data watchpoint and trace unit. */
const DWT = 0x1000
const DWT_END = 0x2000

// Blocks within the system control space; what is left is the system control block's.
const SYSTICK = 0x010
const SYSTICK_END = 0x020
const NVIC = 0x100
const NVIC_END = 0xd00
const MPU = 0xd90
const MPU_END = 0xdc8
const DEMCR = 0xdfc
const FPU = 0xf34
const FPU_END = 0xf4c

/** What lies on the private peripheral bus. */
export interface PrivatePeripherals {
  readonly nvic: Nvic
  readonly systick: SysTick
  readonly scb: Scb
  readonly mpu: Mpu
  readonly dwt: Dwt
  readonly fpu: FpuControl
}

/**
 * The private peripheral bus, 0xe000_0000 to 0xe00f_ffff. Registers are words; parts of them can be
 * read, and written where the manual has bytes (priorities, CFSR). What is not there reads as zero
 * and ignores writes. Unprivileged code gets no answer.
 */
export class PrivatePeripheralBus {
  readonly #cpu: Cpu
  readonly #peripherals: PrivatePeripherals

  constructor(cpu: Cpu, peripherals: PrivatePeripherals) {
    this.#cpu = cpu
    this.#peripherals = peripherals
  }

  /** See `System.load`. */
  load(address: number, size: 1 | 2 | 4): number {
    if (!this.#cpu.privileged) return -1
    const offset = address & 0xf_ffff
    const word = this.#loadWord(offset & ~3)
    if (size === 4) return word >>> 0
    return (word >>> (8 * (offset & 3))) & (size === 2 ? 0xffff : 0xff)
  }

  /** See `System.store`. */
  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    const offset = address & 0xf_ffff
    if (!this.#cpu.privileged && !this.#peripherals.scb.unprivilegedMayStore(offset - SCS)) {
      return false
    }
    this.#store(offset, size, value | 0)
    // Nearly everything here has a say in what is executed next.
    this.#cpu.attention = true
    return true
  }

  #loadWord(offset: number): number {
    const { nvic, systick, scb, mpu, dwt, fpu } = this.#peripherals
    if (offset >= DWT && offset < DWT_END) return dwt.load(offset)
    if (offset < SCS || offset >= SCS_END) return 0
    const register = offset - SCS
    if (register >= SYSTICK && register < SYSTICK_END) return systick.load(register)
    if (register >= NVIC && register < NVIC_END) return nvic.load(register)
    if (register >= MPU && register < MPU_END) return mpu.load(register)
    if (register >= FPU && register < FPU_END) return fpu.load(register)
    return register === DEMCR ? dwt.load(offset) : scb.load(register)
  }

  #store(offset: number, size: 1 | 2 | 4, value: number): void {
    const { nvic, systick, scb, mpu, dwt, fpu } = this.#peripherals
    const register = offset - SCS
    if (register >= NVIC && register < NVIC_END) nvic.store(register, size, value)
    else if (register >= 0 && register < SCS_END - SCS && size !== 4) {
      scb.store(register, size, value)
    } else if (size !== 4) return
    else if (offset >= DWT && offset < DWT_END) dwt.store(offset, value)
    else if (offset < SCS || offset >= SCS_END) return
    else if (register >= SYSTICK && register < SYSTICK_END) systick.store(register, value)
    else if (register >= MPU && register < MPU_END) mpu.store(register, value)
    else if (register >= FPU && register < FPU_END) fpu.store(register, value)
    else if (register === DEMCR) dwt.store(offset, value)
    else scb.store(register, size, value)
  }
}
