import { isRounding } from '../float/unit.js'
import { expandCompressed } from './compressed.js'
import type { Extensions } from './extensions.js'
import { Op } from './operation.js'

/**
 * Predecoded instructions. Each takes two words of an `Int32Array`: the packed word
 *
 *     31..24 length in bytes | 23..19 rs2 | 18..14 rs1 | 13..8 rd | 7..0 operation
 *
 * and an immediate that is already in the form in which the operation uses it. A destination of x0
 * becomes `SINK`, a register that nothing reads, so that no operation has to look for x0.
 */
export const SINK = 32

const OPCODE = 0x7f

const loads = [Op.LB, Op.LH, Op.LW, Op.ILLEGAL, Op.LBU, Op.LHU, Op.ILLEGAL, Op.ILLEGAL] as const
const stores = [Op.SB, Op.SH, Op.SW] as const
const branches = [Op.BEQ, Op.BNE, Op.ILLEGAL, Op.ILLEGAL, Op.BLT, Op.BGE, Op.BLTU, Op.BGEU] as const
const immediates = [Op.ADDI, Op.SLLI, Op.SLTI, Op.SLTIU, Op.XORI, Op.SRLI, Op.ORI, Op.ANDI] as const
const registers = [Op.ADD, Op.SLL, Op.SLT, Op.SLTU, Op.XOR, Op.SRL, Op.OR, Op.AND] as const
const multiplies = [Op.MUL, Op.MULH, Op.MULHSU, Op.MULHU, Op.DIV, Op.DIVU, Op.REM, Op.REMU] as const
const csrs = [
  Op.ILLEGAL,
  Op.CSRRW,
  Op.CSRRS,
  Op.CSRRC,
  Op.ILLEGAL,
  Op.CSRRWI,
  Op.CSRRSI,
  Op.CSRRCI,
] as const
/** By funct5 of the A extension. */
const atomics: ReadonlyMap<number, Op> = new Map([
  [0x00, Op.AMOADD],
  [0x01, Op.AMOSWAP],
  [0x02, Op.LR],
  [0x03, Op.SC],
  [0x04, Op.AMOXOR],
  [0x08, Op.AMOOR],
  [0x0c, Op.AMOAND],
  [0x10, Op.AMOMIN],
  [0x14, Op.AMOMAX],
  [0x18, Op.AMOMINU],
  [0x1c, Op.AMOMAXU],
])

const wideLoads = [Op.LB, Op.LH, Op.LW, Op.LD, Op.LBU, Op.LHU, Op.LWU] as const
/** On 64 bits, in the order of those on 32. */
const atomicDoubles = [
  Op.LR_D,
  Op.SC_D,
  Op.AMOSWAP_D,
  Op.AMOADD_D,
  Op.AMOXOR_D,
  Op.AMOAND_D,
  Op.AMOOR_D,
  Op.AMOMIN_D,
  Op.AMOMAX_D,
  Op.AMOMINU_D,
  Op.AMOMAXU_D,
] as const
/** By funct7, then by funct3. */
const wordRegisters: ReadonlyMap<number, readonly (Op | undefined)[]> = new Map([
  [0x00, [Op.ADDW, Op.SLLW, undefined, undefined, undefined, Op.SRLW]],
  [0x01, [Op.MULW, undefined, undefined, undefined, Op.DIVW, Op.DIVUW, Op.REMW, Op.REMUW]],
  [0x20, [Op.SUBW, undefined, undefined, undefined, undefined, Op.SRAW]],
])
/** Operations with one operand, by the field of the second. */
const unaries = [Op.CLZ, Op.CTZ, Op.CPOP, Op.ILLEGAL, Op.SEXT_B, Op.SEXT_H] as const
/** Single bits by funct7: with an immediate, and with a register. */
const singleBits: ReadonlyMap<number, readonly [Op, Op]> = new Map([
  [0x14, [Op.BSETI, Op.BSET]],
  [0x24, [Op.BCLRI, Op.BCLR]],
  [0x34, [Op.BINVI, Op.BINV]],
])
/** By funct7 and funct3. */
const bitRegisters: ReadonlyMap<number, Op> = new Map([
  [(0x05 << 3) | 4, Op.MIN],
  [(0x05 << 3) | 5, Op.MINU],
  [(0x05 << 3) | 6, Op.MAX],
  [(0x05 << 3) | 7, Op.MAXU],
  [(0x10 << 3) | 2, Op.SH1ADD],
  [(0x10 << 3) | 4, Op.SH2ADD],
  [(0x10 << 3) | 6, Op.SH3ADD],
  [(0x20 << 3) | 4, Op.XNOR],
  [(0x20 << 3) | 6, Op.ORN],
  [(0x20 << 3) | 7, Op.ANDN],
  [(0x30 << 3) | 1, Op.ROL],
  [(0x30 << 3) | 5, Op.ROR],
])
const multiplyAdds = [Op.FMADD, Op.FMSUB, Op.FNMSUB, Op.FNMADD] as const
const floatArithmetic = [Op.FADD, Op.FSUB, Op.FMUL, Op.FDIV] as const
const floatToInteger = [Op.FCVT_W, Op.FCVT_WU] as const
const floatFromInteger = [Op.FCVT_S_W, Op.FCVT_S_WU] as const
const floatSigns = [Op.FSGNJ, Op.FSGNJN, Op.FSGNJX] as const
const floatChoices = [Op.FMIN, Op.FMAX] as const
const floatOrders = [Op.FLE, Op.FLT, Op.FEQ] as const
const floatViews = [Op.FMV_X, Op.FCLASS] as const

