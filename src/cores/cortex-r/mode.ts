/** The modes of the A and R profile (ARMv7-AR manual, B1.3.1). */
export const Mode = {
  USR: 0x10,
  FIQ: 0x11,
  IRQ: 0x12,
  SVC: 0x13,
  ABT: 0x17,
  UND: 0x1b,
  SYS: 0x1f,
} as const

export type Mode = (typeof Mode)[keyof typeof Mode]

/** The bank of SP, LR and SPSR of a mode; user and system mode share one, and have no SPSR. */
export function bankOf(mode: Mode): number {
  switch (mode) {
    case Mode.FIQ:
      return 1
    case Mode.IRQ:
      return 2
    case Mode.SVC:
      return 3
    case Mode.ABT:
      return 4
    case Mode.UND:
      return 5
    default:
      return 0
  }
}

export const BANKS = 6

/** The mode with these bits; undefined where there is none. */
export function modeOf(bits: number): Mode | undefined {
  return modes.find((mode) => mode === (bits & 0x1f))
}

const modes: readonly Mode[] = Object.values(Mode)

/** Bits of CPSR beside flags and mode. */
export const PSR_T = 1 << 5
export const PSR_F = 1 << 6
export const PSR_I = 1 << 7
export const PSR_A = 1 << 8
/** ITSTATE<1:0> and ITSTATE<7:2>. */
export const PSR_IT_LOW = 3 << 25
export const PSR_IT_HIGH = 0x3f << 10
export const PSR_MASKS = PSR_F | PSR_I | PSR_A
