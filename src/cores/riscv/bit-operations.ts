import { Op } from './operation.js'

/**
 * The result of an operation of the B extension: Zba, Zbb and Zbs.
 * @param b the second operand: register or immediate
 */
export function bitOperation(op: number, a: number, b: number): number {
  switch (op) {
    case Op.ANDN:
      return a & ~b
    case Op.ORN:
      return a | ~b
    case Op.XNOR:
      return ~(a ^ b)
    case Op.CLZ:
      return Math.clz32(a)
    case Op.CTZ:
      return a === 0 ? 32 : 31 - Math.clz32(a & -a)
    case Op.CPOP:
      return population(a)
    case Op.MAX:
      return a > b ? a : b
    case Op.MAXU:
      return a >>> 0 > b >>> 0 ? a : b
    case Op.MIN:
      return a < b ? a : b
    case Op.MINU:
      return a >>> 0 < b >>> 0 ? a : b
    case Op.SEXT_B:
      return (a << 24) >> 24
    case Op.SEXT_H:
      return (a << 16) >> 16
    case Op.ZEXT_H:
      return a & 0xffff
    case Op.ROL:
      return (a << b) | (a >>> -b)
    case Op.ROR:
    case Op.RORI:
      return (a >>> b) | (a << -b)
    case Op.ORC_B:
      return orCombine(a)
    case Op.REV8:
      return (a << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24)
    case Op.SH1ADD:
      return ((a << 1) + b) | 0
    case Op.SH2ADD:
      return ((a << 2) + b) | 0
    case Op.SH3ADD:
      return ((a << 3) + b) | 0
    case Op.BCLR:
    case Op.BCLRI:
      return a & ~(1 << b)
    case Op.BEXT:
    case Op.BEXTI:
      return (a >>> b) & 1
    case Op.BINV:
    case Op.BINVI:
      return a ^ (1 << b)
    default: // BSET, BSETI
      return a | (1 << b)
  }
}

/** How many bits are set, summed up in ever wider fields. */
export function population(a: number): number {
  const twos = a - ((a >>> 1) & 0x5555_5555)
  const fours = (twos & 0x3333_3333) + ((twos >>> 2) & 0x3333_3333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}

/** Each byte that has a bit set becomes all ones. */
export function orCombine(a: number): number {
  // Bit 7 of each byte says whether there is one: by carry from the lower seven, or by itself.
  const some = (((a & 0x7f7f_7f7f) + 0x7f7f_7f7f) | a) & 0x8080_8080
  return (some - (some >>> 7)) | some
}
