import type { Region } from '../../memory/region.js'
import type { CompileOptions } from '../compile/options.js'
import { REGISTERS } from '../compile/state.js'
import {
  type Bus,
  type Core,
  type CoreFault,
  type CoreState,
  type CoreStop,
  LONGEST_STRETCH,
} from '../core.js'
import type { DelayNote } from '../delay/delay-loops.js'
import { describeFault, describeHang, describeSleep } from '../describe-fault.js'
import { FLOATS } from './compile/registers.js'
import { riscvTiers } from './compile/tiers.js'
import { RiscvDebug } from './debug.js'
import { riscvDelays } from './delay.js'
import { ALL_EXTENSIONS, type Extensions } from './extensions.js'
import { Hart } from './hart.js'
import { interpret } from './interpreter.js'
import { accessDevice } from './mapped-access.js'
import { Op } from './operation.js'
import { MACHINE } from './pmp.js'
import { executeSlow } from './slow-path.js'
import { firstInterrupt } from './trap.js'

/** What a core is put between. */
export interface Rv32Options {
  /** Memory that is mapped directly; the first region is the one that is fastest to reach. */
  readonly regions: readonly [Region, ...Region[]]
  /** Everything else. */
  readonly bus: Bus
  /** What the `time` CSR shows (`mtime`). */
  readonly time: () => number | bigint
  /** Hot code is compiled to WebAssembly; without, all of it is interpreted. */
  readonly compile?: CompileOptions | undefined
  /**
   * Called where the hart has come to wait, and nothing that it would wake up for is pending: moves the clock on to
   * what it wakes up for. @returns the cycle up to which it may then go on; 0 where `run` is to come back first
   */
  readonly wait?: () => number
  /** Told once a place of loops that wait, of which rounds are skipped. */
  readonly onDelay?: (note: DelayNote) => void
  /** What the hart has beyond IMAC; everything unless given. */
  readonly extensions?: Extensions
}

/** Bytes of WFI. */
const WFI_LENGTH = 4

/** How a hart goes on: `interpret` until there is something that only `executeSlow` does. */
export interface Execution {
  interpret(hart: Hart): boolean
  executeSlow(hart: Hart): void
}

/** An unsigned number of two words. */
function wide(low: number, high: number): number {
  return (high >>> 0) * 2 ** 32 + (low >>> 0)
}

const BUDGET: CoreStop = { kind: 'budget' }
const REQUESTED: CoreStop = { kind: 'requested' }
const WAITING: CoreStop = { kind: 'waiting' }

/**
 * An RV32IMAC hart with Zicsr and Zifencei, and with F, B and user mode (with PMP) if its
 * extensions say so.
 */
export class Rv32 implements Core {
  readonly debug: RiscvDebug
  readonly #hart: Hart
  readonly #tiers: ReturnType<typeof riscvTiers> | undefined
  readonly #execution: Execution
  readonly #wait: () => number
  readonly #delays: ReturnType<typeof riscvDelays> | undefined
  #stopRequested = false
  /** The cycle up to which the hart is to run. */
  #until = 0
  /** The stretch that begins has been found to be one in which a loop that waits is to be looked for. */
  #looks = false

  /** @param execution how instructions are executed, where it is not RV32's */
  constructor(options: Rv32Options, execution: Execution = { interpret, executeSlow }) {
    this.#execution = execution
    const { regions, bus, time, compile, extensions = ALL_EXTENSIONS, wait, onDelay } = options
    this.#wait = wait ?? (() => 0)
    if (compile === undefined) {
      this.#hart = new Hart(regions, bus, time, extensions)
    } else {
      const words = new Int32Array(compile.memory.buffer, compile.state + REGISTERS)
      const x = words.subarray(0, 33)
      const f = words.subarray(FLOATS, FLOATS + 32)
      this.#hart = new Hart(regions, bus, time, extensions, x, f)
      this.#tiers = riscvTiers(this.#hart, compile, (hart, packed, address, value) =>
        this.#access(hart, packed, address, value),
      )
    }
    // Those of RV64 are executed as they are.
    if (!extensions.wide) {
      this.#delays = riscvDelays(this.#hart, this.#tiers)
      this.#delays.onNote = (note) => onDelay?.({ ...note, within: this.#within })
    }
    this.debug = new RiscvDebug(this.#hart)
  }

  /** What is compiled at present. */
  get compiled(): { readonly modules: number; readonly entries: number; readonly bytes: number } {
    return this.#tiers?.size ?? { modules: 0, entries: 0, bytes: 0 }
  }

  get cycle(): number {
    return this.#hart.cycle
  }

