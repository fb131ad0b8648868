import type { Counting } from '../core.js'
import type { Op } from './operation.js'

/** Synchronous faults that instructions raise; which exception each becomes is the system's to say. */
export const Fault = {
  /** UFSR.UNDEFINSTR */
  UNDEFINED_INSTRUCTION: 0,
  /** UFSR.INVSTATE: a branch out of Thumb state. */
  INVALID_STATE: 1,
  /** UFSR.NOCP */
  NO_COPROCESSOR: 2,
  /** UFSR.UNALIGNED */
  UNALIGNED: 3,
  /** UFSR.DIVBYZERO */
  DIVIDE_BY_ZERO: 4,
  /** UFSR.STKOF of ARMv8-M */
  STACK_OVERFLOW: 5,
  /** MMFSR.IACCVIOL: code may not be fetched there. */
  FETCH_FORBIDDEN: 6,
  /** MMFSR.DACCVIOL: the MPU forbids the access. */
  ACCESS_FORBIDDEN: 7,
  /** BFSR.IBUSERR: there is nothing where code should be. */
  FETCH_FAILED: 8,
  /** BFSR.PRECISERR: nothing answers there. */
  ACCESS_FAILED: 9,
  /** BKPT with no debugger: HFSR.DEBUGEVT, or DebugMonitor. */
  BREAKPOINT: 10,
} as const

export type Fault = (typeof Fault)[keyof typeof Fault]

/** Kinds of access that the MPU tells apart. */
export const Access = { READ: 0, WRITE: 1, EXECUTE: 2 } as const

export type Access = (typeof Access)[keyof typeof Access]

/** What executing instructions asks of exceptions and protection, whatever the profile. */
export interface ExecutionSystem {
  /**
   * Takes the fault for the instruction at `cpu.pc`, which has changed nothing: enters the handler
   * (or locks up). Time is counted by the caller.
   * @param address where the access or the fetch failed; 0 for faults without an address
   */
  fault(fault: Fault, address: number): void
  /** SVC: `cpu.pc` is already behind the instruction. */
  supervisorCall(): void
  /** Executes CPS, MRS or MSR, each profile's own: `cpu.imm` says the rest. */
  accessSpecial(op: Op, rd: number, rn: number): void
  /** True where a branch to `value` (0xfXXX_XXXX) is an exception return: the M profile's Handler mode. */
  returnsTo(value: number): boolean
  /** Such a branch, checks included. */
  exceptionReturn(value: number): void
  /**
   * Called before every floating-point instruction while `cpu.fpuReady` is false: checks CPACR,
   * saves lazily what has to be, makes a context where none is active, and sets `cpu.fpuReady`.
   * @returns false where a fault has been taken instead
   */
  useFpu(): boolean
  /** Accesses there fail if they are made for unprivileged code, whatever the MPU says. */
  hidesUnprivileged(address: number): boolean
  /**
   * Whether the MPU lets an access through. Asked while `cpu.protected` only, for accesses outside
   * the window `cpu.dataBase`, `cpu.dataSize`.
   * @param privileged false for LDRT and the like as well
   */
  permits(address: number, size: number, access: Access, privileged: boolean): boolean
  /**
   * Narrows `cpu.fetchBase`, `cpu.fetchSize` to bytes around `pc` that may all be executed; size 0
   * where `pc` itself may not. Asked while `cpu.protected` only, at each change of page.
   */
  fetchWindow(pc: number): void
}

/**
 * What a Cortex-M asks of its exceptions and its private peripherals. They work on the same `Cpu`.
 */
export interface System extends ExecutionSystem {
  /** The core has been reset; `vectors` is VTOR's first value. */
  reset(vectors: number): void
  /**
   * Takes the pending exception that preempts what runs at `cpu.pc`, if there is one.
   * Called between instructions, and only after `cpu.attention` was set (whoever changes
   * `dueCycle`, a mask, or what is pending sets it).
   * @returns whether one was taken
   */
  takePending(): boolean
  /** True when a core in WFI (or in WFE) goes on: masks are looked through as the manual says. */
  wakes(event: boolean): boolean
  /** Whether anything from outside the program, SysTick included, could preempt what runs. */
  readonly interruptible: boolean
  /** The cycle at which SysTick wants attention; Infinity where it does not run. */
  readonly dueCycle: number
  /** The clock has come to `cpu.cycle`: pends what is due. */
  due(): void
  /** The board's interrupt line `line` (0 is the first external one) is high or low. */
  setInterrupt(line: number, level: boolean): void
  /** Loads from the private peripheral bus. @returns -1: nothing answers, a BusFault */
  load(address: number, size: 1 | 2 | 4): number
  /** See `Bus.counting`. */
  counting(address: number): Counting | undefined
  /** @returns false: nothing answers, a BusFault */
  store(address: number, size: 1 | 2 | 4, value: number): boolean
  /**
   * Whether an access that got no answer at `address` is passed over (CCR.BFHFNMIGN): by handlers as
   * urgent as HardFault that have asked for it. Status and BFAR are set then.
   */
  ignoresBusFault(address: number): boolean
}