/** True where `half`, the first 16 bits of an instruction, is all there is of it. */
export function isCompressed(half: number): boolean {
  return (half & 3) !== 3
}

/** Decodes the 16-bit instruction `half` at `pc` into `code[at]` and `code[at + 1]`. */
export function decodeCompressed(
  half: number,
  pc: number,
  code: Int32Array,
  at: number,
  extensions: Extensions,
): void {
  const bits = expandCompressed(half, extensions.wide)
  if (bits === 0) put(code, at, 2, Op.ILLEGAL, 0, 0, 0, half)
  else decode(bits, half, 2, pc, code, at, extensions)
}

/** Decodes the 32-bit instruction `bits` at `pc` into `code[at]` and `code[at + 1]`. */
export function decodeFull(
  bits: number,
  pc: number,
  code: Int32Array,
  at: number,
  extensions: Extensions,
): void {
  decode(bits, bits, 4, pc, code, at, extensions)
}

/** Marks `code[at]` as an instruction that cannot be fetched, for want of memory at `address`. */
export function decodeFetchFault(address: number, code: Int32Array, at: number): void {
  put(code, at, 4, Op.FETCH_FAULT, 0, 0, 0, address)
}

/** Marks `code[at]` as a place at which the debugger wants to stop. */
export function decodeBreakpoint(code: Int32Array, at: number): void {
  put(code, at, 0, Op.BREAKPOINT, 0, 0, 0, 0)
}

function put(
  code: Int32Array,
  at: number,
  length: number,
  op: Op,
  rd: number,
  rs1: number,
  rs2: number,
  imm: number,
): void {
  const sink = rd === 0 ? SINK : rd
  code[at] = (length << 24) | (rs2 << 19) | (rs1 << 14) | (sink << 8) | op
  code[at + 1] = imm
}

