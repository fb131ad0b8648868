import { Cpu } from '../../../src/cores/cortex-m/cpu.js'
import { type Part, type PartName, parts } from '../../../src/cores/cortex-m/parts.js'
import { exceptionName } from '../../../src/cores/cortex-m/system/exception.js'
import { CortexMSystem, type SystemOptions } from '../../../src/cores/cortex-m/system/system.js'
import { Region } from '../../../src/memory/region.js'

export const RAM = 0x2000_0000
export const RAM_SIZE = 0x1_0000
/** MSP after reset. */
export const STACK = RAM + 0x8000
/** Nothing answers here. */
export const NOWHERE = 0x9000_0000

/** Registers by the names of the architecture reference manual. */
export const reg = {
  SYST_CSR: 0xe000_e010,
  SYST_RVR: 0xe000_e014,
  SYST_CVR: 0xe000_e018,
  SYST_CALIB: 0xe000_e01c,
  ISER: 0xe000_e100,
  ICER: 0xe000_e180,
  ISPR: 0xe000_e200,
  ICPR: 0xe000_e280,
  IABR: 0xe000_e300,
  IPR: 0xe000_e400,
  CPUID: 0xe000_ed00,
  ICSR: 0xe000_ed04,
  VTOR: 0xe000_ed08,
  AIRCR: 0xe000_ed0c,
  SCR: 0xe000_ed10,
  CCR: 0xe000_ed14,
  SHPR1: 0xe000_ed18,
  SHPR2: 0xe000_ed1c,
  SHPR3: 0xe000_ed20,
  SHCSR: 0xe000_ed24,
  CFSR: 0xe000_ed28,
  HFSR: 0xe000_ed2c,
  DFSR: 0xe000_ed30,
  MMFAR: 0xe000_ed34,
  BFAR: 0xe000_ed38,
  CPACR: 0xe000_ed88,
  MPU_TYPE: 0xe000_ed90,
  MPU_CTRL: 0xe000_ed94,
  MPU_RNR: 0xe000_ed98,
  MPU_RBAR: 0xe000_ed9c,
  MPU_RASR: 0xe000_eda0,
  DEMCR: 0xe000_edfc,
  STIR: 0xe000_ef00,
  FPCCR: 0xe000_ef34,
  FPCAR: 0xe000_ef38,
  FPDSCR: 0xe000_ef3c,
  DWT_CTRL: 0xe000_1000,
  DWT_CYCCNT: 0xe000_1004,
} as const

/** Where the handler of exception `number` begins. */
export function handlerOf(number: number): number {
  return 0x1000 + 0x10 * number
}

/**
 * A core between two memories, without an instruction stream: a test does what instructions would
 * do, and looks at what comes of it.
 */
export class BareCpu {
  readonly cpu: Cpu
  readonly system: CortexMSystem

  constructor(
    name: PartName = 'cortex-m4',
    options: SystemOptions & { part?: Partial<Part> } = {},
  ) {
    const code = new Region({ name: 'code', da: 0, size: RAM_SIZE })
    const ram = new Region({ name: 'ram', da: RAM, size: RAM_SIZE })
    const bus = { load: () => -1, store: () => false }
    const made: CortexMSystem[] = []
    const part: Part = { ...parts[name], ...options.part }
    this.cpu = new Cpu(part, [ram, code], bus, (cpu) => {
      const system = new CortexMSystem(cpu, options)
      made.push(system)
      return system
    })
    const [system] = made
    if (system === undefined) throw new Error('the core has made no system')
    this.system = system
    code.setU32(0, STACK)
    for (let number = 1; number < 512; number++) code.setU32(4 * number, handlerOf(number) | 1)
    this.cpu.reset(0)
    this.cpu.pc = 0x800
  }

  /** Stores a word as the core would. */
  write(address: number, value: number): this {
    if (!this.cpu.memory.store(address | 0, 4, value)) throw new Error(`store to ${address}`)
    return this
  }

  read(address: number): number {
    return this.cpu.memory.load(address | 0, 4)
  }

  /** What is between two instructions: pending exceptions are looked at. */
  step(): this {
    this.system.takePending()
    return this
  }

  /** Lets the core's clock go on. */
  pass(cycles: number): this {
    this.cpu.skipTo(this.cpu.cycle + cycles)
    if (this.cpu.cycle >= this.system.dueCycle) this.system.due()
    return this
  }

  /** Returns from the handler with what LR has. */
  leave(): this {
    this.system.exceptionReturn(this.cpu.r[14] ?? 0)
    return this
  }

  get sp(): number {
    return (this.cpu.r[13] ?? 0) >>> 0
  }

  get lr(): number {
    return (this.cpu.r[14] ?? 0) >>> 0
  }

  /** Whose handler it is that runs. */
  get handler(): string {
    return this.cpu.ipsr === 0 ? 'Thread' : exceptionName(this.cpu.ipsr)
  }

  /** The words on the stack, from SP up. */
  stacked(words: number, sp: number = this.sp): number[] {
    return Array.from({ length: words }, (_, i) => this.read(sp + 4 * i))
  }
}
