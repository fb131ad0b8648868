import type { ArmCpu } from './arm-cpu.js'
import { retire } from './steps.js'

/** Operations of the encoding's op1: which lanes, and what with them. */
const ADD8 = 0
const ADD16 = 1
const ASX = 2
const SUB8 = 4

/** What becomes of a result that does not fit: the encoding's bits above op1. */
const WRAPS = 0
const SATURATES = 1
const HALVES = 2

/**
 * Parallel addition and subtraction: `imm` >> 4 is unsigned << 5 | kind << 3 | op1. ADD8 and SUB8
 * work on four bytes; ADD16, SUB16, ASX and SAX on two halves, the latter two crosswise.
 */
export function parallel(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const variant = cpu.imm >>> 4
  const op = variant & 7
  const kind = (variant >>> 3) & 3
  const unsigned = (variant & 0x20) !== 0
  const bytes = op === ADD8 || op === SUB8
  const width = bytes ? 8 : 16
  const a = cpu.r[rn] ?? 0
  const b = cpu.r[rm] ?? 0
  const crosswise = op !== ADD16 && op !== 5 && !bytes
  let result = 0
  let ge = 0
  for (let lane = 0; lane * width < 32; lane++) {
    const left = laneOf(a, lane, width, unsigned)
    const right = laneOf(b, crosswise ? 1 - lane : lane, width, unsigned)
    // ASX adds above and subtracts below, SAX the other way round.
    const adds = crosswise ? (op === ASX) === (lane === 1) : op === ADD8 || op === ADD16
    const full = adds ? left + right : left - right
    if (kind === WRAPS) {
      const good = unsigned && adds ? full >= 2 ** width : full >= 0
      if (good) ge |= bytes ? 1 << lane : 3 << (2 * lane)
    }
    result |= (narrow(full, kind, width, unsigned) & (2 ** width - 1)) << (lane * width)
  }
  cpu.r[rd] = result
  if (kind === WRAPS) cpu.ge = ge
  retire(cpu)
}

function laneOf(value: number, lane: number, width: number, unsigned: boolean): number {
  const up = 32 - width * (lane + 1)
  return unsigned ? (value << up) >>> (32 - width) : (value << up) >> (32 - width)
}

function narrow(full: number, kind: number, width: number, unsigned: boolean): number {
  if (kind === HALVES) return full >> 1
  if (kind !== SATURATES) return full
  const least = unsigned ? 0 : -(2 ** (width - 1))
  const most = unsigned ? 2 ** width - 1 : 2 ** (width - 1) - 1
  return Math.min(Math.max(full, least), most)
}

/** SEL: each byte from rn or rm, as its GE bit says. */
export function select(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  let mask = 0
  for (let lane = 0; lane < 4; lane++) if ((cpu.ge >>> lane) & 1) mask |= 0xff << (8 * lane)
  cpu.r[rd] = ((cpu.r[rn] ?? 0) & mask) | ((cpu.r[rm] ?? 0) & ~mask)
  retire(cpu)
}

/** SXTB16, UXTB16 and the A forms: imm >> 4 is rotation << 2 | adds << 1 | unsigned. */
export function extendBoth(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const variant = cpu.imm >>> 4
  const rotation = (variant >>> 2) * 8
  const value = cpu.r[rm] ?? 0
  const turned = (value >>> rotation) | (value << (32 - rotation))
  const unsigned = (variant & 1) !== 0
  const base = variant & 2 ? (cpu.r[rn] ?? 0) : 0
  const low = unsigned ? turned & 0xff : (turned << 24) >> 24
  const high = unsigned ? (turned >>> 16) & 0xff : (turned << 8) >> 24
  cpu.r[rd] = ((base + low) & 0xffff) | (((base >>> 16) + high) << 16)
  retire(cpu)
}

/** PKHBT, PKHTB: imm >> 4 is the shift, and bit 9 of imm says TB. */
export function pack(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const { imm } = cpu
  const shift = (imm >>> 4) & 31
  const a = cpu.r[rn] ?? 0
  const b = cpu.r[rm] ?? 0
  cpu.r[rd] =
    imm & 0x200
      ? (a & ~0xffff) | ((b >> (shift === 0 ? 31 : shift)) & 0xffff)
      : (a & 0xffff) | ((b << shift) & ~0xffff)
  retire(cpu)
}

/** USAD8, USADA8. */
export function absoluteDifferences(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const a = cpu.r[rn] ?? 0
  const b = cpu.r[rm] ?? 0
  let sum = cpu.imm & 0x40 ? (cpu.r[cpu.imm & 15] ?? 0) : 0
  for (let lane = 0; lane < 4; lane++) {
    sum += Math.abs(laneOf(a, lane, 8, true) - laneOf(b, lane, 8, true))
  }
  cpu.r[rd] = sum
  retire(cpu)
}
