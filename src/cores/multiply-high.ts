/** The upper 32 bits of the product of two unsigned numbers, from four 16-bit products. */
export function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const low = Math.imul(a0, b0) >>> 16
  const middle = (Math.imul(a1, b0) >>> 0) + low
  const middle2 = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff)
  return (Math.imul(a1, b1) + Math.floor(middle / 0x1_0000) + (middle2 >>> 16)) | 0
}
