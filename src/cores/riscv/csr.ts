import type { Extensions } from './extensions.js'
import {
  type Hart,
  MSTATUS_FS,
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_MPRV,
  MSTATUS_TW,
} from './hart.js'
import { MACHINE, PMP_ENTRIES } from './pmp.js'
import { MEI, MSI, MTI } from './trap.js'

/** CSR numbers (privileged specification, "Control and Status Registers"), by their names there. */
export const Csr = {
  FFLAGS: 0x001,
  FRM: 0x002,
  FCSR: 0x003,
  SATP: 0x180,
  MSTATUS: 0x300,
  MISA: 0x301,
  MIE: 0x304,
  MTVEC: 0x305,
  MCOUNTEREN: 0x306,
  MENVCFG: 0x30a,
  MSTATUSH: 0x310,
  MENVCFGH: 0x31a,
  MCOUNTINHIBIT: 0x320,
  MHPMEVENT3: 0x323,
  MHPMEVENT31: 0x33f,
  MSCRATCH: 0x340,
  MEPC: 0x341,
  MCAUSE: 0x342,
  MTVAL: 0x343,
  MIP: 0x344,
  PMPCFG0: 0x3a0,
  PMPCFG3: 0x3a3,
  PMPADDR0: 0x3b0,
  PMPADDR15: 0x3bf,
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

/** A bit of `misa`. */
function letter(name: string): number {
  return 1 << (name.charCodeAt(0) - 'A'.charCodeAt(0))
}

/** `misa`: MXL = 1 on RV32 (RV64 has it elsewhere), and the letters of the extensions. */
export function misa({ wide, float, bits, user }: Extensions): number {
  const base = (wide ? 0 : 1 << 30) | letter('A') | letter('C') | letter('I') | letter('M')
  const more = (float ? letter('F') : 0) | (bits ? letter('B') : 0) | (user ? letter('U') : 0)
  return base | more
}

/** `mstatus.SD`, which says that FS says Dirty. */
const MSTATUS_SD = 1 << 31

/** `menvcfg.FIOM`. */
const FIOM = 1

/** The fields of `fcsr`. */
const FFLAGS = 0x1f
const FRM = 7
const FRM_SHIFT = 5

const INTERRUPTS = MSI | MTI | MEI

/** Bits of `mcountinhibit`. */
const INHIBIT_CY = 1 << 0
const INHIBIT_IR = 1 << 2

/** The CSR's value as a signed 32-bit number, or undefined where this hart has no such CSR. */
export function readCsr(hart: Hart, csr: number): number | undefined {
  if (isFloat(csr) && (hart.mstatus & MSTATUS_FS) === 0) return undefined
  if (isUser(csr) && !hart.extensions.user) return undefined
  switch (csr) {
    case Csr.FFLAGS:
      return hart.float.flags
    case Csr.FRM:
      return hart.frm
    case Csr.FCSR:
      return hart.float.flags | (hart.frm << FRM_SHIFT)
    case Csr.MSTATUS:
      return hart.mstatus | ((hart.mstatus & MSTATUS_FS) === MSTATUS_FS ? MSTATUS_SD : 0)
    case Csr.MISA:
      return misa(hart.extensions)
    case Csr.MCOUNTEREN:
      return hart.mcounteren
    case Csr.MENVCFG:
      return hart.menvcfg
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
    // Paging that is always off: ports for machines that have it turn it off before anything else.
    case Csr.SATP:
    case Csr.MSTATUSH:
    case Csr.MENVCFGH:
    case Csr.MVENDORID:
    case Csr.MARCHID:
    case Csr.MIMPID:
    case Csr.MHARTID:
    case Csr.MCONFIGPTR:
      return 0
    default:
      if (csr >= Csr.PMPCFG0 && csr <= Csr.PMPCFG3) return hart.pmp.config(4 * (csr - Csr.PMPCFG0))
      if (csr >= Csr.PMPADDR0 && csr <= Csr.PMPADDR15) return hart.pmp.address(csr - Csr.PMPADDR0)
      return isEventCounter(csr) ? 0 : undefined
  }
}

function isFloat(csr: number): boolean {
  return csr >= Csr.FFLAGS && csr <= Csr.FCSR
}

/** The CSRs that come with user mode. */
function isUser(csr: number): boolean {
  const protection = csr >= Csr.PMPCFG0 && csr < Csr.PMPADDR0 + PMP_ENTRIES
  const environment = csr === Csr.MENVCFG || csr === Csr.MENVCFGH
  return protection || environment || csr === Csr.MCOUNTEREN || csr === Csr.SATP
}

/** Whether the mode that the hart is in may have a CSR at all: bits 9 and 8 of its number say so. */
export function isAllowed(hart: Hart, csr: number): boolean {
  if (hart.mode < ((csr >>> 8) & 3)) return false
  // The counters, of which mcounteren has a bit each.
  const counter = (csr & ~0x9f) === Csr.CYCLE
  return hart.mode === MACHINE || !counter || ((hart.mcounteren >>> (csr & 31)) & 1) === 1
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
    case Csr.FFLAGS:
      setFloat(hart, value, hart.frm)
      break
    case Csr.FRM:
      setFloat(hart, hart.float.flags, value)
      break
    case Csr.FCSR:
      setFloat(hart, value, value >>> FRM_SHIFT)
      break
    case Csr.MSTATUS:
      writeStatus(hart, value)
      break
    case Csr.MCOUNTEREN:
      hart.mcounteren = value
      break
    case Csr.MENVCFG:
      hart.menvcfg = value & FIOM
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
      writeProtection(hart, csr, value)
      break // satp, misa, mip, mstatush, the event counters: nothing in them can be written
  }
}

function setFloat(hart: Hart, flags: number, frm: number): void {
  hart.float.flags = flags & FFLAGS
  hart.frm = frm & FRM
  hart.mstatus |= MSTATUS_FS
}

function writeStatus(hart: Hart, value: number): void {
  const { user, float } = hart.extensions
  const more = (user ? MSTATUS_MPRV | MSTATUS_TW : 0) | (float ? MSTATUS_FS : 0)
  const writable = MSTATUS_MIE | MSTATUS_MPIE | more
  const mpp = value & MSTATUS_MPP
  // There is no S-mode, and no mode 2: then MPP stays as it is.
  const known = mpp === MSTATUS_MPP || (user && mpp === 0)
  hart.mstatus = (value & writable) | (known ? mpp : hart.mstatus & MSTATUS_MPP)
  hart.modeChanged()
}

function writeProtection(hart: Hart, csr: number, value: number): void {
  if (csr >= Csr.PMPCFG0 && csr <= Csr.PMPCFG3) {
    hart.pmp.setConfig(4 * (csr - Csr.PMPCFG0), value)
  } else if (csr >= Csr.PMPADDR0 && csr <= Csr.PMPADDR15) {
    hart.pmp.setAddress(csr - Csr.PMPADDR0, value)
  } else return
  hart.protectionChanged()
}
