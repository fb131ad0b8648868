import { type Hart, MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP } from './hart.js'
import { MEI, MSI, MTI } from './trap.js'

/** CSR numbers (privileged specification, "Control and Status Registers"), by their names there. */
export const Csr = {
  MSTATUS: 0x300,
  MISA: 0x301,
  MIE: 0x304,
  MTVEC: 0x305,
  MSTATUSH: 0x310,
  MCOUNTINHIBIT: 0x320,
  MHPMEVENT3: 0x323,
  MHPMEVENT31: 0x33f,
  MSCRATCH: 0x340,
  MEPC: 0x341,
  MCAUSE: 0x342,
  MTVAL: 0x343,
  MIP: 0x344,
  MCYCLE: 0xb00,
  MINSTRET: 0xb02,
  MHPMCOUNTER3: 0xb03,
  MHPMCOUNTER31: 0xb1f,
  MCYCLEH: 0xb80,
  MINSTRETH: 0xb82,
  MHPMCOUNTER3H: 0xb83,
  MHPMCOUNTER31H: 0xb9f,
  CYCLE: 0xc00,
  TIME: 0xc01,
  INSTRET: 0xc02,
  HPMCOUNTER31: 0xc1f,
  CYCLEH: 0xc80,
  TIMEH: 0xc81,
  INSTRETH: 0xc82,
  HPMCOUNTER31H: 0xc9f,
  MVENDORID: 0xf11,
  MARCHID: 0xf12,
  MIMPID: 0xf13,
  MHARTID: 0xf14,
  MCONFIGPTR: 0xf15,
} as const

/** `misa`: MXL = 1 (32 bits), extensions A, C, I and M. */
const MISA = (1 << 30) | (1 << 12) | (1 << 8) | (1 << 2) | (1 << 0)

const INTERRUPTS = MSI | MTI | MEI

/** Bits of `mcountinhibit`. */
const INHIBIT_CY = 1 << 0
const INHIBIT_IR = 1 << 2

/** The CSR's value as a signed 32-bit number, or undefined where this hart has no such CSR. */
export function readCsr(hart: Hart, csr: number): number | undefined {
  switch (csr) {
    case Csr.MSTATUS:
      return hart.mstatus
    case Csr.MISA:
      return MISA
    case Csr.MIE:
      return hart.mie
    case Csr.MTVEC:
      return hart.mtvec
    case Csr.MCOUNTINHIBIT:
      return hart.mcountinhibit
    case Csr.MSCRATCH:
      return hart.mscratch
    case Csr.MEPC:
      return hart.mepc
    case Csr.MCAUSE:
      return hart.mcause
    case Csr.MTVAL:
      return hart.mtval
    case Csr.MIP:
      return hart.mip
    case Csr.MCYCLE:
    case Csr.CYCLE:
      return hart.mcycle.low(hart.cycle)
    case Csr.MCYCLEH:
    case Csr.CYCLEH:
      return hart.mcycle.high(hart.cycle)
    case Csr.MINSTRET:
    case Csr.INSTRET:
      return hart.minstret.low(hart.retired)
    case Csr.MINSTRETH:
    case Csr.INSTRETH:
      return hart.minstret.high(hart.retired)
    case Csr.TIME:
      return Number(BigInt.asIntN(32, BigInt(hart.time())))
    case Csr.TIMEH:
      return Number(BigInt.asIntN(32, BigInt(hart.time()) >> 32n))
    case Csr.MSTATUSH:
    case Csr.MVENDORID:
    case Csr.MARCHID:
    case Csr.MIMPID:
    case Csr.MHARTID:
    case Csr.MCONFIGPTR:
      return 0
    default:
      return isEventCounter(csr) ? 0 : undefined
  }
}

/** The event counters, of which this hart counts none: all are read-only zero, as is allowed. */
function isEventCounter(csr: number): boolean {
  return (
    (csr >= Csr.MHPMEVENT3 && csr <= Csr.MHPMEVENT31) ||
    (csr >= Csr.MHPMCOUNTER3 && csr <= Csr.MHPMCOUNTER31) ||
    (csr >= Csr.MHPMCOUNTER3H && csr <= Csr.MHPMCOUNTER31H) ||
    (csr > Csr.INSTRET && csr <= Csr.HPMCOUNTER31) ||
    (csr > Csr.INSTRETH && csr <= Csr.HPMCOUNTER31H)
  )
}

/** True for the quarter of the numbers that stand for read-only CSRs. */
export function isReadOnly(csr: number): boolean {
  return csr >>> 10 === 3
}

/** Writes a CSR that exists and is not read-only; bits that the hart does not have stay as they are. */
export function writeCsr(hart: Hart, csr: number, value: number): void {
  switch (csr) {
    case Csr.MSTATUS:
      hart.mstatus = MSTATUS_MPP | (value & (MSTATUS_MIE | MSTATUS_MPIE))
      break
    case Csr.MIE:
      hart.mie = value & INTERRUPTS
      break
    case Csr.MTVEC:
      // Modes 2 and 3 are reserved: such a write is ignored whole.
      if ((value & 3) < 2) hart.mtvec = value
      break
    case Csr.MCOUNTINHIBIT:
      hart.mcountinhibit = value & (INHIBIT_CY | INHIBIT_IR)
      hart.mcycle.inhibit(hart.cycle, (value & INHIBIT_CY) !== 0)
      hart.minstret.inhibit(hart.retired, (value & INHIBIT_IR) !== 0)
      break
    case Csr.MSCRATCH:
      hart.mscratch = value
      break
    case Csr.MEPC:
      hart.mepc = value & ~1
      break
    case Csr.MCAUSE:
      hart.mcause = value
      break
    case Csr.MTVAL:
      hart.mtval = value
      break
    case Csr.MCYCLE:
      hart.mcycle.setLow(hart.cycle, value)
      break
    case Csr.MCYCLEH:
      hart.mcycle.setHigh(hart.cycle, value)
      break
    case Csr.MINSTRET:
      hart.minstret.setLow(hart.retired, value)
      break
    case Csr.MINSTRETH:
      hart.minstret.setHigh(hart.retired, value)
      break
    default:
      break // misa, mip, mstatush, the event counters: nothing in them can be written
  }
}
