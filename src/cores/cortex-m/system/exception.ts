/** Exception numbers (Armv7-M Architecture Reference Manual, "Exception number definition"). */
export const Exception = {
  RESET: 1,
  NMI: 2,
  HARD_FAULT: 3,
  MEM_MANAGE: 4,
  BUS_FAULT: 5,
  USAGE_FAULT: 6,
  SVCALL: 11,
  DEBUG_MONITOR: 12,
  PENDSV: 14,
  SYSTICK: 15,
  /** External interrupt 0; those after it follow. */
  EXTERNAL: 16,
} as const

/** External interrupts that the architecture has room for. */
export const MOST_INTERRUPTS = 496

const names: Readonly<Record<number, string>> = {
  [Exception.RESET]: 'Reset',
  [Exception.NMI]: 'NMI',
  [Exception.HARD_FAULT]: 'HardFault',
  [Exception.MEM_MANAGE]: 'MemManage',
  [Exception.BUS_FAULT]: 'BusFault',
  [Exception.USAGE_FAULT]: 'UsageFault',
  [Exception.SVCALL]: 'SVCall',
  [Exception.DEBUG_MONITOR]: 'DebugMonitor',
  [Exception.PENDSV]: 'PendSV',
  [Exception.SYSTICK]: 'SysTick',
}

/** The manual's name of an exception; "interrupt 3" for external ones. */
export function exceptionName(number: number): string {
  if (number >= Exception.EXTERNAL) return `interrupt ${number - Exception.EXTERNAL}`
  return names[number] ?? `exception ${number}`
}
