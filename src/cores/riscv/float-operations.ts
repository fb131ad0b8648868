import {
  add32,
  compare32,
  div32,
  max32,
  min32,
  mul32,
  mulAdd32,
  sqrt32,
  sub32,
} from '../float/binary32.js'
import { fromInteger32, INT32, toInteger32, UINT32 } from '../float/integer.js'
import { isRounding, Order } from '../float/unit.js'
import { type Hart, MSTATUS_FS } from './hart.js'
import { Op } from './operation.js'
import { READ, WRITE } from './pmp.js'

const SIGN = 0x8000_0000 | 0

/** In an instruction: round as `frm` says. */
export const DYNAMIC = 7

/**
 * Executes an operation of the F extension other than on memory, save for going on to the next.
 * @returns false where it is illegal now: with `mstatus.FS` off, or a reserved mode in `frm`
 */
export function executeFloat(hart: Hart, packed: number, imm: number): boolean {
  if ((hart.mstatus & MSTATUS_FS) === 0) return false
  if ((imm & 7) === DYNAMIC && !isRounding(hart.frm)) return false
  const { x } = hart
  const result = computeFloat(hart, packed, imm, x[(packed >>> 14) & 31] as number)
  if (givesInteger(packed & 0xff)) x[(packed >>> 8) & 63] = result
  return true
}

/** Whether the result of an operation of F goes into an integer register. */
export function givesInteger(op: number): boolean {
  return op >= Op.FCVT_W && op <= Op.FCLASS
}

/**
 * Does an operation of F that is known to be legal now, but for a result that is an integer.
 * @param imm has the rounding mode in bits 2 to 0, and the third source above
 * @param integer what is in the integer register rs1
 * @returns the result
 */
export function computeFloat(hart: Hart, packed: number, imm: number, integer: number): number {
  const { f, float } = hart
  const op = packed & 0xff
  const a = f[(packed >>> 14) & 31] as number
  const b = f[(packed >>> 19) & 31] as number
  const c = f[imm >>> 3] as number
  const rounding = (imm & 7) === DYNAMIC ? hart.frm : imm & 7
  if (isRounding(rounding)) float.rounding = rounding
  if (givesInteger(op)) {
    const { flags } = float
    const result = integerResult(hart, op, a, b)
    if (float.flags !== flags) hart.mstatus |= MSTATUS_FS
    return result
  }
  const result = floatResult(hart, op, a, b, c, integer)
  // f0 is a register like any other, and the sink for x0 is its number plus 32.
  f[(packed >>> 8) & 31] = result
  hart.mstatus |= MSTATUS_FS
  return result
}

/** Those whose result goes into a register of F. */
function floatResult(
  { float }: Hart,
  op: number,
  a: number,
  b: number,
  c: number,
  integer: number,
): number {
  switch (op) {
    case Op.FADD:
      return add32(float, a, b)
    case Op.FSUB:
      return sub32(float, a, b)
    case Op.FMUL:
      return mul32(float, a, b)
    case Op.FDIV:
      return div32(float, a, b)
    case Op.FSQRT:
      return sqrt32(float, a)
    case Op.FMADD:
      return mulAdd32(float, a, b, c)
    case Op.FMSUB:
      return mulAdd32(float, a, b, c ^ SIGN)
    case Op.FNMSUB:
      return mulAdd32(float, a ^ SIGN, b, c)
    case Op.FNMADD:
      return mulAdd32(float, a ^ SIGN, b, c ^ SIGN)
    case Op.FSGNJ:
      return (a & ~SIGN) | (b & SIGN)
    case Op.FSGNJN:
      return (a & ~SIGN) | (~b & SIGN)
    case Op.FSGNJX:
      return a ^ (b & SIGN)
    case Op.FMIN:
      return min32(float, a, b)
    case Op.FMAX:
      return max32(float, a, b)
    case Op.FCVT_S_W:
      return fromInteger32(float, integer, INT32)
    case Op.FCVT_S_WU:
      return fromInteger32(float, integer, UINT32)
    default: // FMV_S
      return integer
  }
}

/** Those whose result goes into an integer register. */
function integerResult({ float }: Hart, op: number, a: number, b: number): number {
  switch (op) {
    case Op.FCVT_W:
      return toInteger32(float, a, INT32)
    case Op.FCVT_WU:
      return toInteger32(float, a, UINT32)
    case Op.FEQ:
      return compare32(float, a, b, false) === Order.EQUAL ? 1 : 0
    case Op.FLT:
      return compare32(float, a, b, true) === Order.LESS ? 1 : 0
    case Op.FLE: {
      const order = compare32(float, a, b, true)
      return order === Order.LESS || order === Order.EQUAL ? 1 : 0
    }
    case Op.FCLASS:
      return classOf(a)
    default: // FMV_X
      return a
  }
}

/** FCLASS: one of ten bits (table "Format of result of FCLASS instruction"). */
function classOf(bits: number): number {
  const negative = bits < 0
  const size = bits & ~SIGN
  if (size > 0x7f80_0000) return size & 0x0040_0000 ? 1 << 9 : 1 << 8
  // From the negative infinity to the negative zero, and from the zero up again.
  const kind = size === 0x7f80_0000 ? 0 : size >= 0x0080_0000 ? 1 : size !== 0 ? 2 : 3
  return 1 << (negative ? kind : 7 - kind)
}

/**
 * FLW and FSW where they are aligned and in mapped memory.
 * @returns false where they are not, may not, or floating point is off
 */
export function accessFloat(hart: Hart, packed: number, address: number): boolean {
  const store = (packed & 0xff) === Op.FSW
  if ((hart.mstatus & MSTATUS_FS) === 0 || (address & 3) !== 0) return false
  if (!hart.mayAccess(address, 4, store ? WRITE : READ)) return false
  const region = hart.memory.find(address)
  if (region === undefined || hart.memory.watched) return false
  const index = ((address - region.base) >>> 0) >>> 2
  if (store) region.words[index] = hart.f[(packed >>> 19) & 31] as number
  else {
    hart.f[(packed >>> 8) & 31] = region.words[index] as number
    hart.mstatus |= MSTATUS_FS
  }
  return true
}