/** `raw` is what `mtval` shows if the instruction is illegal: the encoding as it lies in memory. */
function decode(
  bits: number,
  raw: number,
  length: number,
  pc: number,
  code: Int32Array,
  at: number,
  extensions: Extensions,
): void {
  const rd = (bits >>> 7) & 31
  const funct3 = (bits >>> 12) & 7
  const rs1 = (bits >>> 15) & 31
  const rs2 = (bits >>> 20) & 31
  const immI = bits >> 20
  let op: Op = Op.ILLEGAL
  let imm = immI
  switch (bits & OPCODE) {
    case 0x37: // LUI
      op = Op.CONST
      imm = bits & ~0xfff
      break
    case 0x17: // AUIPC
      // What is added up to here is of 32 bits.
      op = extensions.wide ? Op.AUIPC : Op.CONST
      imm = (extensions.wide ? 0 : pc) + (bits & ~0xfff)
      break
    case 0x6f: // JAL
      op = Op.JAL
      imm = immJ(bits) - length
      break
    case 0x67:
      if (funct3 === 0) op = Op.JALR
      break
    case 0x63:
      op = branches[funct3] ?? Op.ILLEGAL
      imm = immB(bits) - length
      break
    case 0x03:
      op = (extensions.wide ? wideLoads[funct3] : loads[funct3]) ?? Op.ILLEGAL
      break
    case 0x23:
      op = stores[funct3] ?? (extensions.wide && funct3 === 3 ? Op.SD : Op.ILLEGAL)
      imm = ((bits >> 25) << 5) | rd
      break
    case 0x13:
      op = immediate(bits, funct3, extensions)
      if (funct3 === 1 || funct3 === 5) imm = extensions.wide ? immI & 63 : rs2
      break
    case 0x33:
      op = register(bits, funct3, extensions)
      break
    case 0x1b:
      if (extensions.wide) op = wordImmediate(bits, funct3)
      if (funct3 !== 0) imm = rs2
      break
    case 0x3b:
      if (extensions.wide) op = wordRegister(bits, funct3)
      break
    case 0x0f: // MISC-MEM: unused fields are to be ignored, so every FENCE is one
      op = funct3 === 0 ? Op.FENCE : funct3 === 1 ? Op.FENCE_I : Op.ILLEGAL
      break
    case 0x2f:
      op = atomic(bits, funct3, rs2, extensions)
      break
    case 0x73:
      op = funct3 === 0 ? system(bits) : (csrs[funct3] ?? Op.ILLEGAL)
      // The whole encoding: it holds the CSR's number, and mtval shows it if there is no such CSR.
      imm = bits
      break
    case 0x07:
      if (funct3 === 2) op = Op.FLW
      break
    case 0x27:
      if (funct3 === 2) op = Op.FSW
      imm = ((bits >> 25) << 5) | rd
      break
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
      op = multiplyAdd(bits, funct3)
      imm = floatImmediate(funct3, bits >>> 27)
      break
    case 0x53:
      op = float(bits, funct3, rs2)
      imm = floatImmediate(hasRounding(op) ? funct3 : 0, 0)
      break
    default:
      break
  }
  if (op >= Op.FADD && op <= Op.FSW && !extensions.float) op = Op.ILLEGAL
  put(code, at, length, op, rd, rs1, rs2, op === Op.ILLEGAL ? raw : imm)
}

function immediate(bits: number, funct3: number, extensions: Extensions): Op {
  // Of RV64's six bits of a shift the upper one is where RV32 has the last one of funct7.
  const funct7 = (bits >>> 25) & (extensions.wide ? ~1 : ~0)
  if (funct3 !== 1 && funct3 !== 5) return immediates[funct3] ?? Op.ILLEGAL
  if (funct7 === 0) return immediates[funct3] ?? Op.ILLEGAL
  if (funct3 === 5 && funct7 === 0x20) return Op.SRAI
  return extensions.bits ? bitImmediate(bits, funct3) : Op.ILLEGAL
}

/** The forms of B with an immediate, or without a second operand. */
function bitImmediate(bits: number, funct3: number): Op {
  const funct7 = bits >>> 25
  const selector = (bits >>> 20) & 31
  if (funct3 === 1) {
    if (funct7 === 0x30) return unaries[selector] ?? Op.ILLEGAL
    return singleBits.get(funct7)?.[0] ?? Op.ILLEGAL
  }
  if (funct7 === 0x30) return Op.RORI
  if (funct7 === 0x24) return Op.BEXTI
  if (funct7 === 0x14 && selector === 7) return Op.ORC_B
  return funct7 === 0x34 && selector === 24 ? Op.REV8 : Op.ILLEGAL
}

/** The forms of B with two registers. */
function bitRegister(bits: number, funct3: number): Op {
  const funct7 = bits >>> 25
  if (funct7 === 0x04) return funct3 === 4 && ((bits >>> 20) & 31) === 0 ? Op.ZEXT_H : Op.ILLEGAL
  if (funct7 === 0x24 && funct3 === 5) return Op.BEXT
  if (funct3 === 1 && singleBits.has(funct7)) return singleBits.get(funct7)?.[1] ?? Op.ILLEGAL
  return bitRegisters.get((funct7 << 3) | funct3) ?? Op.ILLEGAL
}

function multiplyAdd(bits: number, rounding: number): Op {
  if (((bits >>> 25) & 3) !== 0 || !isRoundingField(rounding)) return Op.ILLEGAL
  return multiplyAdds[(bits >>> 2) & 3] ?? Op.ILLEGAL
}

