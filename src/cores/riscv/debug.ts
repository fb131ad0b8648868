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
import { highOf, lowOf, toBig } from './rv64/arithmetic.js'
import { readCsr64, writeCsr64 } from './rv64/csr.js'

// GDB's numbers: x0 to x31, pc, f0 to f31, then the CSRs.
const PC = 32
const FIRST_FLOAT = 33
const FIRST_CSR = 65
const LAST_CSR = FIRST_CSR + 0xfff

/** What a debugger sees of a hart. */
export class RiscvDebug implements CoreDebug {
  readonly control: DebugControl
  readonly architecture: string
  readonly pc = PC
  readonly #hart: Hart
  #features: readonly DebugFeature[] | undefined
  readonly #stretch: DebugStretch

  constructor(hart: Hart) {
    this.#hart = hart
    this.control = hart.debug
    this.architecture = hart.extensions.wide ? 'riscv:rv64' : 'riscv:rv32'
    this.#stretch = new DebugStretch(hart.debug, hart, (pc) => hart.pages.forget(pc))
  }

  /** Found when they are first asked for: some CSRs show what is around the hart. */
  get features(): readonly DebugFeature[] {
    const { wide, float } = this.#hart.extensions
    const bits = wide ? 64 : 32
    this.#features ??= [
      {
        name: 'org.gnu.gdb.riscv.cpu',
        registers: [
          ...registerNames.map((name, number) => register(number, name, bits, type(name))),
          register(PC, 'pc', bits, 'code_ptr'),
        ],
      },
      ...(float
        ? [
            {
              name: 'org.gnu.gdb.riscv.fpu',
              registers: floatNames.map((name, n) =>
                register(FIRST_FLOAT + n, name, 32, 'ieee_single'),
              ),
            },
          ]
        : []),
      {
        name: 'org.gnu.gdb.riscv.csr',
        registers: [...csrNames]
          .filter(([csr]) => this.#readCsr(csr) !== undefined)
          .map(([csr, name]) => register(FIRST_CSR + csr, name, bits, 'int')),
      },
    ]
    return this.#features
  }

  readRegister(number: number): bigint | undefined {
    const { pc, pcHigh, x, xHigh, f, extensions } = this.#hart
    if (number === PC) return this.#unsigned(pc, pcHigh)
    if (number >= 0 && number < PC) return this.#unsigned(x[number] ?? 0, xHigh[number] ?? 0)
    if (number >= FIRST_FLOAT && number < FIRST_CSR) {
      return extensions.float ? BigInt((f[number - FIRST_FLOAT] ?? 0) >>> 0) : undefined
    }
    if (number < FIRST_CSR || number > LAST_CSR) return undefined
    return this.#readCsr(number - FIRST_CSR)
  }

  writeRegister(number: number, value: bigint): boolean {
    const hart = this.#hart
    const { wide } = hart.extensions
    const bits = lowOf(value)
    const high = wide ? highOf(value) : 0
    const csr = number - FIRST_CSR
    if (this.readRegister(number) === undefined) return false
    if (number === PC) {
      hart.pc = bits & ~1
      hart.pcHigh = high
      hart.waiting = false
    } else if (number > 0 && number < PC) {
      hart.x[number] = bits
      hart.xHigh[number] = high
    } else if (number >= FIRST_FLOAT && number < FIRST_CSR) {
      hart.f[number - FIRST_FLOAT] = bits
      hart.mstatus |= MSTATUS_FS
    } else if (csr >= 0) {
      if (isReadOnly(csr)) return false
      if (wide) writeCsr64(hart, csr, value)
      else writeCsr(hart, csr, bits)
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
    const { memory, extensions } = this.#hart
    const low = memory.fetch(address | 0)
    if (low < 0) return undefined
    const high = (low & 3) === 3 ? memory.fetch((address + 2) | 0) : 0
    return high < 0 ? undefined : disassemble(((high << 16) | low) >>> 0, address, extensions.wide)
  }

  /** The hart was reset. */
  reset(): void {
    this.#stretch.reset()
  }

  /** A stretch in which a debugger has something to say; `whole` is one without. */
  stretch(whole: () => void): void {
    this.#stretch.run(whole)
  }

  /** Of RV32 the lower word alone. */
  #unsigned(low: number, high: number): bigint {
    if (!this.#hart.extensions.wide) return BigInt(low >>> 0)
    return BigInt.asUintN(64, toBig(low, high))
  }

  #readCsr(csr: number): bigint | undefined {
    if (this.#hart.extensions.wide) return readCsr64(this.#hart, csr)
    const value = readCsr(this.#hart, csr)
    return value === undefined ? undefined : BigInt(value >>> 0)
  }
}

function register(number: number, name: string, bits: 32 | 64, type: string): DebugRegister {
  return { number, name, bits, type }
}

/** What GDB's own descriptions say of a register; sp and gp are data pointers, ra is code. */
function type(name: string): string {
  if (name === 'ra') return 'code_ptr'
  return name === 'sp' || name === 'gp' || name === 'tp' ? 'data_ptr' : 'int'
}
