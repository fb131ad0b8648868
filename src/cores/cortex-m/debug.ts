import type { CoreDebug, DebugControl, DebugFeature, Disassembled } from '../debug.js'
import { DebugStretch } from '../debug-stretch.js'
import type { Cpu } from './cpu.js'
import {
  FPSCR,
  generalRegisters,
  isDouble,
  PC,
  readDouble,
  register,
  SP,
  vfpRegisters,
  word,
  writeDouble,
} from './debug-registers.js'
import { disassemble } from './disassemble.js'
import { isLong } from './thumb16.js'

const XPSR = 25
const FIRST_SYSTEM = 32

/** Special registers, in the order of their numbers from `FIRST_SYSTEM` on. */
const systemRegisters = [
  'msp',
  'psp',
  'primask',
  'basepri',
  'faultmask',
  'control',
  'msplim',
  'psplim',
] as const

/** What a debugger sees of a Cortex-M. */
export class CortexMDebug implements CoreDebug {
  readonly control: DebugControl
  readonly architecture = 'arm'
  readonly pc = PC
  readonly features: readonly DebugFeature[]
  readonly #cpu: Cpu
  readonly #stretch: DebugStretch

  constructor(cpu: Cpu) {
    this.#cpu = cpu
    this.control = cpu.debug
    this.#stretch = new DebugStretch(cpu.debug, cpu, (pc) => cpu.pages.redecode(pc, cpu.itstate))
    this.features = [
      {
        name: 'org.gnu.gdb.arm.m-profile',
        registers: [...generalRegisters, register(XPSR, 'xpsr')],
      },
      {
        name: 'org.gnu.gdb.arm.m-system',
        registers: systemRegisters.map((name, n) => register(FIRST_SYSTEM + n, name)),
      },
      ...(cpu.part.fpu === 'none'
        ? []
        : [{ name: 'org.gnu.gdb.arm.vfp', registers: vfpRegisters }]),
    ]
  }

  readRegister(number: number): bigint | undefined {
    const cpu = this.#cpu
    if (isDouble(number)) return readDouble(cpu.s, number)
    if (number === FPSCR) return word(cpu.fpscr)
    if (number === PC) return word(cpu.pc)
    if (number === XPSR) return word(cpu.xpsr)
    if (number >= 0 && number < PC) return word(cpu.r[number])
    const name = systemRegisters[number - FIRST_SYSTEM]
    return name === undefined ? undefined : word(cpu[name])
  }

  writeRegister(number: number, value: bigint): boolean {
    const cpu = this.#cpu
    const bits = Number(BigInt.asIntN(32, value))
    if (this.readRegister(number) === undefined) return false
    if (isDouble(number)) {
      writeDouble(cpu.s, number, value)
      return true
    }
    switch (number) {
      case FPSCR:
        cpu.fpscr = bits
        return true
      case PC:
        cpu.pc = bits & ~1
        cpu.itstate = 0
        cpu.waiting = false
        return true
      case XPSR:
        cpu.setApsr(bits)
        return true
      case SP:
        cpu.r[SP] = bits & ~3
        return true
      default:
        break
    }
    if (number < PC) {
      cpu.r[number] = bits
      return true
    }
    const name = systemRegisters[number - FIRST_SYSTEM]
    // The others decide on privilege and stacks, and are the firmware's to write.
    if (name === 'msp' || name === 'psp') cpu[name] = bits & ~3
    else if (name === 'primask' || name === 'faultmask') cpu[name] = bits & 1
    else if (name === 'basepri') cpu.basepri = bits & 0xff
    else return false
    cpu.attention = true
    return true
  }

  load(address: number, size: 1 | 2 | 4): number {
    return this.#cpu.memory.load(address | 0, size)
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    this.#cpu.pages.flush()
    return this.#cpu.memory.store(address | 0, size, value)
  }

  disassemble(address: number): Disassembled | undefined {
    const cpu = this.#cpu
    const first = cpu.memory.fetch(address | 0)
    if (first < 0) return undefined
    // Only of the next instruction it is known whether it is in an IT block.
    const itstate = address === cpu.pc ? cpu.itstate : 0
    if (!isLong(first)) return disassemble(first, undefined, address, itstate)
    const second = cpu.memory.fetch((address + 2) | 0)
    return second < 0 ? undefined : disassemble(first, second, address, itstate)
  }

  /** The core was reset. */
  reset(): void {
    this.#stretch.reset()
  }

  /** A stretch in which a debugger has something to say; `whole` is one without. */
  stretch(whole: () => void): void {
    this.#stretch.run(whole)
  }
}