  get pc(): number {
    return wide(this.#hart.pc, this.#hart.pcHigh)
  }

  get quietUntil(): number {
    return this.#delays?.quietUntil ?? 0
  }

  /** The registers x0 to x31, for whoever wants to look. */
  get registers(): readonly number[] {
    return [...this.#hart.x.subarray(0, 32)]
  }

  get state(): CoreState {
    const { x, xHigh } = this.#hart
    const registers = Array.from(x.subarray(0, 32), (low, i) => wide(low, xHigh[i] ?? 0))
    return { pc: this.pc, registers }
  }

  get fault(): CoreFault | undefined {
    return this.#hart.fault
  }

  /** The interrupt lines that are high, in the bits of `mip` (MSI, MTI, MEI). */
  get pending(): number {
    return this.#hart.mip
  }

  set pending(bits: number) {
    this.#hart.mip = bits
  }

  /** The interrupts that software has enabled: `mie`. A waiting core wakes on these only. */
  get enabled(): number {
    return this.#hart.mie
  }

  reset(entry: number): void {
    this.#hart.reset(entry)
    this.#delays?.reset()
    this.#looks = false
    this.debug.reset()
  }

  skipTo(cycle: number): void {
    this.#hart.skipTo(cycle)
    this.#delays?.waited()
  }

  requestStop(): void {
    this.#stopRequested = true
  }

  shorten(cycle: number): void {
    // An access to a device ends the stretch that it is in.
    this.#until = Math.min(this.#until, cycle)
  }

  run(untilCycle: number): CoreStop {
    const hart = this.#hart
    this.#stopRequested = false
    this.#until = untilCycle
    for (;;) {
      if (hart.lockup !== undefined) return { kind: 'lockup', reason: hart.lockup }
      const pending = hart.mip & hart.mie
      if (hart.waiting) {
        if (pending === 0) {
          if (!this.#sleepsForEver(hart)) return WAITING
          continue
        }
        hart.waiting = false
      }
      const cycle = hart.cycle
      if (cycle >= this.#until) return BUDGET
      if (pending !== 0 && hart.interruptible) {
        hart.interrupt(firstInterrupt(pending))
      }
      this.#begin(hart, cycle)
      if (hart.debug.active) this.debug.stretch(() => this.#stretch(hart))
      else this.#stretch(hart)
      const { stop } = hart.debug
      if (stop !== undefined) {
        hart.debug.stop = undefined
        return { kind: 'debug', stop }
      }
      if (this.#stopRequested) return REQUESTED
    }
  }

  #begin(hart: Hart, cycle: number): void {
    hart.left = Math.min(this.#until - cycle, LONGEST_STRETCH)
    hart.end = cycle + hart.left
  }

  /** See `TieredCore.access`: what `run` and the interpreter do with it, in one. */
  #access(hart: Hart, packed: number, address: number, value: number): number {
    const op = packed & 0xff
    const result = op === Op.WFI ? 0 : accessDevice(hart.memory, op, address, value)
    if (result < 0) return -1
    hart.pc = (hart.pc + (packed >>> 24)) | 0
    hart.left--
    if (op === Op.WFI) hart.waiting = !this.#waits(hart)
    else if (!hart.memory.deviceTouched) return result
    hart.memory.deviceTouched = false
    const { cycle } = hart
    if (hart.waiting || !this.#goesOn(hart, cycle)) {
      hart.left = 0
      hart.end = cycle
    }
    return result
  }

  /** The hart has come to WFI. @returns whether it has waited for what it waits for */
  #waits(hart: Hart): boolean {
    if (this.#stopRequested) return false
    if ((hart.mip & hart.mie) !== 0) return true
    // One that waits in a trap handler is looked at by `run`.
    if (hart.fault !== undefined) return false
    const until = this.#wait()
    if (until <= 0) return false
    this.#until = until
    return (hart.mip & hart.mie) !== 0
  }

  /** Begins the next stretch behind an access to a device, if nothing comes between. */
  #goesOn(hart: Hart, cycle: number): boolean {
    if (this.#stopRequested || cycle >= this.#until) return false
    if ((hart.mip & hart.mie) !== 0 && hart.interruptible) return false
    this.#begin(hart, cycle)
    this.#looks = this.#delays?.begins() ?? false
    return !this.#looks
  }

  /**
   * Executes until the stretch is over, or something has happened on which interrupts may depend:
   * an access to a device, or an instruction of the privileged kind.
   */
  #stretch(hart: Hart): void {
    hart.memory.deviceTouched = false
    // What a debugger has set is seen by the interpreter alone.
    const tiers = hart.debug.active ? undefined : this.#tiers
    const { interpret, executeSlow } = this.#execution
    let stopped = this.#passDelay(hart)
    if (hart.lockup !== undefined) return
    while (stopped || (tiers === undefined ? interpret(hart) : tiers.execute())) {
      stopped = false
      const { mstatus, mie, mode, pc } = hart
      executeSlow(hart)
      if (hart.memory.deviceTouched) {
        tiers?.accessed(pc)
        return
      }
      if (
        hart.waiting ||
        hart.lockup !== undefined ||
        hart.debug.stop !== undefined ||
        hart.mstatus !== mstatus ||
        hart.mode !== mode ||
        hart.mie !== mie
      ) {
        return
      }
      if (hart.left <= 0) return
    }
  }

  /** @returns true at an instruction for `executeSlow` */
  #passDelay(hart: Hart): boolean {
    const delays = this.#delays
    // Whoever observes or stops the core sees every instruction; compiled code sees user mode as little.
    if (delays === undefined) return false
    if (hart.debug.active || hart.mode !== MACHINE) {
      delays.rest()
      return false
    }
    const looks = this.#looks || delays.begins()
    this.#looks = false
    const stopped = looks && delays.pass()
    const { endless } = delays
    if (endless !== undefined) this.#endless(hart, endless)
    return stopped
  }

  get #within(): string | undefined {
    const { fault } = this.#hart
    return fault === undefined ? undefined : `in the trap handler, after ${describeFault(fault)}`
  }

  /** The hart waits, where it has a fault to return from and no interrupt that would wake it. */
  #sleepsForEver(hart: Hart): boolean {
    const { fault } = hart
    if (fault === undefined || hart.mie !== 0) return false
    hart.lockup = describeSleep(fault, hart.pc - WFI_LENGTH, 'the trap handler')
    return true
  }

  /** The hart is in a loop that only an interrupt gets it out of. */
  #endless(hart: Hart, pc: number): void {
    const { fault } = hart
    if (fault === undefined || (hart.interruptible && hart.mie !== 0)) return
    hart.lockup = describeHang(fault, pc, 'the trap handler')
  }
}
