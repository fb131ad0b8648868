/** What a hart has beyond IMAC, Zicsr and Zifencei. */
export interface Extensions {
  /** F: single-precision floating point, and its loads and stores among the 16-bit instructions. */
  readonly float: boolean
  /** B, that is Zba, Zbb and Zbs: addresses, bits and single bits. */
  readonly bits: boolean
  /** User mode, and with it physical memory protection. */
  readonly user: boolean
}

export const ALL_EXTENSIONS: Extensions = { float: true, bits: true, user: true }
