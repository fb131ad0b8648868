import {
  FPSCR,
  generalRegisters,
  isDouble,
  LR,
  PC,
  readDouble,
  register,
  vfpRegisters,
  word,
  writeDouble,
} from '../cortex-m/debug-registers.js'
import { disassemble } from '../cortex-m/disassemble.js'
import { isLong } from '../cortex-m/thumb16.js'
import type { CoreDebug, DebugControl, DebugFeature, Disassembled, Flow } from '../debug.js'
import { DebugStretch } from '../debug-stretch.js'
import type { CortexRCpu } from './cpu.js'

const CPSR = 25

/** What a debugger sees of a Cortex-R. */
export class CortexRDebug implements CoreDebug {
  readonly control: DebugControl
  readonly architecture = 'arm'
  readonly pc = PC
  readonly features: readonly DebugFeature[]
  readonly #cpu: CortexRCpu
  readonly #stretch: DebugStretch

  constructor(cpu: CortexRCpu) {
    this.#cpu = cpu
    this.control = cpu.debug
    this.#stretch = new DebugStretch(cpu.debug, cpu, (pc) => cpu.pages.redecode(pc, cpu.itstate))
    this.features = [
      {
        name: 'org.gnu.gdb.arm.core',
        registers: [...generalRegisters, register(CPSR, 'cpsr')],
      },
      { name: 'org.gnu.gdb.arm.vfp', registers: vfpRegisters },
    ]
  }

  readRegister(number: number): bigint | undefined {
    const cpu = this.#cpu
    if (isDouble(number)) return readDouble(cpu.s, number)
    if (number === FPSCR) return word(cpu.fpscr)
    if (number === PC) return word(cpu.pc)
    if (number === CPSR) return word(cpu.cpsr)
    return number >= 0 && number < PC ? word(cpu.r[number]) : undefined
  }

  writeRegister(number: number, value: bigint): boolean {
    const cpu = this.#cpu
    const bits = Number(BigInt.asIntN(32, value))
    if (this.readRegister(number) === undefined) return false
    if (isDouble(number)) writeDouble(cpu.s, number, value)
    else if (number === FPSCR) cpu.fpscr = bits
    else if (number === PC) {
      cpu.pc = bits & (cpu.thumb ? ~1 : ~3)
      cpu.itstate = 0
      cpu.waiting = false
    } else if (number === CPSR) {
      // Which instruction set it is, and the mode, decide on everything else: the firmware's to write.
      cpu.setApsr(bits)
    } else cpu.r[number] = bits
    return true
  }

  load(address: number, size: 1 | 2 | 4): number {
    return this.#cpu.memory.load(address | 0, size)
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    this.#cpu.flushCode()
    return this.#cpu.memory.store(address | 0, size, value)
  }

  /** Thumb code by its names, A32 as its bits. */
  disassemble(address: number): Disassembled | undefined {
    const cpu = this.#cpu
    const first = cpu.memory.fetch(address | 0)
    if (first < 0) return undefined
    if (!cpu.thumb) {
      const upper = cpu.memory.fetch((address + 2) | 0)
      if (upper < 0) return undefined
      const bits = ((upper << 16) | first) >>> 0
      const text = `.inst 0x${bits.toString(16).padStart(8, '0')}`
      return { size: 4, bits, text, flow: flowOf(bits) }
    }
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

/** What an A32 instruction does to the order of things. */
function flowOf(bits: number): Flow {
  if ((bits & 0x0f00_0000) === 0x0b00_0000 || bits >>> 25 === 0x7d) return 'call' // BL, BLX
  if ((bits & 0x0fff_fff0) === 0x012f_ff30) return 'call' // BLX register
  if ((bits & 0x0fff_fff0) === 0x012f_ff10) return (bits & 15) === LR ? 'return' : 'jump' // BX
  if ((bits & 0x0f00_0000) === 0x0a00_0000) return 'jump'
  // LDM with the pc, and what computes it from LR.
  if ((bits & 0x0e10_8000) === 0x0810_8000) return 'return'
  if ((bits & 0x0c00_f000) === 0x0000_f000 && (bits & 0x0180_0000) !== 0x0100_0000) {
    return (bits & 15) === LR || ((bits >>> 16) & 15) === LR ? 'return' : 'jump'
  }
  return (bits & 0x0c10_f000) === 0x0410_f000 ? 'jump' : 'next'
}
