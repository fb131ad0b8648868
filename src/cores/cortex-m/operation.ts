/**
 * What a predecoded instruction does. `interpreter.ts` executes those up to `STMDB` itself, and most
 * of floating point, save where they meet something unusual; the rest is left to `slow-path.ts`.
 */
export const Op = {
  /** Not reached yet: to be decoded. */
  UNDECODED: 0,
  /** rd = imm; the S form takes C from rm (0: unchanged, 2: clear, 3: set). */
  MOV_IMM: 1,
  MOVS_IMM: 2,
  MOVT: 3,
  /** rd = rm, its complement. */
  MOV: 4,
  MOVS: 5,
  MVN: 6,
  MVNS: 7,
  /** rd = rm shifted by imm (LSR and ASR: up to 32). */
  LSL_IMM: 8,
  LSLS_IMM: 9,
  LSR_IMM: 10,
  LSRS_IMM: 11,
  ASR_IMM: 12,
  ASRS_IMM: 13,
  ROR_IMM: 14,
  RORS_IMM: 15,
  RRX: 16,
  RRXS: 17,
  /** rd = rn shifted by rm. */
  LSL_REG: 18,
  LSLS_REG: 19,
  LSR_REG: 20,
  LSRS_REG: 21,
  ASR_REG: 22,
  ASRS_REG: 23,
  ROR_REG: 24,
  RORS_REG: 25,
  /** rd = rn with imm. Logical S forms take C from rm as MOVS_IMM does. */
  ADD_IMM: 26,
  ADDS_IMM: 27,
  SUBS_IMM: 28,
  RSB_IMM: 29,
  RSBS_IMM: 30,
  ADC_IMM: 31,
  ADCS_IMM: 32,
  SBC_IMM: 33,
  SBCS_IMM: 34,
  CMP_IMM: 35,
  CMN_IMM: 36,
  AND_IMM: 37,
  ANDS_IMM: 38,
  ORR_IMM: 39,
  ORRS_IMM: 40,
  EOR_IMM: 41,
  EORS_IMM: 42,
  TST_IMM: 43,
  TEQ_IMM: 44,
  /** rd = rn with rm. */
  ADD: 45,
  ADDS: 46,
  SUB: 47,
  SUBS: 48,
  ADC: 49,
  ADCS: 50,
  SBC: 51,
  SBCS: 52,
  CMP: 53,
  CMN: 54,
  AND: 55,
  ANDS: 56,
  ORR: 57,
  ORRS: 58,
  EOR: 59,
  EORS: 60,
  BIC: 61,
  BICS: 62,
  TST: 63,
  /** rd = rn + (rm << imm). */
  ADD_LSL: 64,
  /** rd = rn with rm shifted: imm is `Sub` << 8 | kind of shift << 5 | amount. */
  SHIFTED: 65,
  SHIFTED_S: 66,
  /** SP = rn + imm; SP = rm. */
  ADD_SP_IMM: 67,
  MOV_SP: 68,
  /** Of rm, rotated right by imm; the A forms add rn. */
  SXTB: 69,
  SXTH: 70,
  UXTB: 71,
  UXTH: 72,
  SXTAB: 73,
  SXTAH: 74,
  UXTAB: 75,
  UXTAH: 76,
  /** rd from rm. */
  REV: 77,
  REV16: 78,
  REVSH: 79,
  RBIT: 80,
  CLZ: 81,
  /** Bit fields of rn (and rd): imm is lowest bit | width << 8. */
  BFI: 82,
  BFC: 83,
  UBFX: 84,
  SBFX: 85,
  /** rd = rn × rm (and imm, the number of a third register; RdHi in the long ones). */
  MUL: 86,
  MULS: 87,
  MLA: 88,
  MLS: 89,
  UMULL: 90,
  SMULL: 91,
  UMLAL: 92,
  SMLAL: 93,
  SDIV: 94,
  UDIV: 95,
  /** Branches: imm is counted from the end of the instruction. */
  B: 96,
  BEQ: 97,
  BNE: 98,
  BCS: 99,
  BCC: 100,
  BMI: 101,
  BPL: 102,
  BVS: 103,
  BVC: 104,
  BHI: 105,
  BLS: 106,
  BGE: 107,
  BLT: 108,
  BGT: 109,
  BLE: 110,
  CBZ: 111,
  CBNZ: 112,
  BL: 113,
  BX: 114,
  BLX: 115,
  TBB: 116,
  TBH: 117,
  /** IT: imm is the guard of the instruction after it. */
  IT: 118,
  NOP: 119,
  /** rd at rn + imm. */
  LDR: 120,
  LDRB: 121,
  LDRH: 122,
  LDRSB: 123,
  LDRSH: 124,
  STR: 125,
  STRB: 126,
  STRH: 127,
  /** rd at rn + (rm << imm). */
  LDR_REG: 128,
  LDRB_REG: 129,
  LDRH_REG: 130,
  LDRSB_REG: 131,
  LDRSH_REG: 132,
  STR_REG: 133,
  STRB_REG: 134,
  STRH_REG: 135,
  /** rd at imm. */
  LDR_LITERAL: 136,
  /** With write-back: imm is offset << 8 | POST_INDEXED | place in the rows above. */
  LOAD_INDEXED: 137,
  STORE_INDEXED: 138,
  /** rd and rm at rn + imm. */
  LDRD: 139,
  STRD: 140,
  /** Registers of the mask imm; WRITE_BACK may be set in it. */
  PUSH: 141,
  POP: 142,
  POP_PC: 143,
  LDMIA: 144,
  STMIA: 145,
  LDMDB: 146,
  STMDB: 147,
  /**
   * Nothing of what comes now is executed by `interpret` itself, up to floating point. Loads like
   * those above, of pc or SP, or with an address that is not plain: imm is offset << 8 | flags |
   * place in the row.
   */
  LOAD_SPECIAL: 148,
  LOAD_LITERAL: 149,
  LOAD_LITERAL_SPECIAL: 150,
  UNPRIVILEGED: 151,
  LDRD_LITERAL: 152,
  LDRD_INDEXED: 153,
  STRD_INDEXED: 154,
  LDM_SPECIAL: 155,
  /** Exclusive and ordered accesses: imm is offset << 8 | kind. */
  LDREX: 156,
  STREX: 157,
  CLREX: 158,
  LDA: 159,
  STL: 160,
  /** pc = rm; SP or pc = rn with rm shifted, as SHIFTED. */
  MOV_PC: 161,
  SHIFTED_SPECIAL: 162,
  ADDS_SP_IMM: 163,
  ADD_PC: 164,
  /** System. */
  INVALID_STATE: 165,
  SVC: 166,
  BKPT: 167,
  UNDEFINED: 168,
  CPS: 169,
  MRS: 170,
  MSR: 171,
  DSB: 172,
  DMB: 173,
  ISB: 174,
  WFI: 175,
  WFE: 176,
  SEV: 177,
  TT: 178,
  BXNS: 179,
  BLXNS: 180,
  NO_COPROCESSOR: 181,
  /**
   * There is no memory at imm where (part of) the instruction should be; it must not be
   * executed.
   */
  FETCH_FAULT: 182,
  FETCH_FORBIDDEN: 183,
  /** Saturation: imm is bit - 1 or bit | shift << 8 | ASR << 16. */
  SSAT: 184,
  USAT: 185,
  SSAT16: 186,
  USAT16: 187,
  /** DSP: imm is variant << 4 | a fourth register. */
  QARITH: 188,
  PARALLEL: 189,
  SEL: 190,
  EXTEND16: 191,
  PKH: 192,
  USAD8: 193,
  SMLAXY: 194,
  SMLALXY: 195,
  SMLAW: 196,
  SMLAD: 197,
  SMLSD: 198,
  SMLALD: 199,
  SMLSLD: 200,
  SMMLA: 201,
  SMMLS: 202,
  UMAAL: 203,
  /** Floating point: imm is d | n << 5 | m << 10 | DOUBLE | which << 16; see thumb32-float.ts. */
  FP_ARITHMETIC: 204,
  FP_UNARY: 205,
  FP_COMPARE: 206,
  FP_CONVERT: 207,
  FP_SELECT: 208,
  /** Register d is imm2 of the encoding, expanded: imm is d | DOUBLE | imm8 << 16. */
  FP_CONSTANT: 209,
  /** Between rd and s register n of imm; rd, rm and the pair of s registers from n on. */
  FP_TO_CORE: 210,
  FP_FROM_CORE: 211,
  FP_TO_CORES: 212,
  FP_FROM_CORES: 213,
  /** FPSCR and rd; 15 stands for the flags. */
  VMRS: 214,
  VMSR: 215,
  /** d of imm at rn + (imm >> 16). */
  FP_LOAD: 216,
  FP_STORE: 217,
  /** From register d on, imm >> 16 s registers, at rn: rd is a set of flags. */
  FP_LOAD_MULTIPLE: 218,
  FP_STORE_MULTIPLE: 219,
  /** An encoding of the extension that does not exist. */
  FP_UNDEFINED: 220,
  /**
   * The A and R profiles' own; `imm` is the encoding, of T32 with its first half as the upper one. Of A32
   * these are the forms that the operations above do not have: those with the pc, with flags that go with
   * nothing in T32, or with a register that is shifted by another one.
   */
  A32_DATA: 221,
  A32_MULTIPLY: 222,
  A32_TRANSFER: 223,
  A32_TRANSFER_SMALL: 224,
  A32_BLOCK: 225,
  SWAP: 226,
  /** rd and the register after it at rn; of STREXD rm is the result. */
  LDREXD: 227,
  STREXD: 228,
  /** A jump to imm, whose bit 0 says the instruction set; with rm LR is set. */
  EXCHANGE: 229,
  /** Between rd and CPSR, or SPSR with rm; of MSR imm is the mask, and 16 set for an immediate in MSR_IMM. */
  MRS_PSR: 230,
  MSR_PSR: 231,
  MSR_PSR_IMM: 232,
  /** CPS: imm is mode, and its flags in cortex-r/status.ts. */
  CPS_PSR: 233,
  /** The return state is stored, or loaded. */
  SRS: 234,
  RFE: 235,
  /** SUBS pc, LR, imm. */
  RETURN: 236,
  COPROCESSOR: 237,
  COPROCESSOR_PAIR: 238,
  /** VMRS and VMSR of another register than FPSCR: rd, and its number in imm; rm for VMSR. */
  VFP_SYSTEM: 239,
  /** The debugger wants to stop before the instruction here. */
  BREAKPOINT: 254,
  /** Here compiled code can be entered, at its entry number imm. */
  COMPILED: 255,
} as const

export type Op = (typeof Op)[keyof typeof Op]

/** What SHIFTED does with rn and the shifted rm: opcodes of "data processing (shifted register)". */
export const Sub = {
  AND: 0,
  BIC: 1,
  ORR: 2,
  ORN: 3,
  EOR: 4,
  ADD: 8,
  ADC: 10,
  SBC: 11,
  SUB: 13,
  RSB: 14,
  /** Beyond those of the encoding: only flags, or only the operand. */
  TST: 16,
  TEQ: 17,
  CMN: 18,
  CMP: 19,
  MOV: 20,
  MVN: 21,
} as const

export type Sub = (typeof Sub)[keyof typeof Sub]
