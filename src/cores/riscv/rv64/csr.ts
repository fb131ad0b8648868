import { Csr, misa, readCsr, writeCsr } from '../csr.js'
import { type Hart, MSTATUS_FS } from '../hart.js'
import { highOf, lowOf, toBig } from './arithmetic.js'

const MXL_64 = 2n << 62n
/** `mstatus.UXL` says that user mode has 64 bits as well; it is fixed. */
const UXL_64 = 2n << 32n
const CAUSE_INTERRUPT = 1n << 63n
const PMPCFG1 = Csr.PMPCFG0 + 1

/** The CSRs that RV32 has for upper halves, and those of PMP with an odd number: not on RV64. */
function isHalf(csr: number): boolean {
  return (
    csr === Csr.MSTATUSH ||
    csr === Csr.MENVCFGH ||
    (csr >= Csr.MCYCLEH && csr <= Csr.MHPMCOUNTER31H) ||
    (csr >= Csr.CYCLEH && csr <= Csr.HPMCOUNTER31H) ||
    (csr >= PMPCFG1 && csr <= Csr.PMPCFG3 && csr % 2 === 1)
  )
}

/** The CSR's value as an unsigned number of 64 bits, or undefined where there is no such CSR. */
export function readCsr64(hart: Hart, csr: number): bigint | undefined {
  if (isHalf(csr)) return undefined
  const low = readCsr(hart, csr)
  if (low === undefined) return undefined
  const word = BigInt(low >>> 0)
  switch (csr) {
    case Csr.MISA:
      return MXL_64 | BigInt(misa(hart.extensions))
    case Csr.MSTATUS: {
      const dirty = (hart.mstatus & MSTATUS_FS) === MSTATUS_FS ? 1n << 63n : 0n
      return BigInt(hart.mstatus >>> 0) | (hart.extensions.user ? UXL_64 : 0n) | dirty
    }
    case Csr.MTVEC:
      return unsigned(hart.mtvec, hart.mtvecHigh)
    case Csr.MSCRATCH:
      return unsigned(hart.mscratch, hart.mscratchHigh)
    case Csr.MEPC:
      return unsigned(hart.mepc, hart.mepcHigh)
    case Csr.MTVAL:
      return unsigned(hart.mtval, hart.mtvalHigh)
    case Csr.MCAUSE:
      return hart.mcause < 0 ? CAUSE_INTERRUPT | BigInt(hart.mcause & 0x7fff_ffff) : word
    case Csr.MCYCLE:
    case Csr.CYCLE:
      return hart.mcycle.value(hart.cycle)
    case Csr.MINSTRET:
    case Csr.INSTRET:
      return hart.minstret.value(hart.retired)
    case Csr.TIME:
      return BigInt.asUintN(64, BigInt(hart.time()))
    case Csr.PMPCFG0:
    case Csr.PMPCFG0 + 2:
      return unsigned(low, readCsr(hart, csr + 1) ?? 0)
    default:
      return word
  }
}

function unsigned(low: number, high: number): bigint {
  return BigInt.asUintN(64, toBig(low, high))
}

/** Writes a CSR that exists and is not read-only. */
export function writeCsr64(hart: Hart, csr: number, value: bigint): void {
  const low = lowOf(value)
  const high = highOf(value)
  switch (csr) {
    case Csr.MTVEC:
      if ((low & 3) >= 2) return
      hart.mtvecHigh = high
      break
    case Csr.MSCRATCH:
      hart.mscratchHigh = high
      break
    case Csr.MEPC:
      hart.mepcHigh = high
      break
    case Csr.MTVAL:
      hart.mtvalHigh = high
      break
    case Csr.MCAUSE:
      // Bit 63 is kept where RV32 has it.
      hart.mcause = (low & 0x7fff_ffff) | (high & 0x8000_0000)
      return
    case Csr.MCYCLE:
      hart.mcycle.setValue(hart.cycle, value)
      return
    case Csr.MINSTRET:
      hart.minstret.setValue(hart.retired, value)
      return
    case Csr.PMPCFG0:
    case Csr.PMPCFG0 + 2:
      writeCsr(hart, csr + 1, high)
      break
    default:
      break
  }
  writeCsr(hart, csr, low)
}
