/** CFSR: the status registers of MemManage (bits 7:0), BusFault (15:8) and UsageFault (31:16). */
export const Cfsr = {
  IACCVIOL: 1 << 0,
  DACCVIOL: 1 << 1,
  MUNSTKERR: 1 << 3,
  MSTKERR: 1 << 4,
  MLSPERR: 1 << 5,
  MMARVALID: 1 << 7,
  IBUSERR: 1 << 8,
  PRECISERR: 1 << 9,
  UNSTKERR: 1 << 11,
  STKERR: 1 << 12,
  LSPERR: 1 << 13,
  BFARVALID: 1 << 15,
  UNDEFINSTR: 1 << 16,
  INVSTATE: 1 << 17,
  INVPC: 1 << 18,
  NOCP: 1 << 19,
  STKOF: 1 << 20,
  UNALIGNED: 1 << 24,
  DIVBYZERO: 1 << 25,
} as const

/** HFSR: why HardFault was taken. */
export const Hfsr = { VECTTBL: 1 << 1, FORCED: 1 << 30, DEBUGEVT: 0x8000_0000 | 0 } as const

/** DFSR.BKPT. */
export const DFSR_BKPT = 1 << 1

/** The fault status registers, and the addresses that go with them. */
export class FaultStatus {
  cfsr = 0
  hfsr = 0
  dfsr = 0
  mmfar = 0
  bfar = 0

  reset(): void {
    this.cfsr = this.hfsr = this.dfsr = this.mmfar = this.bfar = 0
  }

  /** Sets bits of CFSR, and MMFAR or BFAR with them where the fault has an address. */
  record(bits: number, address: number): void {
    this.cfsr |= bits
    if (bits & Cfsr.MMARVALID) this.mmfar = address
    if (bits & Cfsr.BFARVALID) this.bfar = address
  }
}
