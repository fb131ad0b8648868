import type { Flow } from '../debug.js'

const LR = 14

/** What a Thumb instruction does to the order of things; `second` is the second half of a long one. */
export function flowOf(first: number, second: number | undefined): Flow {
  return second === undefined ? flowOf16(first) : flowOf32(first, second)
}

function flowOf16(half: number): Flow {
  // BLX, BX (A7.7.19, A7.7.20 of the ARMv7-M manual): a return where it is to LR.
  if ((half & 0xff87) === 0x4780) return 'call'
  if ((half & 0xff87) === 0x4700) return ((half >>> 3) & 15) === LR ? 'return' : 'jump'
  if ((half & 0xff00) === 0xbd00) return 'return' // POP with pc
  if ((half & 0xff87) === 0x4687) return ((half >>> 3) & 15) === LR ? 'return' : 'jump' // MOV pc
  const branch = (half & 0xf000) === 0xd000 && (half & 0x0e00) !== 0x0e00
  const compare = (half & 0xf500) === 0xb100
  return branch || compare || (half & 0xf800) === 0xe000 ? 'jump' : 'next'
}

function flowOf32(first: number, second: number): Flow {
  if ((first & 0xf800) === 0xf000 && (second & 0xd000) === 0xd000) return 'call' // BL
  const branch = (first & 0xf800) === 0xf000 && (second & 0xc000) === 0x8000
  // The system instructions have no place among conditions: 111x.
  if (branch && ((second & 0x1000) !== 0 || (first & 0x0380) !== 0x0380)) return 'jump'
  if ((first & 0xfff0) === 0xe8d0 && (second & 0xffe0) === 0xf000) return 'jump' // TBB, TBH
  // POP.W and LDMIA with pc, and the pop of pc alone.
  if ((first & 0xffd0) === 0xe890 && (second & 0x8000) !== 0) return 'return'
  return first === 0xf85d && second === 0xfb04 ? 'return' : 'next'
}
