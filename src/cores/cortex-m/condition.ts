/**
 * Whether the condition holds with these flags: N is the sign of `n`, Z is `z` being 0, C is `c`,
 * V is the sign of `v`.
 * @param cond 0 (EQ) to 15 (always)
 */
export function conditionHolds(cond: number, n: number, z: number, c: number, v: number): boolean {
  switch (cond) {
    case 0:
      return z === 0
    case 1:
      return z !== 0
    case 2:
      return c !== 0
    case 3:
      return c === 0
    case 4:
      return n < 0
    case 5:
      return n >= 0
    case 6:
      return v < 0
    case 7:
      return v >= 0
    case 8:
      return c !== 0 && z !== 0
    case 9:
      return c === 0 || z === 0
    case 10:
      return (n ^ v) >= 0
    case 11:
      return (n ^ v) < 0
    case 12:
      return z !== 0 && (n ^ v) >= 0
    case 13:
      return z === 0 || (n ^ v) < 0
    default:
      return true
  }
}
