/** What a hart has beyond IMAC, Zicsr and Zifencei. */
export interface Extensions {
  /** RV64: registers and addresses of 64 bits. F and B are those of RV32 then, so neither is there. */
  readonly wide: boolean
  /** F: single-precision floating point, and its loads and stores among the 16-bit instructions. */
  readonly float: boolean
  /** B, that is Zba, Zbb and Zbs: addresses, bits and single bits. */
  readonly bits: boolean
  /** User mode, and with it physical memory protection. */
  readonly user: boolean
}

/** RV32 with nothing more. */
export const IMAC: Extensions = { wide: false, float: false, bits: false, user: false }
/** What an RV32 hart has unless told otherwise, and an RV64 one. */
export const ALL_EXTENSIONS: Extensions = { wide: false, float: true, bits: true, user: true }
export const RV64_EXTENSIONS: Extensions = { wide: true, float: false, bits: false, user: true }
