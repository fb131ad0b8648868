import { multiplyHigh } from '../../multiply-high.js'
import type { Hart } from '../hart.js'
import { Op } from '../operation.js'
import {
  less,
  lessUnsigned,
  multiplyDivide,
  shiftLeft,
  shiftRight,
  shiftRightSigned,
  sumHigh,
} from './arithmetic.js'

/**
 * What `interpret` of `../interpreter.ts` is for RV32: executes from `hart.pc` on until `hart.left`
 * has been counted down to 0, or until it meets an instruction that is not executed here, which is
 * then in `hart.packed` and `hart.imm`.
 * @returns true in the second case
 *
 * A register is two words, for a number of 64 bits is an object to JavaScript. All memory is in the
 * lower 4 GiB; that a sum of a base there and an offset leaves them is not looked at, because memory
 * keeps its distance from both ends of them (`rv64.ts`).
 */
export function interpret64(hart: Hart): boolean {
  const { x, xHigh, pages } = hart
  const { base: memoryBase, size: memorySize, bytes, halves, words } = hart.direct
  let pc = hart.pc
  let left = hart.left
  while (left > 0) {
    const code = hart.pcHigh === 0 ? pages.find(pc) : undefined
    if (code === undefined) {
      hart.pc = pc
      hart.left = left
      hart.packed = Op.FETCH_FAULT
      hart.imm = pc
      return true
    }
    const page = pc & ~0xfff
    let at = pc & 0xfff
    // One turn an instruction. Each ends at its last line, save those that leave by `break slow`.
    while (at >>> 0 < 0x1000 && left > 0) {
      const packed = code[at] as number
      const imm = code[at + 1] as number
      const rd = (packed >>> 8) & 63
      const a = x[(packed >>> 14) & 31] as number
      const b = x[(packed >>> 19) & 31] as number
      const aHigh = xHigh[(packed >>> 14) & 31] as number
      const bHigh = xHigh[(packed >>> 19) & 31] as number
      // biome-ignore lint/suspicious/noConfusingLabels: no call and no flag in the hottest lines
      slow: {
        switch (packed & 0xff) {
          case 0: // UNDECODED
            pages.decode(code, (page + at) | 0)
            continue
          case 1: // CONST
            x[rd] = imm
            xHigh[rd] = imm >> 31
            break
          case 2: // JAL
            x[rd] = page + at + (packed >>> 24)
            xHigh[rd] = 0
            at = (at + imm) | 0
            break
          case 3: {
            // JALR
            const target = (a + imm) | 0
            if (sumHigh(a, aHigh, target, imm >> 31) !== 0) break slow
            x[rd] = page + at + (packed >>> 24)
            xHigh[rd] = 0
            at = ((target & ~1) - page - (packed >>> 24)) | 0
            break
          }
          case 4: // BEQ
            if (a === b && aHigh === bHigh) at = (at + imm) | 0
            break
          case 5: // BNE
            if (a !== b || aHigh !== bHigh) at = (at + imm) | 0
            break
          case 6: // BLT
            if (less(a, aHigh, b, bHigh)) at = (at + imm) | 0
            break
          case 7: // BGE
            if (!less(a, aHigh, b, bHigh)) at = (at + imm) | 0
            break
          case 8: // BLTU
            if (lessUnsigned(a, aHigh, b, bHigh)) at = (at + imm) | 0
            break
          case 9: // BGEU
            if (!lessUnsigned(a, aHigh, b, bHigh)) at = (at + imm) | 0
            break
          case 10: {
            // ADDI
            const sum = (a + imm) | 0
            x[rd] = sum
            xHigh[rd] = sumHigh(a, aHigh, sum, imm >> 31)
            break
          }
          case 11: // SLTI
            x[rd] = less(a, aHigh, imm, imm >> 31) ? 1 : 0
            xHigh[rd] = 0
            break
          case 12: // SLTIU
            x[rd] = lessUnsigned(a, aHigh, imm, imm >> 31) ? 1 : 0
            xHigh[rd] = 0
            break
          case 13: // XORI
            x[rd] = a ^ imm
            xHigh[rd] = aHigh ^ (imm >> 31)
            break
          case 14: // ORI
            x[rd] = a | imm
            xHigh[rd] = aHigh | (imm >> 31)
            break
          case 15: // ANDI
            x[rd] = a & imm
            xHigh[rd] = aHigh & (imm >> 31)
            break
          case 16: // SLLI
            shiftLeft(x, xHigh, rd, a, aHigh, imm)
            break
          case 17: // SRLI
            shiftRight(x, xHigh, rd, a, aHigh, imm)
            break
          case 18: // SRAI
            shiftRightSigned(x, xHigh, rd, a, aHigh, imm)
            break
          case 19: {
            // ADD
            const sum = (a + b) | 0
            x[rd] = sum
            xHigh[rd] = sumHigh(a, aHigh, sum, bHigh)
            break
          }
          case 20: // SUB
            x[rd] = (a - b) | 0
            xHigh[rd] = (aHigh - bHigh - (a >>> 0 < b >>> 0 ? 1 : 0)) | 0
            break
          case 21: // SLL
            shiftLeft(x, xHigh, rd, a, aHigh, b & 63)
            break
          case 22: // SLT
            x[rd] = less(a, aHigh, b, bHigh) ? 1 : 0
            xHigh[rd] = 0
            break
          case 23: // SLTU
            x[rd] = lessUnsigned(a, aHigh, b, bHigh) ? 1 : 0
            xHigh[rd] = 0
            break
          case 24: // XOR
            x[rd] = a ^ b
            xHigh[rd] = aHigh ^ bHigh
            break
          case 25: // SRL
            shiftRight(x, xHigh, rd, a, aHigh, b & 63)
            break
          case 26: // SRA
            shiftRightSigned(x, xHigh, rd, a, aHigh, b & 63)
            break
          case 27: // OR
            x[rd] = a | b
            xHigh[rd] = aHigh | bHigh
            break
          case 28: // AND
            x[rd] = a & b
            xHigh[rd] = aHigh & bHigh
            break
          case 29: // MUL
            x[rd] = Math.imul(a, b)
            xHigh[rd] = (multiplyHigh(a, b) + Math.imul(aHigh, b) + Math.imul(a, bHigh)) | 0
            break
          case 37: {
            // LB
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0) break slow
            const value = ((bytes[offset] as number) << 24) >> 24
            x[rd] = value
            xHigh[rd] = value >> 31
            break
          }
          case 38: {
            // LBU
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0) break slow
            const value = bytes[offset] as number
            x[rd] = value
            xHigh[rd] = 0
            break
          }
          case 39: {
            // LH
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 1) !== 0) break slow
            const value = ((halves[offset >>> 1] as number) << 16) >> 16
            x[rd] = value
            xHigh[rd] = value >> 31
            break
          }
          case 40: {
            // LHU
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 1) !== 0) break slow
            const value = halves[offset >>> 1] as number
            x[rd] = value
            xHigh[rd] = 0
            break
          }
          case 41: {
            // LW
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 3) !== 0) break slow
            const value = words[offset >>> 2] as number
            x[rd] = value
            xHigh[rd] = value >> 31
            break
          }
          case 42: {
            // SB
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0) break slow
            bytes[offset] = b
            break
          }
          case 43: {
            // SH
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 1) !== 0) break slow
            halves[offset >>> 1] = b
            break
          }
          case 44: {
            // SW
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 3) !== 0) break slow
            words[offset >>> 2] = b
            break
          }
          case 125: {
            // AUIPC
            const sum = (page + at + imm) | 0
            x[rd] = sum
            xHigh[rd] = sumHigh((page + at) | 0, 0, sum, imm >> 31)
            break
          }
          case 126: {
            // LWU
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 3) !== 0) break slow
            const value = words[offset >>> 2] as number
            x[rd] = value
            xHigh[rd] = 0
            break
          }
          case 127: {
            // LD
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 7) !== 0) break slow
            x[rd] = words[offset >>> 2] as number
            xHigh[rd] = words[(offset >>> 2) + 1] as number
            break
          }
          case 128: {
            // SD
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || aHigh !== 0 || (offset & 7) !== 0) break slow
            words[offset >>> 2] = b
            words[(offset >>> 2) + 1] = bHigh
            break
          }
          case 129: {
            // ADDIW
            const word = (a + imm) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 130: {
            // SLLIW
            const word = a << imm
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 131: {
            // SRLIW
            const word = (a >>> imm) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 132: {
            // SRAIW
            const word = a >> imm
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 133: {
            // ADDW
            const word = (a + b) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 134: {
            // SUBW
            const word = (a - b) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 135: {
            // SLLW
            const word = a << b
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 136: {
            // SRLW
            const word = (a >>> b) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 137: {
            // SRAW
            const word = a >> b
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 138: {
            // MULW
            const word = Math.imul(a, b)
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 139: {
            // DIVW
            const word = b === 0 ? -1 : (a / b) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 140: {
            // DIVUW
            const word = b === 0 ? -1 : ((a >>> 0) / (b >>> 0)) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 141: {
            // REMW
            const word = b === 0 ? a : (a % b) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          case 142: {
            // REMUW
            const word = b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0
            x[rd] = word
            xHigh[rd] = word >> 31
            break
          }
          default:
            break slow
        }
        at = (at + (packed >>> 24)) | 0
        left--
        continue
      }
      const op = packed & 0xff
      if (op >= Op.MULH && op <= Op.REMU) {
        multiplyDivide(x, xHigh, rd, op, a, aHigh, b, bHigh)
        at = (at + (packed >>> 24)) | 0
        left--
        continue
      }
      hart.pc = (page + at) | 0
      hart.left = left
      hart.packed = packed
      hart.imm = imm
      return true
    }
    pc = (page + at) | 0
  }
  hart.pc = pc
  hart.left = left
  return false
}
