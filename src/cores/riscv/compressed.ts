/**
 * The C extension without double precision ("RVC", unprivileged specification, chapter "C" Standard
 * Extension for Compressed Instructions): each 16-bit instruction is one 32-bit instruction written
 * shorter, and is turned into that one here. `wide` is true for RV64, where some stand for others.
 */

const OP_LOAD = 0x03
const OP_LOAD_FP = 0x07
const OP_IMM = 0x13
const OP_IMM_32 = 0x1b
const OP_STORE = 0x23
const OP_STORE_FP = 0x27
const OP = 0x33
const OP_32 = 0x3b
const OP_LUI = 0x37
const OP_BRANCH = 0x63
const OP_JALR = 0x67
const OP_JAL = 0x6f
const EBREAK = 0x0010_0073

const RA = 1
const SP = 2

/** What a 16-bit encoding that names no instruction expands to; all zeros is illegal by definition. */
const ILLEGAL = 0

/** The 32-bit encoding of the 16-bit instruction `half`, or 0 where it is reserved. */
export function expandCompressed(half: number, wide: boolean): number {
  const funct3 = half >>> 13
  switch (half & 3) {
    case 0:
      return quadrant0(half, funct3, wide)
    case 1:
      return quadrant1(half, funct3, wide)
    default:
      return quadrant2(half, funct3, wide)
  }
}

function quadrant0(half: number, funct3: number, wide: boolean): number {
  const low = ((half >>> 2) & 7) + 8
  const base = ((half >>> 7) & 7) + 8
  const offset = ((half >>> 7) & 0x38) | ((half >>> 4) & 4) | ((half << 1) & 0x40)
  switch (funct3) {
    case 0: {
      // C.ADDI4SPN
      const imm =
        ((half >>> 7) & 0x30) | ((half >>> 1) & 0x3c0) | ((half >>> 4) & 4) | ((half >>> 2) & 8)
      return imm === 0 ? ILLEGAL : typeI(OP_IMM, 0, low, SP, imm)
    }
    case 2: // C.LW
      return typeI(OP_LOAD, 2, low, base, offset)
    case 3: // C.LD, C.FLW
      if (wide) return typeI(OP_LOAD, 3, low, base, doubleOffset(half))
      return typeI(OP_LOAD_FP, 2, low, base, offset)
    case 6: // C.SW
      return typeS(OP_STORE, 2, base, low, offset)
    case 7: // C.SD, C.FSW
      if (wide) return typeS(OP_STORE, 3, base, low, doubleOffset(half))
      return typeS(OP_STORE_FP, 2, base, low, offset)
    default:
      return ILLEGAL
  }
}

function quadrant1(half: number, funct3: number, wide: boolean): number {
  const rd = (half >>> 7) & 31
  const imm = (((half << 19) >> 26) & ~31) | ((half >>> 2) & 31)
  switch (funct3) {
    case 0: // C.ADDI, C.NOP
      return typeI(OP_IMM, 0, rd, rd, imm)
    case 1: // C.ADDIW, C.JAL
      if (wide) return rd === 0 ? ILLEGAL : typeI(OP_IMM_32, 0, rd, rd, imm)
      return typeJ(RA, jumpOffset(half))
    case 2: // C.LI
      return typeI(OP_IMM, 0, rd, 0, imm)
    case 3:
      return rd === SP ? addi16sp(half) : imm === 0 ? ILLEGAL : (imm << 12) | (rd << 7) | OP_LUI
    case 4:
      return arithmetic(half, imm, wide)
    case 5: // C.J
      return typeJ(0, jumpOffset(half))
    default: // C.BEQZ, C.BNEZ
      return typeB(funct3 & 1, ((half >>> 7) & 7) + 8, branchOffset(half))
  }
}

function addi16sp(half: number): number {
  const imm =
    (((half << 19) >> 31) * 0x200) |
    ((half >>> 2) & 0x10) |
    ((half << 1) & 0x40) |
    ((half << 4) & 0x180) |
    ((half << 3) & 0x20)
  return imm === 0 ? ILLEGAL : typeI(OP_IMM, 0, SP, SP, imm)
}

/** C.SRLI, C.SRAI, C.ANDI and the register forms, `funct3` 4 of quadrant 1. */
function arithmetic(half: number, imm: number, wide: boolean): number {
  const rd = ((half >>> 7) & 7) + 8
  const rs2 = ((half >>> 2) & 7) + 8
  const bit12 = (half >>> 12) & 1
  switch ((half >>> 10) & 3) {
    case 0: // C.SRLI; a shift by 32 and more is reserved for RV64
      return bit12 && !wide ? ILLEGAL : typeI(OP_IMM, 5, rd, rd, imm & 63)
    case 1: // C.SRAI
      return bit12 && !wide ? ILLEGAL : typeI(OP_IMM, 5, rd, rd, 0x400 | (imm & 63))
    case 2: // C.ANDI
      return typeI(OP_IMM, 7, rd, rd, imm)
    default:
      break
  }
  if (bit12) {
    const word = (half >>> 5) & 3 // C.SUBW, C.ADDW of RV64
    return wide && word < 2 ? typeR(0, word === 0 ? 0x20 : 0, rd, rd, rs2, OP_32) : ILLEGAL
  }
  switch ((half >>> 5) & 3) {
    case 0: // C.SUB
      return typeR(0, 0x20, rd, rd, rs2)
    case 1: // C.XOR
      return typeR(4, 0, rd, rd, rs2)
    case 2: // C.OR
      return typeR(6, 0, rd, rd, rs2)
    default: // C.AND
      return typeR(7, 0, rd, rd, rs2)
  }
}

