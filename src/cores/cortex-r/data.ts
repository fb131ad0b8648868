import { lengthOf } from '../cortex-m/instruction.js'
import { jumpExchanging, raise, retire } from '../cortex-m/steps.js'
import { Fault } from '../cortex-m/system-interface.js'
import { Data, expandA32Immediate } from './a32-data.js'
import type { CortexRCpu } from './cpu.js'
import { returnTo } from './status.js'

const PC = 15
const FLAGS = 1 << 20
const IMMEDIATE = 1 << 25
const BY_REGISTER = 1 << 4

/** A register of an A32 instruction: the pc reads two instructions further. */
export function readA32(cpu: CortexRCpu, number: number): number {
  return number === PC ? (cpu.pc + 8) | 0 : (cpu.r[number] ?? 0)
}

/** A value that was shifted, and the carry that goes with it. */
export interface Shifted {
  readonly value: number
  readonly carry: number
}

/** Shift_C of the manual. @param amount from 0 on; RRX is kind 4 */
export function shift(value: number, kind: number, amount: number, carry: number): Shifted {
  if (kind === 4) return { value: (value >>> 1) | (carry << 31), carry: value & 1 }
  if (amount === 0) return { value, carry }
  switch (kind) {
    case 0:
      if (amount > 32) return { value: 0, carry: 0 }
      return { value: amount === 32 ? 0 : value << amount, carry: (value >>> (32 - amount)) & 1 }
    case 1:
      if (amount > 32) return { value: 0, carry: 0 }
      return { value: amount === 32 ? 0 : value >>> amount, carry: (value >>> (amount - 1)) & 1 }
    case 2: {
      const by = Math.min(amount, 32)
      return { value: by === 32 ? value >> 31 : value >> by, carry: (value >> (by - 1)) & 1 }
    }
    default: {
      const by = amount & 31
      const rotated = by === 0 ? value : (value >>> by) | (value << (32 - by))
      return { value: rotated, carry: rotated >>> 31 }
    }
  }
}

/** A register shifted by the constant of an encoding (DecodeImmShift). */
export function shiftedByConstant(cpu: CortexRCpu, word: number): Shifted {
  const kind = (word >>> 5) & 3
  const amount = (word >>> 7) & 31
  const value = readA32(cpu, word & 15)
  if (amount !== 0 || kind === 0) return shift(value, kind, amount, cpu.c)
  return kind === 3 ? shift(value, 4, 1, cpu.c) : shift(value, kind, 32, cpu.c)
}

function operandOf(cpu: CortexRCpu, word: number): Shifted {
  if (word & IMMEDIATE) {
    const { imm, carry } = expandA32Immediate(word)
    return { value: imm, carry: carry === 0 ? cpu.c : carry & 1 }
  }
  if ((word & BY_REGISTER) === 0) return shiftedByConstant(cpu, word)
  const amount = (cpu.r[(word >>> 8) & 15] ?? 0) & 0xff
  return shift(readA32(cpu, word & 15), (word >>> 5) & 3, amount, cpu.c)
}

/** What an operation gives; V stays what it was where `overflow` is undefined. */
interface Result {
  readonly value: number
  readonly carry: number
  readonly overflow?: number
}

/** AddWithCarry of the manual. */
function add(a: number, b: number, carry: number): Result {
  const value = (a + b + carry) | 0
  return {
    value,
    carry: (a >>> 0) + (b >>> 0) + carry > 0xffff_ffff ? 1 : 0,
    overflow: (a ^ value) & (b ^ value),
  }
}

function compute(opcode: number, a: number, { value: b, carry }: Shifted, c: number): Result {
  switch (opcode) {
    case Data.AND:
    case Data.TST:
      return { value: a & b, carry }
    case Data.EOR:
    case Data.TEQ:
      return { value: a ^ b, carry }
    case Data.SUB:
    case Data.CMP:
      return add(a, ~b, 1)
    case Data.RSB:
      return add(b, ~a, 1)
    case Data.ADD:
    case Data.CMN:
      return add(a, b, 0)
    case Data.ADC:
      return add(a, b, c)
    case Data.SBC:
      return add(a, ~b, c)
    case Data.RSC:
      return add(b, ~a, c)
    case Data.ORR:
      return { value: a | b, carry }
    case Data.MOV:
      return { value: b, carry }
    case Data.BIC:
      return { value: a & ~b, carry }
    default:
      return { value: ~b, carry }
  }
}

/** A32_DATA: any form of data processing; `imm` is the encoding. */
export function dataProcessing(cpu: CortexRCpu): void {
  const word = cpu.imm
  const opcode = (word >>> 21) & 15
  const rd = (word >>> 12) & 15
  const flags = (word & FLAGS) !== 0
  const compares = opcode >= Data.TST && opcode <= Data.CMN
  const a = readA32(cpu, (word >>> 16) & 15)
  const { value, carry, overflow } = compute(opcode, a, operandOf(cpu, word), cpu.c)
  if (rd === PC && !compares) {
    if (!flags) jumpExchanging(cpu, value)
    else if (cpu.spsr === undefined) raise(cpu, Fault.UNDEFINED_INSTRUCTION)
    else returnTo(cpu, value, cpu.spsr)
    return
  }
  if (!compares) cpu.r[rd] = value
  if (flags) {
    cpu.n = cpu.z = value | 0
    cpu.c = carry
    if (overflow !== undefined) cpu.v = overflow
  }
  retire(cpu)
}

/** A32_MULTIPLY: the multiplications that set flags, but for MULS. */
export function multiplyWithFlags(cpu: CortexRCpu): void {
  const { r, imm: word } = cpu
  const op = (word >>> 21) & 7
  const high = (word >>> 16) & 15
  const low = (word >>> 12) & 15
  const b = r[(word >>> 8) & 15] ?? 0
  const a = r[word & 15] ?? 0
  if (op === 1) {
    cpu.n = cpu.z = r[high] = (Math.imul(a, b) + (r[low] ?? 0)) | 0
    retire(cpu)
    return
  }
  const signed = op >= 6
  let product = signed ? BigInt(a) * BigInt(b) : BigInt(a >>> 0) * BigInt(b >>> 0)
  if (op & 1) product += (BigInt((r[high] ?? 0) >>> 0) << 32n) | BigInt((r[low] ?? 0) >>> 0)
  r[low] = Number(BigInt.asIntN(32, product))
  r[high] = Number(BigInt.asIntN(32, product >> 32n))
  cpu.n = r[high] ?? 0
  cpu.z = (r[high] ?? 0) | (r[low] ?? 0)
  retire(cpu)
}

/** The address of the instruction after this one. */
export function following(cpu: CortexRCpu): number {
  return (cpu.pc + lengthOf(cpu.packed)) | 0
}
