import type { DebugRegister } from '../debug.js'

// GDB's numbers of r0 to pc, the same in all profiles; those of the rest are free.
export const SP = 13
export const LR = 14
export const PC = 15
const FIRST_DOUBLE = 64
export const FPSCR = 80

const names = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'],
  ...['sp', 'lr', 'pc'],
] as const

const types: Readonly<Record<string, string>> = { sp: 'data_ptr', pc: 'code_ptr' }

/** r0 to pc. */
export const generalRegisters: readonly DebugRegister[] = names.map((name, number) =>
  register(number, name, types[name]),
)

/** The feature org.gnu.gdb.arm.vfp: d0 to d15 and FPSCR. */
export const vfpRegisters: readonly DebugRegister[] = [
  ...Array.from({ length: 16 }, (_, n): DebugRegister => {
    return { number: FIRST_DOUBLE + n, name: `d${n}`, bits: 64, type: 'ieee_double' }
  }),
  register(FPSCR, 'fpscr'),
]

export function register(number: number, name: string, type = 'int'): DebugRegister {
  return { number, name, bits: 32, type }
}

export const isDouble = (number: number): boolean => number >= FIRST_DOUBLE && number < FPSCR

/** @param s the single-precision registers, of which each double is two */
export function readDouble(s: Int32Array, number: number): bigint {
  const at = 2 * (number - FIRST_DOUBLE)
  return (word(s[at + 1]) << 32n) | word(s[at])
}

export function writeDouble(s: Int32Array, number: number, value: bigint): void {
  const at = 2 * (number - FIRST_DOUBLE)
  s[at] = Number(BigInt.asIntN(32, value))
  s[at + 1] = Number(BigInt.asIntN(32, value >> 32n))
}

export function word(value: number | undefined): bigint {
  return BigInt.asUintN(32, BigInt(value ?? 0))
}
