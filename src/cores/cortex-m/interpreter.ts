import { multiplyHigh } from '../multiply-high.js'
import type { ArmCpu } from './arm-cpu.js'
import { conditionHolds } from './condition.js'
import { executeFloat } from './float-slow-path.js'
import { advance, itstateOf } from './instruction.js'
import { accessMapped, peekMapped } from './mapped-access.js'
import { Op } from './operation.js'

/** The ITSTATE bits of a packed instruction. */
const ITSTATE_BITS = 0xff << 21

/**
 * Executes instructions from `cpu.pc` on until `cpu.left` has been counted down to 0, or until it
 * meets one that is not executed here. That one is then in `cpu.packed` and `cpu.imm`.
 * @returns true in the second case
 */
export function interpret(cpu: ArmCpu): boolean {
  const { pages, pc, itstate } = cpu
  const page = pages.find(pc)
  if (!cpu.thumb) {
    // A32 has no IT blocks: what its instructions keep in place of ITSTATE is their own condition.
    if (cpu.hasA32) return execute(cpu, page)
    // What cannot be fetched is not looked at.
    cpu.packed = page === undefined ? Op.FETCH_FAULT : Op.INVALID_STATE
    cpu.imm = pc
    return true
  }
  if (page === undefined || itstateOf(page[pc & 0xfff] ?? 0) === itstate) {
    if (execute(cpu, page)) {
      cpu.itstate = itstateOf(cpu.packed)
      return true
    }
    cpu.itstate = itstateOf(pages.find(cpu.pc)?.[cpu.pc & 0xfff] ?? 0)
    return false
  }
  // An exception has returned into an IT block, or not as the code around it has it.
  const rest = cpu.left - 1
  cpu.left = 1
  const slow = execute(cpu, pages.decodeAlone(pc, itstate))
  cpu.left += rest
  if (!slow) cpu.itstate = advance(itstate)
  return slow
}

/**
 * The cases are the numbers of `Op`, written out: only literals make the switch a jump table before
 * the optimizing compiler comes to it, and after that it is still faster for them.
 * @param first the page that `cpu.pc` lies in
 */
