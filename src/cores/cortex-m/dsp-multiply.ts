import type { ArmCpu } from './arm-cpu.js'
import { retire } from './steps.js'
import { ACCUMULATES } from './thumb32-arithmetic.js'

/** In all of these, `imm` is variant << 4 | the number of a fourth register. */
type Multiply = (cpu: ArmCpu, rd: number, rn: number, rm: number) => void

function top(value: number): number {
  return value >> 16
}

function bottom(value: number): number {
  return (value << 16) >> 16
}

function register(cpu: ArmCpu, number: number): number {
  return cpu.r[number] ?? 0
}

/** The register that is added, or 0; a sum that leaves the signed range sets Q and wraps. */
function accumulate(cpu: ArmCpu, product: number): number {
  const adds = ((cpu.imm >>> 4) & ACCUMULATES) !== 0
  const sum = product + (adds ? register(cpu, cpu.imm & 15) : 0)
  if (sum !== (sum | 0)) cpu.q = 1
  return sum | 0
}

/** SMULxy, SMLAxy: variant bit 1 chooses the top of rn, bit 0 that of rm. */
export function multiplyHalves(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const variant = cpu.imm >>> 4
  const a = register(cpu, rn)
  const b = register(cpu, rm)
  const product = (variant & 2 ? top(a) : bottom(a)) * (variant & 1 ? top(b) : bottom(b))
  cpu.r[rd] = accumulate(cpu, product)
  retire(cpu)
}

/** SMULWy, SMLAWy: 32 by 16 bits, of which the upper 32 count. */
export function multiplyWordByHalf(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const b = register(cpu, rm)
  const half = (cpu.imm >>> 4) & 1 ? top(b) : bottom(b)
  cpu.r[rd] = accumulate(cpu, Math.floor((register(cpu, rn) * half) / 0x1_0000))
  retire(cpu)
}

/** The two products of the halves; variant bit 0 exchanges those of rm. */
function products(cpu: ArmCpu, rn: number, rm: number): readonly [number, number] {
  const a = register(cpu, rn)
  const b = register(cpu, rm)
  return (cpu.imm >>> 4) & 1
    ? [bottom(a) * top(b), top(a) * bottom(b)]
    : [bottom(a) * bottom(b), top(a) * top(b)]
}

/** SMUAD, SMLAD (`sign` 1), SMUSD, SMLSD (-1). */
export function dualMultiply(sign: 1 | -1): Multiply {
  return (cpu, rd, rn, rm) => {
    const [low, high] = products(cpu, rn, rm)
    cpu.r[rd] = accumulate(cpu, low + sign * high)
    retire(cpu)
  }
}

/** SMLALD, SMLSLD. */
export function dualMultiplyLong(sign: 1 | -1): Multiply {
  return (cpu, low, rn, rm) => {
    const [first, second] = products(cpu, rn, rm)
    addLong(cpu, low, first + sign * second)
    retire(cpu)
  }
}

/** SMLALxy. */
export function multiplyHalvesLong(cpu: ArmCpu, low: number, rn: number, rm: number): void {
  const variant = cpu.imm >>> 4
  const a = register(cpu, rn)
  const b = register(cpu, rm)
  addLong(cpu, low, (variant & 2 ? top(a) : bottom(a)) * (variant & 1 ? top(b) : bottom(b)))
  retire(cpu)
}

/** Adds a number of at most 33 bits to the 64 bits in RdHi (of `imm`) and RdLo. */
function addLong(cpu: ArmCpu, low: number, value: number): void {
  const high = cpu.imm & 15
  const sum = (register(cpu, low) >>> 0) + value
  cpu.r[low] = sum
  cpu.r[high] = register(cpu, high) + Math.floor(sum / 0x1_0000_0000)
}

/** SMMUL, SMMLA (`sign` 1), SMMLS (-1): the upper half of the product; variant bit 0 rounds. */
export function multiplyMostSignificant(sign: 1n | -1n): Multiply {
  return (cpu, rd, rn, rm) => {
    const variant = cpu.imm >>> 4
    const product = BigInt(register(cpu, rn)) * BigInt(register(cpu, rm))
    const base = variant & ACCUMULATES ? BigInt(register(cpu, cpu.imm & 15)) << 32n : 0n
    const rounding = variant & 1 ? 0x8000_0000n : 0n
    cpu.r[rd] = Number(BigInt.asIntN(32, (base + sign * product + rounding) >> 32n))
    retire(cpu)
  }
}

/** UMAAL: rn × rm + RdHi + RdLo. */
export function multiplyAddAdd(cpu: ArmCpu, low: number, rn: number, rm: number): void {
  const high = cpu.imm & 15
  const unsigned = (number: number): bigint => BigInt(register(cpu, number) >>> 0)
  const sum = unsigned(rn) * unsigned(rm) + unsigned(high) + unsigned(low)
  cpu.r[low] = Number(BigInt.asIntN(32, sum))
  cpu.r[high] = Number(BigInt.asIntN(32, sum >> 32n))
  retire(cpu)
}
