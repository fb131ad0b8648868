import { hex } from '../../base/errors.js'

/** Exception codes of `mcause` (privileged specification, table "Machine cause register values"). */
export const Cause = {
  INSTRUCTION_ACCESS_FAULT: 1,
  ILLEGAL_INSTRUCTION: 2,
  BREAKPOINT: 3,
  LOAD_ADDRESS_MISALIGNED: 4,
  LOAD_ACCESS_FAULT: 5,
  STORE_AMO_ADDRESS_MISALIGNED: 6,
  STORE_AMO_ACCESS_FAULT: 7,
  ECALL_FROM_U_MODE: 8,
  ECALL_FROM_M_MODE: 11,
} as const

/** Bit 31 of `mcause`. */
export const CAUSE_INTERRUPT = 0x8000_0000 | 0

/** Interrupt codes of `mcause`; also the bit numbers in `mip` and `mie`. */
export const Interrupt = { SOFTWARE: 3, TIMER: 7, EXTERNAL: 11 } as const

/** Bits of `mip` and `mie`. */
export const MSI = 1 << Interrupt.SOFTWARE
export const MTI = 1 << Interrupt.TIMER
export const MEI = 1 << Interrupt.EXTERNAL

/** The one of the pending bits that is taken first: external, then software, then timer. */
export function firstInterrupt(pending: number): number {
  if (pending & MEI) return Interrupt.EXTERNAL
  return pending & MSI ? Interrupt.SOFTWARE : Interrupt.TIMER
}

const names: Readonly<Record<number, string>> = {
  [Cause.INSTRUCTION_ACCESS_FAULT]: 'instruction access fault',
  [Cause.ILLEGAL_INSTRUCTION]: 'illegal instruction',
  [Cause.BREAKPOINT]: 'breakpoint',
  [Cause.LOAD_ADDRESS_MISALIGNED]: 'load address misaligned',
  [Cause.LOAD_ACCESS_FAULT]: 'load access fault',
  [Cause.STORE_AMO_ADDRESS_MISALIGNED]: 'store address misaligned',
  [Cause.STORE_AMO_ACCESS_FAULT]: 'store access fault',
  [Cause.ECALL_FROM_U_MODE]: 'environment call from user mode',
  [Cause.ECALL_FROM_M_MODE]: 'environment call',
  [CAUSE_INTERRUPT | Interrupt.SOFTWARE]: 'software interrupt',
  [CAUSE_INTERRUPT | Interrupt.TIMER]: 'timer interrupt',
  [CAUSE_INTERRUPT | Interrupt.EXTERNAL]: 'external interrupt',
}

/** The name of a trap's cause. */
export function causeName(cause: number): string {
  return names[cause] ?? `trap ${hex(cause >>> 0)}`
}

/** The address that an access could not reach; undefined for causes of another kind. */
export function addressAtFault(cause: number, value: number): number | undefined {
  switch (cause) {
    case Cause.INSTRUCTION_ACCESS_FAULT:
    case Cause.LOAD_ADDRESS_MISALIGNED:
    case Cause.LOAD_ACCESS_FAULT:
    case Cause.STORE_AMO_ADDRESS_MISALIGNED:
    case Cause.STORE_AMO_ACCESS_FAULT:
      return value >>> 0
    default:
      return undefined
  }
}

/** One line about a trap, for a person: what, where, and the address or encoding at fault. */
export function describeTrap(cause: number, value: number, pc: number): string {
  const name = causeName(cause)
  const where = `at pc ${hex(pc >>> 0, 8)}`
  switch (cause) {
    case Cause.ILLEGAL_INSTRUCTION:
      return `${name} ${hex(value >>> 0, 8)} ${where}`
    case Cause.LOAD_ADDRESS_MISALIGNED:
    case Cause.LOAD_ACCESS_FAULT:
    case Cause.STORE_AMO_ADDRESS_MISALIGNED:
    case Cause.STORE_AMO_ACCESS_FAULT:
      return `${name} ${where}, address ${hex(value >>> 0, 8)}`
    default:
      return `${name} ${where}`
  }
}
