import type {
  CoreDebug,
  DebugControl,
  DebugFeature,
  DebugRegister,
  Disassembled,
} from '../debug.js'
import { DebugStretch } from '../debug-stretch.js'
import { isReadOnly, readCsr, writeCsr } from './csr.js'
import { csrNames } from './csr-names.js'
import { disassemble } from './disassemble.js'
import { type Hart, MSTATUS_FS } from './hart.js'
import { floatNames, registerNames } from './register-names.js'

// GDB's numbers: x0 to x31, pc, f0 to f31, then the CSRs.
const PC = 32
const FIRST_FLOAT = 33
const FIRST_CSR = 65
const LAST_CSR = FIRST_CSR + 0xfff

/** What a debugger sees of a hart. */
export class RiscvDebug implements CoreDebug {
  readonly control: DebugControl
  readonly architecture = 'riscv:rv32'
  readonly pc = PC
  readonly #hart: Hart
  #features: readonly DebugFeature[] | undefined
  readonly #stretch: DebugStretch

  constructor(hart: Hart) {
    this.#hart = hart
    this.control = hart.debug
    this.#stretch = new DebugStretch(hart.debug, hart, (pc) => hart.pages.forget(pc))
  }

  /** Found when they are first asked for: some CSRs show what is around the hart. */
  get features(): readonly DebugFeature[] {
    this.#features ??= [
      {
        name: 'org.gnu.gdb.riscv.cpu',
        registers: [
          ...registerNames.map((name, number) => register(number, name, type(name))),
          register(PC, 'pc', 'code_ptr'),
        ],
      },
      ...(this.#hart.extensions.float
        ? [
            {
              name: 'org.gnu.gdb.riscv.fpu',
              registers: floatNames.map((name, n) =>
                register(FIRST_FLOAT + n, name, 'ieee_single'),
              ),
            },
          ]
        : []),
      {
        name: 'org.gnu.gdb.riscv.csr',
        registers: [...csrNames]
          .filter(([csr]) => readCsr(this.#hart, csr) !== undefined)
          .map(([csr, name]) => register(FIRST_CSR + csr, name, 'int')),
      },
    ]
    return this.#features
  }

  readRegister(number: number): bigint | undefined {
    const value = this.#read(number)
    return value === undefined ? undefined : BigInt.asUintN(32, BigInt(value))
  }

  writeRegister(number: number, value: bigint): boolean {
    const hart = this.#hart
    const bits = Number(BigInt.asIntN(32, value))
    const csr = number - FIRST_CSR
    if (this.#read(number) === undefined) return false
    if (number === PC) {
      hart.pc = bits & ~1
      hart.waiting = false
    } else if (number > 0 && number < PC) {
      hart.x[number] = bits
    } else if (number >= FIRST_FLOAT && number < FIRST_CSR) {
      hart.f[number - FIRST_FLOAT] = bits
      hart.mstatus |= MSTATUS_FS
    } else if (csr >= 0) {
      if (isReadOnly(csr)) return false
      writeCsr(hart, csr, bits)
    }
    return true
  }

  load(address: number, size: 1 | 2 | 4): number {
    return this.#hart.memory.load(address | 0, size)
  }

  store(address: number, size: 1 | 2 | 4, value: number): boolean {
    this.#hart.flushCode()
    return this.#hart.memory.store(address | 0, size, value)
  }

  disassemble(address: number): Disassembled | undefined {
    const { memory } = this.#hart
    const low = memory.fetch(address | 0)
    if (low < 0) return undefined
    const high = (low & 3) === 3 ? memory.fetch((address + 2) | 0) : 0
    return high < 0 ? undefined : disassemble(((high << 16) | low) >>> 0, address)
  }

  /** The hart was reset. */
  reset(): void {
    this.#stretch.reset()
  }

  /** A stretch in which a debugger has something to say; `whole` is one without. */
  stretch(whole: () => void): void {
    this.#stretch.run(whole)
  }

  #read(number: number): number | undefined {
    const hart = this.#hart
    if (number === PC) return hart.pc
    if (number >= 0 && number < PC) return hart.x[number]
    if (number >= FIRST_FLOAT && number < FIRST_CSR) {
      return hart.extensions.float ? hart.f[number - FIRST_FLOAT] : undefined
    }
    if (number < FIRST_CSR || number > LAST_CSR) return undefined
    return readCsr(hart, number - FIRST_CSR)
  }
}

function register(number: number, name: string, type: string): DebugRegister {
  return { number, name, bits: 32, type }
}

/** What GDB's own descriptions say of a register; sp and gp are data pointers, ra is code. */
function type(name: string): string {
  if (name === 'ra') return 'code_ptr'
  return name === 'sp' || name === 'gp' || name === 'tp' ? 'data_ptr' : 'int'
}
