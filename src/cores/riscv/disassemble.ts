import { hex } from '../../base/errors.js'
import type { Disassembled, Flow } from '../debug.js'
import { expandCompressed } from './compressed.js'
import { csrNames } from './csr-names.js'
import { formOf } from './disassembly-table.js'
import { floatNames, registerNames } from './register-names.js'

const ROUNDING = [',rne', ',rtz', ',rdn', ',rup', ',rmm', ',unknown', ',unknown', '']

/**
 * The instruction `bits` at `pc`; of one with 16 bits these are the lower ones.
 * @param wide as one of RV64
 */
export function disassemble(bits: number, pc: number, wide = false): Disassembled {
  const size = (bits & 3) === 3 ? 4 : 2
  const shown = size === 4 ? bits >>> 0 : bits & 0xffff
  const full = size === 4 ? bits : expandCompressed(shown, wide)
  // What expands to nothing has two bits that no instruction of 32 has.
  const text = (size === 2 && compressedText(shown)) || textOf(full, pc, wide)
  return {
    size,
    bits: shown,
    text: text ?? `.${size}byte ${hex(shown)}`,
    flow: text === undefined ? 'next' : flowOf(full),
  }
}

/** Those that are written otherwise than what they expand to. */
function compressedText(half: number): string | undefined {
  if (half === 0) return 'unimp'
  const rd = (half >>> 7) & 31
  const rs2 = (half >>> 2) & 31
  // C.MV is an addition of x0, but means a move.
  const move = (half & 0xf003) === 0x8002 && rs2 !== 0
  return move ? `mv ${registerNames[rd]},${registerNames[rs2]}` : undefined
}

function textOf(bits: number, pc: number, wide: boolean): string | undefined {
  const form = formOf(bits, wide)
  if (form === undefined) return undefined
  const [mnemonic, , , operands] = form
  const text = operands.replace(/[a-zA-Z]/g, (letter) => field(letter, bits, pc))
  return text === '' ? mnemonic : `${mnemonic} ${text}`
}

function field(letter: string, bits: number, pc: number): string {
  const rd = (bits >>> 7) & 31
  const rs1 = (bits >>> 15) & 31
  const rs2 = (bits >>> 20) & 31
  switch (letter) {
    case 'd':
      return registerNames[rd] ?? ''
    case 's':
      return registerNames[rs1] ?? ''
    case 't':
      return registerNames[rs2] ?? ''
    case 'D':
      return floatNames[rd] ?? ''
    case 'S':
      return floatNames[rs1] ?? ''
    case 'T':
      return floatNames[rs2] ?? ''
    case 'R':
      return floatNames[bits >>> 27] ?? ''
    case 'm':
      return ROUNDING[(bits >>> 12) & 7] ?? ''
    case 'j':
      return String(bits >> 20)
    case 'q':
      return String(((bits >> 25) << 5) | rd)
    case 'u':
      return hex(bits >>> 12)
    case 'h':
      return hex(rs2)
    case 'H':
      return hex((bits >>> 20) & 0x3f)
    case 'b':
      return hex((pc + branchOffset(bits)) >>> 0)
    case 'a':
      return hex((pc + jumpOffset(bits)) >>> 0)
    case 'z':
      return String(rs1)
    case 'c':
      return csrNames.get(bits >>> 20) ?? hex(bits >>> 20)
    case 'f':
      return `${order(bits >>> 24)},${order(bits >>> 20)}`
    default:
      return letter
  }
}

function order(bits: number): string {
  const set = [...'iorw'].filter((_, n) => (bits & (8 >> n)) !== 0).join('')
  return set === '' ? 'unknown' : set
}

function flowOf(bits: number): Flow {
  const rd = (bits >>> 7) & 31
  switch (bits & 0x7f) {
    case 0x63:
      return 'jump'
    case 0x6f:
      return isLink(rd) ? 'call' : 'jump'
    case 0x67:
      if (isLink(rd)) return 'call'
      return isLink((bits >>> 15) & 31) ? 'return' : 'jump'
    default:
      // MRET and SRET.
      return bits === 0x3020_0073 || bits === 0x1020_0073 ? 'return' : 'next'
  }
}

/** x1 and x5 are link registers (unprivileged specification, table of return-address hints). */
function isLink(register: number): boolean {
  return register === 1 || register === 5
}

function branchOffset(bits: number): number {
  const high = ((bits >> 31) << 12) | ((bits << 4) & 0x800)
  return high | ((bits >>> 20) & 0x7e0) | ((bits >>> 7) & 0x1e)
}

function jumpOffset(bits: number): number {
  const high = ((bits >> 31) << 20) | (bits & 0xf_f000)
  return high | ((bits >>> 9) & 0x800) | ((bits >>> 20) & 0x7fe)
}
