import { expandCompressed } from './compressed.js'
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

/** True where `half`, the first 16 bits of an instruction, is all there is of it. */
export function isCompressed(half: number): boolean {
  return (half & 3) !== 3
}

/** Decodes the 16-bit instruction `half` at `pc` into `code[at]` and `code[at + 1]`. */
export function decodeCompressed(half: number, pc: number, code: Int32Array, at: number): void {
  const bits = expandCompressed(half)
  if (bits === 0) put(code, at, 2, Op.ILLEGAL, 0, 0, 0, half)
  else decode(bits, half, 2, pc, code, at)
}

/** Decodes the 32-bit instruction `bits` at `pc` into `code[at]` and `code[at + 1]`. */
export function decodeFull(bits: number, pc: number, code: Int32Array, at: number): void {
  decode(bits, bits, 4, pc, code, at)
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
      op = Op.CONST
      imm = pc + (bits & ~0xfff)
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
      op = loads[funct3] ?? Op.ILLEGAL
      break
    case 0x23:
      op = stores[funct3] ?? Op.ILLEGAL
      imm = ((bits >> 25) << 5) | rd
      break
    case 0x13:
      op = immediate(bits, funct3)
      if (funct3 === 1 || funct3 === 5) imm = rs2
      break
    case 0x33:
      op = register(bits, funct3)
      break
    case 0x0f: // MISC-MEM: unused fields are to be ignored, so every FENCE is one
      op = funct3 === 0 ? Op.FENCE : funct3 === 1 ? Op.FENCE_I : Op.ILLEGAL
      break
    case 0x2f:
      op = atomic(bits, funct3, rs2)
      break
    case 0x73:
      op = funct3 === 0 ? system(bits) : (csrs[funct3] ?? Op.ILLEGAL)
      // The whole encoding: it holds the CSR's number, and mtval shows it if there is no such CSR.
      imm = bits
      break
    default:
      break
  }
  put(code, at, length, op, rd, rs1, rs2, op === Op.ILLEGAL ? raw : imm)
}

function immediate(bits: number, funct3: number): Op {
  const funct7 = bits >>> 25
  if (funct3 === 5 && funct7 === 0x20) return Op.SRAI
  if ((funct3 === 1 || funct3 === 5) && funct7 !== 0) return Op.ILLEGAL
  return immediates[funct3] ?? Op.ILLEGAL
}

function register(bits: number, funct3: number): Op {
  const funct7 = bits >>> 25
  if (funct7 === 0) return registers[funct3] ?? Op.ILLEGAL
  if (funct7 === 1) return multiplies[funct3] ?? Op.ILLEGAL
  if (funct7 === 0x20 && funct3 === 0) return Op.SUB
  if (funct7 === 0x20 && funct3 === 5) return Op.SRA
  return Op.ILLEGAL
}

function atomic(bits: number, funct3: number, rs2: number): Op {
  const op = atomics.get(bits >>> 27) ?? Op.ILLEGAL
  return funct3 !== 2 || (op === Op.LR && rs2 !== 0) ? Op.ILLEGAL : op
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
