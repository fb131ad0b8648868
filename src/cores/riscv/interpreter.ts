import { multiplyHigh } from '../multiply-high.js'
import { bitOperation } from './bit-operations.js'
import { accessFloat, executeFloat } from './float-operations.js'
import type { Hart } from './hart.js'
import { accessMapped, mayAccess } from './mapped-access.js'
import { Op } from './operation.js'

/** What comes in `Op` behind the operations in the switch below: first the loads and stores. */
const LAST_ACCESS = Op.SW
const FIRST_BIT_OPERATION = Op.ANDN
const FIRST_WITH_IMMEDIATE = Op.RORI
const LAST_BIT_OPERATION = Op.BSETI
const LAST_FLOAT = Op.FSW

/**
 * Executes instructions from `hart.pc` on until `hart.left` has been counted down to 0, or until it
 * meets one that is not executed here. That one is then in `hart.packed` and `hart.imm`.
 * @returns true in the second case
 *
 * The cases are the numbers of `Op`, written out: only literals make the switch a jump table before
 * the optimizing compiler comes to it, and after that it is still up to twice as fast for them.
 */
export function interpret(hart: Hart): boolean {
  const { x, pages } = hart
  const { base: memoryBase, size: memorySize, bytes, halves, words } = hart.direct
  let pc = hart.pc
  let left = hart.left
  // One turn for each change of page: at the page's edge, and at jumps out of it.
  while (left > 0) {
    const code = pages.find(pc)
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
      const a = x[(packed >>> 14) & 31] as number
      const b = x[(packed >>> 19) & 31] as number
      // biome-ignore lint/suspicious/noConfusingLabels: no call and no flag in the hottest lines
      slow: {
        switch (packed & 0xff) {
          case 0: // UNDECODED
            pages.decode(code, (page + at) | 0)
            continue
          case 1: // CONST
            x[(packed >>> 8) & 63] = imm
            break
          case 2: // JAL
            x[(packed >>> 8) & 63] = page + at + (packed >>> 24)
            at = (at + imm) | 0
            break
          case 3: // JALR
            x[(packed >>> 8) & 63] = page + at + (packed >>> 24)
            at = (((a + imm) & ~1) - page - (packed >>> 24)) | 0
            break
          case 4: // BEQ
            if (a === b) at = (at + imm) | 0
            break
          case 5: // BNE
            if (a !== b) at = (at + imm) | 0
            break
          case 6: // BLT
            if (a < b) at = (at + imm) | 0
            break
          case 7: // BGE
            if (a >= b) at = (at + imm) | 0
            break
          case 8: // BLTU
            if (a >>> 0 < b >>> 0) at = (at + imm) | 0
            break
          case 9: // BGEU
            if (a >>> 0 >= b >>> 0) at = (at + imm) | 0
            break
          case 10: // ADDI
            x[(packed >>> 8) & 63] = (a + imm) | 0
            break
          case 11: // SLTI
            x[(packed >>> 8) & 63] = a < imm ? 1 : 0
            break
          case 12: // SLTIU
            x[(packed >>> 8) & 63] = a >>> 0 < imm >>> 0 ? 1 : 0
            break
          case 13: // XORI
            x[(packed >>> 8) & 63] = a ^ imm
            break
          case 14: // ORI
            x[(packed >>> 8) & 63] = a | imm
            break
          case 15: // ANDI
            x[(packed >>> 8) & 63] = a & imm
            break
          case 16: // SLLI
            x[(packed >>> 8) & 63] = a << imm
            break
          case 17: // SRLI
            x[(packed >>> 8) & 63] = a >>> imm
            break
          case 18: // SRAI
            x[(packed >>> 8) & 63] = a >> imm
            break
          case 19: // ADD
            x[(packed >>> 8) & 63] = (a + b) | 0
            break
          case 20: // SUB
            x[(packed >>> 8) & 63] = (a - b) | 0
            break
          case 21: // SLL
            x[(packed >>> 8) & 63] = a << b
            break
          case 22: // SLT
            x[(packed >>> 8) & 63] = a < b ? 1 : 0
            break
          case 23: // SLTU
            x[(packed >>> 8) & 63] = a >>> 0 < b >>> 0 ? 1 : 0
            break
          case 24: // XOR
            x[(packed >>> 8) & 63] = a ^ b
            break
          case 25: // SRL
            x[(packed >>> 8) & 63] = a >>> b
            break
          case 26: // SRA
            x[(packed >>> 8) & 63] = a >> b
            break
          case 27: // OR
            x[(packed >>> 8) & 63] = a | b
            break
          case 28: // AND
            x[(packed >>> 8) & 63] = a & b
            break
          case 29: // MUL
            x[(packed >>> 8) & 63] = Math.imul(a, b)
            break
          case 30: // MULH
            x[(packed >>> 8) & 63] = (multiplyHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0
            break
          case 31: // MULHSU
            x[(packed >>> 8) & 63] = (multiplyHigh(a, b) - (a < 0 ? b : 0)) | 0
            break
          case 32: // MULHU
            x[(packed >>> 8) & 63] = multiplyHigh(a, b)
            break
          // Division by zero and its overflow have results, not traps (M extension, table
          // "Semantics for division by zero and division overflow").
          case 33: // DIV
            x[(packed >>> 8) & 63] = b === 0 ? -1 : (a / b) | 0
            break
          case 34: // DIVU
            x[(packed >>> 8) & 63] = b === 0 ? -1 : ((a >>> 0) / (b >>> 0)) | 0
            break
          case 35: // REM
            x[(packed >>> 8) & 63] = b === 0 ? a : (a % b) | 0
            break
          case 36: // REMU
            x[(packed >>> 8) & 63] = b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0
            break
          case 37: {
            // LB
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize) break slow
            x[(packed >>> 8) & 63] = ((bytes[offset] as number) << 24) >> 24
            break
          }
          case 38: {
            // LBU
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize) break slow
            x[(packed >>> 8) & 63] = bytes[offset] as number
            break
          }
          case 39: {
            // LH
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || (offset & 1) !== 0) break slow
            x[(packed >>> 8) & 63] = ((halves[offset >>> 1] as number) << 16) >> 16
            break
          }
          case 40: {
            // LHU
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || (offset & 1) !== 0) break slow
            x[(packed >>> 8) & 63] = halves[offset >>> 1] as number
            break
          }
          case 41: {
            // LW
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || (offset & 3) !== 0) break slow
            x[(packed >>> 8) & 63] = words[offset >>> 2] as number
            break
          }
          case 42: {
            // SB
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize) break slow
            bytes[offset] = b
            break
          }
          case 43: {
            // SH
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || (offset & 1) !== 0) break slow
            halves[offset >>> 1] = b
            break
          }
          case 44: {
            // SW
            const offset = (a + imm - memoryBase) >>> 0
            if (offset >= memorySize || (offset & 3) !== 0) break slow
            words[offset >>> 2] = b
            break
          }
          default:
            break slow
        }
        at = (at + (packed >>> 24)) | 0
        left--
        continue
      }
      if (executeBeyond(hart, packed, imm, a, b)) {
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

/**
 * What has no place in the switch: accesses beyond the memory in direct reach, B, and F. All in one
 * function, which is too large to be inlined: the loop above is the slower for any more in it.
 * @returns false where `executeSlow` is to do it
 */
function executeBeyond(hart: Hart, packed: number, imm: number, a: number, b: number): boolean {
  const op = packed & 0xff
  if (op <= LAST_ACCESS) {
    const address = (a + imm) | 0
    if (hart.guarded && !mayAccess(hart, op, address)) return false
    return accessMapped(hart.memory, op, hart.x, (packed >>> 8) & 63, address, b)
  }
  if (op < FIRST_BIT_OPERATION || op > LAST_FLOAT) return false
  if (op <= LAST_BIT_OPERATION) {
    hart.x[(packed >>> 8) & 63] = bitOperation(op, a, op < FIRST_WITH_IMMEDIATE ? b : imm)
    return true
  }
  if (op < Op.FLW) return executeFloat(hart, packed, imm)
  return op <= Op.FSW && accessFloat(hart, packed, (a + imm) | 0)
}