/** The operations of F under the major opcode OP-FP. */
function float(bits: number, funct3: number, rs2: number): Op {
  const funct7 = bits >>> 25
  switch (funct7) {
    case 0x00:
    case 0x04:
    case 0x08:
    case 0x0c:
      return isRoundingField(funct3) ? (floatArithmetic[funct7 >> 2] ?? Op.ILLEGAL) : Op.ILLEGAL
    case 0x2c:
      return rs2 === 0 && isRoundingField(funct3) ? Op.FSQRT : Op.ILLEGAL
    case 0x60:
      return isRoundingField(funct3) ? (floatToInteger[rs2] ?? Op.ILLEGAL) : Op.ILLEGAL
    case 0x68:
      return isRoundingField(funct3) ? (floatFromInteger[rs2] ?? Op.ILLEGAL) : Op.ILLEGAL
    case 0x10:
      return floatSigns[funct3] ?? Op.ILLEGAL
    case 0x14:
      return floatChoices[funct3] ?? Op.ILLEGAL
    case 0x50:
      return floatOrders[funct3] ?? Op.ILLEGAL
    case 0x70:
      return rs2 === 0 ? (floatViews[funct3] ?? Op.ILLEGAL) : Op.ILLEGAL
    case 0x78:
      return rs2 === 0 && funct3 === 0 ? Op.FMV_S : Op.ILLEGAL
    default:
      return Op.ILLEGAL
  }
}

/** The immediate of an operation of F: its rounding mode, and its third source. */
function floatImmediate(rounding: number, rs3: number): number {
  return (rs3 << 3) | rounding
}

/** Whether the field `rm` of an instruction names a direction, or that of `frm`. */
function isRoundingField(rm: number): boolean {
  return isRounding(rm) || rm === 7
}

function hasRounding(op: Op): boolean {
  return op <= Op.FSQRT || op === Op.FCVT_W || op === Op.FCVT_WU || op >= Op.FCVT_S_W
}

function register(bits: number, funct3: number, extensions: Extensions): Op {
  const funct7 = bits >>> 25
  if (funct7 === 0) return registers[funct3] ?? Op.ILLEGAL
  if (funct7 === 1) return multiplies[funct3] ?? Op.ILLEGAL
  if (funct7 === 0x20 && funct3 === 0) return Op.SUB
  if (funct7 === 0x20 && funct3 === 5) return Op.SRA
  return extensions.bits ? bitRegister(bits, funct3) : Op.ILLEGAL
}

function atomic(bits: number, funct3: number, rs2: number, { wide }: Extensions): Op {
  const op = atomics.get(bits >>> 27) ?? Op.ILLEGAL
  if (op === Op.ILLEGAL || (op === Op.LR && rs2 !== 0)) return Op.ILLEGAL
  if (funct3 === 3 && wide) return atomicDoubles[op - Op.LR] ?? Op.ILLEGAL
  return funct3 === 2 ? op : Op.ILLEGAL
}

/** The immediate forms of RV64 on words. */
function wordImmediate(bits: number, funct3: number): Op {
  const funct7 = bits >>> 25
  if (funct3 === 0) return Op.ADDIW
  if (funct3 === 1) return funct7 === 0 ? Op.SLLIW : Op.ILLEGAL
  if (funct3 !== 5) return Op.ILLEGAL
  return funct7 === 0 ? Op.SRLIW : funct7 === 0x20 ? Op.SRAIW : Op.ILLEGAL
}

/** The register forms of RV64 on words. */
function wordRegister(bits: number, funct3: number): Op {
  const forms = wordRegisters.get(bits >>> 25) ?? []
  return forms[funct3] ?? Op.ILLEGAL
}

function system(bits: number): Op {
  switch (bits >>> 0) {
    case 0x0000_0073:
      return Op.ECALL
    case 0x0010_0073:
      return Op.EBREAK
    case 0x3020_0073:
      return Op.MRET
    case 0x1050_0073:
      return Op.WFI
    default:
      return Op.ILLEGAL
  }
}

function immB(bits: number): number {
  const high = ((bits >> 31) << 12) | ((bits << 4) & 0x800)
  return high | ((bits >>> 20) & 0x7e0) | ((bits >>> 7) & 0x1e)
}

function immJ(bits: number): number {
  const high = ((bits >> 31) << 20) | (bits & 0xf_f000)
  return high | ((bits >>> 9) & 0x800) | ((bits >>> 20) & 0x7fe)
}