function quadrant2(half: number, funct3: number, wide: boolean): number {
  const rd = (half >>> 7) & 31
  const rs2 = (half >>> 2) & 31
  const bit12 = (half >>> 12) & 1
  switch (funct3) {
    case 0: // C.SLLI
      return bit12 && !wide ? ILLEGAL : typeI(OP_IMM, 1, rd, rd, (bit12 << 5) | rs2)
    case 2: // C.LWSP
      return rd === 0 ? ILLEGAL : typeI(OP_LOAD, 2, rd, SP, stackLoadOffset(half))
    case 3: // C.LDSP, C.FLWSP
      if (wide) return rd === 0 ? ILLEGAL : typeI(OP_LOAD, 3, rd, SP, doubleLoadOffset(half))
      return typeI(OP_LOAD_FP, 2, rd, SP, stackLoadOffset(half))
    case 4:
      if (rs2 !== 0) return typeR(0, 0, rd, bit12 ? rd : 0, rs2) // C.ADD, C.MV
      if (rd === 0) return bit12 ? EBREAK : ILLEGAL
      return typeI(OP_JALR, 0, bit12 ? RA : 0, rd, 0) // C.JALR, C.JR
    case 6: // C.SWSP
      return typeS(OP_STORE, 2, SP, rs2, stackStoreOffset(half))
    case 7: // C.SDSP, C.FSWSP
      if (wide) return typeS(OP_STORE, 3, SP, rs2, doubleStoreOffset(half))
      return typeS(OP_STORE_FP, 2, SP, rs2, stackStoreOffset(half))
    default:
      return ILLEGAL
  }
}

/** uimm[5:3] and uimm[7:6] of the CL and CS formats, for 64 bits. */
function doubleOffset(half: number): number {
  return ((half >>> 7) & 0x38) | ((half << 1) & 0xc0)
}

/** uimm[5] and uimm[4:3|8:6] of the CI format, for 64 bits. */
function doubleLoadOffset(half: number): number {
  return ((half >>> 7) & 0x20) | ((half >>> 2) & 0x18) | ((half << 4) & 0x1c0)
}

/** uimm[5:3|8:6] of the CSS format, for 64 bits. */
function doubleStoreOffset(half: number): number {
  return ((half >>> 7) & 0x38) | ((half >>> 1) & 0x1c0)
}

/** uimm[5] and uimm[4:2|7:6] of the CI format. */
function stackLoadOffset(half: number): number {
  return ((half >>> 7) & 0x20) | ((half >>> 2) & 0x1c) | ((half << 4) & 0xc0)
}

/** uimm[5:2|7:6] of the CSS format. */
function stackStoreOffset(half: number): number {
  return ((half >>> 7) & 0x3c) | ((half >>> 1) & 0xc0)
}

/** imm[11|4|9:8|10|6|7|3:1|5] of the CJ format. */
function jumpOffset(half: number): number {
  return (
    (((half << 19) >> 31) * 0x800) |
    ((half >>> 7) & 0x10) |
    ((half >>> 1) & 0x300) |
    ((half << 2) & 0x400) |
    ((half >>> 1) & 0x40) |
    ((half << 1) & 0x80) |
    ((half >>> 2) & 0xe) |
    ((half << 3) & 0x20)
  )
}

/** imm[8|4:3] and imm[7:6|2:1|5] of the CB format. */
function branchOffset(half: number): number {
  return (
    (((half << 19) >> 31) * 0x100) |
    ((half >>> 7) & 0x18) |
    ((half << 1) & 0xc0) |
    ((half >>> 2) & 6) |
    ((half << 3) & 0x20)
  )
}

function typeI(opcode: number, funct3: number, rd: number, rs1: number, imm: number): number {
  return (imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
}

function typeR(
  funct3: number,
  funct7: number,
  rd: number,
  rs1: number,
  rs2: number,
  opcode = OP,
): number {
  return (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
}

function typeS(opcode: number, funct3: number, rs1: number, rs2: number, imm: number): number {
  const high = (imm >> 5) << 25
  return high | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((imm & 31) << 7) | opcode
}

function typeB(funct3: number, rs1: number, imm: number): number {
  const high = (((imm >> 12) & 1) << 31) | (((imm >> 5) & 0x3f) << 25)
  const low = (((imm >> 1) & 15) << 8) | (((imm >> 11) & 1) << 7)
  return high | (rs1 << 15) | (funct3 << 12) | low | OP_BRANCH
}

function typeJ(rd: number, imm: number): number {
  const high = (((imm >> 20) & 1) << 31) | (((imm >> 1) & 0x3ff) << 21)
  return high | (((imm >> 11) & 1) << 20) | (((imm >> 12) & 0xff) << 12) | (rd << 7) | OP_JAL
}