function execute(cpu: ArmCpu, first: Int32Array | undefined): boolean {
  const { r, s, pages, memory, dataBase } = cpu
  // While accesses are watched, none of them is made here.
  const dataSize = memory.watched ? 0 : cpu.dataSize
  const { base: mainBase, bytes, halves, words } = memory.main
  const open = !cpu.protected
  const { base: codeBase, words: codeWords, size } = memory.regions[1] ?? memory.main
  const codeSize = open && !memory.watched ? size : 0
  const limit = cpu.stackLimit >>> 0
  // The lowest bits of a jump's target: what they are where the instruction set stays the same.
  const stateMask = cpu.thumb ? 1 : 3
  const stateBits = cpu.thumb ? 1 : 0
  let { pc, left, n, z, c, v } = cpu
  let code = first
  // One turn for each change of page: at the page's edge, and at jumps out of it.
  while (left > 0) {
    const page = pc & ~0xfff
    let from = 0
    let span = 0x1000
    if (!open && code !== undefined) {
      cpu.system.fetchWindow(pc)
      from = Math.max(cpu.fetchBase - page, 0)
      span = Math.min(cpu.fetchBase + cpu.fetchSize - page, 0x1000) - from
    }
    if (code === undefined || span <= 0) {
      cpu.packed = code === undefined ? Op.FETCH_FAULT : Op.FETCH_FORBIDDEN
      cpu.imm = cpu.pc = pc
      cpu.left = left
      cpu.n = n
      cpu.z = z
      cpu.c = c
      cpu.v = v
      return true
    }
    let at = pc & 0xfff
    // One turn an instruction. Each ends at its last line, save those that leave by `break slow`.
    while ((at - from) >>> 0 < span && left > 0) {
      const packed = code[at] as number
      const imm = code[at + 1] as number
      if ((packed & 0x100) !== 0 && !conditionHolds((packed >>> 25) & 15, n, z, c, v)) {
        at = (at + 2 + ((packed >>> 28) & 2)) | 0
        left--
        continue
      }
      const a = r[(packed >>> 13) & 15] as number
      const b = r[(packed >>> 17) & 15] as number
      let address = 0
      // biome-ignore lint/suspicious/noConfusingLabels: no call and no flag in the hottest lines
      slow: {
        switch (packed & 0xff) {
          case 0: // UNDECODED
            pages.decode(code, (page + at) | 0)
            continue
          case 1: // MOV_IMM
            r[(packed >>> 9) & 15] = imm
            break
          case 2: {
            // MOVS_IMM
            r[(packed >>> 9) & 15] = n = z = imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 3: // MOVT
            r[(packed >>> 9) & 15] = ((r[(packed >>> 9) & 15] as number) & 0xffff) | imm
            break
          case 4: // MOV
            r[(packed >>> 9) & 15] = b
            break
          case 5: // MOVS
            r[(packed >>> 9) & 15] = n = z = b
            break
          case 6: // MVN
            r[(packed >>> 9) & 15] = ~b
            break
          case 7: // MVNS
            r[(packed >>> 9) & 15] = n = z = ~b
            break
          case 8: // LSL_IMM
            r[(packed >>> 9) & 15] = b << imm
            break
          case 9: // LSLS_IMM
            c = (b >>> (32 - imm)) & 1
            r[(packed >>> 9) & 15] = n = z = b << imm
            break
          case 10: // LSR_IMM
            r[(packed >>> 9) & 15] = imm === 32 ? 0 : b >>> imm
            break
          case 11: // LSRS_IMM
            c = (b >>> (imm - 1)) & 1
            r[(packed >>> 9) & 15] = n = z = imm === 32 ? 0 : (b >>> imm) | 0
            break
          case 12: // ASR_IMM
            r[(packed >>> 9) & 15] = imm === 32 ? b >> 31 : b >> imm
            break
          case 13: // ASRS_IMM
            c = (b >>> (imm - 1)) & 1
            r[(packed >>> 9) & 15] = n = z = imm === 32 ? b >> 31 : b >> imm
            break
          case 14: // ROR_IMM
            r[(packed >>> 9) & 15] = (b >>> imm) | (b << (32 - imm))
            break
          case 15: // RORS_IMM
            r[(packed >>> 9) & 15] = n = z = (b >>> imm) | (b << (32 - imm))
            c = n >>> 31
            break
          case 16: // RRX
            r[(packed >>> 9) & 15] = (b >>> 1) | (c << 31)
            break
          case 17: // RRXS
            r[(packed >>> 9) & 15] = n = z = (b >>> 1) | (c << 31)
            c = b & 1
            break
          case 18: {
            // LSL_REG
            const amount = b & 0xff
            r[(packed >>> 9) & 15] = amount < 32 ? a << amount : 0
            break
          }
          case 19: {
            // LSLS_REG
            const amount = b & 0xff
            if (amount !== 0) c = amount <= 32 ? (a >>> (32 - amount)) & 1 : 0
            r[(packed >>> 9) & 15] = n = z = amount < 32 ? a << amount : 0
            break
          }
          case 20: {
            // LSR_REG
            const amount = b & 0xff
            r[(packed >>> 9) & 15] = amount < 32 ? a >>> amount : 0
            break
          }
          case 21: {
            // LSRS_REG
            const amount = b & 0xff
            if (amount !== 0) c = amount <= 32 ? (a >>> (amount - 1)) & 1 : 0
            r[(packed >>> 9) & 15] = n = z = amount < 32 ? (a >>> amount) | 0 : 0
            break
          }
          case 22: {
            // ASR_REG
            const amount = b & 0xff
            r[(packed >>> 9) & 15] = amount < 32 ? a >> amount : a >> 31
            break
          }
          case 23: {
            // ASRS_REG
            const amount = b & 0xff
            if (amount !== 0) c = amount <= 32 ? (a >>> (amount - 1)) & 1 : a >>> 31
            r[(packed >>> 9) & 15] = n = z = amount < 32 ? a >> amount : a >> 31
            break
          }
          case 24: // ROR_REG
            r[(packed >>> 9) & 15] = (a >>> (b & 31)) | (a << (32 - (b & 31)))
            break
          case 25: // RORS_REG
            r[(packed >>> 9) & 15] = n = z = (a >>> (b & 31)) | (a << (32 - (b & 31)))
            if ((b & 0xff) !== 0) c = n >>> 31
            break
          case 26: // ADD_IMM
            r[(packed >>> 9) & 15] = (a + imm) | 0
            break
          case 27: {
            // ADDS_IMM
            const sum = (a + imm) | 0
            c = sum >>> 0 < a >>> 0 ? 1 : 0
            v = (a ^ sum) & (imm ^ sum)
            r[(packed >>> 9) & 15] = n = z = sum
            break
          }
          case 28: {
            // SUBS_IMM
            const difference = (a - imm) | 0
            c = a >>> 0 >= imm >>> 0 ? 1 : 0
            v = (a ^ imm) & (a ^ difference)
            r[(packed >>> 9) & 15] = n = z = difference
            break
          }
          case 29: // RSB_IMM
            r[(packed >>> 9) & 15] = (imm - a) | 0
            break
          case 30: {
            // RSBS_IMM
            const difference = (imm - a) | 0
            c = imm >>> 0 >= a >>> 0 ? 1 : 0
            v = (a ^ imm) & (imm ^ difference)
            r[(packed >>> 9) & 15] = n = z = difference
            break
          }
          case 31: // ADC_IMM
            r[(packed >>> 9) & 15] = (a + imm + c) | 0
            break
          case 32: {
            // ADCS_IMM
            const sum = (a + imm + c) | 0
            c = (a >>> 0) + (imm >>> 0) + c > 0xffff_ffff ? 1 : 0
            v = (a ^ sum) & (imm ^ sum)
            r[(packed >>> 9) & 15] = n = z = sum
            break
          }
          case 33: // SBC_IMM
            r[(packed >>> 9) & 15] = (a - imm - 1 + c) | 0
            break
          case 34: {
            // SBCS_IMM
            const difference = (a - imm - 1 + c) | 0
            c = (a >>> 0) + (~imm >>> 0) + c > 0xffff_ffff ? 1 : 0
            v = (a ^ imm) & (a ^ difference)
            r[(packed >>> 9) & 15] = n = z = difference
            break
          }
          case 35: // CMP_IMM
            n = z = (a - imm) | 0
            c = a >>> 0 >= imm >>> 0 ? 1 : 0
            v = (a ^ imm) & (a ^ n)
            break
          case 36: // CMN_IMM
            n = z = (a + imm) | 0
            c = n >>> 0 < a >>> 0 ? 1 : 0
            v = (a ^ n) & (imm ^ n)
            break
          case 37: // AND_IMM
            r[(packed >>> 9) & 15] = a & imm
            break
          case 38: {
            // ANDS_IMM
            r[(packed >>> 9) & 15] = n = z = a & imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 39: // ORR_IMM
            r[(packed >>> 9) & 15] = a | imm
            break
          case 40: {
            // ORRS_IMM
            r[(packed >>> 9) & 15] = n = z = a | imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 41: // EOR_IMM
            r[(packed >>> 9) & 15] = a ^ imm
            break
          case 42: {
            // EORS_IMM
            r[(packed >>> 9) & 15] = n = z = a ^ imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 43: {
            // TST_IMM
            n = z = a & imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 44: {
            // TEQ_IMM
            n = z = a ^ imm
            const carry = (packed >>> 17) & 3
            if (carry !== 0) c = carry & 1
            break
          }
          case 45: // ADD
            r[(packed >>> 9) & 15] = (a + b) | 0
            break
          case 46: {
            // ADDS
            const sum = (a + b) | 0
            c = sum >>> 0 < a >>> 0 ? 1 : 0
            v = (a ^ sum) & (b ^ sum)
            r[(packed >>> 9) & 15] = n = z = sum
            break
          }
          case 47: // SUB
            r[(packed >>> 9) & 15] = (a - b) | 0
            break
          case 48: {
            // SUBS
            const difference = (a - b) | 0
            c = a >>> 0 >= b >>> 0 ? 1 : 0
            v = (a ^ b) & (a ^ difference)
            r[(packed >>> 9) & 15] = n = z = difference
            break
          }
          case 49: // ADC
            r[(packed >>> 9) & 15] = (a + b + c) | 0
            break
          case 50: {
            // ADCS
            const sum = (a + b + c) | 0
            c = (a >>> 0) + (b >>> 0) + c > 0xffff_ffff ? 1 : 0
            v = (a ^ sum) & (b ^ sum)
            r[(packed >>> 9) & 15] = n = z = sum
            break
          }
          case 51: // SBC
            r[(packed >>> 9) & 15] = (a - b - 1 + c) | 0
            break
          case 52: {
            // SBCS
            const difference = (a - b - 1 + c) | 0
            c = (a >>> 0) + (~b >>> 0) + c > 0xffff_ffff ? 1 : 0
            v = (a ^ b) & (a ^ difference)
            r[(packed >>> 9) & 15] = n = z = difference
            break
          }
          case 53: // CMP
            n = z = (a - b) | 0
            c = a >>> 0 >= b >>> 0 ? 1 : 0
            v = (a ^ b) & (a ^ n)
            break
          case 54: // CMN
            n = z = (a + b) | 0
            c = n >>> 0 < a >>> 0 ? 1 : 0
            v = (a ^ n) & (b ^ n)
            break
          case 55: // AND
            r[(packed >>> 9) & 15] = a & b
            break
          case 56: // ANDS
            r[(packed >>> 9) & 15] = n = z = a & b
            break
          case 57: // ORR
            r[(packed >>> 9) & 15] = a | b
            break
          case 58: // ORRS
            r[(packed >>> 9) & 15] = n = z = a | b
            break
          case 59: // EOR
            r[(packed >>> 9) & 15] = a ^ b
            break
          case 60: // EORS
            r[(packed >>> 9) & 15] = n = z = a ^ b
            break
          case 61: // BIC
            r[(packed >>> 9) & 15] = a & ~b
            break
          case 62: // BICS
            r[(packed >>> 9) & 15] = n = z = a & ~b
            break
          case 63: // TST
            n = z = a & b
            break
          case 64: // ADD_LSL
            r[(packed >>> 9) & 15] = (a + (b << imm)) | 0
            break
          case 65: // SHIFTED
          case 66: {
            // SHIFTED_S
            let carry = c
            let operand = b
            const amount = imm & 31
            switch ((imm >>> 5) & 3) {
              case 0:
                if (amount !== 0) {
                  carry = (b >>> (32 - amount)) & 1
                  operand = b << amount
                }
                break
              case 1:
                carry = (b >>> (amount - 1)) & 1
                operand = amount === 0 ? 0 : (b >>> amount) | 0
                break
              case 2:
                carry = (b >>> (amount - 1)) & 1
                operand = amount === 0 ? b >> 31 : b >> amount
                break
              default:
                carry = amount === 0 ? b & 1 : (b >>> (amount - 1)) & 1
                operand =
                  amount === 0 ? (b >>> 1) | (c << 31) : (b >>> amount) | (b << (32 - amount))
            }
            let result = 0
            let overflow = v
            switch (imm >>> 8) {
              case 0: // AND
                result = a & operand
                break
              case 1: // BIC
                result = a & ~operand
                break
              case 2: // ORR
                result = a | operand
                break
              case 3: // ORN
                result = a | ~operand
                break
              case 4: // EOR
                result = a ^ operand
                break
              case 8: // ADD
                result = (a + operand) | 0
                carry = result >>> 0 < a >>> 0 ? 1 : 0
                overflow = (a ^ result) & (operand ^ result)
                break
              case 10: // ADC
                result = (a + operand + c) | 0
                carry = (a >>> 0) + (operand >>> 0) + c > 0xffff_ffff ? 1 : 0
                overflow = (a ^ result) & (operand ^ result)
                break
              case 11: // SBC
                result = (a - operand - 1 + c) | 0
                carry = (a >>> 0) + (~operand >>> 0) + c > 0xffff_ffff ? 1 : 0
                overflow = (a ^ operand) & (a ^ result)
                break
              case 13: // SUB
                result = (a - operand) | 0
                carry = a >>> 0 >= operand >>> 0 ? 1 : 0
                overflow = (a ^ operand) & (a ^ result)
                break
              case 14: // RSB
                result = (operand - a) | 0
                carry = operand >>> 0 >= a >>> 0 ? 1 : 0
                overflow = (a ^ operand) & (operand ^ result)
                break
              // Those that have no result come with SHIFTED_S only.
              case 16: // TST
                n = z = a & operand
                c = carry
                break
              case 17: // TEQ
                n = z = a ^ operand
                c = carry
                break
              case 18: // CMN
                n = z = (a + operand) | 0
                c = n >>> 0 < a >>> 0 ? 1 : 0
                v = (a ^ n) & (operand ^ n)
                break
              case 19: // CMP
                n = z = (a - operand) | 0
                c = a >>> 0 >= operand >>> 0 ? 1 : 0
                v = (a ^ operand) & (a ^ n)
                break
              default: // MVN
                result = ~operand
            }
            if (imm >>> 10 !== 4) {
              r[(packed >>> 9) & 15] = result
              if ((packed & 0xff) === Op.SHIFTED_S) {
                n = z = result
                c = carry
                v = overflow
              }
            }
            break
          }
          case 67: {
            // ADD_SP_IMM
            const sp = (a + imm) & ~3
            if (sp >>> 0 < limit) break slow
            r[13] = sp
            break
          }
          case 68: // MOV_SP
            r[13] = b & ~3
            break
          case 69: // SXTB
            r[(packed >>> 9) & 15] = (((b >>> imm) | (b << (32 - imm))) << 24) >> 24
            break
          case 70: // SXTH
            r[(packed >>> 9) & 15] = (((b >>> imm) | (b << (32 - imm))) << 16) >> 16
            break
          case 71: // UXTB
            r[(packed >>> 9) & 15] = (b >>> imm) & 0xff
            break
          case 72: // UXTH
            r[(packed >>> 9) & 15] = ((b >>> imm) | (b << (32 - imm))) & 0xffff
            break
          case 73: // SXTAB
            r[(packed >>> 9) & 15] = (a + ((((b >>> imm) | (b << (32 - imm))) << 24) >> 24)) | 0
            break
          case 74: // SXTAH
            r[(packed >>> 9) & 15] = (a + ((((b >>> imm) | (b << (32 - imm))) << 16) >> 16)) | 0
            break
          case 75: // UXTAB
            r[(packed >>> 9) & 15] = (a + ((b >>> imm) & 0xff)) | 0
            break
          case 76: // UXTAH
            r[(packed >>> 9) & 15] = (a + (((b >>> imm) | (b << (32 - imm))) & 0xffff)) | 0
            break
          case 77: // REV
            r[(packed >>> 9) & 15] =
              (b << 24) | ((b & 0xff00) << 8) | ((b >>> 8) & 0xff00) | (b >>> 24)
            break
          case 78: // REV16
            r[(packed >>> 9) & 15] = ((b & 0x00ff_00ff) << 8) | ((b >>> 8) & 0x00ff_00ff)
            break
          case 79: // REVSH
            r[(packed >>> 9) & 15] = ((b << 24) >> 16) | ((b >>> 8) & 0xff)
            break
          case 80: // RBIT
            r[(packed >>> 9) & 15] = reverseBits(b)
            break
          case 81: // CLZ
            r[(packed >>> 9) & 15] = Math.clz32(b)
            break
          case 82: {
            // BFI
            const mask = (-1 >>> (32 - (imm >>> 8))) << (imm & 31)
            r[(packed >>> 9) & 15] =
              ((r[(packed >>> 9) & 15] as number) & ~mask) | ((a << (imm & 31)) & mask)
            break
          }
          case 83: // BFC
            r[(packed >>> 9) & 15] =
              (r[(packed >>> 9) & 15] as number) & ~((-1 >>> (32 - (imm >>> 8))) << (imm & 31))
            break
          case 84: // UBFX
            r[(packed >>> 9) & 15] = (a >>> (imm & 31)) & (-1 >>> (32 - (imm >>> 8)))
            break
          case 85: // SBFX
            r[(packed >>> 9) & 15] = (a << (32 - (imm >>> 8) - (imm & 31))) >> (32 - (imm >>> 8))
            break
          case 86: // MUL
            r[(packed >>> 9) & 15] = Math.imul(a, b)
            break
          case 87: // MULS
            r[(packed >>> 9) & 15] = n = z = Math.imul(a, b)
            break
          case 88: // MLA
            r[(packed >>> 9) & 15] = (Math.imul(a, b) + (r[imm] as number)) | 0
            break
          case 89: // MLS
            r[(packed >>> 9) & 15] = ((r[imm] as number) - Math.imul(a, b)) | 0
            break
          case 90: // UMULL
            r[(packed >>> 9) & 15] = Math.imul(a, b)
            r[imm] = multiplyHigh(a, b)
            break
          case 91: // SMULL
            r[(packed >>> 9) & 15] = Math.imul(a, b)
            r[imm] = multiplyHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)
            break
          case 92: {
            // UMLAL
            const low = Math.imul(a, b)
            const sum = (low + (r[(packed >>> 9) & 15] as number)) | 0
            const carry = sum >>> 0 < low >>> 0 ? 1 : 0
            r[(packed >>> 9) & 15] = sum
            r[imm] = (r[imm] as number) + multiplyHigh(a, b) + carry
            break
          }
          case 93: {
            // SMLAL
            const low = Math.imul(a, b)
            const high = multiplyHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)
            const sum = (low + (r[(packed >>> 9) & 15] as number)) | 0
            const carry = sum >>> 0 < low >>> 0 ? 1 : 0
            r[(packed >>> 9) & 15] = sum
            r[imm] = (r[imm] as number) + high + carry
            break
          }
          // Division by zero may fault, and gives 0 otherwise.
          case 94: // SDIV
            if (b === 0) break slow
            r[(packed >>> 9) & 15] = (a / b) | 0
            break
          case 95: // UDIV
            if (b === 0) break slow
            r[(packed >>> 9) & 15] = ((a >>> 0) / (b >>> 0)) | 0
            break
          case 96: // B
            at = (at + imm) | 0
            break
          case 97: // BEQ
            if (z === 0) at = (at + imm) | 0
            break
          case 98: // BNE
            if (z !== 0) at = (at + imm) | 0
            break
          case 99: // BCS
            if (c !== 0) at = (at + imm) | 0
            break
          case 100: // BCC
            if (c === 0) at = (at + imm) | 0
            break
          case 101: // BMI
            if (n < 0) at = (at + imm) | 0
            break
          case 102: // BPL
            if (n >= 0) at = (at + imm) | 0
            break
          case 103: // BVS
            if (v < 0) at = (at + imm) | 0
            break
          case 104: // BVC
            if (v >= 0) at = (at + imm) | 0
            break
          case 105: // BHI
            if (c !== 0 && z !== 0) at = (at + imm) | 0
            break
          case 106: // BLS
            if (c === 0 || z === 0) at = (at + imm) | 0
            break
          case 107: // BGE
            if ((n ^ v) >= 0) at = (at + imm) | 0
            break
          case 108: // BLT
            if ((n ^ v) < 0) at = (at + imm) | 0
            break
          case 109: // BGT
            if (z !== 0 && (n ^ v) >= 0) at = (at + imm) | 0
            break
          case 110: // BLE
            if (z === 0 || (n ^ v) < 0) at = (at + imm) | 0
            break
          case 111: // CBZ
            if (a === 0) at = (at + imm) | 0
            break
          case 112: // CBNZ
            if (a !== 0) at = (at + imm) | 0
            break
          case 113: // BL
            r[14] = (page + at + 4 + stateBits) | 0
            at = (at + imm) | 0
            break
          case 114: // BX
            // Even targets leave Thumb state; the highest ones may be exception returns.
            if ((b & stateMask) !== stateBits || b >>> 28 === 15) break slow
            at = (b - stateBits - page - 2 - ((packed >>> 28) & 2)) | 0
            break
          case 115: {
            // BLX
            if ((b & stateMask) !== stateBits || b >>> 28 === 15) break slow
            const length = 2 + ((packed >>> 28) & 2)
            r[14] = (page + at + length + stateBits) | 0
            at = (b - stateBits - page - length) | 0
            break
          }
          case 116: {
            // TBB
            const table = ((packed >>> 13) & 15) === 15 ? page + at + 4 : a
            const entry = open ? peekMapped(memory, (table + b) | 0, 1) : -1
            if (entry < 0) break slow
            at = (at + 2 * entry) | 0
            break
          }
          case 117: {
            // TBH
            const table = ((packed >>> 13) & 15) === 15 ? page + at + 4 : a
            const entry = open ? peekMapped(memory, (table + 2 * b) | 0, 2) : -1
            if (entry < 0) break slow
            at = (at + 2 * entry) | 0
            break
          }
          case 118: // IT
            if (at === 0xffe || (((code[at + 2] as number) ^ imm) & ITSTATE_BITS) !== 0) {
              pages.decodeBlock(code, (page + at) | 0)
            }
            break
          case 119: // NOP
            break
          case 120: // LDR
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 3) !== 0) break slow
            r[(packed >>> 9) & 15] = words[(address - mainBase) >>> 2] as number
            break
          case 121: // LDRB
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            r[(packed >>> 9) & 15] = bytes[(address - mainBase) >>> 0] as number
            break
          case 122: // LDRH
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            r[(packed >>> 9) & 15] = halves[(address - mainBase) >>> 1] as number
            break
          case 123: // LDRSB
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            r[(packed >>> 9) & 15] = ((bytes[(address - mainBase) >>> 0] as number) << 24) >> 24
            break
          case 124: // LDRSH
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            r[(packed >>> 9) & 15] = ((halves[(address - mainBase) >>> 1] as number) << 16) >> 16
            break
          case 125: // STR
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 3) !== 0) break slow
            words[(address - mainBase) >>> 2] = r[(packed >>> 9) & 15] as number
            break
          case 126: // STRB
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            bytes[(address - mainBase) >>> 0] = r[(packed >>> 9) & 15] as number
            break
          case 127: // STRH
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            halves[(address - mainBase) >>> 1] = r[(packed >>> 9) & 15] as number
            break
          case 128: // LDR_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 3) !== 0) break slow
            r[(packed >>> 9) & 15] = words[(address - mainBase) >>> 2] as number
            break
          case 129: // LDRB_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            r[(packed >>> 9) & 15] = bytes[(address - mainBase) >>> 0] as number
            break
          case 130: // LDRH_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            r[(packed >>> 9) & 15] = halves[(address - mainBase) >>> 1] as number
            break
          case 131: // LDRSB_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            r[(packed >>> 9) & 15] = ((bytes[(address - mainBase) >>> 0] as number) << 24) >> 24
            break
          case 132: // LDRSH_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            r[(packed >>> 9) & 15] = ((halves[(address - mainBase) >>> 1] as number) << 16) >> 16
            break
          case 133: // STR_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 3) !== 0) break slow
            words[(address - mainBase) >>> 2] = r[(packed >>> 9) & 15] as number
            break
          case 134: // STRB_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize) break slow
            bytes[(address - mainBase) >>> 0] = r[(packed >>> 9) & 15] as number
            break
          case 135: // STRH_REG
            address = (a + (b << imm)) | 0
            if ((address - dataBase) >>> 0 >= dataSize || (address & 1) !== 0) break slow
            halves[(address - mainBase) >>> 1] = r[(packed >>> 9) & 15] as number
            break
          case 136: // LDR_LITERAL
            address = imm
            if ((address - codeBase) >>> 0 >= codeSize || (address & 3) !== 0) break slow
            r[(packed >>> 9) & 15] = codeWords[(address - codeBase) >>> 2] as number
            break
          case 137: // LOAD_INDEXED
          case 138: {
            // STORE_INDEXED
            const changed = (a + (imm >> 8)) | 0
            const where = (imm & 16) === 0 ? changed : a
            if (!open && (where - dataBase) >>> 0 >= dataSize) break slow
            if (!accessMapped(memory, imm & 15, r, (packed >>> 9) & 15, where)) break slow
            r[(packed >>> 13) & 15] = changed
            break
          }
          case 139: // LDRD
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize - 4 || (address & 3) !== 0) break slow
            r[(packed >>> 9) & 15] = words[(address - mainBase) >>> 2] as number
            r[(packed >>> 17) & 15] = words[((address - mainBase) >>> 2) + 1] as number
            break
          case 140: // STRD
            address = (a + imm) | 0
            if ((address - dataBase) >>> 0 >= dataSize - 4 || (address & 3) !== 0) break slow
            words[(address - mainBase) >>> 2] = r[(packed >>> 9) & 15] as number
            words[((address - mainBase) >>> 2) + 1] = b
            break
          // The number of registers in the list is in rd.
          case 141: {
            // PUSH
            const size = (packed >>> 7) & 0x3c
            const bottom = (a - size) | 0
            if ((bottom - dataBase) >>> 0 > dataSize - size) break slow
            if (bottom >>> 0 < limit || (bottom & 3) !== 0) break slow
            let word = (bottom - mainBase) >>> 2
            for (let i = 0, list = imm; list !== 0; i++, list >>>= 1) {
              if ((list & 1) !== 0) words[word++] = r[i] as number
            }
            r[13] = bottom
            break
          }
          case 142: {
            // POP
            const size = (packed >>> 7) & 0x3c
            if ((a - dataBase) >>> 0 > dataSize - size || (a & 3) !== 0) break slow
            let word = (a - mainBase) >>> 2
            for (let i = 0, list = imm; list !== 0; i++, list >>>= 1) {
              if ((list & 1) !== 0) r[i] = words[word++] as number
            }
            r[13] = a + size
            break
          }
          case 143: {
            // POP_PC
            const size = ((packed >>> 7) & 0x3c) + 4
            if ((a - dataBase) >>> 0 > dataSize - size || (a & 3) !== 0) break slow
            let word = (a - mainBase) >>> 2
            const target = words[word + ((packed >>> 9) & 15)] as number
            if ((target & stateMask) !== stateBits || target >>> 28 === 15) break slow
            for (let i = 0, list = imm; list !== 0; i++, list >>>= 1) {
              if ((list & 1) !== 0) r[i] = words[word++] as number
            }
            r[13] = a + size
            at = (target - stateBits - page - 2 - ((packed >>> 28) & 2)) | 0
            break
          }
          case 144: // LDMIA
          case 146: {
            // LDMDB
            const size = (packed >>> 7) & 0x3c
            const down = (packed & 0xff) === Op.LDMDB
            const bottom = down ? (a - size) | 0 : a
            if ((bottom - dataBase) >>> 0 > dataSize - size || (bottom & 3) !== 0) break slow
            let word = (bottom - mainBase) >>> 2
            if ((imm & 0x1_0000) !== 0) {
              const base = (packed >>> 13) & 15
              if (base === 13) break slow
              r[base] = down ? bottom : a + size
            }
            for (let i = 0, list = imm & 0xffff; list !== 0; i++, list >>>= 1) {
              if ((list & 1) !== 0) r[i] = words[word++] as number
            }
            break
          }
          case 145: // STMIA
          case 147: {
            // STMDB
            const size = (packed >>> 7) & 0x3c
            const down = (packed & 0xff) === Op.STMDB
            const bottom = down ? (a - size) | 0 : a
            if ((bottom - dataBase) >>> 0 > dataSize - size || (bottom & 3) !== 0) break slow
            const base = (packed >>> 13) & 15
            if (base === 13 && (imm & 0x1_0000) !== 0) break slow
            let word = (bottom - mainBase) >>> 2
            for (let i = 0, list = imm & 0xffff; list !== 0; i++, list >>>= 1) {
              if ((list & 1) !== 0) words[word++] = r[i] as number
            }
            if ((imm & 0x1_0000) !== 0) r[base] = down ? bottom : a + size
            break
          }
          case 204: // FP_ARITHMETIC
          case 205: // FP_UNARY
          case 206: // FP_COMPARE
          case 207: // FP_CONVERT
          case 209: // FP_CONSTANT
          case 210: // FP_TO_CORE
          case 211: // FP_FROM_CORE
          case 212: // FP_TO_CORES
          case 213: // FP_FROM_CORES
            if (!cpu.fpuReady) break slow
            executeFloat(cpu, packed & 0xff, imm, (packed >>> 9) & 15, (packed >>> 17) & 15)
            break
          case 214: {
            // VMRS
            if (!cpu.fpuReady) break slow
            const status = cpu.fpscr
            if (((packed >>> 9) & 15) !== 15) {
              r[(packed >>> 9) & 15] = status
              break
            }
            n = status
            z = ~status & 0x4000_0000
            c = (status >>> 29) & 1
            v = status << 3
            break
          }
          case 216: {
            // FP_LOAD
            const base = ((packed >>> 13) & 15) === 15 ? ((page + at) & ~3) + 4 : a
            const where = (base + (imm >> 16)) | 0
            if (!cpu.fpuReady || (where & 3) !== 0) break slow
            if ((where - dataBase) >>> 0 >= dataSize - 4) break slow
            const word = (where - mainBase) >>> 2
            if ((imm & 0x8000) !== 0) {
              s[2 * (imm & 15)] = words[word] as number
              s[2 * (imm & 15) + 1] = words[word + 1] as number
            } else s[imm & 31] = words[word] as number
            break
          }
          case 217: {
            // FP_STORE
            const where = (a + (imm >> 16)) | 0
            if (!cpu.fpuReady || (where & 3) !== 0) break slow
            if ((where - dataBase) >>> 0 >= dataSize - 4) break slow
            const word = (where - mainBase) >>> 2
            if ((imm & 0x8000) !== 0) {
              words[word] = s[2 * (imm & 15)] as number
              words[word + 1] = s[2 * (imm & 15) + 1] as number
            } else words[word] = s[imm & 31] as number
            break
          }
          case 218: // FP_LOAD_MULTIPLE
          case 219: {
            // FP_STORE_MULTIPLE
            // rd is a set of flags: 1 for write-back, 2 for "downwards".
            const count = imm >>> 16
            const size = 4 * (count + ((packed >>> 17) & 15))
            const down = (packed & 0x400) !== 0
            const bottom = down ? (a - size) | 0 : a
            if (!cpu.fpuReady || (bottom & 3) !== 0) break slow
            if ((bottom - dataBase) >>> 0 > dataSize - size) break slow
            if ((packed & 0x200) !== 0) {
              if (down && bottom >>> 0 < limit && ((packed >>> 13) & 15) === 13) break slow
              r[(packed >>> 13) & 15] = down ? bottom : a + size
            }
            const word = (bottom - mainBase) >>> 2
            const register = (imm & 0x8000) !== 0 ? 2 * (imm & 15) : imm & 31
            if ((packed & 0xff) === Op.FP_LOAD_MULTIPLE) {
              for (let i = 0; i < count; i++) s[register + i] = words[word + i] as number
            } else {
              for (let i = 0; i < count; i++) words[word + i] = s[register + i] as number
            }
            break
          }
          default:
            break slow
        }
        at = (at + 2 + ((packed >>> 28) & 2)) | 0
        left--
        continue
      }
      const op = packed & 0xff
      if (
        open &&
        op >= Op.LDR &&
        op <= Op.LDR_LITERAL &&
        accessMapped(memory, (op - Op.LDR) & 7, r, (packed >>> 9) & 15, address)
      ) {
        at = (at + 2 + ((packed >>> 28) & 2)) | 0
        left--
        continue
      }
      cpu.pc = (page + at) | 0
      cpu.left = left
      cpu.packed = packed
      cpu.imm = imm
      cpu.n = n
      cpu.z = z
      cpu.c = c
      cpu.v = v
      return true
    }
    pc = (page + at) | 0
    code = pages.find(pc)
  }
  cpu.pc = pc
  cpu.left = left
  cpu.n = n
  cpu.z = z
  cpu.c = c
  cpu.v = v
  return false
}

function reverseBits(value: number): number {
  let bits = ((value >>> 1) & 0x5555_5555) | ((value & 0x5555_5555) << 1)
  bits = ((bits >>> 2) & 0x3333_3333) | ((bits & 0x3333_3333) << 2)
  bits = ((bits >>> 4) & 0x0f0f_0f0f) | ((bits & 0x0f0f_0f0f) << 4)
  bits = ((bits >>> 8) & 0x00ff_00ff) | ((bits & 0x00ff_00ff) << 8)
  return (bits >>> 16) | (bits << 16)
}
