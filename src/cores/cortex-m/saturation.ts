import type { ArmCpu } from './arm-cpu.js'
import { retire } from './steps.js'

/** `value` brought into the signed range of `bits`; sets Q where it was not in it. */
export function saturateSigned(cpu: ArmCpu, value: number, bits: number): number {
  const most = 2 ** (bits - 1) - 1
  if (value > most) {
    cpu.q = 1
    return most
  }
  if (value < -most - 1) {
    cpu.q = 1
    return -most - 1
  }
  return value
}

/** `value` brought into the unsigned range of `bits`; sets Q where it was not in it. */
export function saturateUnsigned(cpu: ArmCpu, value: number, bits: number): number {
  const most = 2 ** bits - 1
  if (value > most) {
    cpu.q = 1
    return most
  }
  if (value < 0) {
    cpu.q = 1
    return 0
  }
  return value
}

/** SSAT, USAT: imm is saturation field | shift << 8 | ASR << 16. */
export function saturate(signed: boolean) {
  return (cpu: ArmCpu, rd: number, rn: number): void => {
    const { imm } = cpu
    const shift = (imm >>> 8) & 31
    const value = cpu.r[rn] ?? 0
    const operand = imm & 0x1_0000 ? value >> shift : value << shift
    cpu.r[rd] = signed
      ? saturateSigned(cpu, operand, (imm & 31) + 1)
      : saturateUnsigned(cpu, operand, imm & 31)
    retire(cpu)
  }
}

/** SSAT16, USAT16: both halves. */
export function saturateHalves(signed: boolean) {
  return (cpu: ArmCpu, rd: number, rn: number): void => {
    const value = cpu.r[rn] ?? 0
    const bits = cpu.imm & 15
    const half = (part: number): number =>
      signed ? saturateSigned(cpu, part, bits + 1) : saturateUnsigned(cpu, part, bits)
    cpu.r[rd] = (half((value << 16) >> 16) & 0xffff) | (half(value >> 16) << 16)
    retire(cpu)
  }
}

/** QADD, QDADD, QSUB, QDSUB: rm with rn, which may be doubled first; each step saturates. */
export function saturatingArithmetic(cpu: ArmCpu, rd: number, rn: number, rm: number): void {
  const variant = cpu.imm >>> 4
  const value = cpu.r[rn] ?? 0
  const operand = variant & 1 ? saturateSigned(cpu, 2 * value, 32) : value
  const base = cpu.r[rm] ?? 0
  cpu.r[rd] = saturateSigned(cpu, variant & 2 ? base - operand : base + operand, 32)
  retire(cpu)
}
