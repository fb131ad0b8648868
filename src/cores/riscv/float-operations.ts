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
const DYNAMIC = 7

/**
 * Executes an operation of the F extension other than on memory, save for going on to the next.
 * The immediate has the rounding mode in bits 2 to 0, and the third source above.
 * @returns false where it is illegal now: with `mstatus.FS` off, or a reserved mode in `frm`
 */
export function executeFloat(hart: Hart, packed: number, imm: number): boolean {
  if ((hart.mstatus & MSTATUS_FS) === 0) return false
  const { f, x, float } = hart
  const op = packed & 0xff
  const rd = (packed >>> 8) & 63
  const rs1 = (packed >>> 14) & 31
  const a = f[rs1] as number
  const b = f[(packed >>> 19) & 31] as number
  const c = f[imm >>> 3] as number
  const rounding = (imm & 7) === DYNAMIC ? hart.frm : imm & 7
  if (!isRounding(rounding)) return false
  float.rounding = rounding
  const { flags } = float
  let result = 0
  let toInteger = false
  switch (op) {
    case Op.FADD:
      result = add32(float, a, b)
      break
    case Op.FSUB:
      result = sub32(float, a, b)
      break
    case Op.FMUL:
      result = mul32(float, a, b)
      break
    case Op.FDIV:
      result = div32(float, a, b)
      break
    case Op.FSQRT:
      result = sqrt32(float, a)
      break
    case Op.FMADD:
      result = mulAdd32(float, a, b, c)
      break
    case Op.FMSUB:
      result = mulAdd32(float, a, b, c ^ SIGN)
      break
    case Op.FNMSUB:
      result = mulAdd32(float, a ^ SIGN, b, c)
      break
    case Op.FNMADD:
      result = mulAdd32(float, a ^ SIGN, b, c ^ SIGN)
      break
    case Op.FSGNJ:
      result = (a & ~SIGN) | (b & SIGN)
      break
    case Op.FSGNJN:
      result = (a & ~SIGN) | (~b & SIGN)
      break
    case Op.FSGNJX:
      result = a ^ (b & SIGN)
      break
    case Op.FMIN:
      result = min32(float, a, b)
      break
    case Op.FMAX:
      result = max32(float, a, b)
      break
    case Op.FCVT_S_W:
      result = fromInteger32(float, x[rs1] as number, INT32)
      break
    case Op.FCVT_S_WU:
      result = fromInteger32(float, x[rs1] as number, UINT32)
      break
    case Op.FMV_S:
      result = x[rs1] as number
      break
    default:
      toInteger = true
      result = integerResult(hart, op, a, b)
  }
  if (toInteger) {
    x[rd] = result
    if (float.flags !== flags) hart.mstatus |= MSTATUS_FS
  } else {
    // f0 is a register like any other, and the sink for x0 is its number plus 32.
    f[rd & 31] = result
    hart.mstatus |= MSTATUS_FS
  }
  return true
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
  if (region === undefined) return false
  const index = ((address - region.base) >>> 0) >>> 2
  if (store) region.words[index] = hart.f[(packed >>> 19) & 31] as number
  else {
    hart.f[(packed >>> 8) & 31] = region.words[index] as number
    hart.mstatus |= MSTATUS_FS
  }
  return true
}
